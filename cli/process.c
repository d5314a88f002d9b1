/* Other programs and other users, in processes of their own. */
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/process.h"

/* The exit status of a child; -1: it has none. */
static int
process_wait(pid_t pid)
{
	int	status;

	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int
process_become(const struct passwd *user, int (*fn)(void *), void *arg)
{
	if (chdir("/") == -1 || initgroups(user->pw_name, user->pw_gid) == -1 ||
	    setgid(user->pw_gid) == -1 || setuid(user->pw_uid) == -1)
		return cli_wrong("to become the user %s: %s", user->pw_name,
		    strerror(errno));
	return fn(arg);
}

int
process_run_as(const char *user, int (*fn)(void *), void *arg)
{
	const struct passwd	*pw = getpwnam(user);
	int			 status;
	pid_t			 pid;

	if (pw == NULL)
		return cli_wrong("this machine has no user %s", user);
	(void)fflush(NULL);
	if ((pid = fork()) == -1)
		return cli_wrong("fork: %s", strerror(errno));
	if (pid == 0) {
		status = process_become(pw, fn, arg);
		(void)fflush(NULL);
		_exit(status);
	}
	status = process_wait(pid);
	return status == -1 ? CLI_WRONG : status;
}

static void
process_become_quiet(void)
{
	int	fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (fd != -1)
		(void)dup2(fd, STDOUT_FILENO);
}

int
process_run(const char *const argv[], bool quiet)
{
	union { const char *const *from; char *const *to; } args = { .from = argv };
	pid_t	pid;

	(void)fflush(NULL);
	if ((pid = fork()) == -1)
		return -1;
	if (pid == 0) {
		if (quiet)
			process_become_quiet();
		(void)execv(argv[0], args.to);
		_exit(127);
	}
	return process_wait(pid);
}

/* Where a wrapper starts them, it says where they are: with a loader of their own
 * the programs do not know themselves. */
bool
process_beside(const char *behind, char path[PATH_MAX])
{
	const char	*programs = getenv("GENHOOK_PROGRAMS");
	size_t		 len = strlen(behind);
	ssize_t		 n;

	if (programs != NULL) {
		(void)snprintf(path, PATH_MAX, "%s/genhook%s", programs, behind);
		return access(path, X_OK) == 0;
	}
	n = readlink("/proc/self/exe", path, PATH_MAX - len - 1);
	if (n <= 0)
		return false;
	memcpy(path + n, behind, len + 1);
	return access(path, X_OK) == 0;
}
