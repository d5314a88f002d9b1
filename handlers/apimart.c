/*
 * APIMart.  A callback is a bare task; a poll answer wraps it in "data", and
 * so may a callback, for all that the text of the page says.
 * https://docs.apimart.ai/en/api-reference/tasks/webhook
 * https://docs.apimart.ai/en/api-reference/tasks/status
 * https://docs.apimart.ai/en/api-reference/images/midjourney/query
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/buf.h"
#include "handlers/parse.h"

#define LIFETIME_S	(24 * 3600)	/* where no "expires_at" says better */
#define FILES_HOST	"https://upload.apimart.ai"

static const struct parse_place apimart_places[] = {
	{ "result.images", "images", false },
	{ "result.videos", "videos", false },
	{ "result.audios", "audios", false },
	{ "result.music",  "audios", false },
	{ "image_urls",	   "images", false },	/* Midjourney */
};

static const char *const apimart_members[] = {
	"result", "results", "output", "outputs", NULL
};

/* Some answers leave the host of the file server out of their links. */
static bool
apimart_outputs(struct result *r, struct json_object *task,
    const struct link_facts *facts, struct links_done *done,
    struct errbuf *err)
{
	size_t	i;

	for (i = 0; i < sizeof(apimart_places) / sizeof(apimart_places[0]);
	    i++)
		if (!parse_items(r, task, &apimart_places[i], FILES_HOST,
		    facts, done, err))
			return false;
	return true;
}

/* The task in a document: bare, in "data", or the one item of "data". */
static struct json_object *
apimart_task(struct json_object *doc, struct errbuf *err)
{
	struct json_object	*data = json_at(doc, "data");

	if (json_is_object(data))
		return data;
	if (!json_is_array(data))
		return doc;
	if (json_length(data) == 1)
		return json_item(data, 0);
	errbuf_set(err, "\"data\" holds %zu tasks", json_length(data));
	return NULL;
}

static enum parse_verdict
apimart_final(struct result *r, struct json_object *task,
    const struct parse_context *ctx, struct errbuf *err)
{
	struct link_facts	facts = { .lifetime_s = LIFETIME_S };
	struct parse_end	end = { task, apimart_members, FILES_HOST,
				    &facts, false, { { NULL }, 0 } };

	facts.lifetime_from = r->finished_at > 0 ? r->finished_at :
	    ctx->received_at;
	if (r->state != TASK_SUCCEEDED)
		parse_error(r, &task, 1);
	return parse_end(r, apimart_outputs(r, task, &facts, &end.done, err),
	    &end, err);
}

static enum parse_verdict
apimart_parse(struct json_object *doc, const struct parse_context *ctx,
    struct result *r, struct errbuf *err)
{
	struct json_object	*task;
	enum parse_verdict	 verdict;

	if ((task = apimart_task(doc, err)) == NULL)
		return PARSE_UNKNOWN;
	verdict = parse_task(r, task, json_has(task, "id") ? "id" : "task_id",
	    "status", err);
	parse_text(&r->model, task, "model");
	if (verdict == PARSE_UNKNOWN)
		return verdict;
	r->submitted_at = parse_moment(task, "created", ctx);
	if (verdict == PARSE_PROGRESS)
		return verdict;
	r->finished_at = parse_moment(task, "completed", ctx);
	return apimart_final(r, task, ctx, err);
}

/* Where the models go whose names begin so; ends in a NULL prefix. */
struct apimart_path {
	const char	*prefix, *path;
};

/* The path of the last row that fits a model's name, or otherwise. */
static const char *
apimart_path_of(const struct apimart_path *row, const char *model,
    const char *otherwise)
{
	for (; row->prefix != NULL; row++)
		if (strncasecmp(model, row->prefix, strlen(row->prefix)) == 0)
			otherwise = row->path;
	return otherwise;
}

static const struct apimart_path apimart_poll_paths[] = {
	{ "suno",	"/v1/music/tasks/" },
	{ "flow",	"/v1/music/tasks/" },
	{ "music",	"/v1/music/tasks/" },
	{ "midjourney",	"/v1/midjourney/" },
	{ "mj",		"/v1/midjourney/" },
	{ NULL,		NULL }
};

