/* Whose trouble it is when no server is got to, or none answers; and what is sent
 * once alone. */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "net/http.h"
#include "tests/cunit_main.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define TURN_MS		1000
#define CONNECTIONS	8

int	__real_socket(int, int, int);
int	__wrap_socket(int, int, int);
int	__real_open(const char *, int, ...);
int	__wrap_open(const char *, int, ...);

static int	socket_errno, open_errno;	/* 0: as it is */

int
__wrap_socket(int domain, int type, int protocol)
{
	if (socket_errno == 0)
		return __real_socket(domain, type, protocol);
	errno = socket_errno;
	return -1;
}

int
__wrap_open(const char *path, int flags, ...)
{
	if (open_errno == 0)
		return __real_open(path, flags);
	errno = open_errno;
	return -1;
}

static bool
on_body(void *arg, const void *data, size_t len)
{
	(void)arg;
	(void)data;
	(void)len;
	return true;
}

static void
on_done(void *arg)
{
	*(bool *)arg = true;
}

/* Fetch it to its end, from a machine whose own network links may lead into. */
static void
fetch(const char *url, struct http_response *res)
{
	struct http_engine	*engine = http_engine_new(1, true);
	bool			 done = false;
	struct http_request	 req = { .policy = HTTP_PUBLIC_LINK,
				    .url = url, .max_bytes = 1000,
				    .timeout_s = 20, .on_body = on_body,
				    .on_done = on_done, .arg = &done };

	CU_ASSERT_PTR_NOT_NULL_FATAL(engine);
	CU_ASSERT_TRUE_FATAL(http_start(engine, &req, res));
	while (!done)
		http_turn(engine, TURN_MS);
	http_engine_free(engine);
}

