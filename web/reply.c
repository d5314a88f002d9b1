/* The table of the page's answers, and sending one. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/log.h"
#include "web/reply.h"

#define REPLY_WORDS_MAX	300	/* bytes of an error's words */
#define REPLY_PIECE	65536	/* bytes of a file at a time */

static const struct {
	int		 http;
	const char	*reason;
	const char	*words;		/* where nobody has said more */
} replies[] = {
	[WEB_OK]		= { 200, "OK", "" },
	[WEB_PARTIAL]		= { 206, "Partial Content", "" },
	[WEB_MOVED]		= { 301, "Moved Permanently", "" },
	[WEB_ELSEWHERE]		= { 302, "Found", "" },
	[WEB_NOT_MODIFIED]	= { 304, "Not Modified", "" },
	[WEB_BAD_REQUEST]	= { 400, "Bad Request", "bad request" },
	[WEB_SIGNED_OUT]	= { 401, "Unauthorized", "not signed in" },
	[WEB_FORBIDDEN]		= { 403, "Forbidden", "not allowed" },
	[WEB_NOT_FOUND]		= { 404, "Not Found", "not found" },
	[WEB_BAD_METHOD]	= { 405, "Method Not Allowed",
				    "method not allowed" },
	[WEB_TOO_LARGE]		= { 413, "Content Too Large", "too large" },
	[WEB_BAD_RANGE]		= { 416, "Range Not Satisfiable",
				    "no such range" },
	[WEB_TOO_MANY]		= { 429, "Too Many Requests",
				    "too many tries, wait some minutes" },
	[WEB_UNAVAILABLE]	= { 503, "Service Unavailable",
				    "not available just now" },
};
_Static_assert(sizeof(replies) / sizeof(replies[0]) == WEB_STATUS__MAX,
    "a status has no row");

int
web_reply_http(enum web_status status)
{
	return replies[status].http;
}

enum web_status
web_fail(struct web_call *call, enum web_status status, const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	(void)vsnprintf(call->words.text, sizeof(call->words.text), fmt, ap);
	va_end(ap);
	return status;
}

enum web_status
web_document(struct web_call *call, char *json)
{
	if (json == NULL)
		return web_fail(call, WEB_UNAVAILABLE, "out of memory");
	call->body = json;
	call->len = strlen(json);
	call->type = "application/json";
	return WEB_OK;
}

void
web_reply_header(struct web_call *call, const char *name, const char *fmt, ...)
{
	char	value[WEB_HEADERS_MAX / 2];
	va_list	ap;

	va_start(ap, fmt);
	(void)vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	/* Whatever is in it, it stays one line. */
	value[strcspn(value, "\r\n")] = '\0';
	buf_printf(&call->headers, "%s: %s\r\n", name, value);
}

static bool
reply_is_error(enum web_status status)
{
	return replies[status].http >= 400;
}

/* {"error":"..."}, in place of whatever body there was. */
static void
reply_make_error(struct web_call *call, char *mem, size_t size)
{
	struct buf	body;

	buf_over(&body, mem, size);
	buf_text(&body, "{\"error\":\"");
	buf_json(&body, *call->words.text != '\0' ? call->words.text :
	    replies[call->status].words, REPLY_WORDS_MAX);
	buf_text(&body, "\"}");
	free(call->body);
	call->body = NULL;
	call->fixed = mem;
	call->len = body.len;
	call->type = "application/json";
}

/* What is nobody's page shows nothing and runs nothing, wherever it is opened. */
static bool
reply_send_head(struct web_call *call, int64_t length)
{
	struct buf	head;
	char		mem[WEB_HEADERS_MAX + 1024];

	buf_over(&head, mem, sizeof(mem));
	buf_printf(&head, "Status: %d %s\r\n", replies[call->status].http,
	    replies[call->status].reason);
	if (call->type != NULL)
		buf_printf(&head, "Content-Type: %s\r\n", call->type);
	if (call->status != WEB_NOT_MODIFIED && !call->handed)
		buf_printf(&head, "Content-Length: %lld\r\n",
		    (long long)length);
	buf_text(&head, "X-Content-Type-Options: nosniff\r\n"
	    "Referrer-Policy: no-referrer\r\n"
	    "Cross-Origin-Resource-Policy: same-origin\r\n");
	if (strstr(call->lines, "Content-Security-Policy:") == NULL)
		buf_text(&head, "Content-Security-Policy: default-src 'none'; "
		    "frame-ancestors 'none'; sandbox\r\n");
	if (strstr(call->lines, "Cache-Control:") == NULL)
		buf_text(&head, "Cache-Control: no-store\r\n");
	buf_bytes(&head, call->headers.data, call->headers.len);
	buf_text(&head, "\r\n");
	return buf_ok(&head) && call->req->write(call->req->arg, head.data,
	    head.len);
}

static bool
reply_send_file(struct web_call *call)
{
	char	piece[REPLY_PIECE];
	int64_t	left = call->bytes, at = call->from;
	ssize_t	n;

	for (; left > 0; left -= n, at += n) {
		n = pread(call->fd, piece, left < REPLY_PIECE ? (size_t)left :
		    REPLY_PIECE, at);
		/* It was cut meanwhile: so is the answer, which its length
		 * tells. */
		if (n <= 0 || !call->req->write(call->req->arg, piece,
		    (size_t)n))
			return false;
	}
	return true;
}

static bool
reply_is_head(const struct web_call *call)
{
	const char	*method = request_get(call->req, "REQUEST_METHOD");

	return method != NULL && strcmp(method, "HEAD") == 0;
}

bool
web_reply_send(struct web_call *call)
{
	char	error[REPLY_WORDS_MAX * 2 + 32];
	bool	ok;

	if (!buf_ok(&call->headers)) {
		buf_over(&call->headers, call->lines, sizeof(call->lines));
		call->status = WEB_UNAVAILABLE;
	}
	if (reply_is_error(call->status))
		reply_make_error(call, error, sizeof(error));
	if (call->fd != -1 && !reply_is_error(call->status))
		ok = reply_send_head(call, call->bytes) &&
		    (reply_is_head(call) || reply_send_file(call));
	else
		ok = reply_send_head(call, (int64_t)call->len) &&
		    (call->len == 0 || reply_is_head(call) ||
		    call->req->write(call->req->arg, call->body != NULL ?
		    call->body : call->fixed, call->len));
	free(call->body);
	call->body = NULL;
	if (call->fd != -1)
		(void)close(call->fd);
	call->fd = -1;
	return ok;
}
