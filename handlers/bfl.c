/*
 * Black Forest Labs (FLUX).  The link of a result lives for ten minutes.
 * Callbacks are signed where the request gave a secret.
 * https://docs.bfl.ai
 * https://github.com/black-forest-labs/skills (webhook-integration.md)
 */
#include <string.h>
#include <strings.h>

#include "lib/buf.h"
#include "handlers/parse.h"

#define LIFETIME_S	600

/* The body alone, without a time.  Some say that it is not documented, so an
 * account without a secret goes unsigned. */
static const struct signature_scheme bfl_signature = {
	.header		= "x-bfl-signature",
	.version	= "sha256=",
	.encoding	= ENCODED_HEX,
	.signed_text	= "{body}",
	.key		= KEY_TEXT,
	.optional	= true,
};

static const char *const bfl_members[] = { "result", NULL };

static enum parse_verdict
bfl_final(struct result *r, struct json_object *doc,
    const struct parse_context *ctx, struct errbuf *err)
{
	struct json_object	*places[] = { json_at(doc, "result"),
				    json_at(doc, "details"), doc };
	struct link_facts	 facts = { .lifetime_s = LIFETIME_S };
	struct parse_end	 end = { doc, bfl_members, NULL, &facts, false,
				    { { NULL }, 0 } };

	facts.lifetime_from = r->finished_at > 0 ? r->finished_at :
	    ctx->received_at;
	if (r->state != TASK_SUCCEEDED) {
		/* "error" is the code, and "message" the words. */
		if (r->error_code == NULL)
			parse_text(&r->error_code, doc, "error");
		parse_text(&r->error_message, doc, "message");
		parse_error(r, places, 3);
		if (r->error_message == NULL &&
		    !result_set(&r->error_message, r->status_word))
			(void)errbuf_no_memory(err);
	}
	if (r->state == TASK_SUCCEEDED && json_is_object(places[0]) &&
	    json_string_at(doc, "result.sample") == NULL) {
		errbuf_set(err, "\"result\" is without a sample");
		return PARSE_UNKNOWN;
	}
	return parse_end(r, true, &end, err);
}

static enum parse_verdict
bfl_parse(struct json_object *doc, const struct parse_context *ctx,
    struct result *r, struct errbuf *err)
{
	const char		*when = json_string_at(doc, "timestamp");
	enum parse_verdict	 verdict;

	verdict = parse_task(r, doc, "id", "status", err);
	if (verdict != PARSE_FINAL)
		return verdict;
	if (when != NULL)
		r->finished_at = parse_plausible(time_parse_rfc3339(when),
		    ctx);
	return bfl_final(r, doc, ctx, err);
}

static bool
bfl_poll_url(struct buf *url, const char *api_base, const char *task_id,
    const char *model, struct errbuf *err)
{
	(void)model;
	return url_for_task(url, api_base, "/v1/get_result?id=", task_id, "",
	    err);
}

/* That it knows no such task is one of its states. */
static int
bfl_answer_status(int http, struct json_object *doc)
{
	const char	*status = json_string_at(doc, "status");

	return http / 100 == 2 && status != NULL &&
	    strcasecmp(status, "Task not found") == 0 ? 404 : http;
}

static bool
bfl_submit_path(struct buf *url, const char *model)
{
	buf_text(url, "/v1/");
	return url_append_segments(url, model);
}

static bool
bfl_submit_fill(struct json_object *request, const struct submission *s,
    struct errbuf *err)
{
	if (s->hook == NULL)
		return true;
	if (!json_put_text(request, "webhook_url", s->hook) ||
	    (s->secret != NULL && !json_put_text(request, "webhook_secret",
	    s->secret)))
		return errbuf_no_memory(err);
	return true;
}

static const char *const bfl_task_id_paths[] = { "id", NULL };

const struct provider bfl_provider = {
	.name		 = "bfl",
	.api_base	 = "https://api.bfl.ai",
	.signature	 = &bfl_signature,
	.key_header	 = "x-key",
	.poll_url_path	 = "polling_url",
	.api_domain	 = "bfl.ai",
	.parse		 = bfl_parse,
	.poll_url	 = bfl_poll_url,
	.answer_status	 = bfl_answer_status,
	.poll_classify	 = poll_classify_common,
	.submit_path	 = bfl_submit_path,
	.submit_fill	 = bfl_submit_fill,
	.task_id_paths	 = bfl_task_id_paths,
};
