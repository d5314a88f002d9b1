/* Commands that get something on their input: started, looked after, and ended. */
#include <sys/mman.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/command.h"
#include "lib/file.h"

#define COMMAND_WORDS_MAX	200	/* of what it said, in ours */

static const char *const	command_inherits[] = {
	"PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR"
};
#define COMMAND_VARIABLES \
	(sizeof(command_inherits) / sizeof(command_inherits[0]))

/* The "NAME=VALUE" of a name, or NULL. */
static char *
command_variable(const char *name)
{
	size_t	len = strlen(name), i;

	for (i = 0; environ != NULL && environ[i] != NULL; i++)
		if (strncmp(environ[i], name, len) == 0 &&
		    environ[i][len] == '=')
			return environ[i];
	return NULL;
}

static void
command_fill_environment(char *variable, char *list[COMMAND_VARIABLES + 2])
{
	size_t	i, n = 0;

	for (i = 0; i < COMMAND_VARIABLES; i++)
		if ((list[n] = command_variable(command_inherits[i])) != NULL)
			n++;
	if (variable != NULL)
		list[n++] = variable;
	list[n] = NULL;
}

/* ---- its files ---------------------------------------------------------- */

static int
command_close(int fd)
{
	int	before = errno;

	(void)close(fd);
	errno = before;
	return -1;
}

/* The input as a file without a name, at its beginning; -1 with errno. */
static int
command_input(const void *input, size_t len)
{
	int	fd = memfd_create("input", MFD_CLOEXEC);

	if (fd != -1 && (!file_write_all(fd, input, len) ||
	    lseek(fd, 0, SEEK_SET) == -1))
		return command_close(fd);
	return fd;
}

/* A file that cannot grow: more than fits is an error to who writes it, and takes
 * no memory.  -1 with errno. */
static int
command_output(void)
{
	int	fd = memfd_create("said", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd != -1 && (ftruncate(fd, COMMAND_SAID_MAX) == -1 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) ==
	    -1))
		return command_close(fd);
	return fd;
}

/* The first line that it wrote; "" for none. */
static void
command_words(const struct command *c, char words[COMMAND_WORDS_MAX + 3])
{
	char	said[COMMAND_WORDS_MAX + 1];
	ssize_t	n = pread(c->said, said, COMMAND_WORDS_MAX, 0);

	said[n > 0 ? n : 0] = '\0';
	said[strcspn(said, "\r\n")] = '\0';
	words[0] = '\0';
	if (*said != '\0') {
		memcpy(words, ": ", 2);
		memcpy(words + 2, said, strlen(said) + 1);
	}
}

/* ---- its process -------------------------------------------------------- */

/* A group of its own, by which all of it is ended; no signal ignored. */
static int
command_attributes(posix_spawnattr_t *attr)
{
	sigset_t	all, none;
	int		error;

	(void)sigfillset(&all);
	(void)sigemptyset(&none);
	if ((error = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETPGROUP |
	    POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK)) == 0 &&
	    (error = posix_spawnattr_setsigdefault(attr, &all)) == 0)
		error = posix_spawnattr_setsigmask(attr, &none);
	return error;
}

static int
command_files(posix_spawn_file_actions_t *files, int input, int said)
{
	int	error;

	if ((error = posix_spawn_file_actions_adddup2(files, input,
	    STDIN_FILENO)) == 0 &&
	    (error = posix_spawn_file_actions_addopen(files, STDOUT_FILENO,
	    "/dev/null", O_WRONLY, 0)) == 0 &&
	    (error = posix_spawn_file_actions_adddup2(files, said,
	    STDERR_FILENO)) == 0)
		error = posix_spawn_file_actions_addclosefrom_np(files,
		    STDERR_FILENO + 1);
	return error;
}

/* 0, or why not, as errno has it. */
static int
command_spawn(struct command *c, char *text, char *variable, int input)
{
	char				 sh[] = "sh", flag[] = "-c";
	char				*argv[] = { sh, flag, text, NULL };
	char				*env[COMMAND_VARIABLES + 2];
	posix_spawn_file_actions_t	 files;
	posix_spawnattr_t		 attr;
	int				 error;

	command_fill_environment(variable, env);
	if ((error = posix_spawn_file_actions_init(&files)) != 0)
		return error;
	if ((error = posix_spawnattr_init(&attr)) == 0) {
		if ((error = command_files(&files, input, c->said)) == 0 &&
		    (error = command_attributes(&attr)) == 0)
			error = posix_spawn(&c->pid, "/bin/sh", &files, &attr,
			    argv, env);
		(void)posix_spawnattr_destroy(&attr);
	}
	(void)posix_spawn_file_actions_destroy(&files);
	return error;
}

/* posix_spawn() takes strings that may be written to. */
static int
command_spawn_copies(struct command *c, const struct command_order *o,
    int input)
{
	char	*text = strdup(o->text);
	char	*variable = o->variable != NULL ? strdup(o->variable) : NULL;
	int	 error = ENOMEM;

	if (text != NULL && (variable != NULL || o->variable == NULL))
		error = command_spawn(c, text, variable, input);
	free(text);
	free(variable);
	return error;
}

bool
command_start(struct command *c, const struct command_order *o,
    struct errbuf *err)
{
	int	input = command_input(o->input, o->len), error;

	*c = (struct command) {
		.said = input != -1 ? command_output() : -1,
		.timeout_s = o->timeout_s,
		.deadline_ms = clock_ms() + (int64_t)o->timeout_s * 1000
	};
	error = c->said == -1 ? errno : command_spawn_copies(c, o, input);
	if (input != -1)
		(void)close(input);
	if (error == 0)
		return true;
	if (c->said != -1)
		(void)close(c->said);
	errbuf_set(err, "the command could not be run: %s", strerror(error));
	return false;
}

/* ---- its end ------------------------------------------------------------ */

static enum command_state
command_judge(struct command *c, bool known, int how, struct errbuf *err)
{
	char	words[COMMAND_WORDS_MAX + 3];

	command_words(c, words);
	(void)close(c->said);
	if (known && WIFEXITED(how)) {
		if ((c->status = WEXITSTATUS(how)) == 0)
			return COMMAND_SUCCEEDED;
		errbuf_set(err, "the command's exit status is %d%s", c->status,
		    words);
	} else
		errbuf_set(err, "the command was killed by signal %d%s",
		    known ? WTERMSIG(how) : 0, words);
	return COMMAND_FAILED;
}

static enum command_state
command_end_late(struct command *c, struct errbuf *err)
{
	char	words[COMMAND_WORDS_MAX + 3];

	command_words(c, words);
	command_kill(c);
	errbuf_set(err, "the command was ended after %d seconds%s",
	    c->timeout_s, words);
	return COMMAND_FAILED;
}

enum command_state
command_look(struct command *c, struct errbuf *err)
{
	int	how = 0;
	pid_t	got;

	while ((got = waitpid(c->pid, &how, WNOHANG)) == -1 && errno == EINTR)
		;
	if (got != 0)
		return command_judge(c, got == c->pid, how, err);
	return clock_ms() < c->deadline_ms ? COMMAND_RUNS :
	    command_end_late(c, err);
}

void
command_kill(struct command *c)
{
	(void)kill(-c->pid, SIGKILL);
	while (waitpid(c->pid, NULL, 0) == -1 && errno == EINTR)
		;
	(void)close(c->said);
}
