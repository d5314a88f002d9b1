/* lighttpd's configuration: is it in order, and does it serve handlers that are
 * there? */
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/file.h"
#include "cli/doctor/doctor.h"

#define OUTPUT_MAX	(1 << 20)
#define LIGHTTPD_CONF	"/etc/lighttpd/lighttpd.conf"

extern char	**environ;

#define STATUS_KILLED	127	/* a signal ended it, or no exec(3) did */
#define PADS		3

/* A pipe that holds these words, for reading them to their end; -1: none. */
static int
program_input(const char *words)
{
	size_t	len = strlen(words);
	int	fd[2];

	/* As long as a pipe holds at least (PIPE_BUF), nobody has to read. */
	if (len > PIPE_BUF || pipe2(fd, O_CLOEXEC) == -1)
		return -1;
	(void)file_write_all(fd[1], words, len);
	(void)close(fd[1]);
	return fd[0];
}

/*
 * Run a program, in a folder unless that is NULL, with input to read unless that
 * is -1, and with its output and errors read into *said, the caller's to free.
 * Returns its exit status, or -1 when there is no such program.
 */
static int
program_run(char *const argv[], const char *folder, int input, char **said)
{
	posix_spawn_file_actions_t	 fa;
	int				 fd[2], status = -1;
	pid_t				 pid;
	size_t				 len;

	*said = NULL;
	if (pipe2(fd, O_CLOEXEC) == -1)
		return -1;
	(void)posix_spawn_file_actions_init(&fa);
	if (input != -1)
		(void)posix_spawn_file_actions_adddup2(&fa, input,
		    STDIN_FILENO);
	if (folder != NULL)
		(void)posix_spawn_file_actions_addchdir_np(&fa, folder);
	(void)posix_spawn_file_actions_adddup2(&fa, fd[1], STDOUT_FILENO);
	(void)posix_spawn_file_actions_adddup2(&fa, fd[1], STDERR_FILENO);
	if (posix_spawnp(&pid, argv[0], &fa, NULL, argv, environ) != 0)
		pid = -1;
	(void)posix_spawn_file_actions_destroy(&fa);
	(void)close(fd[1]);
	if (pid != -1)
		*said = file_read_all(fd[0], OUTPUT_MAX, &len);
	(void)close(fd[0]);
	if (pid == -1)
		return -1;
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		continue;
	return WIFEXITED(status) ? WEXITSTATUS(status) : STATUS_KILLED;
}

/* Its include_shell wants to come back to where it was, which the user may not
 * be able to enter. */
static int
lighttpd_run(const char *option, const char *file, int input, char **said)
{
	static const char *const	 places[] = {
		"lighttpd", "/usr/sbin/lighttpd", "/usr/local/sbin/lighttpd"
	};
	char				 program[32], opt[8], conf[4096];
	char				*argv[] = { program, opt,
					    (char[]){ "-f" }, conf, NULL };
	int				 status = -1;
	size_t				 i;

	(void)snprintf(opt, sizeof(opt), "%s", option);
	(void)snprintf(conf, sizeof(conf), "%s", file);
	for (i = 0; i < sizeof(places) / sizeof(places[0]) && status == -1;
	    i++) {
		(void)snprintf(program, sizeof(program), "%s", places[i]);
		status = program_run(argv, *file == '/' || input != -1 ? "/" :
		    NULL, input, said);
	}
	return status;
}

/*
 * Have it print what it reads.  lighttpd 1.4.69 crashes at that with one length
 * of configuration in some forty: then it prints a little more, with the same
 * file in it.
 */
static int
lighttpd_print_parsed(const char *file, char **said)
{
	char	config[PIPE_BUF];
	int	status = lighttpd_run("-p", file, -1, said), pad, input;

	for (pad = 1; pad <= PADS && status == STATUS_KILLED && *file == '/';
	    pad++) {
		free(*said);
		*said = NULL;
		(void)snprintf(config, sizeof(config), "var.genhook_pad = "
		    "\"%*s\"\ninclude \"%s\"\n", 17 * pad, "x", file);
		if ((input = program_input(config)) == -1)
			break;
		status = lighttpd_run("-p", "-", input, said);
		(void)close(input);
	}
	return status;
}

/* The handler that a line of the parsed configuration names; NULL: none.  It
 * is the line's last text in quotes, and is cut out of it. */
static const char *
lighttpd_handler(char *line)
{
	char	*end = strrchr(line, '"'), *begin, *name;

	if (end == NULL)
		return NULL;
	*end = '\0';
	if ((begin = strrchr(line, '"')) == NULL ||
	    (name = strrchr(begin, '/')) == NULL ||
	    strncmp(name, "/genhook-", 9) != 0 ||
	    provider_find(name + 9) == NULL)
		return NULL;
	return begin + 1;
}

/* The file that is asked about. */
static const char *
lighttpd_file(const struct doctor *d)
{
	return d->lighttpd != NULL ? d->lighttpd : LIGHTTPD_CONF;
}

