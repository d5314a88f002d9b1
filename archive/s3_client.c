/* Single requests to an S3-compatible store: their URLs, headers, answers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "archive/s3_client.h"

#define S3_ANSWER_MAX	((size_t)1024 * 1024)

void
s3_call_reset(struct s3_call *call)
{
	free(call->answer);
	memset(call, 0, sizeof(*call));
}

static bool
s3_call_body(void *arg, const void *data, size_t len)
{
	struct s3_call	*call = arg;
	char		*more;

	if (call->on_piece != NULL)
		return call->on_piece(call, data, len);
	if ((more = realloc(call->answer, call->len + len + 1)) == NULL)
		return false;
	call->answer = more;
	memcpy(more + call->len, data, len);
	call->len += len;
	more[call->len] = '\0';
	return true;
}

static void
s3_call_end(void *arg)
{
	struct s3_call	*call = arg;

	call->in_flight = false;
	if (call->on_done != NULL)
		call->on_done(call);
}

const char *
s3_call_answer(const struct s3_call *call)
{
	return call->answer != NULL ? call->answer : "";
}

bool
s3_call_url(struct s3_call *call, const struct s3_store *s, const char *key)
{
	buf_over(&call->built, call->url, sizeof(call->url));
	buf_text(&call->built, s->place.root);
	buf_text(&call->built, key);
	return buf_ok(&call->built);
}

bool
s3_call_query(struct s3_call *call, const char *query, const char *value)
{
	buf_text(&call->built, query);
	buf_percent(&call->built, value, "");
	return buf_ok(&call->built);
}

bool
s3_call_start(struct s3_call *call, struct s3_store *s, const char *method,
    const char *sha256, void (*on_done)(struct s3_call *))
{
	size_t	n = 0;

	(void)snprintf(call->sha256, sizeof(call->sha256),
	    "x-amz-content-sha256: %s", sha256);
	call->headers[n++] = call->sha256;
	if (call->md5[0] != '\0')
		call->headers[n++] = call->md5;
	if (call->type[0] != '\0')
		call->headers[n++] = call->type;
	call->on_done = on_done;
	call->req.policy = HTTP_OPERATOR_HOST;
	call->req.url = call->url;
	call->req.method = method;
	call->req.keys = &s->keys;
	call->req.headers = call->headers;
	if (call->req.max_bytes == 0)
		call->req.max_bytes = (int64_t)S3_ANSWER_MAX;
	call->req.on_body = s3_call_body;
	call->req.on_done = s3_call_end;
	call->req.arg = call;
	call->in_flight = http_start(s->engine, &call->req, &call->response);
	return call->in_flight;
}
