/* lighttpd's configuration: is it in order, and does it serve handlers that are
 * there? */
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/file.h"
#include "cli/doctor/doctor.h"

#define OUTPUT_MAX	(1 << 20)
#define LIGHTTPD_CONF	"/etc/lighttpd/lighttpd.conf"

extern char	**environ;

/*
 * Run a program, in a folder unless that is NULL, with its output and errors
 * read into *said, the caller's to free.  Returns its exit status, or -1 when
 * there is no such program.
 */
static int
program_run(char *const argv[], const char *folder, char **said)
{
	posix_spawn_file_actions_t	 fa;
	int				 fd[2], status = -1;
	pid_t				 pid;
	size_t				 len;

	*said = NULL;
	if (pipe2(fd, O_CLOEXEC) == -1)
		return -1;
	(void)posix_spawn_file_actions_init(&fa);
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
	return WIFEXITED(status) ? WEXITSTATUS(status) : 127;
}

/* Its include_shell wants to come back to where it was, which the user may not
 * be able to enter. */
static int
lighttpd_run(const char *option, const char *file, char **said)
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
		status = program_run(argv, *file == '/' ? "/" : NULL, said);
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

void
doctor_lighttpd(struct doctor *d)
{
	const char	*file = d->lighttpd != NULL ? d->lighttpd :
			    LIGHTTPD_CONF;
	char		*said = NULL;
	int		 status;

	if (access(file, R_OK) == -1) {
		doctor_note(d, "lighttpd", "%s: %s; --lighttpd names another",
		    file, strerror(errno));
		return;
	}
	status = lighttpd_run("-tt", file, &said);
	if (status == 0) {
		free(said);
		status = lighttpd_run("-p", file, &said);
	}
	if (status == -1)
		doctor_note(d, "lighttpd", "lighttpd is not installed here");
	else if (status != 0)
		doctor_wrong(d, "lighttpd", "correct that; then: lighttpd -tt "
		    "-f FILE", "%.*s", said != NULL ? (int)strcspn(said, "\n") :
		    0, said != NULL ? said : "");
	else if (said != NULL)
		lighttpd_handlers(d, file, said);
	free(said);
}
