/*
 * OpenAI: responses in the background, and batches.  A callback names what
 * ended and no more.  Pictures stand in a response as Base64; a batch names
 * files, which want the key.  Endpoints of callbacks belong to a project, so no
 * request names one.
 * https://developers.openai.com/api/docs/guides/webhooks
 * https://developers.openai.com/api/reference/resources/batches
 */
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "handlers/embedded.h"
#include "handlers/parse.h"

#define OPENAI_URL_MAX	1024
#define OPENAI_ID	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" \
			"0123456789-_"
#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

/* ---- the output of a response ------------------------------------------- */

/* Items that hold no result, by how their type ends: some of them are on the way
 * to one. */
static const char *const openai_quiet[] = {
	"reasoning", "compaction", "_call", "_call_output", "_list_tools",
};

static bool
openai_is_quiet(const char *type)
{
	size_t	i, n, len = type != NULL ? strlen(type) : 0;
	bool	quiet = false;

	for (i = 0; i < COUNT(openai_quiet); i++) {
		n = strlen(openai_quiet[i]);
		quiet = quiet || (len >= n &&
		    strcmp(type + len - n, openai_quiet[i]) == 0);
	}
	return quiet;
}

static bool
openai_is(struct json_object *obj, const char *name, const char *value)
{
	const char	*text = json_string_at(obj, name);

	return text != NULL && strcmp(text, value) == 0;
}

static bool
openai_odd(const char *what, struct errbuf *err)
{
	errbuf_set(err, "\"output\" has %s that is not understood", what);
	return false;
}

/* A message's words, or those of a refusal. */
static bool
openai_take_message(struct result *r, struct json_object *item,
    struct errbuf *err)
{
	struct json_object	*content = json_at(item, "content"), *part;
	struct link_facts	 facts;
	const char		*text;
	size_t			 i;

	for (i = 0; i < json_length(content); i++) {
		part = json_item(content, i);
		facts = (struct link_facts){ .name = "text" };
		if ((text = json_string_at(part, "text")) == NULL) {
			facts.name = "refusal";
			text = json_string_at(part, "refusal");
		}
		if (text == NULL)
			return openai_odd("a message", err);
		if (*text != '\0' && !result_add_text(r, text, &facts, err))
			return false;
	}
	return json_is_array(content) || openai_odd("a message", err);
}

/* One that failed has no picture, and says so. */
static bool
openai_take_picture(struct result *r, struct json_object *item,
    struct errbuf *err)
{
	struct link_facts	 facts = { .name = "image",
				    .array_name = "images",
				    .declared_type = json_string_at(item,
				    "output_format") };
	const char		*text = json_string_at(item, "result");
	struct embedded		 file;

	if (text == NULL && openai_is(item, "status", "failed"))
		return true;
	switch (text != NULL ? embedded_decode(text, true, &file) :
	    EMBEDDED_NONE) {
	case EMBEDDED_FILE:
		return result_add_data(r, file.type, file.data, file.len,
		    &facts, err);
	case EMBEDDED_NO_MEMORY:
		return errbuf_no_memory(err);
	case EMBEDDED_NONE:
	case EMBEDDED_BROKEN:
		break;
	}
	return openai_odd("a picture", err);
}

/* What the application is to do itself is a result, as it stands there. */
static bool
openai_take_call(struct result *r, struct json_object *item,
    struct errbuf *err)
{
	struct link_facts	facts = { .name = json_string_at(item, "type") };

	return parse_as_text(r, item, &facts, err);
}

static const struct {
	const char	*type;
	bool		(*take)(struct result *, struct json_object *item,
			    struct errbuf *);
} openai_items[] = {
	{ "message",		   openai_take_message },
	{ "image_generation_call", openai_take_picture },
	{ "function_call",	   openai_take_call },
	{ "custom_tool_call",	   openai_take_call },
	{ "computer_call",	   openai_take_call },
	{ "mcp_approval_request",  openai_take_call },
};

static bool
openai_take_item(struct result *r, struct json_object *item,
    struct errbuf *err)
{
	size_t	i;

	for (i = 0; i < COUNT(openai_items); i++)
		if (openai_is(item, "type", openai_items[i].type))
			return openai_items[i].take(r, item, err);
	return openai_is_quiet(json_string_at(item, "type")) ||
	    openai_odd("an item", err);
}

static bool
openai_take_output(struct result *r, struct json_object *output,
    struct errbuf *err)
{
	size_t	i;

	for (i = 0; i < json_length(output); i++)
		if (!openai_take_item(r, json_item(output, i), err))
			return false;
	if (json_is_array(output) && (r->noutputs > 0 ||
	    json_length(output) == 0 || r->state != TASK_SUCCEEDED))
		return true;
	errbuf_set(err, "\"output\" holds no result that is understood");
	return false;
}

/* What came of one that was not completed is paid for, and taken too. */
static enum parse_verdict
openai_response(struct result *r, struct json_object *doc,
    const struct parse_context *ctx, struct errbuf *err)
{
	struct json_object	*places[] = { json_at(doc,
				    "incomplete_details"), doc };
	struct errbuf		 why;
	bool			 ok;

	ok = openai_take_output(r, json_at(doc, "output"), &why);
	r->finished_at = parse_moment(doc, "completed_at", ctx);
	if (r->state != TASK_SUCCEEDED) {
		parse_text(&r->error_code, places[0], "reason");
		parse_error(r, places, 2);
		return PARSE_FINAL;
	}
	if (ok && (r->noutputs > 0 || result_set(&r->note,
	    "succeeded without any output")))
		return PARSE_FINAL;
	if (ok)
		(void)errbuf_no_memory(err);
	else
		*err = why;
	return PARSE_UNKNOWN;
}

