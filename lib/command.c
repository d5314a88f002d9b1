/* Running a command: its process, its standard input, and its time. */
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/command.h"

#define COMMAND_LOOK_MS	20	/* between two looks whether it has ended */

/* In the child: becomes the command, in a process group of its own. */
static void
command_become(const char *command, int input)
{
	(void)setpgid(0, 0);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)signal(SIGXFSZ, SIG_DFL);
	if (dup2(input, STDIN_FILENO) != -1 &&
	    dup2(STDERR_FILENO, STDOUT_FILENO) != -1)
		(void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

/* As much of the input as the pipe takes; closed at its end. */
static void
command_feed(int *fd, const char *input, size_t len, size_t *fed)
{
	ssize_t	n;

	if (*fd == -1)
		return;
	n = *fed < len ? write(*fd, input + *fed, len - *fed) : 0;
	if (n > 0)
		*fed += (size_t)n;
	if (*fed == len || (n == -1 && errno != EAGAIN && errno != EINTR)) {
		(void)close(*fd);
		*fd = -1;
	}
}

static bool
command_judge(int status, struct errbuf *err)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	if (WIFEXITED(status))
		errbuf_set(err, "the command ended with status %d",
		    WEXITSTATUS(status));
	else
		errbuf_set(err, "the command was killed by signal %d",
		    WTERMSIG(status));
	return false;
}

static bool
command_wait(pid_t pid, int fd, const char *input, size_t len, int timeout_ms,
    struct errbuf *err)
{
	int64_t	deadline_ms = clock_ms() + timeout_ms;
	size_t	fed = 0;
	int	status;
	pid_t	ended;

	for (;;) {
		command_feed(&fd, input, len, &fed);
		ended = waitpid(pid, &status, WNOHANG);
		if (ended != 0 || clock_ms() >= deadline_ms)
			break;
		(void)poll(NULL, 0, COMMAND_LOOK_MS);
	}
	if (fd != -1)
		(void)close(fd);
	if (ended == pid)
		return command_judge(status, err);
	(void)kill(-pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
	errbuf_set(err, "the command did not end within %d s",
	    timeout_ms / 1000);
	return false;
}

bool
command_run(const char *command, const char *input, size_t len,
    int timeout_ms, struct errbuf *err)
{
	int	ends[2];
	pid_t	pid;

	if (pipe2(ends, O_CLOEXEC) == -1) {
		errbuf_set(err, "no pipe: %s", strerror(errno));
		return false;
	}
	(void)fcntl(ends[1], F_SETFL, O_NONBLOCK);
	if ((pid = fork()) == 0)
		command_become(command, ends[0]);
	(void)close(ends[0]);
	if (pid == -1) {
		errbuf_set(err, "no process: %s", strerror(errno));
		(void)close(ends[1]);
		return false;
	}
	/* Also here: it may have to be killed before it does it itself. */
	(void)setpgid(pid, pid);
	return command_wait(pid, ends[1], input, len, timeout_ms, err);
}
