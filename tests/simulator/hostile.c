/*
 * An origin that does harm.  What no server library would send is written to
 * the socket by hand, after which the connection is closed.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "clock.h"
#include "fixtures.h"
#include "hostile.h"

#define WRITE_WAIT_MS	5000
#define SLOW_BYTE_MS	200
#define BLOCK		16384

static bool
raw_write(int fd, const void *data, size_t len)
{
	const char	*p = data;
	struct pollfd	 pfd = { .fd = fd, .events = POLLOUT };
	ssize_t		 n;

	while (len > 0) {
		n = send(fd, p, len, MSG_NOSIGNAL);
		if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
			if (clock_stopping() ||
			    poll(&pfd, 1, WRITE_WAIT_MS) < 1)
				return false;
			continue;
		}
		if (n == -1)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

static bool
raw_text(int fd, const char *text)
{
	return raw_write(fd, text, strlen(text));
}

static long
query_number(const struct call *c, const char *name, long other)
{
	const char	*s = call_query(c, name);

	return s == NULL ? other : strtol(s, NULL, 10);
}

/* No length, no end. */
static void
hostile_endless(const struct call *c, struct reply *r)
{
	char	 block[BLOCK];
	int	 fd = call_socket(c);

	memset(block, 0, sizeof(block));
	r->closed = true;
	if (!raw_text(fd, "HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\n"
	    "Connection: close\r\n\r\n"))
		return;
	/* Fast enough for any limit, and bearable on a shared machine. */
	while (raw_write(fd, block, sizeof(block)) && clock_sleep_ms(1))
		continue;
}

/* A promised million bytes, one at a time. */
static void
hostile_slow(const struct call *c, struct reply *r)
{
	int	 fd = call_socket(c);

	r->closed = true;
	if (!raw_text(fd, "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n"
	    "Content-Length: 1000000\r\n\r\n"))
		return;
	while (raw_write(fd, "\x89", 1) && clock_sleep_ms(SLOW_BYTE_MS))
		continue;
}

static void
raw_video(const struct call *c, struct reply *r, size_t said, size_t sent)
{
	char	 head[160];
	int	 fd = call_socket(c);

	r->closed = true;
	(void)snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\n"
	    "Content-Type: video/mp4\r\nETag: \"base\"\r\n"
	    "Accept-Ranges: bytes\r\nContent-Length: %zu\r\n\r\n", said);
	if (raw_text(fd, head))
		(void)raw_write(fd, fixture_base_mp4, sent);
}

/* ?at=N: hangs up after N bytes of a whole file. */
static void
hostile_cut(const struct call *c, struct reply *r)
{
	long	 at = query_number(c, "at", 1000);

	if (at < 0 || (size_t)at > fixture_base_mp4_len)
		at = (long)fixture_base_mp4_len;
	raw_video(c, r, fixture_base_mp4_len, (size_t)at);
}

/* Says less than it sends. */
static void
hostile_wronglength(const struct call *c, struct reply *r)
{
	raw_video(c, r, fixture_base_mp4_len / 2, fixture_base_mp4_len);
}

static void
hostile_html(const struct call *c, struct reply *r)
{
	(void)c;
	reply_text(r, 200, "text/html", "<!DOCTYPE html><html><head><title>"
	    "Sign in</title></head><body>Please sign in.</body></html>\n");
}

static void
hostile_json_error(const struct call *c, struct reply *r)
{
	(void)c;
	reply_json(r, 200, json_pack("{s:i, s:s}", "code", 500, "message",
	    "internal error"));
}

static void
redirect(struct reply *r, const char *to)
{
	reply_text(r, 302, "text/plain", "elsewhere\n");
	reply_header(r, "Location", "%s", to);
}

static void
hostile_redirect_loop(const struct call *c, struct reply *r)
{
	redirect(r, c->whole_path);
}

static void
hostile_redirect_private(const struct call *c, struct reply *r)
{
	(void)c;
	redirect(r, "http://169.254.169.254/latest/meta-data/");
}

static void
hostile_redirect_file(const struct call *c, struct reply *r)
{
	(void)c;
	redirect(r, "file:///etc/passwd");
}

/* Six kilobytes that unpack to six megabytes. */
static void
hostile_gzipbomb(const struct call *c, struct reply *r)
{
	char	 head[160];
	int	 fd = call_socket(c);

	r->closed = true;
	(void)snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\n"
	    "Content-Type: image/png\r\nContent-Encoding: gzip\r\n"
	    "Content-Length: %zu\r\n\r\n", fixture_zeros_gz_len);
	if (raw_text(fd, head))
		(void)raw_write(fd, fixture_zeros_gz, fixture_zeros_gz_len);
}

static void
hostile_429(const struct call *c, struct reply *r)
{
	(void)c;
	reply_text(r, 429, "text/plain", "slow down\n");
	reply_header(r, "Retry-After", "90");
}

static void
hostile_503(const struct call *c, struct reply *r)
{
	(void)c;
	reply_text(r, 503, "text/plain", "try again\n");
	reply_header(r, "Retry-After", "2");
}

/*
 * Another file at each request.  A whole one is cut in half, so that the
 * client comes back with a Range that no longer fits.
 */
static void
hostile_etag_change(const struct call *c, struct reply *r)
{
	struct media_file	 f;
	uint8_t			 key[32] = { 0 }, bytes[1024];
	uint64_t		 n = dice_bits();
	bool			 whole = call_header(c, "Range") != NULL;
	char			 head[256];
	size_t			 len = 0, got;
	int			 fd = call_socket(c);

	r->closed = true;
	memcpy(key, &n, sizeof(n));
	media_make(MEDIA_JPEG, key, &f);
	while (len < sizeof(bytes) && (got = media_read(&f, len, bytes + len,
	    sizeof(bytes) - len)) > 0)
		len += got;
	(void)snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\n"
	    "Content-Type: image/jpeg\r\nETag: \"%llx\"\r\n"
	    "Accept-Ranges: bytes\r\nContent-Length: %llu\r\n\r\n",
	    (unsigned long long)n, (unsigned long long)media_size(&f));
	if (raw_text(fd, head) && raw_write(fd, bytes, whole ? len : len / 2))
		for (; whole && (got = media_read(&f, len, bytes,
		    sizeof(bytes))) > 0; len += got)
			if (!raw_write(fd, bytes, got))
				break;
}

static const struct {
	const char	*name;
	void		(*answer)(const struct call *, struct reply *);
} behaviours[] = {
	{ "endless", hostile_endless },
	{ "slow", hostile_slow },
	{ "cut", hostile_cut },
	{ "wronglength", hostile_wronglength },
	{ "html", hostile_html },
	{ "json-error", hostile_json_error },
	{ "redirect-loop", hostile_redirect_loop },
	{ "redirect-private", hostile_redirect_private },
	{ "redirect-file", hostile_redirect_file },
	{ "gzipbomb", hostile_gzipbomb },
	{ "429", hostile_429 },
	{ "503", hostile_503 },
	{ "etag-change", hostile_etag_change },
};

void
hostile_answer(const struct call *c, struct reply *r)
{
	size_t	 n = sizeof(behaviours) / sizeof(behaviours[0]);

	for (size_t i = 0; opts.hostile && i < n; i++)
		if (strcmp(c->path, behaviours[i].name) == 0) {
			behaviours[i].answer(c, r);
			return;
		}
	reply_text(r, 404, "text/plain", "no such file\n");
}
