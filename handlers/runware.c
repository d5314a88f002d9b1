/*
 * Runware.  A task's id is made by the client, bodies are lists, and polls are
 * POSTs.  There is a callback for each result of a task, and none says how many
 * there will be: so each is only a reason to ask.
 * https://runware.ai/docs/platform/webhooks
 * https://runware.ai/docs/platform/task-polling
 * https://runware.ai/docs/en/utilities/task-responses
 * https://runware.ai/docs/platform/errors
 */
#include <string.h>
#include <strings.h>

#include "lib/buf.h"
#include "handlers/parse.h"
#include "handlers/status.h"

/* How many results of a task have which state. */
struct runware_count {
	size_t	pending, succeeded, failed, unknown;
};

/* An item of "errors" is a result that failed where it says so; else it is
 * about the question. */
static bool
runware_is_failure(struct json_object *item)
{
	const char	*status = json_string_at(item, "status");

	return status != NULL && strcasecmp(status, "error") == 0 &&
	    json_string_at(item, "taskUUID") != NULL;
}

static bool
runware_has_failure(struct json_object *doc)
{
	struct json_object	*errors = json_at(doc, "errors");
	size_t			 i;

	for (i = 0; i < json_length(errors); i++)
		if (runware_is_failure(json_item(errors, i)))
			return true;
	return false;
}

/* A result without a state has what it is for. */
static enum task_state
runware_state(struct json_object *item, bool *is_known)
{
	const char	*word = json_string_at(item, "status"), *code;
	enum task_state	 state = TASK_SUCCEEDED;

	*is_known = word == NULL || status_find(word, &state, &code);
	return state;
}

static void
runware_count_item(struct runware_count *n, struct json_object *item)
{
	bool		is_known;
	enum task_state	state = runware_state(item, &is_known);

	n->unknown += !is_known;
	n->pending += is_known && state == TASK_PENDING;
	n->succeeded += is_known && state == TASK_SUCCEEDED;
	n->failed += is_known && (state == TASK_FAILED ||
	    state == TASK_CANCELLED);
}

/* Is an item about the task?  One that names none is. */
static bool
runware_is_of(const struct result *r, struct json_object *item)
{
	const char	*id = json_string_at(item, "taskUUID");

	return json_is_object(item) &&
	    (id == NULL || strcasecmp(id, r->task_id) == 0);
}

static struct runware_count
runware_count(const struct result *r, struct json_object *doc)
{
	struct json_object	*data = json_at(doc, "data"), *errors;
	struct runware_count	 n = { 0, 0, 0, 0 };
	size_t			 i;

	for (i = 0; i < json_length(data); i++)
		if (runware_is_of(r, json_item(data, i)))
			runware_count_item(&n, json_item(data, i));
	errors = json_at(doc, "errors");
	for (i = 0; i < json_length(errors); i++)
		if (runware_is_of(r, json_item(errors, i)) &&
		    runware_is_failure(json_item(errors, i)))
			n.failed++;
	return n;
}

/* A result is a link, a file as Base64, or a text. */
static bool
runware_take_item(struct result *r, struct json_object *item,
    struct errbuf *err)
{
	struct link_facts	 facts = { .name = "text" };
	struct links_done	 done = { { NULL }, 0 };
	const char		*text = json_string_at(item, "text");
	size_t			 before = r->noutputs;

	if (text != NULL && *text != '\0' &&
	    !result_add_text(r, text, &facts, err))
		return false;
	facts.name = NULL;
	if (!links_take(r, item, &done, LINKS_ALONE, NULL, &facts, err))
		return false;
	if (r->noutputs > before)
		return true;
	errbuf_set(err, "a result holds no link that is understood");
	return false;
}

/* Links that no item of the task had: its shape is another one, then.  What is
 * another task's is passed over. */
static bool
runware_take_rest(struct result *r, struct json_object *doc,
    struct errbuf *err)
{
	struct json_object	*data = json_at(doc, "data"), *item;
	struct link_facts	 facts = { .name = NULL };
	struct links_done	 done = { { NULL }, 0 };
	size_t			 i;

	for (i = 0; i < json_length(data); i++) {
		item = json_item(data, i);
		if (json_is_object(item) && !runware_is_of(r, item) &&
		    done.n < LINKS_DONE_MAX)
			done.value[done.n++] = item;
	}
	return links_take(r, doc, &done, LINKS_ALONE, NULL, &facts, err);
}

static enum parse_verdict
runware_succeeded(struct result *r, struct json_object *doc, size_t failed,
    struct errbuf *err)
{
	struct json_object	*data = json_at(doc, "data"), *item;
	bool			 is_known;
	size_t			 i;

	r->state = TASK_SUCCEEDED;
	for (i = 0; i < json_length(data); i++) {
		item = json_item(data, i);
		if (runware_is_of(r, item) &&
		    runware_state(item, &is_known) == TASK_SUCCEEDED &&
		    !runware_take_item(r, item, err))
			return PARSE_UNKNOWN;
	}
	if (!runware_take_rest(r, doc, err))
		return PARSE_UNKNOWN;
	if (failed > 0 && r->note == NULL &&
	    !result_set(&r->note, "some of its results failed")) {
		(void)errbuf_no_memory(err);
		return PARSE_UNKNOWN;
	}
	return PARSE_FINAL;
}

