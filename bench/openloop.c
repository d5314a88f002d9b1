/*
 * Open-loop load: callbacks at a constant rate over kept-alive connections,
 * whatever the server does.
 *
 *	openloop HOST PORT PATH BODY RATE SECONDS CONNECTIONS
 *
 * BODY is a file; in it @ID@ becomes an APIMart task id that was never used
 * before, @STARTED@, @FINISHED@ and @EXPIRES@ become times.  A file without
 * @ID@ makes a flood of duplicates.
 *
 * A request's latency counts from the moment that the schedule has for it, not
 * from when a connection was free to send it: a server that stalls is charged
 * for every request that came due meanwhile.  One line is printed:
 *
 *	due answered bad lost p50_us p99_us p99.9_us max_us seconds
 *
 * bad are answers other than 200; lost are requests without any answer by the
 * end of a grace time after the last one was due.
 */
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NSEC		INT64_C(1000000000)
#define GRACE_NS	(5 * NSEC)
#define TICK_NS		200000		/* how late a request may be sent */
#define REQUEST_MAX	16384
#define REPLY_MAX	4096
#define CONNECTIONS_MAX	1024
#define LINK_LIFE_S	86400

struct connection {
	int	 fd;
	bool	 busy;
	bool	 reused;	/* has served a request before this one */
	int64_t	 due_ns;
	char	 request[REQUEST_MAX];
	size_t	 len, sent;
	char	 reply[REPLY_MAX];
	size_t	 got;
};

static struct {
	struct sockaddr_in	 addr;
	const char		*host, *path;
	char			*template;
	double			 rate;
	int64_t			 begin_ns, seconds;
	int			 epoll_fd, timer_fd, nconns;
	struct connection	*conns;
	int			*idle, nidle;
	uint64_t		 ndue, nsent, nbad;
	uint32_t		*latency_us;
	size_t			 nlatency;
} load;

static void	fail(const char *fmt, ...)
		    __attribute__((format(printf, 1, 2), noreturn));

static void
fail(const char *fmt, ...)
{
	va_list	ap;

	(void)fputs("openloop: ", stderr);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
	exit(2);
}

static int64_t
now_ns(void)
{
	struct timespec	t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NSEC + t.tv_nsec;
}

static long
number_parse(const char *text, const char *name, long max)
{
	char	*end;
	long	 n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno != 0 || *text == '\0' || *end != '\0' || n < 1 || n > max)
		fail("%s \"%s\" is no number from 1 to %ld", name, text, max);
	return n;
}

static char *
file_read(const char *path)
{
	FILE	*f = fopen(path, "re");
	char	*text = calloc(1, REQUEST_MAX);
	size_t	 n;

	if (f == NULL || text == NULL)
		fail("%s: %s", path, strerror(errno));
	n = fread(text, 1, REQUEST_MAX - 1, f);
	if (ferror(f) || n == 0 || n == REQUEST_MAX - 1)
		fail("%s: empty, too large or not readable", path);
	(void)fclose(f);
	return text;
}

/* --- requests */

/* As APIMart makes them: a ULID, so later ids sort after earlier ones. */
static void
task_id_make(char *out, size_t outsz)
{
	static const char	digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	static uint64_t		count;
	struct timespec		t;
	uint64_t		ms;
	char			ulid[27];
	int			i;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	ms = (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
	for (i = 9; i >= 0; i--, ms >>= 5)
		ulid[i] = digits[ms & 31];
	for (i = 10; i < 20; i++)
		ulid[i] = digits[random() & 31];
	/* The last six are a counter: two in one program never meet. */
	for (i = 25, ms = count++; i >= 20; i--, ms >>= 5)
		ulid[i] = digits[ms & 31];
	ulid[26] = '\0';
	(void)snprintf(out, outsz, "task_%s", ulid);
}

/* Fill the template's names in; returns the length. */
static size_t
body_make(char *out, size_t outsz)
{
	char	id[64], started[24], finished[24], expires[24];
	const struct { const char *name, *value; } names[] = {
		{ "@ID@", id }, { "@STARTED@", started },
		{ "@FINISHED@", finished }, { "@EXPIRES@", expires },
	};
	const char	*p = load.template;
	long long	 now = (long long)time(NULL);
	size_t		 i, n = 0, len;

	task_id_make(id, sizeof(id));
	(void)snprintf(started, sizeof(started), "%lld", now - 60);
	(void)snprintf(finished, sizeof(finished), "%lld", now);
	(void)snprintf(expires, sizeof(expires), "%lld", now + LINK_LIFE_S);
	while (*p != '\0' && n + 1 < outsz) {
		for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (strncmp(p, names[i].name,
			    strlen(names[i].name)) == 0)
				break;
		if (i == sizeof(names) / sizeof(names[0])) {
			out[n++] = *p++;
			continue;
		}
		len = strlen(names[i].value);
		if (n + len >= outsz)
			break;
		memcpy(out + n, names[i].value, len);
		n += len;
		p += strlen(names[i].name);
	}
	out[n] = '\0';
	return n;
}

static void
request_make(struct connection *c)
{
	char	body[REQUEST_MAX / 2];
	size_t	len = body_make(body, sizeof(body));
	int	n;

	n = snprintf(c->request, sizeof(c->request), "POST %s HTTP/1.1\r\n"
	    "Host: %s\r\nContent-Type: application/json\r\n"
	    "Content-Length: %zu\r\n\r\n%s", load.path, load.host, len, body);
	if (n < 0 || (size_t)n >= sizeof(c->request))
		fail("the request is too large");
	c->len = (size_t)n;
}

/* --- connections */

static void
connection_watch(struct connection *c, int op, uint32_t events)
{
	struct epoll_event	ev = { .events = events, .data.ptr = c };

	if (epoll_ctl(load.epoll_fd, op, c->fd, &ev) == -1)
		fail("epoll_ctl: %s", strerror(errno));
}

/* On loopback a blocking connect is done at once or refused. */
static void
connection_open(struct connection *c)
{
	int	one = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd == -1 || connect(c->fd, (struct sockaddr *)&load.addr,
	    sizeof(load.addr)) == -1)
		fail("connect: %s", strerror(errno));
	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (fcntl(c->fd, F_SETFL, O_NONBLOCK) == -1)
		fail("fcntl: %s", strerror(errno));
	c->reused = false;
	connection_watch(c, EPOLL_CTL_ADD, EPOLLIN);
}

