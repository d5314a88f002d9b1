/* One call of a provider's API: its request, its answer, and the secrets that
 * the answer may hold. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/redact.h"
#include "batch/provider_api.h"

/* An answer may hold files: several pictures of the largest kind as Base64.  Of
 * those above the first bound, one at a time is taken in, since the sweep has
 * each three times over while it is parsed and stored. */
#define ANSWER_USUAL_BYTES	(4 * 1024 * 1024)
#define ANSWER_MAX_BYTES	(256 * 1024 * 1024)
#define ANSWER_TIMEOUT_S	45	/* a large one takes its time; one that stands still
				   ends before, by net/http.c */
#define URL_MAX			4096

static const struct api_call	*api_call_large;	/* or NULL */

static void
api_call_free(struct api_call *a)
{
	if (api_call_large == a)
		api_call_large = NULL;
	json_free(a->doc);
	free(a->body);
	free(a->task_id);
	free(a);
}

/* A provider may echo our callback's URL, and with it the token; or the key
 * in its complaint about it. */
static void
api_call_redact(struct api_call *a)
{
	char *const	key[] = { a->account->api_key, NULL };

	if (a->body == NULL)
		return;
	a->len = redact_tokens(a->body, a->len, a->account->tokens);
	/* In place: nothing may be shorter than what replaces it. */
	if (strlen(a->account->api_key) >= strlen(REDACTED))
		a->len = redact_tokens(a->body, a->len, key);
}

/*
 * What the answer is worth.  Whatever stands before an API and answers in its
 * place knows neither the task nor the key.
 */
static void
api_call_judge(struct api_call *a)
{
	struct api_answer	answer = { .http = (int)a->response.status };
	struct errbuf		err = { .text = "" };

	api_call_redact(a);
	if (a->body == NULL ||
	    json_parse(a->body, a->len, &a->doc, &err) != JSON_OK)
		a->doc = NULL;
	answer.doc = a->doc;
	answer.body = a->body;
	answer.len = a->len;
	a->verdict = a->account->provider->poll_classify(answer.http, a->doc,
	    &err);
	if (a->verdict != POLL_TASK)
		a->trouble = api_trouble_of(a->account->provider, &answer,
		    &err);
	if (a->trouble == API_WALL)
		a->verdict = POLL_TROUBLE;
	errbuf_set(&a->err, "%s", err.text[0] != '\0' ? err.text :
	    a->response.err.text);
}

/* The same for an answer that did not come, or not whole. */
static enum api_trouble
api_call_trouble(enum http_verdict v)
{
	return v == HTTP_TROUBLE || v == HTTP_FORBIDDEN ? API_DOWN :
	    API_NONE;
}

static void
api_call_on_done(void *arg)
{
	struct api_call			*a = arg;
	const struct http_response	*res = &a->response;

	a->retry_after_s = res->retry_after_s;
	a->aborted = res->verdict == HTTP_ABORTED;
	a->answered = res->verdict == HTTP_ANSWERED;
	if (a->answered)
		api_call_judge(a);
	else {
		a->verdict = POLL_TROUBLE;
		a->trouble = api_call_trouble(res->verdict);
		errbuf_set(&a->err, "%s", res->err.text);
	}
	a->on_answer(a);
	api_call_free(a);
}

/* May the answer grow to so many bytes? */
static bool
api_call_may_grow(struct api_call *a, size_t len)
{
	if (len <= ANSWER_USUAL_BYTES || api_call_large == a)
		return true;
	if (api_call_large == NULL) {
		api_call_large = a;
		return true;
	}
	errbuf_set(&a->response.err, "another large answer is coming in: "
	    "this one is asked for again");
	return false;
}

static bool
api_call_on_body(void *arg, const void *data, size_t len)
{
	struct api_call	*a = arg;
	char		*bigger;

	if (!api_call_may_grow(a, a->len + len))
		return false;
	if (a->size - a->len < len) {
		a->size = 2 * (a->len + len);
		if ((bigger = realloc(a->body, a->size)) == NULL)
			return errbuf_no_memory(&a->response.err);
		a->body = bigger;
	}
	memcpy(a->body + a->len, data, len);
	a->len += len;
	return true;
}

