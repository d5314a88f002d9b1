/* One call of a provider's API: its request, its answer, and the secrets that
 * the answer may hold. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "common/account_redact.h"
#include "batch/api_headers.h"
#include "batch/provider_api.h"

/* An answer may hold files: several pictures of the largest kind as Base64.  Of
 * those above the first bound, one at a time is taken in, since the sweep has
 * each three times over while it is parsed and stored. */
#define ANSWER_USUAL_BYTES	(4 * 1024 * 1024)
#define ANSWER_MAX_BYTES	(256 * 1024 * 1024)
#define ANSWER_TIMEOUT_S	45	/* a large one takes its time; one that stands still
				   ends before, by net/http.c */
#define URL_MAX			4096
#define POLL_BODY_MAX		4096

static const struct api_call	*api_call_large;	/* or NULL */

static void
api_call_free(struct api_call *a)
{
	if (api_call_large == a)
		api_call_large = NULL;
	json_free(a->doc);
	free(a->first);
	free(a->body);
	free(a->task_id);
	free(a->asked);
	free(a);
}

/* A provider may echo our callback's URL, and with it the token; or the key
 * in its complaint about it, or the secret that a request told it. */
static void
api_call_redact(struct api_call *a)
{
	if (a->body != NULL)
		a->len = account_redact(a->account, a->body, a->len);
}

/*
 * What the answer is worth.  Whatever stands before an API and answers in its
 * place knows neither the task nor the key.
 */