static void
connection_reopen(struct connection *c)
{
	(void)close(c->fd);
	connection_open(c);
}

static void
connection_free(struct connection *c)
{
	c->busy = false;
	load.idle[load.nidle++] = (int)(c - load.conns);
}

static void
connection_send(struct connection *c)
{
	ssize_t	n;

	while (c->sent < c->len) {
		n = send(c->fd, c->request + c->sent, c->len - c->sent,
		    MSG_NOSIGNAL);
		if (n == -1 && errno == EAGAIN) {
			connection_watch(c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
			return;
		}
		if (n == -1)
			return;		/* reading will say so */
		c->sent += (size_t)n;
	}
}

static void
connection_begin(struct connection *c)
{
	c->sent = 0;
	c->got = 0;
	connection_send(c);
}

/* The length of a whole reply at the start of the buffer, or 0. */
static size_t
reply_length(struct connection *c)
{
	const char	*end, *p;

	c->reply[c->got] = '\0';
	if ((end = strstr(c->reply, "\r\n\r\n")) == NULL)
		return 0;
	p = strcasestr(c->reply, "\r\nContent-Length:");
	if (p == NULL || p > end)
		fail("a reply has no Content-Length");
	return (size_t)(end + 4 - c->reply) +
	    (size_t)strtoul(p + strlen("\r\nContent-Length:"), NULL, 10);
}

static void
reply_count(struct connection *c)
{
	int64_t	ns = now_ns() - c->due_ns;

	if (strncmp(c->reply, "HTTP/1.1 200 ", 13) != 0)
		load.nbad++;
	load.latency_us[load.nlatency++] = (uint32_t)(ns / 1000);
}

static void
reply_end(struct connection *c)
{
	reply_count(c);
	c->reused = true;
	if (strcasestr(c->reply, "\r\nConnection: close") != NULL)
		connection_reopen(c);
	connection_free(c);
}

/*
 * The server closed.  A kept-alive connection may go just as a request is
 * written to it; that request goes out again, its clock running on.
 */
static void
connection_closed(struct connection *c)
{
	bool	again = c->busy && c->reused && c->got == 0;

	connection_reopen(c);
	if (again)
		connection_begin(c);
	else if (c->busy) {
		load.nbad++;
		connection_free(c);
	}
}

static void
connection_read(struct connection *c)
{
	ssize_t	n;
	size_t	len;

	n = recv(c->fd, c->reply + c->got, sizeof(c->reply) - 1 - c->got, 0);
	if (n == -1 && errno == EAGAIN)
		return;
	if (n <= 0) {
		connection_closed(c);
		return;
	}
	c->got += (size_t)n;
	len = reply_length(c);
	if (len > sizeof(c->reply) - 1)
		fail("a reply is too large");
	if (len > 0 && c->got >= len)
		reply_end(c);
}

/* --- the schedule */

static int64_t
due_ns(uint64_t n)
{
	return load.begin_ns + (int64_t)((double)n * (double)NSEC / load.rate);
}

static void
send_due(void)
{
	struct connection	*c;
	int64_t			 now = now_ns();

	while (load.nidle > 0 && load.nsent < load.ndue &&
	    due_ns(load.nsent) <= now) {
		c = &load.conns[load.idle[--load.nidle]];
		c->busy = true;
		c->due_ns = due_ns(load.nsent++);
		request_make(c);
		connection_begin(c);
	}
}

static void
timer_start(void)
{
	struct itimerspec	tick = {
		.it_value.tv_nsec = TICK_NS, .it_interval.tv_nsec = TICK_NS
	};
	struct epoll_event	ev = { .events = EPOLLIN };

	load.timer_fd = timerfd_create(CLOCK_MONOTONIC,
	    TFD_NONBLOCK | TFD_CLOEXEC);
	if (load.timer_fd == -1 ||
	    timerfd_settime(load.timer_fd, 0, &tick, NULL) == -1 ||
	    epoll_ctl(load.epoll_fd, EPOLL_CTL_ADD, load.timer_fd, &ev) == -1)
		fail("timer: %s", strerror(errno));
}

static void
event_take(const struct epoll_event *ev)
{
	struct connection	*c = ev->data.ptr;
	uint64_t		 ticks;

	if (c == NULL) {
		if (read(load.timer_fd, &ticks, sizeof(ticks)) == -1 &&
		    errno != EAGAIN)
			fail("timer: %s", strerror(errno));
		return;
	}
	if (ev->events & EPOLLOUT) {
		connection_watch(c, EPOLL_CTL_MOD, EPOLLIN);
		connection_send(c);
	}
	if (ev->events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		connection_read(c);
}

static void
run(void)
{
	struct epoll_event	events[64];
	int64_t			end;
	int			i, n;

	load.begin_ns = now_ns();
	end = load.begin_ns + load.seconds * NSEC + GRACE_NS;
	while (now_ns() < end && (load.nsent < load.ndue ||
	    load.nidle < load.nconns)) {
		n = epoll_wait(load.epoll_fd, events, 64, 100);
		for (i = 0; i < n; i++)
			event_take(&events[i]);
		send_due();
	}
}

/* --- what came of it */

static int
by_value(const void *a, const void *b)
{
	uint32_t	x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static unsigned
percentile(double share)
{
	size_t	i = (size_t)((double)load.nlatency * share);

	if (load.nlatency == 0)
		return 0;
	return load.latency_us[i < load.nlatency ? i : load.nlatency - 1];
}

static void
report(void)
{
	double	seconds = (double)(now_ns() - load.begin_ns) / (double)NSEC;

	qsort(load.latency_us, load.nlatency, sizeof(*load.latency_us),
	    by_value);
	(void)printf("%llu %zu %llu %llu %u %u %u %u %.3f\n",
	    (unsigned long long)load.ndue, load.nlatency,
	    (unsigned long long)load.nbad,
	    (unsigned long long)(load.ndue - load.nlatency),
	    percentile(0.5), percentile(0.99), percentile(0.999),
	    percentile(1.0), seconds);
}

static void
setup(char **argv)
{
	load.host = argv[1];
	load.path = argv[3];
	load.template = file_read(argv[4]);
	load.rate = (double)number_parse(argv[5], "RATE", 1000000);
	load.seconds = number_parse(argv[6], "SECONDS", 86400);
	load.nconns = (int)number_parse(argv[7], "CONNECTIONS",
	    CONNECTIONS_MAX);
	load.ndue = (uint64_t)(load.rate * (double)load.seconds);
	load.addr.sin_family = AF_INET;
	load.addr.sin_port =
	    htons((uint16_t)number_parse(argv[2], "PORT", 65535));
	if (inet_pton(AF_INET, load.host, &load.addr.sin_addr) != 1)
		fail("HOST \"%s\" is no IPv4 address", load.host);
	load.conns = calloc((size_t)load.nconns, sizeof(*load.conns));
	load.idle = calloc((size_t)load.nconns, sizeof(*load.idle));
	load.latency_us = calloc(load.ndue, sizeof(*load.latency_us));
	load.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (load.conns == NULL || load.idle == NULL ||
	    load.latency_us == NULL || load.epoll_fd == -1)
		fail("%s", strerror(errno));
}

int
main(int argc, char **argv)
{
	int	i;

	if (argc != 8)
		fail("usage: openloop HOST PORT PATH BODY RATE SECONDS "
		    "CONNECTIONS");
	setup(argv);
	srandom((unsigned)(now_ns() ^ getpid()));
	for (i = 0; i < load.nconns; i++) {
		connection_open(&load.conns[i]);
		load.idle[load.nidle++] = i;
	}
	timer_start();
	run();
	report();
	return load.nbad > 0 || load.nlatency < load.ndue;
}
