/* OpenAI: responses in the background and batches, by the pages of
 * developers.openai.com.  Its one project tells of both. */
#include <nettle/base64.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "files.h"
#include "provider.h"

static const struct {
	unsigned	 http;
	const char	*type;
} refusals[] = {
	[R_BAD_REQUEST] = { 400, "invalid_request_error" },
	[R_NO_KEY] = { 401, "invalid_request_error" },
	[R_WRONG_KEY] = { 401, "invalid_request_error" },
	[R_NOT_FOUND] = { 404, "invalid_request_error" },
	[R_BUSY] = { 429, "rate_limit_exceeded" },
	[R_MEMORY] = { 503, "server_error" },
};

static void
openai_refuse(struct reply *r, enum refusal why, const char *text)
{
	reply_json(r, refusals[why].http, json_pack(
	    "{s:{s:s, s:s, s:n, s:n}}", "error", "message", text, "type",
	    refusals[why].type, "code", "param"));
}

static void
openai_id(char *buf, size_t size)
{
	char	 hex[33];

	provider_id_hex(hex, sizeof(hex));
	(void)snprintf(buf, size, "resp_%s", hex);
}

static bool
is_batch(const struct task *t)
{
	return t->kind == MEDIA_JSONL;
}

/* ---- answers ------------------------------------------------------------ */

/* The bytes of a picture. */
static json_t *
picture_render(const struct task *t, int i)
{
	struct media_file	 f;
	uint8_t			*data;
	char			*text;
	json_t			*value = NULL;
	size_t			 n, at = 0, size;

	task_file(t, i, &f);
	size = (size_t)media_size(&f);
	data = malloc(size);
	text = malloc(BASE64_ENCODE_RAW_LENGTH(size));
	while (data != NULL && (n = media_read(&f, at, data + at, size - at)) >
	    0)
		at += n;
	if (data != NULL && text != NULL) {
		base64_encode_raw(text, size, data);
		value = json_stringn(text, BASE64_ENCODE_RAW_LENGTH(size));
	}
	free(data);
	free(text);
	return value;
}

static json_t *
message_render(const struct task *t)
{
	char	*text = task_text(t, 0);
	json_t	*obj = json_pack("{s:s, s:s, s:s, s:[{s:s, s:s, s:[]}]}",
		    "type", "message", "role", "assistant", "status",
		    "completed", "content", "type", "output_text", "text",
		    text, "annotations");

	free(text);
	return obj;
}

/* Pictures, and words of a model that makes none. */
static json_t *
output_render(const struct task *t)
{
	json_t	*list = json_pack("[{s:s, s:s, s:[]}]", "type", "reasoning",
		    "id", "rs_1", "summary");

	if (t->kind == MEDIA_TEXT)
		(void)json_array_append_new(list, message_render(t));
	for (int i = 0; t->kind != MEDIA_TEXT && i < t->outputs; i++)
		(void)json_array_append_new(list, json_pack(
		    "{s:s, s:s, s:s, s:o}", "type", "image_generation_call",
		    "status", "completed", "output_format",
		    media_extension(t->kind), "result", picture_render(t, i)));
	return list;
}

static const char *const states[] = {
	[S_QUEUED] = "queued", [S_PROCESSING] = "in_progress",
	[S_SUCCEEDED] = "completed", [S_FAILED] = "failed",
	[S_CANCELLED] = "cancelled",
};

/* Every other failure is one that stopped midway. */
static const char *
state_word(const struct task *t)
{
	enum state	 s = task_state(t);

	if (s == S_FAILED && t->serial % 2 == 1)
		return is_batch(t) ? "expired" : "incomplete";
	return s == S_QUEUED && is_batch(t) ? "validating" : states[s];
}

static json_t *
response_render(const struct task *t)
{
	enum state	 s = task_state(t);
	bool		 cut = strcmp(state_word(t), "incomplete") == 0;

	return json_pack("{s:s, s:s, s:I, s:s, s:b, s:s, s:s, s:o, s:o?, "
	    "s:o?, s:[{s:s}], s:{}, s:{s:i}}", "id", t->id, "object",
	    "response", "created_at", (json_int_t)(t->created_us / 1000000),
	    "status", state_word(t), "background", true, "model", t->model,
	    "instructions", "see https://assets.example/mine.png", "output",
	    s == S_SUCCEEDED ? output_render(t) : json_array(), "error",
	    s == S_FAILED && !cut ? json_pack("{s:s, s:s}", "code",
	    "server_error", "message", "The model could not do it.") : NULL,
	    "incomplete_details", cut ? json_pack("{s:s}", "reason",
	    "max_output_tokens") : NULL, "tools", "type", "image_generation",
	    "metadata", "usage", "total_tokens", 7);
}

