/*
 * Novita AI.  A callback is {"event_type", "payload"}; a poll answer is what
 * the payload is.
 * https://novita.ai/docs/api-reference/model-apis-webhook
 * https://novita.ai/docs/api-reference/model-apis-task-result
 */
#include <string.h>

#include "lib/buf.h"
#include "handlers/parse.h"

/* The last two are in other people's clients only, not in the documents. */
static const struct status_word novita_statuses[] = {
	{ "TASK_STATUS_QUEUED",	    TASK_PENDING },
	{ "TASK_STATUS_PROCESSING", TASK_PENDING },
	{ "TASK_STATUS_SUCCEED",    TASK_SUCCEEDED },
	{ "TASK_STATUS_FAILED",	    TASK_FAILED },
	{ "TASK_STATUS_CANCELED",   TASK_CANCELLED },
	{ "TASK_STATUS_CANCELLED",  TASK_CANCELLED },
	{ NULL,			    TASK_PENDING }
};

static const char *const novita_image_keys[] = { "image_url", "url", NULL };
static const char *const novita_video_keys[] = { "video_url", "url", NULL };
static const char *const novita_audio_keys[] = { "audio_url", "url", NULL };

static const struct novita_media {
	const char		*array;
	const char *const	*url_keys;
	const char		*ttl_key, *type_key;
} novita_media[] = {
	{ "images", novita_image_keys, "image_url_ttl", "image_type" },
	{ "videos", novita_video_keys, "video_url_ttl", "video_type" },
	{ "audios", novita_audio_keys, "audio_url_ttl", "audio_type" },
};

static bool
novita_add_output(struct parse_list *l, struct json_object *item,
    struct errbuf *err)
{
	const struct novita_media	*m = l->how;
	struct link_facts		 facts = l->facts;
	struct json_object		*url;
	struct errbuf			 odd;

	if (!parse_member(item, m->url_keys, &url, &odd))
		return parse_odd(l->result, item, odd.text, err);
	facts.declared_type = json_string_at(item, m->type_key);
	/* "0" comes with links that do live: it says nothing. */
	(void)json_int_at(item, m->ttl_key, &facts.ttl_s);
	return parse_link(l->result, url, &facts, err);
}

static bool
novita_add_outputs(struct result *r, struct json_object *root,
    usec_t received_at, struct errbuf *err)
{
	struct parse_list	l = { .result = r, .item = novita_add_output };
	size_t			i;

	l.facts.ttl_from = received_at;
	for (i = 0; i < sizeof(novita_media) / sizeof(novita_media[0]); i++) {
		l.how = &novita_media[i];
		l.facts.array_name = novita_media[i].array;
		if (!parse_list(&l, root, novita_media[i].array, err))
			return false;
	}
	if (r->noutputs > 0)
		return true;
	/* One guide that is not Novita's own has the images here. */
	l.how = &novita_media[0];
	l.facts.array_name = novita_media[0].array;
	return parse_list(&l, root, "extra.images", err);
}

/* The request comes back as JSON text inside the JSON. */
static void
novita_take_model(struct result *r, struct json_object *extra)
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
novita_take_extra(struct result *r, struct json_object *root)
{
	struct json_object	*extra = json_at(root, "extra");
	int64_t			 ms;

	(void)json_int_at(extra, "debug_info.submit_time_ms", &ms);
	r->submitted_at = usec_from_millis(ms);
	(void)json_int_at(extra, "debug_info.complete_time_ms", &ms);
	r->finished_at = usec_from_millis(ms);
	r->is_test = json_true_at(extra, "webhook.test_mode.enabled");
	novita_take_model(r, extra);
}

/* Is it an event of a kind that carries no result?  Then err says so. */
static bool
novita_is_other_event(struct json_object *doc, struct errbuf *err)
{
	const char	*type = json_string_at(doc, "event_type");

	if (type == NULL || strcmp(type, "ASYNC_TASK_RESULT") == 0)
		return false;
	errbuf_set(err, "event_type \"%s\"", type);
	return true;
}

static enum parse_verdict
novita_parse(struct json_object *doc, const struct parse_context *ctx,
    struct result *r, struct errbuf *err)
{
	struct json_object	*root = json_at(doc, "payload");
	enum parse_verdict	 verdict;
	struct errbuf		 unused;

	if (novita_is_other_event(doc, err)) {
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
	verdict = parse_task(r, root, "task.task_id", "task.status",
	    novita_statuses, err);
	if (verdict == PARSE_UNKNOWN)
		return verdict;
	novita_take_extra(r, root);
	if (verdict == PARSE_PROGRESS)
		return verdict;
	if (r->state != TASK_SUCCEEDED)
		parse_text(&r->error_message, root, "task.reason");
	return parse_end(r, novita_add_outputs(r, root, ctx->received_at, err),
	    err);
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
