/*
 * Accepting connections.  libfcgi would do it as well, but is interrupted by
 * signals between a connection and its first byte, and then drops it: a handler
 * that ends would take a callback with it.
 */
#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "server/listener.h"

#define LISTEN_FD	0

/* A connection may be silent for so long; web servers send at once. */
#define SILENCE_MS	2000
/* Without descriptors or memory: before the next try. */
#define SHORTAGE_MS	50

/* Until then; false: it closed, or said nothing. */
static bool
listener_hears(int fd)
{
	struct pollfd	p = { .fd = fd, .events = POLLIN };
	int64_t		until = clock_ms() + SILENCE_MS;
	int64_t		left = SILENCE_MS;
	int		got;

	while ((got = poll(&p, 1, (int)left)) == -1 && errno == EINTR)
		if ((left = until - clock_ms()) < 0)
			left = 0;
	return got == 1 && (p.revents & POLLIN) != 0;
}

/* After a failed accept(): may the next one do better? */
static bool
listener_goes_on(int error)
{
	const struct timespec	wait = { .tv_nsec = SHORTAGE_MS * 1000000L };

	switch (error) {
	case EMFILE: case ENFILE: case ENOBUFS: case ENOMEM:
		(void)nanosleep(&wait, NULL);
		return true;
	case EINVAL: case EBADF: case ENOTSOCK: case EOPNOTSUPP:
		return false;
	default:	/* the peer's, or the network's (accept(2)) */
		return true;
	}
}

int
listener_accept(void)
{
	int	fd;

	for (;;) {
		fd = accept4(LISTEN_FD, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0 && listener_hears(fd))
			return fd;
		if (fd >= 0)
			(void)close(fd);
		else if (!listener_goes_on(errno))
			return -1;
	}
}

bool
listener_has_waiting(void)
{
	struct pollfd	p = { .fd = LISTEN_FD, .events = POLLIN };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLIN) != 0;
}

void
listener_shut(void)
{
	(void)shutdown(LISTEN_FD, SHUT_RD);
}

/* accept() fails on a socket that does not listen; those that wait in it are
 * woken by a signal and begin anew, which looks the descriptor up again. */
void
listener_leave(void)
{
	int	deaf = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (deaf == -1 || dup2(deaf, LISTEN_FD) == -1)
		(void)close(LISTEN_FD);
	if (deaf != -1)
		(void)close(deaf);
}