static json_t *
batch_render(const struct task *t)
{
	enum state	 s = task_state(t);
	char		 file[64];
	json_t		*obj = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, "
			    "s:{s:i, s:i, s:i}}", "id", t->id, "object",
			    "batch", "endpoint", "/v1/responses",
			    "input_file_id", "file-input", "status",
			    state_word(t), "created_at",
			    (json_int_t)(t->created_us / 1000000),
			    "request_counts", "total", 1, "completed",
			    s == S_SUCCEEDED, "failed", s == S_FAILED);

	(void)snprintf(file, sizeof(file), "file-%s", t->id + 6);
	(void)json_object_set_new(obj, "output_file_id",
	    s == S_SUCCEEDED ? json_string(file) : json_null());
	if (s == S_FAILED)
		(void)json_object_set_new(obj, "errors", json_pack(
		    "{s:[{s:s, s:s}]}", "data", "code", "invalid_json_line",
		    "message", "a line is no JSON"));
	return obj;
}

static json_t *
openai_poll(const struct task *t)
{
	return is_batch(t) ? batch_render(t) : response_render(t);
}

/* A callback names what ended, and how. */
static json_t *
openai_render(const struct task *t, bool callback)
{
	char	 type[48], id[64];

	if (!callback)
		return openai_poll(t);
	(void)snprintf(type, sizeof(type), "%s.%s", is_batch(t) ? "batch" :
	    "response", state_word(t));
	(void)snprintf(id, sizeof(id), "evt_%s", strchr(t->id, '_') + 1);
	return json_pack("{s:s, s:s, s:I, s:s, s:{s:s}}", "id", id, "object",
	    "event", "created_at", (json_int_t)(t->finished_us / 1000000),
	    "type", type, "data", "id", t->id);
}

/* ---- requests ----------------------------------------------------------- */

static void
openai_take(const struct call *c, struct reply *r, struct task *t)
{
	t->hook = opts.openai_hook == NULL ? NULL : strdup(opts.openai_hook);
	provider_submit(c, t);
	tasks_lock();
	reply_json(r, 200, openai_poll(t));
	tasks_unlock();
}

static void
openai_respond(const struct call *c, struct reply *r, json_t *obj)
{
	const char	*model = json_string_value(json_object_get(obj,
			    "model"));
	struct task	*t = NULL;

	if (model == NULL || json_object_get(obj, "input") == NULL ||
	    !json_is_true(json_object_get(obj, "background")))
		openai_refuse(r, R_BAD_REQUEST, "model, input, background");
	else if ((t = task_new(&openai, model)) == NULL)
		openai_refuse(r, R_MEMORY, "out of memory");
	else {
		(void)task_choose(t, obj);
		t->kind = strstr(model, "image") == NULL ? MEDIA_TEXT :
		    strstr(model, "jpeg") == NULL ? MEDIA_PNG : MEDIA_JPEG;
		openai_take(c, r, t);
	}
}

static void
openai_batch(const struct call *c, struct reply *r, json_t *obj)
{
	struct task	*t = NULL;
	char		 hex[33];

	if (json_string_value(json_object_get(obj, "input_file_id")) == NULL)
		openai_refuse(r, R_BAD_REQUEST, "input_file_id");
	else if ((t = task_new(&openai, "batch")) == NULL)
		openai_refuse(r, R_MEMORY, "out of memory");
	else {
		provider_id_hex(hex, sizeof(hex));
		(void)snprintf(t->id, sizeof(t->id), "batch_%s", hex);
		t->kind = MEDIA_JSONL;
		openai_take(c, r, t);
	}
}

static void
openai_post(const struct call *c, struct reply *r)
{
	json_t	*obj = call_json(c);

	if (strcmp(c->path, "v1/responses") == 0)
		openai_respond(c, r, obj);
	else if (strcmp(c->path, "v1/batches") == 0)
		openai_batch(c, r, obj);
	else
		openai_refuse(r, R_NOT_FOUND, "no such path");
	json_decref(obj);
}

/* files/file-{what the batch is called}/content */
static void
openai_file(const struct call *c, struct reply *r, const char *name)
{
	size_t	 len = strcspn(name, "/");
	char	 id[48];

	(void)snprintf(id, sizeof(id), "batch_%.*s", (int)len, name);
	if (strcmp(name + len, "/content") == 0)
		files_serve(c, r, &openai, id, 0);
	else
		openai_refuse(r, R_NOT_FOUND, "no such path");
}

static void
openai_route(const struct call *c, struct reply *r)
{
	const char	*id;

	if (strcmp(c->method, "POST") == 0)
		openai_post(c, r);
	else if (path_below(c->path, "v1/files/file-", &id))
		openai_file(c, r, id);
	else if (path_below(c->path, "v1/responses/", &id) ||
	    path_below(c->path, "v1/batches/", &id))
		provider_poll(&openai, id, NULL, r, openai_poll);
	else
		openai_refuse(r, R_NOT_FOUND, "no such path");
}

const struct provider	 openai = {
	.name = "openai",
	.index = OPENAI,
	.timeout_ms = 10000,
	.retries = 4,
	.retry_ms = { 1000, 2000, 5000, 10000 },
	.link_seconds = 86400,
	.link_gone = 404,
	.knows_cancelled = true,
	.tells_cancelled = true,
	.has_text = true,
	.make_id = openai_id,
	.route = openai_route,
	.refuse = openai_refuse,
	.render = openai_render,
	.accepts = status_2xx,
	.insists = status_not_2xx,
	.sign = provider_sign_standard,
};
