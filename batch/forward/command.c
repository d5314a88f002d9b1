/* Commands that get events: started, looked after, and ended. */
#include <sys/mman.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch/forward/command.h"

#define COMMAND_VARIABLES	6
#define COMMAND_VARIABLE_MAX	4096

/* What of the environment a command gets: the rest may hold secrets of the
 * settings. */
static const char *const	command_inherits[COMMAND_VARIABLES] = {
	"PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ"
};

struct command_environment {
	char	 text[COMMAND_VARIABLES + 1][COMMAND_VARIABLE_MAX];
	char	*list[COMMAND_VARIABLES + 2];
};

static void
command_environment_fill(struct command_environment *e, const char *webhook_id)
{
	const char	*value;
	size_t		 i, n = 0;

	for (i = 0; i < COMMAND_VARIABLES; i++)
		if ((value = getenv(command_inherits[i])) != NULL &&
		    strlen(value) < COMMAND_VARIABLE_MAX - 16) {
			(void)snprintf(e->text[n], sizeof(e->text[n]), "%s=%s",
			    command_inherits[i], value);
			e->list[n] = e->text[n];
			n++;
		}
	(void)snprintf(e->text[n], sizeof(e->text[n]), "WEBHOOK_ID=%s",
	    webhook_id);
	e->list[n] = e->text[n];
	e->list[n + 1] = NULL;
}

/* The body as a file without a name, at its beginning; -1: errno says why. */
static int
command_input(const char *body)
{
	size_t	len = strlen(body), done = 0;
	ssize_t	n;
	int	fd = memfd_create("event", MFD_CLOEXEC);

	while (fd != -1 && done < len) {
		n = write(fd, body + done, len - done);
		if (n > 0)
			done += (size_t)n;
		else if (n == 0 || errno != EINTR) {
			(void)close(fd);
			return -1;
		}
	}
	if (fd != -1)
		(void)lseek(fd, 0, SEEK_SET);
	return fd;
}

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
command_files(posix_spawn_file_actions_t *files, int input)
{
	int	error;

	if ((error = posix_spawn_file_actions_adddup2(files, input,
	    STDIN_FILENO)) == 0 &&
	    (error = posix_spawn_file_actions_addopen(files, STDOUT_FILENO,
	    "/dev/null", O_WRONLY, 0)) == 0)
		error = posix_spawn_file_actions_adddup2(files, STDOUT_FILENO,
		    STDERR_FILENO);
	return error;
}

/* 0, or why not, as errno has it. */
static int
command_spawn(const char *command, const char *webhook_id, int input,
    pid_t *pid)
{
	struct command_environment	 env;
	char				 sh[] = "sh", c[] = "-c";
	char				*text = strdup(command);
	char				*argv[4] = { sh, c, text, NULL };
	posix_spawn_file_actions_t	 files;
	posix_spawnattr_t		 attr;
	int				 error = ENOMEM;

	command_environment_fill(&env, webhook_id);
	(void)posix_spawn_file_actions_init(&files);
	(void)posix_spawnattr_init(&attr);
	if (text != NULL && (error = command_files(&files, input)) == 0 &&
	    (error = command_attributes(&attr)) == 0)
		error = posix_spawn(pid, "/bin/sh", &files, &attr, argv,
		    env.list);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&files);
	free(text);
	return error;
}

bool
command_start(const char *command, const char *webhook_id, const char *body,
    pid_t *pid, struct errbuf *err)
{
	int	input = command_input(body), error;

	error = input == -1 ? errno :
	    command_spawn(command, webhook_id, input, pid);
	if (input != -1)
		(void)close(input);
	if (error != 0)
		errbuf_set(err, "the command could not be run: %s",
		    strerror(error));
	return error == 0;
}

enum command_state
command_look(pid_t pid, int *status, struct errbuf *err)
{
	int	how;
	pid_t	got;

	while ((got = waitpid(pid, &how, WNOHANG)) == -1 && errno == EINTR)
		;
	if (got == 0)
		return COMMAND_RUNS;
	*status = 0;
	if (got == pid && WIFEXITED(how)) {
		if ((*status = WEXITSTATUS(how)) == 0)
			return COMMAND_SUCCEEDED;
		errbuf_set(err, "the command's exit status is %d", *status);
	} else
		errbuf_set(err, "the command was killed by signal %d",
		    got == pid ? WTERMSIG(how) : 0);
	return COMMAND_FAILED;
}

void
command_kill(pid_t pid)
{
	(void)kill(-pid, SIGKILL);
	while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		;
}
