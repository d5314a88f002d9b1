/*
 * Runway.  It calls nobody back: its tasks are found by polls alone.
 * https://docs.dev.runwayml.com/api/
 * https://docs.dev.runwayml.com/assets/outputs
 * https://github.com/runwayml/sdk-node (the states)
 */
#include <string.h>

#include "lib/buf.h"
#include "handlers/parse.h"

/* Links live 24 to 48 hours from the answer that has them; a later one has
 * fresh ones. */
#define LIFETIME_S	86400

/* A request without this is refused. */
static const char *const runway_api_headers[] = {
	"X-Runway-Version: 2024-11-06", NULL
};

static const char *const runway_members[] = { "output", NULL };

/* "output" is a list of links. */
static enum parse_verdict
runway_final(struct result *r, struct json_object *doc,
    const struct parse_context *ctx, struct errbuf *err)
{
	struct link_facts	facts = {
		.lifetime_s = LIFETIME_S, .lifetime_from = ctx->received_at,
	};
	struct parse_end	end = { doc, runway_members, NULL, &facts,
				    false, { { NULL }, 0 } };

	if (r->state != TASK_SUCCEEDED)
		parse_error(r, &doc, 1);
	return parse_end(r, true, &end, err);
}

static enum parse_verdict
runway_parse(struct json_object *doc, const struct parse_context *ctx,
    struct result *r, struct errbuf *err)
{
	const char		*created = json_string_at(doc, "createdAt");
	enum parse_verdict	 verdict;

	verdict = parse_task(r, doc, "id", "status", err);
	if (created != NULL)
		r->submitted_at = parse_plausible(time_parse_rfc3339(created),
		    ctx);
	return verdict == PARSE_FINAL ? runway_final(r, doc, ctx, err) :
	    verdict;
}

static bool
runway_poll_url(struct buf *url, const char *api_base, const char *task_id,
    const char *model, struct errbuf *err)
{
	(void)model;
	return url_for_task(url, api_base, "/v1/tasks/", task_id, "", err);
}

/*
 * The kind of a task is its path, which the model alone does not tell: a
 * request may give one.  Else its own members do, which submit_path() does not
 * see; so a model is one of these, or makes a video of a picture, as most do.
 */
static const struct {
	const char	*model;		/* how its name begins */
	const char	*kind;
} runway_kinds[] = {
	{ "gen4_image",		"text_to_image" },
	{ "gemini_",		"text_to_image" },
	{ "gen4_aleph",		"video_to_video" },
	{ "act_",		"character_performance" },
	{ "upscale_",		"video_upscale" },
	{ "veo",		"text_to_video" },
};

static bool
runway_submit_path(struct buf *url, const char *model)
{
	const char	*kind = "image_to_video";
	size_t		 i;

	for (i = 0; i < sizeof(runway_kinds) / sizeof(runway_kinds[0]); i++)
		if (strncmp(model, runway_kinds[i].model,
		    strlen(runway_kinds[i].model)) == 0)
			kind = runway_kinds[i].kind;
	buf_text(url, "/v1/");
	buf_text(url, kind);
	return buf_ok(url);
}

static bool
runway_submit_fill(struct json_object *request, const struct submission *s,
    struct errbuf *err)
{
	if (s->path == NULL && !json_has(request, "model") &&
	    !json_put_text(request, "model", s->model))
		return errbuf_no_memory(err);
	return true;
}

static const char *const runway_task_id_paths[] = { "id", NULL };

const struct provider runway_provider = {
	.name		 = "runway",
	.api_base	 = "https://api.dev.runwayml.com",
	.api_headers	 = runway_api_headers,
	.parse		 = runway_parse,
	.poll_url	 = runway_poll_url,
	.poll_classify	 = poll_classify_common,
	.submit_path	 = runway_submit_path,
	.submit_fill	 = runway_submit_fill,
	.task_id_paths	 = runway_task_id_paths,
};