/* A port of this machine at which nobody listens: bound, and kept so. */
static int
deaf_port(int *fd)
{
	struct sockaddr_in	in = { .sin_family = AF_INET,
				    .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t		len = sizeof(in);

	*fd = __real_socket(AF_INET, SOCK_STREAM, 0);
	CU_ASSERT_TRUE_FATAL(*fd != -1 &&
	    bind(*fd, (struct sockaddr *)&in, sizeof(in)) == 0 &&
	    getsockname(*fd, (struct sockaddr *)&in, &len) == 0);
	return ntohs(in.sin_port);
}

static const struct {
	const char		*link;		/* at a port where nobody listens */
	int			 socket_errno, open_errno;
	enum http_verdict	 verdict;
	enum http_fault		 fault;
	const char		*words;
} cases[] = {
	{ "http://127.0.0.1", 0, 0, HTTP_TROUBLE, HTTP_FAULT_SERVER,
	    "127.0.0.1: " },
	/* none of which says anything of the link */
	{ "http://127.0.0.1", EMFILE, 0, HTTP_TROUBLE,
	    HTTP_FAULT_MACHINE, "127.0.0.1: Too many open files" },
	{ "http://127.0.0.1", ENFILE, 0, HTTP_TROUBLE,
	    HTTP_FAULT_MACHINE, "127.0.0.1: Too many open files in system" },
	{ "http://127.0.0.1", ENOMEM, 0, HTTP_TROUBLE,
	    HTTP_FAULT_MACHINE, "127.0.0.1: Cannot allocate memory" },
	{ "http://name.invalid", 0, 0, HTTP_TROUBLE,
	    HTTP_FAULT_NETWORK, "name.invalid: " },
	{ "http://name.invalid", 0, EMFILE, HTTP_TROUBLE,
	    HTTP_FAULT_MACHINE, "name.invalid: Too many open files" },
	/* a kernel without IPv6 lacks nothing */
	{ "http://127.0.0.1", EAFNOSUPPORT, 0, HTTP_TROUBLE,
	    HTTP_FAULT_NETWORK, "127.0.0.1: " },
	/* and what no further try can mend */
	{ "ftp://127.0.0.1", 0, 0, HTTP_FORBIDDEN, HTTP_FAULT_SERVER,
	    "127.0.0.1: it leads to another scheme than https" },
	{ "http://user@127.0.0.1", 0, 0, HTTP_FORBIDDEN,
	    HTTP_FAULT_SERVER, "127.0.0.1: the link has a user name in it" },
};

static void
test_faults(void)
{
	struct http_response	res;
	char			url[128];
	int			fd, port = deaf_port(&fd);
	size_t			i;

	for (i = 0; i < COUNT(cases); i++) {
		(void)snprintf(url, sizeof(url), "%s:%d/a",
		    cases[i].link, port);
		socket_errno = cases[i].socket_errno;
		open_errno = cases[i].open_errno;
		fetch(url, &res);
		socket_errno = open_errno = 0;
		CU_ASSERT_EQUAL(res.verdict, cases[i].verdict);
		CU_ASSERT_EQUAL(res.fault, cases[i].fault);
		CU_ASSERT_EQUAL(strncmp(res.err.text, cases[i].words,
		    strlen(cases[i].words)), 0);
		if (res.verdict != cases[i].verdict ||
		    res.fault != cases[i].fault || strncmp(res.err.text,
		    cases[i].words, strlen(cases[i].words)) != 0)
			(void)fprintf(stderr, "\n    row %zu: %d %d %s\n", i,
			    (int)res.verdict, (int)res.fault, res.err.text);
	}
	(void)close(fd);
}

/* --- what is sent once */

/* A server that answers GET, keeps its connections, and breaks off each that brings
 * a POST, when it has all of it. */
static struct {
	int	listener, fds[CONNECTIONS];
	int	port, n, posts;
} server;

static void
server_open(void)
{
	struct sockaddr_in	in = { .sin_family = AF_INET,
				    .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t		len = sizeof(in);
	int			fd = __real_socket(AF_INET,
				    SOCK_STREAM | SOCK_NONBLOCK, 0);

	CU_ASSERT_TRUE_FATAL(fd != -1 &&
	    bind(fd, (struct sockaddr *)&in, sizeof(in)) == 0 &&
	    listen(fd, CONNECTIONS) == 0 &&
	    getsockname(fd, (struct sockaddr *)&in, &len) == 0);
	memset(&server, 0, sizeof(server));
	server.listener = fd;
	server.port = ntohs(in.sin_port);
}

static void
server_read(int *fd)
{
	static const char	answer[] = "HTTP/1.1 200 OK\r\n"
				    "Content-Length: 2\r\n\r\nok";
	char			text[4096];
	ssize_t			n = *fd == -1 ? -1 :
				    recv(*fd, text, sizeof(text), MSG_DONTWAIT);

	if (n > 0 && strncmp(text, "GET ", 4) == 0)
		CU_ASSERT_EQUAL(send(*fd, answer, strlen(answer), MSG_NOSIGNAL),
		    (ssize_t)strlen(answer));
	if (n > 0 && strncmp(text, "POST ", 5) == 0)
		server.posts++;
	if (n == 0 || (n > 0 && strncmp(text, "POST ", 5) == 0)) {
		(void)close(*fd);
		*fd = -1;
	}
}

static void
server_turn(void)
{
	int	i, fd;

	if (server.n < CONNECTIONS &&
	    (fd = accept(server.listener, NULL, NULL)) != -1)
		server.fds[server.n++] = fd;
	for (i = 0; i < server.n; i++)
		server_read(&server.fds[i]);
}

static void
server_close(void)
{
	int	i;

	for (i = 0; i < server.n; i++)
		if (server.fds[i] != -1)
			(void)close(server.fds[i]);
	(void)close(server.listener);
}

static void
ask(struct http_engine *engine, const char *post, struct http_response *res)
{
	char			url[64];
	bool			done = false;
	struct http_request	req = { .policy = HTTP_OPERATOR_HOST,
				    .url = url, .post = post,
				    .max_bytes = 1000, .timeout_s = 20,
				    .on_body = on_body, .on_done = on_done,
				    .arg = &done };

	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/", server.port);
	CU_ASSERT_TRUE_FATAL(http_start(engine, &req, res));
	while (!done) {
		server_turn();
		http_turn(engine, 1);
	}
}

/* libcurl sends again what was lost on a connection that it had used before; a
 * request that costs money goes over one of its own. */
static void
test_post_once(void)
{
	struct http_engine	*engine = http_engine_new(1, true);
	struct http_response	 res;

	CU_ASSERT_PTR_NOT_NULL_FATAL(engine);
	server_open();
	ask(engine, NULL, &res);
	CU_ASSERT_EQUAL(res.verdict, HTTP_ANSWERED);
	ask(engine, NULL, &res);
	CU_ASSERT_EQUAL(server.n, 1);
	ask(engine, "{}", &res);
	CU_ASSERT_EQUAL(res.verdict, HTTP_TROUBLE);
	CU_ASSERT_TRUE(res.begun);
	CU_ASSERT_EQUAL(server.posts, 1);
	CU_ASSERT_EQUAL(server.n, 2);
	http_engine_free(engine);
	server_close();
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "whose trouble it is", test_faults },
		{ "a POST is sent once", test_post_once },
		{ NULL, NULL }
	};

	return cunit_run("http", tests);
}