static enum parse_verdict
runware_failed(struct result *r, struct json_object *doc, struct errbuf *err)
{
	struct json_object	*places[] = { json_at(doc, "errors.0"),
				    json_at(doc, "data.0") };

	if (!runware_take_rest(r, doc, err))
		return PARSE_UNKNOWN;
	if (r->noutputs > 0) {
		errbuf_set(err, "it failed, and holds a link all the same");
		return PARSE_UNKNOWN;
	}
	r->state = TASK_FAILED;
	parse_text(&r->error_code, places[0], "code");
	parse_text(&r->error_message, places[0], "message");
	parse_error(r, places, 2);
	return PARSE_FINAL;
}

/* All that a poll has to say is in its answer: each result's state. */
static enum parse_verdict
runware_answer(struct result *r, struct json_object *doc, struct errbuf *err)
{
	struct runware_count	n = runware_count(r, doc);

	if (n.unknown > 0 || n.pending + n.succeeded + n.failed == 0) {
		errbuf_set(err, n.unknown > 0 ? "a result has an unknown "
		    "status" : "neither \"data\" nor \"errors\" is about the "
		    "task");
		return PARSE_UNKNOWN;
	}
	if (n.pending > 0) {
		errbuf_set(err, "%zu of %zu results are under way", n.pending,
		    n.pending + n.succeeded + n.failed);
		return PARSE_PROGRESS;
	}
	return n.succeeded > 0 ? runware_succeeded(r, doc, n.failed, err) :
	    runware_failed(r, doc, err);
}

static enum parse_verdict
runware_parse(struct json_object *doc, const struct parse_context *ctx,
    struct result *r, struct errbuf *err)
{
	struct runware_count	n;

	if (!parse_task_id(r, doc, "data.0.taskUUID", err) &&
	    (err->class == ERR_NO_MEMORY ||
	    !parse_task_id(r, doc, "errors.0.taskUUID", err)))
		return PARSE_UNKNOWN;
	if (ctx->task_id != NULL)
		return runware_answer(r, doc, err);
	n = runware_count(r, doc);
	if (n.pending > 0 && n.succeeded + n.failed + n.unknown == 0) {
		errbuf_set(err, "it is under way");
		return PARSE_PROGRESS;
	}
	errbuf_set(err, "a result came, and whether it is the last has to be "
	    "asked for");
	return PARSE_HINT;
}

static bool
runware_path(struct buf *url, const char *model)
{
	(void)model;
	buf_text(url, "/v1");
	return buf_ok(url);
}

static bool
runware_poll_url(struct buf *url, const char *api_base, const char *task_id,
    const char *model, struct errbuf *err)
{
	(void)task_id;
	url_append_base(url, api_base);
	if (runware_path(url, model))
		return true;
	errbuf_set(err, "api_base is too long");
	return false;
}

static bool
runware_poll_body(struct buf *body, const char *task_id, struct errbuf *err)
{
	buf_text(body, "[{\"taskType\":\"getResponse\",\"taskUUID\":\"");
	buf_json(body, task_id, TASK_ID_MAX);
	buf_text(body, "\"}]");
	if (!buf_ok(body))
		errbuf_set(err, "the task's id is too long");
	return buf_ok(body);
}

/* The codes of errors that have a status of HTTP of their own, which others
 * than HTTP itself may leave out. */
static const struct {
	const char	*code;
	int		 status;
} runware_codes[] = {
	{ "invalidApiKey",	 401 },
	{ "missingApiKey",	 401 },
	{ "insufficientCredits", 402 },
	{ "taskNotFound",	 404 },
};

/*
 * A result that failed is an answer like others.  Of the rest, errors without
 * data say no.
 */
static int
runware_answer_status(int http, struct json_object *doc)
{
	const char	*code = json_string_at(doc, "errors.0.code");
	size_t		 i;

	if (runware_has_failure(doc))
		return 200;
	if (http / 100 != 2 || json_length(json_at(doc, "data")) > 0 ||
	    json_length(json_at(doc, "errors")) == 0)
		return http;
	for (i = 0; i < sizeof(runware_codes) / sizeof(runware_codes[0]); i++)
		if (code != NULL && strcmp(code, runware_codes[i].code) == 0)
			return runware_codes[i].status;
	return 400;
}

/* Only what was asked for asynchronously can be polled. */
static bool
runware_submit_fill(struct json_object *request, const struct submission *s,
    struct errbuf *err)
{
	if ((!json_has(request, "model") &&
	    !json_put_text(request, "model", s->model)) ||
	    (!json_has(request, "deliveryMethod") &&
	    !json_put_text(request, "deliveryMethod", "async")) ||
	    (s->hook != NULL && !json_put_text(request, "webhookURL",
	    s->hook)))
		return errbuf_no_memory(err);
	return true;
}

static const char *const runware_task_id_paths[] = { "data.0.taskUUID", NULL };

const struct provider runware_provider = {
	.name		 = "runware",
	.api_base	 = "https://api.runware.ai",
	.parse		 = runware_parse,
	.poll_url	 = runware_poll_url,
	.poll_body	 = runware_poll_body,
	.answer_status	 = runware_answer_status,
	.poll_classify	 = poll_classify_common,
	.submit_path	 = runware_path,
	.submit_fill	 = runware_submit_fill,
	.submit_is_list	 = true,
	.own_id_member	 = "taskUUID",
	.task_id_paths	 = runware_task_id_paths,
};