/* What stands in quotes behind that name in a line of the parsed
 * configuration; NULL: the line is another one.  It is cut out of it. */
static char *
lighttpd_value(char *line, const char *name)
{
	char	*begin, *end;

	line += strspn(line, " \t");
	if (strncmp(line, name, strlen(name)) != 0 ||
	    (begin = strchr(line, '"')) == NULL ||
	    (end = strchr(begin + 1, '"')) == NULL)
		return NULL;
	*end = '\0';
	return begin + 1;
}

static void
lighttpd_ask_user(struct doctor *d)
{
	char		*said = NULL, *line, *next, *value;
	const char	*file = lighttpd_file(d);
	bool		 serves = d->lighttpd != NULL;

	if (access(file, R_OK) == 0 && lighttpd_print_parsed(file, &said) == 0) {
		next = said;
		while ((line = strsep(&next, "\n")) != NULL)
			if ((value = lighttpd_value(line,
			    "server.username")) != NULL)
				(void)snprintf(d->runs_handlers,
				    sizeof(d->runs_handlers), "%s", value);
			else
				serves |= lighttpd_handler(line) != NULL;
	}
	if (!serves)
		d->runs_handlers[0] = '\0';
	free(said);
}

const char *
lighttpd_user(struct doctor *d)
{
	if (!d->lighttpd_asked)
		lighttpd_ask_user(d);
	d->lighttpd_asked = true;
	return d->runs_handlers[0] != '\0' ? d->runs_handlers : NULL;
}

/* Does it name a certificate or key that is not this user's to read? */
static bool
lighttpd_has_keys(const char *file)
{
	char	*said = NULL, *line, *next, *value;
	bool	 closed = false;

	if (lighttpd_print_parsed(file, &said) == 0) {
		next = said;
		while ((line = strsep(&next, "\n")) != NULL)
			closed |= (value = lighttpd_value(line, "ssl.")) !=
			    NULL && *value == '/' &&
			    access(value, R_OK) == -1 && errno == EACCES;
	}
	free(said);
	return closed;
}

static void
lighttpd_handlers(struct doctor *d, const char *file, char *parsed)
{
	char		*line, *next = parsed;
	const char	*path;
	int		 found = 0, missing = 0;

	while ((line = strsep(&next, "\n")) != NULL) {
		if ((path = lighttpd_handler(line)) == NULL)
			continue;
		found++;
		if (access(path, X_OK) == 0)
			continue;
		missing++;
		doctor_wrong(d, "lighttpd", "make install, or set "
		    "var.genhook_bin to the folder of the handlers",
		    "%s: %s", path, strerror(errno));
	}
	if (found == 0 && d->lighttpd == NULL)
		doctor_note(d, "lighttpd", "%s serves no genhook; --lighttpd "
		    "names another", file);
	else if (found == 0)
		doctor_wrong(d, "lighttpd", "lighttpd-enable-mod genhook, or "
		    "include genhook.conf", "%s serves no genhook", file);
	else if (missing == 0)
		doctor_ok(d, "lighttpd", "%s, %d handlers", file, found);
}

/* Its first line, cut out of what it said; what a program says that it has
 * run is not its own. */
static const char *
lighttpd_first_line(char *said)
{
	static const char	other[] = "genhook: ";

	while (said != NULL && strncmp(said, other, sizeof(other) - 1) == 0 &&
	    strchr(said, '\n') != NULL)
		said = strchr(said, '\n') + 1;
	if (said == NULL)
		return "";
	said[strcspn(said, "\n")] = '\0';
	return said;
}

void
doctor_lighttpd(struct doctor *d)
{
	const char	*file = lighttpd_file(d);
	char		*said = NULL;
	bool		 has_keys;
	int		 status;

	if (access(file, R_OK) == -1) {
		doctor_note(d, "lighttpd", "%s: %s; --lighttpd names another",
		    file, strerror(errno));
		return;
	}
	/* Keys are root's alone, as they should be: without them no more can be
	 * told than whether it reads well. */
	has_keys = lighttpd_has_keys(file);
	if (has_keys)
		doctor_note(d, "lighttpd", "%s: its TLS key is not this user's "
		    "to read, and should not be; as root: lighttpd -tt -f %s",
		    file, file);
	status = lighttpd_run(has_keys ? "-t" : "-tt", file, -1,
	    &said);
	if (status == 0) {
		free(said);
		status = lighttpd_print_parsed(file, &said);
	}
	if (status == -1)
		doctor_note(d, "lighttpd", "lighttpd is not installed here");
	else if (status != 0)
		doctor_wrong(d, "lighttpd", "correct that; then: lighttpd -tt "
		    "-f FILE", "%s", lighttpd_first_line(said));
	else if (said != NULL)
		lighttpd_handlers(d, file, said);
	free(said);
}
