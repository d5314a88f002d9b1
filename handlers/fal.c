/*
 * fal.ai.  A callback wraps the model's own answer.  A poll asks the queue for
 * the state, and then for that answer, which comes bare, with the model's own
 * HTTP status, and names neither task nor state.
 * https://docs.fal.ai/model-apis/model-endpoints/webhooks
 * https://docs.fal.ai/model-apis/model-endpoints/queue
 */
#include <string.h>
#include <strings.h>

#include "lib/buf.h"
#include "handlers/parse.h"
#include "handlers/status.h"

#define FAL_MODEL_MAX	256

static const struct signature_scheme fal_signature = {
	.method		= SIGNATURE_ED25519,
	.header		= "x-fal-webhook-signature",
	.time_header	= "x-fal-webhook-timestamp",
	.form		= FORM_SINGLE,
	.version	= "",
	.encoding	= ENCODED_HEX,
	.signed_text	= "{x-fal-webhook-request-id}\n"
			  "{x-fal-webhook-user-id}\n"
			  "{x-fal-webhook-timestamp}\n{body-sha256}",
	.tolerance_s	= 300,
};

/* ---- outputs ------------------------------------------------------------ */

/* Where models have their outputs; all other links are taken after these. */
static const struct parse_place fal_places[] = {
	{ "images",	"images", false },
	{ "image",	"images", false },
	{ "videos",	"videos", false },
	{ "video",	"videos", false },
	{ "audio",	"audios", false },
	{ "audio_file",	"audios", false },
	{ "output",	NULL,	  true },
	{ "text",	NULL,	  true },
};

static const char *const fal_members[] = {
	"images", "image", "videos", "video", "audio", "audio_file", "output",
	"text", NULL
};

/* Is it an answer in words: with none of the places, and not empty? */
static bool
fal_is_words(struct json_object *answer)
{
	const char *const	*name;

	for (name = fal_members; *name != NULL; name++)
		if (json_has(answer, *name))
			return false;
	return !links_is_empty(answer);
}

/* How long the links live is the account's setting, and not told. */
static enum parse_verdict
fal_succeeded(struct result *r, struct json_object *answer,
    struct errbuf *err)
{
	struct link_facts	facts = { .lifetime_s = 0 };
	struct parse_end	end = { answer, fal_members, NULL, &facts,
				    false, { { NULL }, 0 } };
	bool			ok = true;
	size_t			i;

	for (i = 0; ok && i < sizeof(fal_places) / sizeof(fal_places[0]); i++)
		ok = parse_items(r, answer, &fal_places[i], NULL, &facts,
		    &end.done, err);
	ok = ok && links_take(r, answer, &end.done, LINKS_ALONE, NULL, &facts,
	    err);
	if (ok && r->noutputs == 0 && fal_is_words(answer))
		ok = parse_as_text(r, answer, &facts, err);
	return parse_end(r, ok, &end, err);
}

/* "OK" is a state of fal alone: of another provider nobody knows it. */
static enum parse_verdict
fal_task(struct result *r, struct json_object *doc, struct errbuf *err)
{
	struct errbuf		why = { .text = "" };
	enum parse_verdict	verdict;

	verdict = parse_task(r, doc, "request_id", "status", &why);
	if (verdict == PARSE_UNKNOWN && r->status_word != NULL &&
	    strcasecmp(r->status_word, "OK") == 0) {
		r->status_known = true;
		r->state = TASK_SUCCEEDED;
		return PARSE_FINAL;
	}
	if (verdict != PARSE_FINAL)
		*err = why;
	return verdict;
}

/* The payload of an error is the model's own answer, which says more than the
 * callback itself. */
