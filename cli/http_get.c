/* One GET over an engine of its own, and the answer's body in memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/crypto.h"
#include "lib/hex.h"
#include "cli/http_get.h"

#define ANSWER_MAX_BYTES	(64 * 1024)
#define ANSWER_TIMEOUT_S	15
#define TURN_MS			1000

static bool
get_on_body(void *arg, const void *data, size_t len)
{
	struct http_answer	*a = arg;
	char			*bigger;

	/* The engine keeps it below ANSWER_MAX_BYTES. */
	if ((bigger = realloc(a->body, a->len + len + 1)) == NULL)
		return false;
	memcpy(bigger + a->len, data, len);
	a->body = bigger;
	a->len += len;
	a->body[a->len] = '\0';
	return true;
}

/* The response is the caller's, and whole by now. */
static void
get_on_done(void *arg)
{
	(void)arg;
}

static void
get_run(struct http_request *req, bool allow_private, struct http_answer *a)
{
	struct http_engine	*engine = http_engine_new(1, allow_private);

	memset(a, 0, sizeof(*a));
	req->max_bytes = ANSWER_MAX_BYTES;
	req->timeout_s = ANSWER_TIMEOUT_S;
	req->on_body = get_on_body;
	req->on_done = get_on_done;
	req->arg = a;
	if (engine != NULL && http_start(engine, req, &a->response)) {
		while (http_in_flight(engine) > 0)
			http_turn(engine, TURN_MS);
	} else {
		a->response.verdict = HTTP_TROUBLE;
		(void)errbuf_no_memory(&a->response.err);
	}
	http_engine_free(engine);
}

void
http_get(const char *url, const char *bearer, bool allow_private,
    struct http_answer *a)
{
	struct http_request	req = {
		.policy = HTTP_PUBLIC_API, .url = url, .bearer = bearer,
	};

	get_run(&req, allow_private, a);
}

void
http_get_signed(const char *url, const struct http_keys *keys,
    struct http_answer *a)
{
	unsigned char		 digest[SHA256_BYTES];
	char			 hex[SHA256_HEX] = "", line[128];
	const char *const	 headers[] = { line, NULL };
	struct http_request	 req = {
		.policy = HTTP_OPERATOR_HOST, .url = url, .keys = keys,
		.headers = headers,
	};

	if (sha256("", 0, digest))
		hex_encode(digest, sizeof(digest), hex);
	(void)snprintf(line, sizeof(line), "x-amz-content-sha256: %s", hex);
	get_run(&req, false, a);
}

void
http_answer_free(struct http_answer *a)
{
	free(a->body);
	a->body = NULL;
}
