/*
 * Accepting connections.  libfcgi would do it as well, but is interrupted by
 * signals between a connection and its first byte, and then drops it: a handler
 * that ends would take a callback with it.
 */
#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <fastcgi.h>

#include "lib/clock.h"
#include "server/listener.h"

#define LISTEN_FD	0

/* A connection may be silent for so long; web servers send at once. */
#define SILENCE_MS	2000
/* A web server connects first, and then sends: so soon. */
#define MOMENT_MS	1
/* A callback and its head are shorter. */
#define REQUEST_SHORT	16384
/* Without descriptors or memory: before the next try. */
#define SHORTAGE_MS	50

/*
 * Is this a request from its beginning to the empty record that ends its body?
 * Anything else may have libfcgi wait for more.  (FastCGI Specification 1.0,
 * 3.3, 5.1 to 5.3)
 */
static bool
records_are_request(const unsigned char *data, size_t len)
{
	static const unsigned char	parts[] = { FCGI_BEGIN_REQUEST,
					    FCGI_PARAMS, FCGI_STDIN };
	const FCGI_Header		*first = (const FCGI_Header *)data, *h;
	size_t				at, content, part = 0;

	for (at = 0; at + FCGI_HEADER_LEN <= len;
	    at += FCGI_HEADER_LEN + content + h->paddingLength) {
		h = (const FCGI_Header *)(data + at);
		content = (size_t)h->contentLengthB1 << 8 | h->contentLengthB0;
		if (h->type != parts[part] || h->requestIdB0 !=
		    first->requestIdB0 || h->requestIdB1 != first->requestIdB1)
			return false;
		/* The first part is one record; an empty one ends the others. */
		if ((part == 0 || content == 0) && ++part == sizeof(parts))
			return true;
	}
	return false;
}

/* Until then; false: it closed, or said nothing. */
static bool
connection_says(int fd, int timeout_ms)
{
	struct pollfd	p = { .fd = fd, .events = POLLIN };
	int64_t		until = clock_ms() + timeout_ms, left = timeout_ms;
	int		got;

	while ((got = poll(&p, 1, (int)left)) == -1 && errno == EINTR)
		if ((left = until - clock_ms()) < 0)
			left = 0;
	return got == 1 && (p.revents & POLLIN) != 0;
}

bool
listener_has_request(int fd)
{
	unsigned char	data[REQUEST_SHORT];
	ssize_t		n;

	n = recv(fd, data, sizeof(data), MSG_PEEK | MSG_DONTWAIT);
	if (n == -1 && connection_says(fd, MOMENT_MS))
		n = recv(fd, data, sizeof(data), MSG_PEEK | MSG_DONTWAIT);
	return n > 0 && records_are_request(data, (size_t)n);
}

bool
listener_hears(int fd)
{
	return connection_says(fd, SILENCE_MS);
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
		if (fd >= 0 || !listener_goes_on(errno))
			return fd;
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