/* The header line that has the key, for the caller to free; NULL: no memory. */
static char *
api_call_key_line(const struct account *a)
{
	const struct provider	*p = a->provider;
	char			*line;

	return asprintf(&line, "%s: %s%s", p->key_header != NULL ?
	    p->key_header : "Authorization", p->key_prefix != NULL ?
	    p->key_prefix : "", a->api_key) == -1 ? NULL : line;
}

/* Start it with the key in a header of the provider's own. */
static bool
api_call_start_with(const struct account *a, struct http_engine *engine,
    struct http_request *req, const char *header, struct http_response *res)
{
	char		*line = api_call_key_line(a);
	const char	*headers[] = { line, header, NULL };
	bool		 ok;

	if (line == NULL)
		return false;
	req->headers = headers;
	ok = http_start(engine, req, res);
	free(line);
	return ok;
}

static bool
api_call_start_request(struct api_call *a, struct http_engine *engine,
    struct http_request *req, const char *header)
{
	const struct provider	*p = a->account->provider;
	const char *const	 headers[] = { header, NULL };

	if (p->key_header != NULL || p->key_prefix != NULL)
		return api_call_start_with(a->account, engine, req, header,
		    &a->response);
	req->bearer = a->account->api_key;
	req->headers = headers;
	return http_start(engine, req, &a->response);
}

/* Takes a, and a request that has what is special about this call; header is
 * one more line, or NULL. */
static bool
api_call_start(struct api_call *a, struct http_engine *engine,
    struct http_request *req, const char *header, struct errbuf *err)
{
	req->policy = HTTP_PUBLIC_API;
	req->max_bytes = ANSWER_MAX_BYTES;
	req->on_body = api_call_on_body;
	req->on_done = api_call_on_done;
	req->arg = a;
	if (*a->account->api_key == '\0')
		errbuf_set(err, "no api_key is set for this account");
	else if (api_call_start_request(a, engine, req, header))
		return true;
	else
		(void)errbuf_no_memory(err);
	api_call_free(a);
	return false;
}

bool
api_call_get(struct api_call *a, struct http_engine *engine,
    const char *task_id, const char *model, struct errbuf *err)
{
	const struct account	*account = a->account;
	char			 mem[URL_MAX];
	struct buf		 url;
	struct http_request	 req = { .timeout_s = ANSWER_TIMEOUT_S };

	buf_over(&url, mem, sizeof(mem));
	if ((a->task_id = strdup(task_id)) == NULL)
		(void)errbuf_no_memory(err);
	else if (account->provider->poll_url(&url, account->api_base, task_id,
	    model, err)) {
		req.url = url.data;
		return api_call_start(a, engine, &req, NULL, err);
	}
	api_call_free(a);
	return false;
}

bool
api_call_post(struct api_call *a, struct http_engine *engine, const char *url,
    const char *body, const char *header, int timeout_s, struct errbuf *err)
{
	struct http_request	req = {
		.url = url, .post = body, .timeout_s = timeout_s,
	};

	return api_call_start(a, engine, &req, header, err);
}

enum parse_verdict
api_call_parse(const struct api_call *a, usec_t received_at,
    struct result *result, struct errbuf *err)
{
	struct parse_context	ctx = {
		.received_at = received_at,
		.api_base = a->account->api_base,
		.task_id = a->task_id,
		.http = (int)a->response.status,
	};
	enum parse_verdict	v;

	v = a->account->provider->parse(a->doc, &ctx, result, err);
	if (v != PARSE_UNKNOWN && result->task_id != NULL &&
	    strcmp(result->task_id, a->task_id) != 0) {
		errbuf_set(err, "the answer is about another task");
		return PARSE_UNKNOWN;
	}
	return v;
}
