/*
 * Replicate.  A callback is the bare prediction, as the poll answers it; the
 * output is of any type, as the model likes.
 * https://replicate.com/docs/topics/webhooks/receive-webhook
 * https://replicate.com/docs/topics/webhooks/verify-webhook
 * https://replicate.com/docs/topics/predictions/lifecycle
 * https://replicate.com/docs/topics/predictions/data-retention
 */
#include <string.h>

#include "lib/buf.h"
#include "handlers/parse.h"

#define LIFETIME_S	3600		/* of inputs, outputs and logs */
#define TEXT_MAX	(16 << 20)	/* as a callback at most */
#define VERSION_CHARS	64		/* a version's name is a SHA-256 */

static const struct parse_place replicate_place = { "output", NULL, true };

static const char *const replicate_members[] = { "output", NULL };

/* Is a string a text, and no link however one may be written? */
static bool
replicate_is_words(struct json_object *item)
{
	struct link_facts	 facts = { .lifetime_s = LIFETIME_S };
	struct result		 scratch = { .state = TASK_SUCCEEDED };
	struct errbuf		 unused;
	bool			 more = false, words;

	words = *json_string(item) != '\0' && links_take_item(&scratch, item,
	    LINKS_AMONG_TEXTS, NULL, &facts, &more, &unused) &&
	    scratch.noutputs == 0;
	result_free(&scratch);
	return words;
}

/* A language model gives a list of pieces of one text, among which a link is
 * part of it; a list of links alone is one of files. */
static bool
replicate_is_pieces(struct json_object *list)
{
	bool	some = false;
	size_t	i;

	for (i = 0; i < json_length(list); i++) {
		if (json_string(json_item(list, i)) == NULL)
			return false;
		some = some || replicate_is_words(json_item(list, i));
	}
	return some;
}

static bool
replicate_take_pieces(struct result *r, struct json_object *list,
    const struct link_facts *facts, struct links_done *done,
    struct errbuf *err)
{
	struct buf	text;
	size_t		i;
	bool		ok;

	buf_init(&text, TEXT_MAX);
	for (i = 0; i < json_length(list); i++)
		buf_text(&text, json_string(json_item(list, i)));
	ok = buf_ok(&text) ? result_add_text(r, text.data, facts, err) :
	    errbuf_no_memory(err);
	buf_free(&text);
	done->value[done->n++] = list;
	return ok;
}

/* "created_at" and the like have 3, 6 or 9 digits behind the point. */
static usec_t
replicate_time(struct json_object *doc, const char *name,
    const struct parse_context *ctx)
{
	const char	*text = json_string_at(doc, name);

	return text != NULL ? parse_plausible(time_parse_rfc3339(text), ctx) :
	    0;
}

static enum parse_verdict
replicate_final(struct result *r, struct json_object *doc,
    const struct parse_context *ctx, struct errbuf *err)
{
	struct json_object	*output = json_at(doc, "output");
	struct link_facts	 facts = { .lifetime_s = LIFETIME_S };
	struct parse_end	 end = { doc, replicate_members, NULL, &facts,
				    true, { { NULL }, 0 } };
	bool			 ok;

	facts.lifetime_from = r->finished_at > 0 ? r->finished_at :
	    ctx->received_at;
	if (r->state != TASK_SUCCEEDED)
		parse_error(r, &doc, 1);
	ok = r->state == TASK_SUCCEEDED && replicate_is_pieces(output) ?
	    replicate_take_pieces(r, output, &facts, &end.done, err) :
	    parse_items(r, doc, &replicate_place, NULL, &facts, &end.done,
	    err);
	return parse_end(r, ok, &end, err);
}

static enum parse_verdict
replicate_parse(struct json_object *doc, const struct parse_context *ctx,
    struct result *r, struct errbuf *err)
{
	struct json_object	*inner = json_at(doc, "data");
	enum parse_verdict	 verdict;

	/* Some describe a callback as {"type", "data"}; it does no harm. */
	if (json_is_object(inner) && !json_has(doc, "id"))
		doc = inner;
	verdict = parse_task(r, doc, "id", "status", err);
	parse_text(&r->model, doc, "model");
	r->submitted_at = replicate_time(doc, "created_at", ctx);
	if (verdict != PARSE_FINAL)
		return verdict;
	r->finished_at = replicate_time(doc, "completed_at", ctx);
	return replicate_final(r, doc, ctx, err);
}

static bool
replicate_poll_url(struct buf *url, const char *api_base, const char *task_id,
    const char *model, struct errbuf *err)
{
	(void)model;
	return url_for_task(url, api_base, "/v1/predictions/", task_id, "",
	    err);
}

/* "owner/name:version", or the version alone: others than official models are
 * run by their version. */
static bool
replicate_is_version(const char *model)
{
	return strchr(model, ':') != NULL || (strlen(model) == VERSION_CHARS &&
	    strspn(model, "0123456789abcdef") == VERSION_CHARS);
}

static bool
replicate_submit_path(struct buf *url, const char *model)
{
	if (replicate_is_version(model)) {
		buf_text(url, "/v1/predictions");
		return buf_ok(url);
	}
	buf_text(url, "/v1/models/");
	if (!url_append_segments(url, model))
		return false;
	buf_text(url, "/predictions");
	return buf_ok(url);
}

/* Without a filter each new line of the logs would be a callback. */
static bool
replicate_fill_hook(struct json_object *request, const char *hook)
{
	static const char	 filter[] = "[\"completed\"]";
	struct json_object	*events;
	struct errbuf		 unused;

	if (!json_put_text(request, "webhook", hook))
		return false;
	if (json_has(request, "webhook_events_filter"))
		return true;
	return json_parse(filter, sizeof(filter) - 1, &events, &unused) ==
	    JSON_OK && json_put(request, "webhook_events_filter", events);
}

static bool
replicate_submit_fill(struct json_object *request, const struct submission *s,
    struct errbuf *err)
{
	if (s->path == NULL && replicate_is_version(s->model) &&
	    !json_has(request, "version") &&
	    !json_put_text(request, "version", s->model))
		return errbuf_no_memory(err);
	if (s->hook != NULL && !replicate_fill_hook(request, s->hook))
		return errbuf_no_memory(err);
	return true;
}

static const char *const replicate_task_id_paths[] = { "id", NULL };

const struct provider replicate_provider = {
	.name		 = "replicate",
	.api_base	 = "https://api.replicate.com",
	.secret_path	 = "/v1/webhooks/default/secret",
	.signature	 = &signature_standard,
	.parse		 = replicate_parse,
	.poll_url	 = replicate_poll_url,
	.poll_classify	 = poll_classify_common,
	.submit_path	 = replicate_submit_path,
	.submit_fill	 = replicate_submit_fill,
	.task_id_paths	 = replicate_task_id_paths,
};
