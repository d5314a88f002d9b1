/* One request from the environment and standard input: plain CGI. */
#include <errno.h>
#include <stdlib.h>
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
	struct request	 req = { .env = environ, .read = cgi_read,
			    .write = cgi_write, .arg = &req };
	void		*call;
	bool		 sent;

	if ((call = calloc(1, service->call_bytes)) == NULL)
		return false;
	/* Without threads what becomes of the request is known at once. */
	(void)service->begin(call, service->arg, &req, NULL);
	sent = service->end(call, &req);
	free(call);
	return sent;
}