static enum parse_verdict
fal_callback(struct result *r, struct json_object *doc, struct errbuf *err)
{
	struct json_object	*payload = json_at(doc, "payload");
	struct json_object	*places[] = { payload, doc };
	enum parse_verdict	 verdict = fal_task(r, doc, err);

	if (verdict != PARSE_FINAL)
		return verdict;
	/* What the queue calls completed may have failed. */
	if (payload == NULL && !links_is_empty(json_at(doc, "error")))
		r->state = TASK_FAILED;
	if (r->state != TASK_SUCCEEDED) {
		parse_error(r, places, 2);
		return PARSE_FINAL;
	}
	if (payload != NULL)
		return fal_succeeded(r, payload, err);
	/* It came with "payload_error", or it is the queue's own word. */
	r->state = TASK_PENDING;
	errbuf_set(err, "status \"%s\" without a payload", r->status_word);
	return PARSE_HINT;
}

/* ---- polls -------------------------------------------------------------- */

/* What the queue says, which may leave out whose state it is. */
static enum parse_verdict
fal_queue(struct result *r, struct json_object *queue, const char *task_id,
    struct errbuf *err)
{
	const char	*word = json_string_at(queue, "status"), *code;

	if (json_has(queue, "request_id") || task_id == NULL)
		return fal_task(r, queue, err);
	if (!result_set(&r->task_id, task_id) ||
	    !result_set(&r->status_word, word)) {
		(void)errbuf_no_memory(err);
		return PARSE_UNKNOWN;
	}
	r->status_known = word != NULL && status_find(word, &r->state, &code);
	if (r->status_known && r->state != TASK_PENDING)
		return PARSE_FINAL;
	errbuf_set(err, "status \"%s\"", word != NULL ? word : "");
	return r->status_known ? PARSE_PROGRESS : PARSE_UNKNOWN;
}

/* The model's answer to a request that the queue calls completed.  422, and what
 * goes with it, is its word on the input: asking again brings nothing else. */
static enum parse_verdict
fal_answer(struct result *r, struct json_object *doc,
    const struct parse_context *ctx, struct errbuf *err)
{
	struct json_object	*inner = json_at(doc, "response");

	if (ctx->http == 422 ||
	    (ctx->http == 0 && json_is_array(json_at(doc, "detail")))) {
		r->state = TASK_FAILED;
		parse_error(r, &doc, 1);
		return PARSE_FINAL;
	}
	if (ctx->http / 100 != 2 && ctx->http != 0) {
		r->state = TASK_PENDING;
		errbuf_set(err, "completed, and its answer still in progress");
		return PARSE_PROGRESS;
	}
	if (json_is_object(inner) && json_has(doc, "status"))
		doc = inner;
	return fal_succeeded(r, doc, err);
}

/* The queue's word, and the model's where there is one. */
static enum parse_verdict
fal_poll(struct result *r, struct json_object *queue,
    struct json_object *answer, const struct parse_context *ctx,
    struct errbuf *err)
{
	enum parse_verdict	verdict = fal_queue(r, queue, ctx->task_id, err);

	if (verdict != PARSE_FINAL)
		return verdict;
	if (!links_is_empty(json_at(queue, "error"))) {
		r->state = TASK_FAILED;
		parse_text(&r->error_code, queue, "error_type");
	}
	if (r->state != TASK_SUCCEEDED) {
		parse_error(r, &queue, 1);
		return PARSE_FINAL;
	}
	if (answer != NULL)
		return fal_answer(r, answer, ctx, err);
	r->state = TASK_PENDING;
	errbuf_set(err, "completed, and its answer is to be asked for");
	return PARSE_HINT;
}

static enum parse_verdict
fal_parse(struct json_object *doc, const struct parse_context *ctx,
    struct result *r, struct errbuf *err)
{
	bool	both = json_is_array(doc) && json_length(doc) == 2;

	if (ctx->task_id == NULL && !both)
		return fal_callback(r, doc, err);
	return fal_poll(r, both ? json_item(doc, 0) : doc,
	    both ? json_item(doc, 1) : NULL, ctx, err);
}

