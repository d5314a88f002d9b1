/*
 * Novita AI.  A callback is {"event_type", "payload"}; a poll answer is what
 * the payload is.
 * https://novita.ai/docs/api-reference/model-apis-webhook
 * https://novita.ai/docs/api-reference/model-apis-task-result
 */
#include <string.h>

#include "lib/buf.h"
#include "handlers/parse.h"

static const struct parse_place novita_places[] = {
	{ "images", "images", false },
	{ "videos", "videos", false },
	{ "audios", "audios", false },
};

/* One guide that is not Novita's own has the images here. */
static const struct parse_place novita_guide = {
	"extra.images", "images", false
};

static const char *const novita_members[] = {
	"images", "videos", "audios", "models", "files", "texts", "output",
	"outputs", "result", "results", NULL
};

static bool
novita_outputs(struct result *r, struct json_object *root,
    const struct link_facts *facts, struct links_done *done,
    struct errbuf *err)
{
	size_t	i;

	for (i = 0; i < sizeof(novita_places) / sizeof(novita_places[0]); i++)
		if (!parse_items(r, root, &novita_places[i], NULL, facts,
		    done, err))
			return false;
	if (r->noutputs > 0)
		return true;
	if (!parse_items(r, root, &novita_guide, NULL, facts, done, err))
		return false;
	/* Of another shape; as a rule "extra" repeats what was asked. */
	return r->noutputs > 0 || r->state != TASK_SUCCEEDED ||
	    links_take(r, json_at(root, "extra"), done, LINKS_ALONE, NULL,
	    facts, err);
}

/* The request comes back as JSON text inside the JSON. */
static void
novita_model(struct result *r, struct json_object *extra)
{
	const char		*text;
	struct json_object	*request;
	struct errbuf		 unused;

	text = json_string_at(extra, "debug_info.request_info");
	if (text == NULL ||
	    json_parse(text, strlen(text), &request, &unused) != JSON_OK)
		return;
	parse_text(&r->model, request, "model_name");
	if (r->model == NULL)
		parse_text(&r->model, request, "request.model_name");
	json_free(request);
}

static void
novita_extra(struct result *r, struct json_object *root,
    const struct parse_context *ctx)
{
	struct json_object	*extra = json_at(root, "extra");
	int64_t			 ms;

	(void)json_int_at(extra, "debug_info.submit_time_ms", &ms);
	r->submitted_at = parse_plausible(usec_from_millis(ms), ctx);
	(void)json_int_at(extra, "debug_info.complete_time_ms", &ms);
	r->finished_at = parse_plausible(usec_from_millis(ms), ctx);
	r->is_test = json_true_at(extra, "webhook.test_mode.enabled");
	novita_model(r, extra);
}

/* Is it an event of a kind that carries no result?  Then err says so. */
static bool
novita_is_other(struct json_object *doc, struct errbuf *err)
{
	const char	*type = json_string_at(doc, "event_type");

	if (type == NULL || strcmp(type, "ASYNC_TASK_RESULT") == 0)
		return false;
	errbuf_set(err, "event_type \"%s\"", type);
	return true;
}

static enum parse_verdict
novita_final(struct result *r, struct json_object *root,
    const struct parse_context *ctx, struct errbuf *err)
{
	struct json_object	*places[] = { json_at(root, "task"), root };
	struct link_facts	 facts = { .ttl_from = ctx->received_at };
	struct parse_end	 end = { root, novita_members, NULL, &facts,
				    false, { { NULL }, 0 } };

	if (r->state != TASK_SUCCEEDED)
		parse_error(r, places, 2);
	return parse_end(r, novita_outputs(r, root, &facts, &end.done, err),
	    &end, err);
}

static enum parse_verdict
novita_parse(struct json_object *doc, const struct parse_context *ctx,
    struct result *r, struct errbuf *err)
{
	struct json_object	*root = json_at(doc, "payload");
	enum parse_verdict	 verdict;
	struct errbuf		 unused;

	if (novita_is_other(doc, err)) {
		(void)parse_task_id(r, root, "task.task_id", &unused);
		return PARSE_PROGRESS;
	}
	if (json_has(doc, "event_type") &&
	    json_string_at(doc, "event_type") == NULL) {
		errbuf_set(err, "\"event_type\" is no plain string");
		return PARSE_UNKNOWN;
	}
	if (!json_is_object(root))
		root = doc;
	verdict = parse_task(r, root, "task.task_id", "task.status", err);
	if (verdict == PARSE_UNKNOWN)
		return verdict;
	novita_extra(r, root, ctx);
	if (verdict == PARSE_PROGRESS)
		return verdict;
	return novita_final(r, root, ctx, err);
}

static bool
novita_poll_url(struct buf *url, const char *api_base, const char *task_id,
    const char *model, struct errbuf *err)
{
	(void)model;
	return url_for_task(url, api_base,
	    "/v3/async/task-result?task_id=", task_id, "", err);
}

/* 403 is also said of an empty balance, which no other key would mend. */
static enum poll_verdict
novita_poll_classify(int http, struct json_object *doc, struct errbuf *err)
{
	enum poll_verdict	 verdict;
	const char		*reason = json_string_at(doc, "reason");

	verdict = poll_classify_common(http, doc, err);
	if (verdict == POLL_BAD_KEY && reason != NULL &&
	    strcmp(reason, "NOT_ENOUGH_BALANCE") == 0)
		return POLL_TROUBLE;
	return verdict;
}

static bool
novita_submit_path(struct buf *url, const char *model)
{
	buf_text(url, "/v3/async/");
	return url_append_segments(url, model);
}

static bool
novita_submit_fill(struct json_object *request, const struct submission *s,
    struct errbuf *err)
{
	if (s->hook == NULL && s->test_mode) {
		errbuf_set(err, "a test event needs a callback to be sent to");
		return false;
	}
	if (s->hook == NULL)
		return true;
	if (json_put_text(request, "extra.webhook.url", s->hook) &&
	    (!s->test_mode ||
	    (json_put_true(request, "extra.webhook.test_mode.enabled") &&
	    json_put_text(request,
	    "extra.webhook.test_mode.return_task_status",
	    "TASK_STATUS_SUCCEED"))))
		return true;
	errbuf_set(err, "\"extra\" of the request takes no webhook");
	return false;
}

static const struct submit_quirk novita_submit_quirks[] = {
	{ 403, "INVALID_API_KEY", SUBMIT_BAD_KEY },
	{ 0, NULL, SUBMIT_DONE }
};

static const char *const novita_task_id_paths[] = { "task_id", NULL };

const struct provider novita_provider = {
	.name		 = "novita",
	.api_base	 = "https://api.novita.ai",
	.parse		 = novita_parse,
	.poll_url	 = novita_poll_url,
	.poll_classify	 = novita_poll_classify,
	.submit_path	 = novita_submit_path,
	.submit_fill	 = novita_submit_fill,
	.task_id_paths	 = novita_task_id_paths,
	.submit_quirks	 = novita_submit_quirks,
	.has_test_mode	 = true,
};
