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

#define LIFETIME_S	(7 * 24 * 3600)

static const struct parse_place wavespeed_places[] = {
	{ "outputs", NULL, true },
	{ "output",  NULL, true },
};

static const char *const wavespeed_members[] = {
	"outputs", "output", "result", "results", NULL
};

static bool
wavespeed_outputs(struct result *r, struct json_object *task,
    const struct link_facts *facts, struct links_done *done,
    struct errbuf *err)
{
	size_t	i;

	for (i = 0; i < sizeof(wavespeed_places) /
	    sizeof(wavespeed_places[0]); i++)
		if (!parse_items(r, task, &wavespeed_places[i], NULL, facts,
		    done, err))
			return false;
	return true;
}

/* "created_at" has nine digits behind the point; "executionTime" is in ms. */
static void
wavespeed_times(struct result *r, struct json_object *task,
    const struct parse_context *ctx)
{
	const char	*created = json_string_at(task, "created_at");
	int64_t		 ms;

	if (created != NULL)
		r->submitted_at = parse_plausible(time_parse_rfc3339(created), ctx);
	if (r->state != TASK_PENDING && r->submitted_at > 0 &&
	    json_int_at(task, "executionTime", &ms))
		r->finished_at = parse_plausible(usec_from_millis(
		    r->submitted_at / 1000 + ms), ctx);
}

/* Its codes are of the task, and 0 is none. */
static void
wavespeed_error(struct result *r, struct json_object *task)
{
	int64_t	code;

	if (r->error_code == NULL &&
	    (!json_int_at(task, "code", &code) || code != 0))
		parse_text(&r->error_code, task, "code");
	parse_error(r, &task, 1);
}

static enum parse_verdict
wavespeed_final(struct result *r, struct json_object *task,
    const struct parse_context *ctx, struct errbuf *err)
{
	struct link_facts	facts = { .lifetime_s = LIFETIME_S };
	struct parse_end	end = { task, wavespeed_members, NULL, &facts,
				    true, { { NULL }, 0 } };

	facts.lifetime_from = r->submitted_at > 0 ? r->submitted_at :
	    ctx->received_at;
	if (r->state != TASK_SUCCEEDED)
		wavespeed_error(r, task);
	return parse_end(r, wavespeed_outputs(r, task, &facts, &end.done,
	    err), &end, err);
}

static enum parse_verdict
wavespeed_parse(struct json_object *doc, const struct parse_context *ctx,
    struct result *r, struct errbuf *err)
{
	struct json_object	*task = json_at(doc, "data");
	enum parse_verdict	 verdict;

	if (!json_is_object(task) || json_has(doc, "id"))
		task = doc;
	verdict = parse_task(r, task, "id", "status", err);
	parse_text(&r->model, task, "model");
	if (verdict == PARSE_UNKNOWN)
		return verdict;
	wavespeed_times(r, task, ctx);
	if (verdict == PARSE_PROGRESS)
		return verdict;
	return wavespeed_final(r, task, ctx, err);
}

/*
 * As Standard Webhooks, but that the key is the secret's text, though it looks
 * like base64, and the signature in hex; and the sums that the page prints
 * beside its sample do not come of the rule it gives.
 */
static const struct signature_scheme wavespeed_signature = {
	.header		= "webhook-signature",
	.time_header	= "webhook-timestamp",
	.form		= FORM_LIST,
	.version	= "v3,",
	.encoding	= ENCODED_HEX,
	.signed_text	= "{webhook-id}.{webhook-timestamp}.{body}",
	.key		= KEY_TEXT,
	.secret_prefix	= "whsec_",
	.tolerance_s	= 300,
};

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

/* "Insufficient credits", as public clients have it. */
static const int64_t wavespeed_no_credit_codes[] = { 1407, 0 };

const struct provider wavespeed_provider = {
	.name		 = "wavespeed",
	.api_base	 = "https://api.wavespeed.ai",
	.secret_path	 = "/api/v3/webhook/secret",
	.signature	 = &wavespeed_signature,
	.parse		 = wavespeed_parse,
	.poll_url	 = wavespeed_poll_url,
	.poll_classify	 = wavespeed_poll_classify,
	.submit_path	 = wavespeed_submit_path,
	.submit_fill	 = wavespeed_submit_fill,
	.hook_parameter	 = "webhook",
	.no_credit_codes = wavespeed_no_credit_codes,
	.task_id_paths	 = wavespeed_task_id_paths,
};