/* The answer of a request is at its own address, above that of its state. */
static bool
fal_poll_next(struct buf *url, const char *api_base, const char *asked,
    struct json_object *doc)
{
	static const char	 end[] = "/status";
	const char		*status = json_string_at(doc, "status");
	size_t			 len = strcspn(asked, "?#");

	(void)api_base;
	if (status == NULL || strcasecmp(status, "COMPLETED") != 0 ||
	    !links_is_empty(json_at(doc, "error")) || len < sizeof(end) - 1 ||
	    strncmp(asked + len - (sizeof(end) - 1), end, sizeof(end) - 1) != 0)
		return false;
	buf_bytes(url, asked, len - (sizeof(end) - 1));
	return buf_ok(url);
}

/* 400 says that the request is under way, and much else. */
static enum poll_verdict
fal_poll_classify(int http, struct json_object *doc, struct errbuf *err)
{
	const char	*detail = json_string_at(doc, "detail");

	errbuf_set(err, "%s", "");
	if (http == 400 && detail != NULL &&
	    strcasestr(detail, "still in progress") != NULL)
		return POLL_TASK;
	if (http == 422 && json_is_array(json_at(doc, "detail")))
		return POLL_TASK;
	/* A model's answer may have a "code" of its own. */
	if (http / 100 == 2 && json_is_object(doc))
		return POLL_TASK;
	return poll_classify_common(http, doc, err);
}

/* ---- addresses ---------------------------------------------------------- */

/* "owner/alias" of "owner/alias/sub/path": requests are known below that, and
 * those of workflows one name deeper. */
static bool
fal_app(const char *model, char app[FAL_MODEL_MAX])
{
	size_t	n, len = 0;
	int	names = strncmp(model, "workflows/", 10) == 0 ? 3 : 2;

	for (; names > 0; names--) {
		n = strcspn(model + len, "/");
		len += n;
		if (names > 1 && model[len] != '/')
			return false;
		len += names > 1;
	}
	if (len >= FAL_MODEL_MAX)
		return false;
	memcpy(app, model, len);
	app[len] = '\0';
	return true;
}

static bool
fal_poll_url(struct buf *url, const char *api_base, const char *task_id,
    const char *model, struct errbuf *err)
{
	char		app[FAL_MODEL_MAX], mem[3 * FAL_MODEL_MAX + 32];
	struct buf	before;

	if (model == NULL) {
		errbuf_set(err, "the model is not known, and fal's status "
		    "address needs it");
		return false;
	}
	buf_over(&before, mem, sizeof(mem));
	buf_text(&before, "/");
	if (!fal_app(model, app) || !url_append_segments(&before, app)) {
		errbuf_set(err, "model \"%s\" cannot stand in a URL", model);
		return false;
	}
	buf_text(&before, "/requests/");
	return url_for_task(url, api_base, mem, task_id, "/status", err);
}

static bool
fal_submit_path(struct buf *url, const char *model)
{
	buf_text(url, "/");
	return url_append_segments(url, model);
}

/* The body is the model's input alone. */
static bool
fal_submit_fill(struct json_object *request, const struct submission *s,
    struct errbuf *err)
{
	(void)request;
	(void)s;
	(void)err;
	return true;
}

static const char *const fal_task_id_paths[] = { "request_id", NULL };

const struct provider fal_provider = {
	.name		 = "fal",
	.api_base	 = "https://queue.fal.run",
	.signature	 = &fal_signature,
	.keys_url	 = "https://rest.fal.ai/.well-known/jwks.json",
	.key_prefix	 = "Key ",
	.parse		 = fal_parse,
	.poll_url	 = fal_poll_url,
	.poll_url_path	 = "status_url",
	.poll_next	 = fal_poll_next,
	.poll_classify	 = fal_poll_classify,
	.submit_classify = poll_classify_common,
	.submit_path	 = fal_submit_path,
	.submit_fill	 = fal_submit_fill,
	.hook_parameter	 = "fal_webhook",
	.task_id_paths	 = fal_task_id_paths,
};
