/*
 * OpenRouter's videos.  A callback wraps the job as a poll answers it.  The
 * content links of a job want the key, its storage links do not.  Callbacks are
 * signed where the workspace has a secret.
 * https://openrouter.ai/docs/cookbook/video-generation/video-generation-webhooks
 * https://openrouter.ai/docs/api_reference/videos
 */
#include <string.h>

#include "lib/buf.h"
#include "handlers/parse.h"

/* Behind the time is a comma, and no point. */
static const struct signature_scheme openrouter_signature = {
	.header		= "x-openrouter-signature",
	.form		= FORM_PAIRS,
	.version	= "v1=",
	.encoding	= ENCODED_HEX,
	.signed_text	= "{t},{body}",
	.key		= KEY_TEXT,
	.tolerance_s	= 300,
	.optional	= true,
};

static const struct parse_place openrouter_places[] = {
	{ "urls",	   "videos", false },
	{ "unsigned_urls", "videos", false },
};

static const char *const openrouter_members[] = {
	"urls", "unsigned_urls", NULL
};

/* Of the two lists of the same files, the one to take: storage links, where
 * there is one for each, since they need no key. */
static const struct parse_place *
openrouter_place(struct json_object *job)
{
	size_t	stored = json_length(json_at(job, "urls"));

	return &openrouter_places[stored == 0 ||
	    stored < json_length(json_at(job, "unsigned_urls"))];
}

/* The list that was not taken is passed over, unless it holds more. */
static void
openrouter_pass_over(struct links_done *done, struct json_object *list,
    size_t taken)
{
	size_t	i, n = json_length(list);

	for (i = 0; i < n && json_string(json_item(list, i)) != NULL; i++)
		;
	if (json_is_array(list) && i == n && n <= taken)
		done->value[done->n++] = list;
}

/* How long either link lives is not told. */
static enum parse_verdict
openrouter_final(struct result *r, struct json_object *job,
    const struct parse_context *ctx, struct errbuf *err)
{
	const struct parse_place *place = openrouter_place(job);
	struct link_facts	 facts = { .array_name = "videos" };
	struct parse_end	 end = { job, openrouter_members,
				    ctx->api_base, &facts, false,
				    { { NULL }, 0 } };
	bool			 ok;

	if (r->state != TASK_SUCCEEDED)
		parse_error(r, &job, 1);
	ok = parse_items(r, job, place, ctx->api_base, &facts, &end.done, err);
	openrouter_pass_over(&end.done, json_at(job, place ==
	    &openrouter_places[0] ? "unsigned_urls" : "urls"), r->noutputs);
	return parse_end(r, ok, &end, err);
}

/* Of a callback's moment it is not told whether it is text or a number. */
static usec_t
openrouter_time(struct json_object *doc, const struct parse_context *ctx)
{
	const char	*text = json_string_at(doc, "created_at");

	return text != NULL ? parse_plausible(time_parse_rfc3339(text), ctx) :
	    parse_moment(doc, "created_at", ctx);
}

static enum parse_verdict
openrouter_parse(struct json_object *doc, const struct parse_context *ctx,
    struct result *r, struct errbuf *err)
{
	struct json_object	*job = json_at(doc, "data");
	const char		*type = json_string_at(doc, "type");
	enum parse_verdict	 verdict;

	if (type != NULL && strncmp(type, "video.", 6) != 0) {
		errbuf_set(err, "type \"%s\"", type);
		return PARSE_PROGRESS;
	}
	if (!json_is_object(job) || json_has(doc, "id"))
		job = doc;
	verdict = parse_task(r, job, "id", "status", err);
	parse_text(&r->model, job, "model");
	if (verdict != PARSE_FINAL)
		return verdict;
	if (job != doc)
		r->finished_at = openrouter_time(doc, ctx);
	return openrouter_final(r, job, ctx, err);
}

static bool
openrouter_poll_url(struct buf *url, const char *api_base,
    const char *task_id, const char *model, struct errbuf *err)
{
	(void)model;
	return url_for_task(url, api_base, "/api/v1/videos/", task_id, "",
	    err);
}

static bool
openrouter_submit_path(struct buf *url, const char *model)
{
	(void)model;
	buf_text(url, "/api/v1/videos");
	return buf_ok(url);
}

static bool
openrouter_submit_fill(struct json_object *request,
    const struct submission *s, struct errbuf *err)
{
	if ((s->path == NULL && !json_has(request, "model") &&
	    !json_put_text(request, "model", s->model)) ||
	    (s->hook != NULL && !json_put_text(request, "callback_url",
	    s->hook)))
		return errbuf_no_memory(err);
	return true;
}

static const char *const openrouter_task_id_paths[] = { "id", NULL };

const struct provider openrouter_provider = {
	.name		 = "openrouter",
	.api_base	 = "https://openrouter.ai",
	.signature	 = &openrouter_signature,
	.keyed_path	 = "/api/v1/videos/",
	.parse		 = openrouter_parse,
	.poll_url	 = openrouter_poll_url,
	.poll_classify	 = poll_classify_common,
	.submit_path	 = openrouter_submit_path,
	.submit_fill	 = openrouter_submit_fill,
	.task_id_paths	 = openrouter_task_id_paths,
};
