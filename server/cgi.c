#include <errno.h>
#include <unistd.h>

#include "server/server.h"

static size_t
read_stdin(void *arg, char *buf, size_t n)
{
	struct request	*req = arg;
	size_t		 got = 0;
	ssize_t		 r;

	while (got < n) {
		r = read(STDIN_FILENO, buf + got, n - got);
		if (r == -1 && errno == EINTR)
			continue;
		req->broken = r == -1;
		if (r <= 0)
			break;
		got += (size_t)r;
	}
	return got;
}

bool
server_run_cgi(const struct receiver *rx)
{
	struct request	req = { .env = environ, .read = read_stdin,
			    .arg = &req };
	struct callback	cb;
	char		out[ANSWER_TEXT_MAX];
	size_t		len, sent = 0;
	ssize_t		n;

	/* Without threads the commit's fate is known at once. */
	(void)receive_begin(&cb, rx, &req);
	len = receive_end(&cb, out);
	while (sent < len) {
		n = write(STDOUT_FILENO, out + sent, len - sent);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		sent += (size_t)n;
	}
	return true;
}
