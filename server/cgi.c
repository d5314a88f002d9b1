/* One request from the environment and standard input: plain CGI. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "server/server.h"

/* Apache's mod_cgid takes a program that ends without having read the body for
 * broken, and loses the answer: how much is read for that alone, and how long. */
#define DRAIN_BYTES	(64 << 20)
#define DRAIN_MS	3000

/* The request, and how much of its body was read. */
struct cgi {
	struct request	req;
	int64_t		got;
	bool		ended;
};

/* As much as there is of the n bytes; with the end of all comes 0. */
static ssize_t
cgi_read_some(struct cgi *cgi, char *buf, size_t n)
{
	ssize_t	r;

	while ((r = read(STDIN_FILENO, buf, n)) == -1 && errno == EINTR)
		;
	cgi->ended = r <= 0;
	cgi->got += r > 0 ? r : 0;
	return r;
}

/* The request's read(): the body, from standard input. */
static size_t
cgi_read(void *arg, char *buf, size_t n)
{
	struct cgi	*cgi = arg;
	size_t		 got = 0;
	ssize_t		 r;

	while (got < n) {
		r = cgi_read_some(cgi, buf + got, n - got);
		cgi->req.broken = r == -1;
		if (r <= 0)
			break;
		got += (size_t)r;
	}
	return got;
}

/* How much is still to come, as far as the web server says; without a body
 * standard input may be anything, and is left alone. */
static int64_t
cgi_left(const struct cgi *cgi)
{
	const char	*length = request_get(&cgi->req, "CONTENT_LENGTH");

	if (cgi->ended)
		return 0;
	if (request_get(&cgi->req, "HTTP_TRANSFER_ENCODING") != NULL)
		return DRAIN_BYTES;
	return length != NULL ? strtoll(length, NULL, 10) - cgi->got : 0;
}

/* Is there more, or the end, within the time? */
static bool
cgi_has_more(int64_t until_ms)
{
	struct pollfd	p = { .fd = STDIN_FILENO, .events = POLLIN };
	int64_t		left = until_ms - clock_ms();

	return left > 0 && poll(&p, 1, (int)left) == 1;
}

static void
cgi_drain(struct cgi *cgi)
{
	char	buf[16384];
	int64_t	most = cgi->got + DRAIN_BYTES, until_ms = clock_ms() + DRAIN_MS;

	while (cgi_left(cgi) > 0 && cgi->got < most && cgi_has_more(until_ms))
		if (cgi_read_some(cgi, buf, sizeof(buf)) <= 0)
			break;
}

/* The request's write(): to standard output. */
static bool
cgi_write(void *arg, const void *data, size_t len)
{
	(void)arg;
	return file_write_all(STDOUT_FILENO, data, len);
}

bool
server_run_cgi(const struct service *service)
{
	struct cgi	 cgi = { .req = { .env = environ, .read = cgi_read,
			    .write = cgi_write, .arg = &cgi } };
	void		*call;
	bool		 sent;

	if ((call = calloc(1, service->call_bytes)) == NULL)
		return false;
	/* Without threads what becomes of the request is known at once. */
	(void)service->begin(call, service->arg, &cgi.req, NULL);
	cgi_drain(&cgi);
	sent = service->end(call, &cgi.req);
	free(call);
	return sent;
}

bool
server_answer_cgi(const char *answer, size_t len)
{
	struct cgi	cgi = { .req = { .env = environ } };

	cgi_drain(&cgi);
	return cgi_write(NULL, answer, len);
}
