/*
 * Luma's Dream Machine.  A callback is the bare generation, as the poll answers
 * it, at each change; it is not signed.
 * https://docs.lumalabs.ai/changelog/callbacks-and-credits-balance
 * https://docs.lumalabs.ai/docs/api
 */
#include <string.h>
#include <strings.h>

#include "lib/buf.h"
#include "handlers/parse.h"

static const char *const luma_members[] = { "assets", NULL };

/* Each member of "assets" is a link or null: "video", "image",
 * "progress_video".  How long they live is not documented. */
static enum parse_verdict
luma_final(struct result *r, struct json_object *doc, struct errbuf *err)
{
	struct link_facts	facts = { .lifetime_s = 0 };
	struct parse_end	end = { doc, luma_members, NULL, &facts,
				    false, { { NULL }, 0 } };

	if (r->state != TASK_SUCCEEDED)
		parse_error(r, &doc, 1);
	return parse_end(r, true, &end, err);
}

/* "dreaming" is a word of Luma alone: of another provider nobody knows it. */
static enum parse_verdict
luma_task(struct result *r, struct json_object *doc, struct errbuf *err)
{
	enum parse_verdict	verdict;

	verdict = parse_task(r, doc, "id", "state", err);
	if (verdict != PARSE_UNKNOWN || r->status_word == NULL ||
	    strcasecmp(r->status_word, "dreaming") != 0)
		return verdict;
	r->status_known = true;
	errbuf_set(err, "status \"%s\"", r->status_word);
	return PARSE_PROGRESS;
}

static enum parse_verdict
luma_parse(struct json_object *doc, const struct parse_context *ctx,
    struct result *r, struct errbuf *err)
{
	const char		*created = json_string_at(doc, "created_at");
	enum parse_verdict	 verdict;

	verdict = luma_task(r, doc, err);
	parse_text(&r->model, doc, "model");
	if (created != NULL)
		r->submitted_at = parse_plausible(time_parse_rfc3339(created),
		    ctx);
	return verdict == PARSE_FINAL ? luma_final(r, doc, err) : verdict;
}

static bool
luma_poll_url(struct buf *url, const char *api_base, const char *task_id,
    const char *model, struct errbuf *err)
{
	(void)model;
	return url_for_task(url, api_base, "/dream-machine/v1/generations/",
	    task_id, "", err);
}

/* Photon makes images, and all others videos. */
static bool
luma_submit_path(struct buf *url, const char *model)
{
	buf_text(url, "/dream-machine/v1/generations/");
	buf_text(url, strncasecmp(model, "photon", 6) == 0 ? "image" :
	    "video");
	return buf_ok(url);
}

static bool
luma_submit_fill(struct json_object *request, const struct submission *s,
    struct errbuf *err)
{
	/* What is done to a generation, by a path of its own, has no model. */
	if (s->path == NULL && !json_has(request, "model") &&
	    !json_put_text(request, "model", s->model))
		return errbuf_no_memory(err);
	if (s->hook != NULL && !json_put_text(request, "callback_url",
	    s->hook))
		return errbuf_no_memory(err);
	return true;
}

static const char *const luma_task_id_paths[] = { "id", NULL };

const struct provider luma_provider = {
	.name		 = "luma",
	.api_base	 = "https://api.lumalabs.ai",
	.parse		 = luma_parse,
	.poll_url	 = luma_poll_url,
	.poll_classify	 = poll_classify_common,
	.submit_path	 = luma_submit_path,
	.submit_fill	 = luma_submit_fill,
	.task_id_paths	 = luma_task_id_paths,
};
