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

static const struct status_word apixo_statuses[] = {
	{ "pending",	TASK_PENDING },
	{ "processing",	TASK_PENDING },
	{ "success",	TASK_SUCCEEDED },
	{ "failed",	TASK_FAILED },
	{ NULL,		TASK_PENDING }
};

static bool
apixo_add_url(struct parse_list *l, struct json_object *item,
    struct errbuf *err)
{
	return parse_link(l->result, item, &l->facts, err);
}

static bool
apixo_add_result_urls(struct result *r, struct json_object *doc,
    const struct link_facts *facts, struct errbuf *err)
{
	struct parse_list	l = { .result = r, .item = apixo_add_url };

	l.facts = *facts;
	if (json_is_array(json_at(doc, "resultUrls")))
		return parse_list(&l, doc, "resultUrls", err);
	return parse_link(r, json_at(doc, "resultUrls"), facts, err);
}

/* Is there anything in a document that holds no link? */
static bool
apixo_is_empty(struct json_object *doc)
{
	if (json_is_object(doc))
		return json_members(doc) == 0;
	return doc == NULL || (json_is_array(doc) && json_length(doc) == 0);
}

/*
 * The pages show {"resultUrls": [...]} for images and videos; what music
 * looks like they do not say, so there every link counts.
 */
static bool
apixo_add_document(struct result *r, struct json_object *doc,
    const struct link_facts *facts, struct errbuf *err)
{
	if (!apixo_add_result_urls(r, doc, facts, err))
		return false;
	if (r->noutputs > 0)
		return true;
	if (!parse_every_link(r, doc, facts, err))
		return false;
	if (r->noutputs > 0 || json_has(doc, "resultUrls") ||
	    apixo_is_empty(doc))
		return true;
	return parse_as_text(r, doc, err);
}

static bool
apixo_add_outputs(struct result *r, struct json_object *data,
    usec_t received_at, struct errbuf *err)
{
	struct json_object	*value = json_at(data, "resultJson"), *inner;
	struct link_facts	 facts = { .lifetime_s = LIFETIME_S };
	struct errbuf		 cause;
	const char		*text;
	bool			 ok;

	facts.lifetime_from = r->finished_at > 0 ? r->finished_at :
	    received_at;
	if (value == NULL)
		return true;
	if (json_is_object(value) || json_is_array(value))
		return apixo_add_document(r, value, &facts, err);
	if ((text = json_string(value)) == NULL) {
		errbuf_set(err, "\"resultJson\" is no plain string");
		return false;
	}
	if (*text == '\0')
		return true;
	if (json_parse(text, strlen(text), &inner, &cause) != JSON_OK) {
		errbuf_set(err, "\"resultJson\" is no JSON: %s", cause.text);
		return false;
	}
	ok = apixo_add_document(r, inner, &facts, err);
	json_free(inner);
	return ok;
}

static enum parse_verdict
apixo_parse(struct json_object *doc, const struct parse_context *ctx,
    struct result *r, struct errbuf *err)
{
	struct json_object	*data = json_at(doc, "data");
	enum parse_verdict	 verdict;
	int64_t			 code, ms;

	if (!json_int_at(doc, "code", &code) || code != 200) {
		errbuf_set(err, "\"code\" is not 200");
		return PARSE_UNKNOWN;
	}
	verdict = parse_task(r, data, "taskId", "state", apixo_statuses, err);
	if (verdict == PARSE_UNKNOWN)
		return verdict;
	(void)json_int_at(data, "createTime", &ms);
	r->submitted_at = usec_from_millis(ms);
	if (verdict == PARSE_PROGRESS)
		return verdict;
	(void)json_int_at(data, "completeTime", &ms);
	r->finished_at = usec_from_millis(ms);
	if (r->state != TASK_SUCCEEDED) {
		parse_text(&r->error_code, data, "failCode");
		parse_text(&r->error_message, data, "failMsg");
	}
	return parse_end(r, apixo_add_outputs(r, data, ctx->received_at, err),
	    err);
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
 * against the rules.  The second must not stop an account's polls.
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
