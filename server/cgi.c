/* One request from the environment and standard input: plain CGI. */
#include <errno.h>
#include <unistd.h>

#include "lib/file.h"
#include "server/server.h"

/* The request's read(): the body, from standard input. */
static size_t
cgi_read(void *arg, char *buf, size_t n)
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
	struct request	req = { .env = environ, .read = cgi_read,
			    .arg = &req };
	struct callback	cb;
	char		out[ANSWER_TEXT_MAX];
	size_t		len;

	/* Without threads the commit's fate is known at once. */
	(void)receive_begin(&cb, rx, &req);
	len = receive_end(&cb, out);
	return file_write_all(STDOUT_FILENO, out, len);
}
