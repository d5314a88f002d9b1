/*
 * APIXO.  Callbacks and poll answers alike are {"code", "message", "data"},
 * and the outputs are JSON text in the string data.resultJson.
 * https://apixo.ai/docs/api-reference/webhooks
 * https://apixo.ai/docs/api-reference/status-task
 * https://apixo.ai/docs/api-reference/response-format
 */
#include <string.h>

#include "lib/buf.h"
#include "handlers/parse.h"

#define LIFETIME_S	(24 * 3600)

static const struct parse_place apixo_place = { "resultUrls", NULL, false };

static const char *const apixo_members[] = {
	"resultJson", "result", "results", "output", "outputs", NULL
};

/*
 * The pages show {"resultUrls": [...]} for images and videos; what music
 * looks like they do not say.  A document without any link is the result as
 * text.
 */
static bool
apixo_document(struct result *r, struct json_object *doc,
    const struct link_facts *facts, struct errbuf *err)
{
	struct links_done	done = { { NULL }, 0 };

	if (!parse_items(r, doc, &apixo_place, NULL, facts, &done, err) ||
	    !links_take(r, doc, &done, LINKS_ALONE, NULL, facts, err))
		return false;
	if (r->noutputs > 0 || json_has(doc, "resultUrls") ||
	    links_is_empty(doc))
		return true;
	return parse_as_text(r, doc, facts, err);
}

/* data.resultJson: JSON in a string, the same once more in a string, JSON as
 * it is, or a link. */
static bool
apixo_outputs(struct result *r, struct json_object *value,
    const struct link_facts *facts, struct errbuf *err)
{
	struct json_object	*inner;
	struct errbuf		 cause;
	const char		*text = json_string(value);
	bool			 ok, more = false;

	if (value == NULL || (text != NULL && *text == '\0'))
		return true;
	if (json_is_object(value) || json_is_array(value))
		return apixo_document(r, value, facts, err);
	if (text == NULL) {
		errbuf_set(err, "\"resultJson\" is no plain string");
		return false;
	}
	if (json_parse(text, strlen(text), &inner, &cause) != JSON_OK) {
		if (!links_take_item(r, value, LINKS_ALONE, NULL, facts,
		    &more, err))
			return false;
		errbuf_set(err, "\"resultJson\" is no JSON: %s", cause.text);
		return r->noutputs > 0;
	}
	ok = json_string(inner) != NULL ? apixo_outputs(r, inner, facts, err) :
	    apixo_document(r, inner, facts, err);
	json_free(inner);
	return ok;
}

static enum parse_verdict
apixo_final(struct result *r, struct json_object *data,
    const struct parse_context *ctx, struct errbuf *err)
{
	struct link_facts	facts = { .lifetime_s = LIFETIME_S };
	struct parse_end	end = { data, apixo_members, NULL, &facts,
				    false, { { NULL }, 0 } };

	facts.lifetime_from = r->finished_at > 0 ? r->finished_at :
	    ctx->received_at;
	if (r->state != TASK_SUCCEEDED)
		parse_error(r, &data, 1);
	return parse_end(r, apixo_outputs(r, json_at(data, "resultJson"),
	    &facts, err), &end, err);
}

static enum parse_verdict
apixo_parse(struct json_object *doc, const struct parse_context *ctx,
    struct result *r, struct errbuf *err)
{
	struct json_object	*data = json_at(doc, "data");
	enum parse_verdict	 verdict;
	int64_t			 code;

	if (!json_int_at(doc, "code", &code) || code != 200) {
		errbuf_set(err, "\"code\" is not 200");
		return PARSE_UNKNOWN;
	}
	verdict = parse_task(r, data, "taskId", "state", err);
	if (verdict == PARSE_UNKNOWN)
		return verdict;
	r->submitted_at = parse_moment(data, "createTime", ctx);
	if (verdict == PARSE_PROGRESS)
		return verdict;
	r->finished_at = parse_moment(data, "completeTime", ctx);
	return apixo_final(r, data, ctx, err);
}

static bool
apixo_poll_url(struct buf *url, const char *api_base, const char *task_id,
    const char *model, struct errbuf *err)
{
	if (model == NULL || *model == '\0') {
		errbuf_set(err, "cannot be polled while its model is unknown");
		return false;
	}
	url_append_base(url, api_base);
	buf_text(url, "/api/v1/statusTask/");
	if (url_append_segments(url, model)) {
		buf_text(url, "?taskId=");
		buf_percent(url, task_id, "");
		if (buf_ok(url))
			return true;
	}
	errbuf_set(err, "model \"%s\" or the task id cannot stand in a URL",
	    model);
	return false;
}

/*
 * The two error pages disagree on 403: a key without the right, or content
 * against the rules.  The second must not stop an account's polls.  Only the
 * provider's own words, in which err ends, tell them apart.
 */
static enum poll_verdict
apixo_poll_classify(int http, struct json_object *doc, struct errbuf *err)
{
	enum poll_verdict	verdict;

	verdict = poll_classify_common(http, doc, err);
	if (verdict == POLL_BAD_KEY && (strstr(err->text, "content") != NULL ||
	    strstr(err->text, "Content") != NULL))
		return POLL_TROUBLE;
	return verdict;
}

static bool
apixo_submit_path(struct buf *url, const char *model)
{
	buf_text(url, "/api/v1/generateTask/");
	return url_append_segments(url, model);
}

/* Of a type other than callback, the address would not be looked at. */
static bool
apixo_submit_fill(struct json_object *request, const struct submission *s,
    struct errbuf *err)
{
	if (s->hook == NULL ||
	    (json_put_text(request, "request_type", "callback") &&
	    json_put_text(request, "callback_url", s->hook)))
		return true;
	return errbuf_no_memory(err);
}

static const char *const apixo_task_id_paths[] = { "data.taskId", NULL };

const struct provider apixo_provider = {
	.name		 = "apixo",
	.api_base	 = "https://api.apixo.ai",
	.parse		 = apixo_parse,
	.poll_url	 = apixo_poll_url,
	.poll_classify	 = apixo_poll_classify,
	.submit_path	 = apixo_submit_path,
	.submit_fill	 = apixo_submit_fill,
	.task_id_paths	 = apixo_task_id_paths,
};