static void
api_call_judge(struct api_call *a)
{
	const struct provider	*p = a->account->provider;
	struct api_answer	 answer = { .doc = NULL };
	struct errbuf		 err = { .text = "" };

	api_call_redact(a);
	if (a->body == NULL ||
	    json_parse(a->body, a->len, &a->doc, &err) != JSON_OK)
		a->doc = NULL;
	answer.http = provider_http_status(p, (int)a->response.status, a->doc);
	answer.doc = a->doc;
	answer.body = a->body;
	answer.len = a->len;
	a->verdict = p->poll_classify(answer.http, a->doc, &err);
	if (a->verdict != POLL_TASK)
		a->trouble = api_trouble_of(p, &answer, &err);
	if (a->trouble == API_WALL ||
	    (a->is_guess && a->verdict == POLL_NOT_FOUND))
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
api_call_take_response(struct api_call *a)
{
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
}

/*
 * Both answers become one document, as they came.  That there is no such result
 * says nothing of the task.
 */
static void
api_call_join(struct api_call *a)
{
	struct json_object	*doc;
	struct errbuf		 unused;
	struct buf		 both;

	if (a->verdict == POLL_NOT_FOUND)
		a->verdict = POLL_TROUBLE;
	if (a->verdict != POLL_TASK)
		return;
	buf_init(&both, a->firstlen + a->len + sizeof("[,]"));
	buf_text(&both, "[");
	buf_bytes(&both, a->first, a->firstlen);
	buf_text(&both, ",");
	buf_bytes(&both, a->body, a->len);
	buf_text(&both, "]");
	if (!buf_ok(&both) ||
	    json_parse(both.data, both.len, &doc, &unused) != JSON_OK) {
		a->verdict = POLL_TROUBLE;
		errbuf_set(&a->err, "two answers cannot be joined");
		buf_free(&both);
		return;
	}
	json_free(a->doc);
	a->doc = doc;
	free(a->body);
	a->len = both.len;
	a->body = buf_take(&both);
}

static bool	api_call_ask_next(struct api_call *);

static void
api_call_on_done(void *arg)
{
	struct api_call	*a = arg;

	api_call_take_response(a);
	if (a->is_next)
		api_call_join(a);
	else if (api_call_ask_next(a))
		return;
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

/* Start a request with the headers that the provider wants; header is one more
 * line, or NULL.  False: no memory. */
static bool
api_call_start_request(struct api_call *a, struct http_request *req,
    const char *header)
{
	struct api_headers	headers;
	bool			ok;

	ok = api_headers_set(&headers, a->account, header, req) &&
	    http_start(a->engine, req, &a->response);
	api_headers_free(&headers);
	return ok;
}

/* A request that has what is special about this call; header as above. */
static bool
api_call_try(struct api_call *a, struct http_request *req, const char *header,
    struct errbuf *err)
{
	req->policy = HTTP_PUBLIC_API;
	req->max_bytes = ANSWER_MAX_BYTES;
	req->on_body = api_call_on_body;
	req->on_done = api_call_on_done;
	req->arg = a;
	if (*a->account->api_key == '\0')
		errbuf_set(err, "no api_key is set for this account");
	else if (api_call_start_request(a, req, header))
		return true;
	else
		(void)errbuf_no_memory(err);
	return false;
}

/* Takes a, as the public functions do. */
static bool
api_call_start(struct api_call *a, struct http_engine *engine,
    struct http_request *req, const char *header, struct errbuf *err)
{
	a->engine = engine;
	if (api_call_try(a, req, header, err))
		return true;
	api_call_free(a);
	return false;
}

/* Keep the first answer, and make room for the second. */
static void
api_call_keep_first(struct api_call *a)
{
	a->is_next = true;
	a->first = a->body;
	a->firstlen = a->len;
	a->body = NULL;
	a->len = a->size = 0;
	json_free(a->doc);
	a->doc = NULL;
}

/* Where the answer says only where the result is, ask there.  False: nothing is
 * asked, and the call is over. */
static bool
api_call_ask_next(struct api_call *a)
{
	const struct account	*account = a->account;
	char			 mem[URL_MAX];
	struct buf		 url;
	struct http_request	 req = { .timeout_s = ANSWER_TIMEOUT_S };

	if (a->task_id == NULL || a->verdict != POLL_TASK ||
	    account->provider->poll_next == NULL)
		return false;
	buf_over(&url, mem, sizeof(mem));
	if (!account->provider->poll_next(&url, account->api_base, a->asked,
	    a->doc) || !buf_ok(&url) || !api_headers_may_ask(account, mem))
		return false;
	req.url = url.data;
	api_call_keep_first(a);
	if (api_call_try(a, &req, NULL, &a->err))
		return true;
	a->verdict = POLL_TROUBLE;
	a->answered = false;
	return false;
}

/* Append the URL of a poll: the one that the provider named, if it may be asked. */
static bool
api_call_poll_url(struct api_call *a, const char *model,
    const char *named, struct buf *url, struct errbuf *err)
{
	const struct provider	*p = a->account->provider;

	if (named == NULL || p->poll_url_path == NULL ||
	    !api_headers_may_ask(a->account, named)) {
		a->is_guess = p->poll_url_is_guess && model == NULL;
		return p->poll_url(url, a->account->api_base, a->task_id,
		    model, err);
	}
	buf_text(url, named);
	if (!buf_ok(url))
		errbuf_set(err, "the address that tells its state is too "
		    "long");
	return buf_ok(url);
}

/* Append URL and, where there is one, body of a poll; false with err. */
static bool
api_call_compose(struct api_call *a, const char *model, const char *named,
    struct buf *url, struct buf *body, struct errbuf *err)
{
	const struct provider	*p = a->account->provider;

	if (!api_call_poll_url(a, model, named, url, err) ||
	    (p->poll_body != NULL && !p->poll_body(body, a->task_id, err)))
		return false;
	return (a->asked = strdup(url->data)) != NULL || errbuf_no_memory(err);
}

bool
api_call_get(struct api_call *a, struct http_engine *engine,
    const char *task_id, const char *model, const char *poll_url,
    struct errbuf *err)
{
	char			 mem[URL_MAX], body_mem[POLL_BODY_MAX];
	struct buf		 url, body;
	struct http_request	 req = { .timeout_s = ANSWER_TIMEOUT_S };

	buf_over(&url, mem, sizeof(mem));
	buf_over(&body, body_mem, sizeof(body_mem));
	if ((a->task_id = strdup(task_id)) == NULL)
		(void)errbuf_no_memory(err);
	else if (api_call_compose(a, model, poll_url, &url, &body, err)) {
		req.url = url.data;
		req.post = body.len > 0 ? body.data : NULL;
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

	(void)json_ran_short();
	v = a->account->provider->parse(a->doc, &ctx, result, err);
	if (json_ran_short()) {
		(void)errbuf_no_memory(err);
		return PARSE_UNKNOWN;
	}
	if (v != PARSE_UNKNOWN && result->task_id != NULL &&
	    strcmp(result->task_id, a->task_id) != 0) {
		errbuf_set(err, "the answer is about another task");
		return PARSE_UNKNOWN;
	}
	return v;
}
