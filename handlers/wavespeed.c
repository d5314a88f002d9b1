/*
 * WaveSpeedAI.  A callback is a bare prediction, signed; a poll answer wraps
 * the prediction in "data".
 * https://wavespeed.ai/docs/how-to-use-webhooks
 * https://wavespeed.ai/docs/verify-webhooks
 * https://wavespeed.ai/docs/get-result
 * https://wavespeed.ai/docs/error-codes
 */
#include <string.h>
#include <strings.h>

#include "lib/buf.h"
#include "handlers/parse.h"
#include "handlers/signature.h"

#define LIFETIME_S	(7 * 24 * 3600)

/* The last four come from newer pages and from clients. */
static const struct status_word wavespeed_statuses[] = {
	{ "created",	TASK_PENDING },
	{ "processing",	TASK_PENDING },
	{ "completed",	TASK_SUCCEEDED },
	{ "failed",	TASK_FAILED },
	{ "pending",	TASK_PENDING },
	{ "cancelled",	TASK_CANCELLED },
	{ "deleted",	TASK_CANCELLED },
	{ "timeout",	TASK_FAILED },
	{ NULL,		TASK_PENDING }
};

/* The text of {"text": "..."}, or NULL for any other value. */
static const char *
wavespeed_text_only(struct json_object *value)
{
	return json_members(value) == 1 ? json_string_at(value, "text") : NULL;
}

/* A string that begins as a link, and goes on without a blank. */
static bool
wavespeed_looks_like_link(const char *text)
{
	return (strncasecmp(text, "http://", 7) == 0 ||
	    strncasecmp(text, "https://", 8) == 0) &&
	    strpbrk(text, " \t\r\n") == NULL;
}

/* A link, or the text that a model heard or wrote. */
static bool
wavespeed_add_output(struct parse_list *l, struct json_object *item,
    struct errbuf *err)
{
	const char	*text = json_string(item);

	if (item == NULL || (text != NULL && *text == '\0'))
		return true;
	if (text != NULL && wavespeed_looks_like_link(text))
		return result_add_url(l->result, text, &l->facts, err);
	if (text == NULL)
		text = wavespeed_text_only(item);
	if (text == NULL)
		return parse_as_text(l->result, item, err);
	return *text == '\0' || result_add_text(l->result, text, err);
}

static bool
wavespeed_add_outputs(struct result *r, struct json_object *task,
    usec_t received_at, struct errbuf *err)
{
	struct json_object	*outputs = json_at(task, "outputs");
	struct parse_list	 l = {
		.result = r, .item = wavespeed_add_output
	};

	l.facts.lifetime_s = LIFETIME_S;
	l.facts.lifetime_from = r->submitted_at > 0 ? r->submitted_at :
	    received_at;
	if (json_is_array(outputs))
		return parse_list(&l, task, "outputs", err);
	/* A speech model's page has an object in place of the list. */
	return wavespeed_add_output(&l, outputs, err);
}

/* "created_at" has nine digits behind the point; "executionTime" is in ms. */
static void
wavespeed_take_times(struct result *r, struct json_object *task)
{
	const char	*created = json_string_at(task, "created_at");
	int64_t		 ms;

	if (created != NULL)
		r->submitted_at = time_parse_rfc3339(created);
	if (r->state != TASK_PENDING && r->submitted_at > 0 &&
	    json_int_at(task, "executionTime", &ms))
		r->finished_at = usec_from_millis(r->submitted_at / 1000 + ms);
}

static void
wavespeed_take_error(struct result *r, struct json_object *task)
{
	int64_t	code;

	parse_text(&r->error_message, task, "error");
	if (strcmp(r->status_word, "timeout") == 0)
		(void)result_set(&r->error_code, "timeout");
	else if (!json_int_at(task, "code", &code) || code != 0)
		parse_text(&r->error_code, task, "code");
}

static enum parse_verdict
wavespeed_parse(struct json_object *doc, const struct parse_context *ctx,
    struct result *r, struct errbuf *err)
{
	struct json_object	*task = json_at(doc, "data");
	enum parse_verdict	 verdict;

	if (!json_is_object(task) || json_has(doc, "id"))
		task = doc;
	verdict = parse_task(r, task, "id", "status", wavespeed_statuses, err);
	if (verdict == PARSE_UNKNOWN)
		return verdict;
	parse_text(&r->model, task, "model");
	wavespeed_take_times(r, task);
	if (verdict == PARSE_PROGRESS)
		return verdict;
	if (r->state != TASK_SUCCEEDED)
		wavespeed_take_error(r, task);
	return parse_end(r, wavespeed_add_outputs(r, task, ctx->received_at,
	    err), err);
}

/*
 * The key is the secret's text, though it looks like base64; and the sums
 * that the page prints beside its sample do not come of the rule it gives.
 */
static const struct signature_scheme wavespeed_scheme = {
	.version	= "v3,",
	.secret_prefix	= "whsec_",
	.tolerance_s	= 300,
};

static enum verify_verdict
wavespeed_verify(const struct verify_input *in, struct errbuf *err)
{
	return signature_verify(&wavespeed_scheme, in, err);
}

static bool
wavespeed_poll_url(struct buf *url, const char *api_base, const char *task_id,
    const char *model, struct errbuf *err)
{
	(void)model;
	return url_for_task(url, api_base, "/api/v3/predictions/",
	    task_id, "/result", err);
}

/* In a bare prediction "code" is the task's own, and not the answer's. */
static enum poll_verdict
wavespeed_poll_classify(int http, struct json_object *doc, struct errbuf *err)
{
	if (http / 100 == 2 && json_string_at(doc, "id") != NULL &&
	    json_string_at(doc, "status") != NULL) {
		errbuf_set(err, "%s", "");
		return POLL_TASK;
	}
	return poll_classify_common(http, doc, err);
}

static bool
wavespeed_submit_path(struct buf *url, const char *model)
{
	buf_text(url, "/api/v3/");
	return url_append_segments(url, model);
}

/* The body is the model's alone: the callback stands in the URL. */
static bool
wavespeed_submit_fill(struct json_object *request, const struct submission *s,
    struct errbuf *err)
{
	(void)request;
	(void)s;
	(void)err;
	return true;
}

static const char *const wavespeed_task_id_paths[] = { "data.id", "id", NULL };

const struct provider wavespeed_provider = {
	.name		 = "wavespeed",
	.api_base	 = "https://api.wavespeed.ai",
	.secret_path	 = "/api/v3/webhook/secret",
	.trusted_headers = signature_headers,
	.verify		 = wavespeed_verify,
	.parse		 = wavespeed_parse,
	.poll_url	 = wavespeed_poll_url,
	.poll_classify	 = wavespeed_poll_classify,
	.submit_path	 = wavespeed_submit_path,
	.submit_fill	 = wavespeed_submit_fill,
	.hook_parameter	 = "webhook",
	.task_id_paths	 = wavespeed_task_id_paths,
};