/* ---- the files of a batch ----------------------------------------------- */

/* The id becomes part of a URL. */
static bool
openai_add_file(struct result *r, const char *name, const char *id,
    const char *api_base, struct errbuf *err)
{
	struct link_facts	facts = { .name = name };
	char			mem[OPENAI_URL_MAX];
	struct buf		url;

	buf_over(&url, mem, sizeof(mem));
	url_append_base(&url, api_base);
	buf_printf(&url, "/v1/files/%s/content", id != NULL ? id : "");
	if (id != NULL && *id != '\0' && id[strspn(id, OPENAI_ID)] == '\0' &&
	    buf_ok(&url))
		return result_add_url(r, mem, &facts, err);
	errbuf_set(err, "\"%s\" is no file's id", name);
	return false;
}

/* One that was completed has its answers in a file, unless each of its requests
 * failed. */
static enum parse_verdict
openai_batch(struct result *r, struct json_object *doc,
    const struct parse_context *ctx, struct errbuf *err)
{
	static const char *const ends[] = { "completed_at", "failed_at",
				    "expired_at", "cancelled_at" };
	static const char *const names[] = { "output_file_id",
				    "error_file_id" };
	struct json_object	*first = json_at(doc, "errors.data.0"), *id;
	int64_t			 n;
	size_t			 i;

	for (i = 0; r->finished_at == 0 && i < COUNT(ends); i++)
		r->finished_at = parse_moment(doc, ends[i], ctx);
	for (i = 0; i < COUNT(names); i++)
		if ((id = json_at(doc, names[i])) != NULL && !openai_add_file(
		    r, names[i], json_string(id), ctx->api_base, err))
			return PARSE_UNKNOWN;
	if (r->state == TASK_SUCCEEDED && json_at(doc, names[0]) == NULL &&
	    (r->noutputs == 0 || !json_int_at(doc,
	    "request_counts.completed", &n) || n != 0)) {
		errbuf_set(err, "a batch without the file of its answers");
		return PARSE_UNKNOWN;
	}
	if (r->error_code == NULL)
		parse_text(&r->error_code, first, "code");
	if (r->state != TASK_SUCCEEDED)
		parse_error(r, &first, 1);
	return PARSE_FINAL;
}

/* ---- parsing ------------------------------------------------------------ */

/* What ended is asked for; other events of the project are not ours. */
static enum parse_verdict
openai_event(struct result *r, struct json_object *doc, struct errbuf *err)
{
	const char	*type = json_string_at(doc, "type");

	if (type == NULL) {
		errbuf_set(err, "an event without \"type\"");
		return PARSE_UNKNOWN;
	}
	if (strncmp(type, "response.", 9) == 0 ||
	    strncmp(type, "batch.", 6) == 0) {
		if (!parse_task_id(r, doc, "data.id", err))
			return PARSE_UNKNOWN;
		errbuf_set(err, "%s: its result is to be asked for", type);
		return PARSE_HINT;
	}
	errbuf_set(err, "type \"%s\"", type);
	return PARSE_PROGRESS;
}

static enum parse_verdict
openai_parse(struct json_object *doc, const struct parse_context *ctx,
    struct result *r, struct errbuf *err)
{
	enum parse_verdict	verdict;

	if (openai_is(doc, "object", "event"))
		return openai_event(r, doc, err);
	verdict = parse_task(r, doc, "id", "status", err);
	parse_text(&r->model, doc, "model");
	r->submitted_at = parse_moment(doc, "created_at", ctx);
	if (verdict != PARSE_FINAL)
		return verdict;
	return openai_is(doc, "object", "batch") ? openai_batch(r, doc, ctx,
	    err) : openai_response(r, doc, ctx, err);
}

/* ---- addresses and requests --------------------------------------------- */

/* An id says by its beginning what it is of. */
static bool
openai_poll_url(struct buf *url, const char *api_base, const char *task_id,
    const char *model, struct errbuf *err)
{
	(void)model;
	return url_for_task(url, api_base, strncmp(task_id, "batch_", 6) == 0 ?
	    "/v1/batches/" : "/v1/responses/", task_id, "", err);
}

static bool
openai_submit_path(struct buf *url, const char *model)
{
	(void)model;
	buf_text(url, "/v1/responses");
	return buf_ok(url);
}

/* Only what is made in the background is told of, and can be asked for. */
static bool
openai_submit_fill(struct json_object *request, const struct submission *s,
    struct errbuf *err)
{
	if (s->path != NULL && strcmp(s->path, "/v1/responses") != 0)
		return true;
	if ((json_has(request, "model") ||
	    json_put_text(request, "model", s->model)) &&
	    (json_has(request, "background") ||
	    json_put_true(request, "background")))
		return true;
	return errbuf_no_memory(err);
}

static const char *const openai_task_id_paths[] = { "id", NULL };

const struct provider openai_provider = {
	.name		 = "openai",
	.api_base	 = "https://api.openai.com",
	.signature	 = &signature_standard,
	.keyed_path	 = "/v1/files/",
	.parse		 = openai_parse,
	.poll_url	 = openai_poll_url,
	.poll_classify	 = poll_classify_common,
	.submit_path	 = openai_submit_path,
	.submit_fill	 = openai_submit_fill,
	.task_id_paths	 = openai_task_id_paths,
};