static bool
apimart_poll_url(struct buf *url, const char *api_base, const char *task_id,
    const char *model, struct errbuf *err)
{
	return url_for_task(url, api_base, apimart_path_of(apimart_poll_paths,
	    model != NULL ? model : "", "/v1/tasks/"), task_id, "", err);
}

/*
 * Images where no row fits.  No page lists which model is of which kind, so
 * this is what the names of known families say, and "path" of a request
 * outranks it.
 */
static const struct apimart_path apimart_submit_paths[] = {
	{ "suno",	"/v1/music/generations" },
	{ "flow",	"/v1/music/generations" },
	{ "music",	"/v1/music/generations" },
	{ "midjourney",	"/v1/midjourney/generations" },
	{ "mj",		"/v1/midjourney/generations" },
	{ "sora",	"/v1/videos/generations" },
	{ "veo",	"/v1/videos/generations" },
	{ "kling",	"/v1/videos/generations" },
	{ "wan",	"/v1/videos/generations" },
	{ "hailuo",	"/v1/videos/generations" },
	{ "minimax",	"/v1/videos/generations" },
	{ "seedance",	"/v1/videos/generations" },
	{ "doubao-seedance", "/v1/videos/generations" },
	{ "vidu",	"/v1/videos/generations" },
	{ "pixverse",	"/v1/videos/generations" },
	{ "runway",	"/v1/videos/generations" },
	{ "luma",	"/v1/videos/generations" },
	{ NULL,		NULL }
};

static bool
apimart_submit_path(struct buf *url, const char *model)
{
	buf_text(url, apimart_path_of(apimart_submit_paths, model,
	    strcasestr(model, "video") != NULL ? "/v1/videos/generations" :
	    "/v1/images/generations"));
	return buf_ok(url);
}

/* The base alone: the provider appends "/callback" to it. */
static bool
apimart_submit_fill(struct json_object *request, const struct submission *s,
    struct errbuf *err)
{
	if (json_put_text(request, "model", s->model) && (s->hook == NULL ||
	    json_put_text(request, "webhook", s->hook)))
		return true;
	return errbuf_no_memory(err);
}

/* Today's answer, an older one, and that of another version. */
static const char *const apimart_task_id_paths[] = {
	"data.0.task_id", "data.task_id", "data.id", NULL
};

/* A mistake in a parameter has been seen as a 500; and what the page on
 * Idempotency-Key says. */
static const struct submit_quirk apimart_submit_quirks[] = {
	{ 500, "build_request_failed",		   SUBMIT_REFUSED },
	{ 409, "idempotency_in_progress",	   SUBMIT_UNKNOWN },
	{ 409, "idempotency_result_indeterminate", SUBMIT_LOST },
	{ 0, NULL, SUBMIT_DONE }
};

static enum poll_verdict
apimart_poll_classify(int http, struct json_object *doc, struct errbuf *err)
{
	enum poll_verdict	verdict;
	int64_t			code;

	/* An error object with a code of its own, in place of a task. */
	if (http / 100 == 2 && !json_has(doc, "id") && !json_has(doc, "data") &&
	    json_int_at(doc, "error.code", &code) && code >= 400 && code < 600)
		http = (int)code;
	verdict = poll_classify_common(http, doc, err);
	/* Seen live: a wrong id is a 400 and not a 404, and no code but the
	 * provider's own words, in which err ends, tells it from others. */
	if (http == 400 && strstr(err->text, "invalid task id") != NULL)
		return POLL_NOT_FOUND;
	return verdict;
}

const struct provider apimart_provider = {
	.name		 = "apimart",
	.path_suffix	 = "/callback",
	.api_base	 = "https://api.apimart.ai",
	.parse		 = apimart_parse,
	.poll_url	 = apimart_poll_url,
	.poll_classify	 = apimart_poll_classify,
	.submit_path	 = apimart_submit_path,
	.submit_fill	 = apimart_submit_fill,
	.task_id_paths	 = apimart_task_id_paths,
	.submit_quirks	 = apimart_submit_quirks,
	.once_header	 = "Idempotency-Key",
};
