/* APIMart: unified task API, as documented at docs.apimart.ai. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "files.h"
#include "ledger.h"
#include "provider.h"

/* task_ and 26 characters of a ULID's alphabet. */
static void
apimart_id(char *buf, size_t size)
{
	static const char	 digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	char			 text[27] = "01K";

	for (int i = 3; i < 26; i++)
		text[i] = digits[dice_bits() & 31];
	(void)snprintf(buf, size, "task_%s", text);
}

static const struct {
	unsigned	 status;
	const char	*type;
} refusals[] = {
	[R_BAD_REQUEST] = { 400, "invalid_request_error" },
	[R_NO_KEY] = { 401, "authentication_error" },
	[R_WRONG_KEY] = { 401, "apimart_error" },
	[R_NOT_FOUND] = { 400, "invalid_request_error" },
	[R_BUSY] = { 429, "rate_limit_error" },
	[R_MEMORY] = { 500, "server_error" },
};

/* A wrong key was seen to be answered in another form than the others. */
static void
apimart_refuse(struct reply *r, enum refusal why, const char *text)
{
	char	 id[40], message[128];

	provider_id_hex(id, sizeof(id));
	if (why == R_WRONG_KEY) {
		(void)snprintf(message, sizeof(message), "%s (request id: %s)",
		    text, id);
		reply_json(r, 401, json_pack("{s:{s:s, s:s, s:s, s:s}}",
		    "error", "code", "", "message", message, "param", "",
		    "type", "apimart_error"));
	} else
		reply_json(r, refusals[why].status,
		    json_pack("{s:{s:i, s:s, s:s}}", "error", "code",
		    (int)refusals[why].status, "message",
		    why == R_NOT_FOUND ? "invalid task id" : text, "type",
		    refusals[why].type));
	reply_header(r, "X-Oneapi-Request-Id", "%s", id);
}

static int64_t
expires_at(const struct task *t)
{
	return t->finished_us / 1000000 + t->link_seconds;
}

/* Current pages show url as a list, older ones as a string. */
static json_t *
item_render(const struct task *t, int position)
{
	char	 url[LINK_MAX];
	json_t	*link;

	files_link(t, position, url, sizeof(url));
	link = json_string(url);
	if (t->serial / 2 % 2 == 0)
		link = json_pack("[o]", link);
	return json_pack("{s:o, s:I}", "url", link, "expires_at",
	    (json_int_t)expires_at(t));
}

/* One entry of result.music[], the form of the music poll alone. */
static json_t *
track_render(const struct task *t, int position)
{
	char	 url[LINK_MAX], clip[64];

	files_link(t, position, url, sizeof(url));
	(void)snprintf(clip, sizeof(clip), "%s-%d", t->id, position);
	return json_pack("{s:s, s:s, s:s, s:s, s:f, s:s, s:s}", "audio_url",
	    url, "image_url", "", "title", "Simulated", "lyrics", "",
	    "duration", 0.5, "tags", "test", "clip_id", clip);
}

static json_t *
result_render(const struct task *t, bool music)
{
	const char	*name = t->kind == MEDIA_MP4 ? "videos" :
			    t->kind != MEDIA_MP3 && t->kind != MEDIA_WAV ?
			    "images" : music ? "music" : "audios";
	json_t		*list = json_array();

	for (int i = 0; i < t->outputs; i++)
		(void)json_array_append_new(list, strcmp(name, "music") == 0 ?
		    track_render(t, i) : item_render(t, i));
	return json_pack("{s:o}", name, list);
}

/* The code has been seen as a number, as nothing and as text. */
static json_t *
error_render(const struct task *t)
{
	static const char	 message[] = "the upstream model failed";

	switch (t->serial % 3) {
	case 0:
		return json_pack("{s:i, s:s, s:s, s:s}", "code", 500,
		    "message", message, "type", "task_failed", "param", "");
	case 1:
		return json_pack("{s:s, s:s}", "message", message, "code", "");
	default:
		return json_pack("{s:s, s:s, s:s, s:s}", "message", message,
		    "type", "task_failed", "param", "", "code",
		    "task_failed");
	}
}

static const char *const states[] = {
	[S_QUEUED] = "pending",
	[S_PROCESSING] = "processing",
	[S_SUCCEEDED] = "completed",
	[S_FAILED] = "failed",
	[S_CANCELLED] = "cancelled",
};

static json_t *
object_render(const struct task *t, bool music)
{
	enum state	 s = task_state(t);
	json_int_t	 created = t->created_us / 1000000;
	json_int_t	 completed = t->finished_us / 1000000;
	json_t		*obj = json_pack("{s:s, s:s, s:i, s:I}", "id", t->id,
			    "status", states[s], "progress", s == S_QUEUED ?
			    0 : s == S_PROCESSING ? 50 : 100, "created",
			    created);

	if (s == S_QUEUED || s == S_PROCESSING) {
		(void)json_object_set_new(obj, "estimated_time",
		    json_integer(60));
		return obj;
	}
	(void)json_object_set_new(obj, "completed", json_integer(completed));
	(void)json_object_set_new(obj, "actual_time",
	    json_integer(completed - created));
	if (s == S_FAILED)
		(void)json_object_set_new(obj, "error", error_render(t));
	if (s != S_SUCCEEDED)
		return obj;
	(void)json_object_set_new(obj, "cost", json_real(0.02));
	(void)json_object_set_new(obj, "credits_cost", json_real(0.2));
	(void)json_object_set_new(obj, "result", result_render(t, music));
	return obj;
}

static json_t *
envelope(json_t *data)
{
	return json_pack("{s:i, s:o}", "code", 200, "data", data);
}

/* The page promises the poll's envelope and shows none: half and half. */
static json_t *
apimart_render(const struct task *t, bool callback)
{
	json_t	*obj = object_render(t, false);

	return callback && t->serial % 2 == 0 ? obj : envelope(obj);
}

static json_t *
apimart_poll(const struct task *t)
{
	return apimart_render(t, false);
}

static json_t *
music_poll(const struct task *t)
{
	return envelope(object_render(t, true));
}

/* Two of the answers in the wild: a list, and an object. */
static json_t *
submitted_render(const struct task *t)
{
	if (t->serial % 2 == 0)
		return json_pack("{s:i, s:[{s:s, s:s}]}", "code", 200, "data",
		    "status", "submitted", "task_id", t->id);
	return json_pack("{s:i, s:{s:s, s:s, s:s, s:i, s:I, s:s, "
	    "s:{s:b, s:i}}}", "code", 200, "data", "id", t->id, "object",
	    "image.generation.task", "status", "pending", "progress", 0,
	    "created", (json_int_t)(t->created_us / 1000000), "model",
	    t->model, "task_info", "can_cancel", true, "estimated_time", 45);
}

/* A base that is no http or https URL is dropped without a word. */
static char *
hook_make(const char *base)
{
	const char	*rest;
	char		*hook = NULL;
	int		 len;

	if (base == NULL || (!path_below(base, "http://", &rest) &&
	    !path_below(base, "https://", &rest)))
		return NULL;
	len = (int)strlen(base);
	if (base[len - 1] == '/')
		len--;
	if (asprintf(&hook, "%.*s/callback", len, base) == -1)
		return NULL;
	return hook;
}

/*
 * A key that was used before: the same request is answered as it was, another
 * one is refused.
 */
static bool
apimart_replay(const struct call *c, struct reply *r)
{
	struct task	*t;

	tasks_lock();
	t = tasks_find_once(&apimart, call_header(c, "Idempotency-Key"));
	tasks_unlock();
	if (t == NULL)
		return false;
	if (strcmp(t->request, c->body) != 0) {
		reply_json(r, 409, json_pack("{s:{s:s, s:s, s:s}}", "error",
		    "code", "idempotency_key_reused", "message",
		    "this key was used for another request", "type",
		    "invalid_request_error"));
		return true;
	}
	reply_json(r, 200, submitted_render(t));
	reply_header(r, "Idempotency-Replayed", "true");
	ledger_write("replayed", "apimart", t->id, NULL);
	return true;
}

static void
once_take(const struct call *c, struct task *t)
{
	const char	*key = call_header(c, "Idempotency-Key");

	t->once = key == NULL ? NULL : strdup(key);
	t->request = strdup(c->body);
}

static void
apimart_submit(const struct call *c, struct reply *r, enum media kind)
{
	json_t		*obj = call_json(c);
	const char	*model = json_string_value(json_object_get(obj,
			    "model"));
	struct task	*t = NULL;

	if (apimart_replay(c, r)) {
		json_decref(obj);
		return;
	}
	if (model == NULL || *model == '\0')
		apimart_refuse(r, R_BAD_REQUEST, obj == NULL ?
		    "the body is not JSON" : "model is required");
	else if ((t = task_new(&apimart, model)) == NULL)
		apimart_refuse(r, R_MEMORY, "out of memory");
	else if (!task_choose(t, obj)) {
		apimart_refuse(r, R_BAD_REQUEST, "n is out of range");
		task_free(t);
	} else {
		if (kind == MEDIA_MP4 || (kind == MEDIA_MP3 &&
		    t->kind != MEDIA_WAV))
			t->kind = kind;
		t->hook = hook_make(json_string_value(json_object_get(obj,
		    "webhook")));
		once_take(c, t);
		provider_submit(c, t);
		reply_json(r, 200, submitted_render(t));
	}
	json_decref(obj);
}

static const struct {
	const char	*path;
	enum media	 kind;
} endpoints[] = {
	{ "v1/images/generations", MEDIA_PNG },
	{ "v1/videos/generations", MEDIA_MP4 },
	{ "v1/music/generations", MEDIA_MP3 },
};

static void
apimart_get(const struct call *c, struct reply *r)
{
	const char	*id;

	if (path_below(c->path, "v1/music/tasks/", &id))
		provider_poll(&apimart, id, NULL, r, music_poll);
	else if (path_below(c->path, "v1/tasks/", &id))
		provider_poll(&apimart, id, NULL, r, apimart_poll);
	else
		reply_text(r, 404, "text/plain", "404 page not found\n");
}

static void
apimart_route(const struct call *c, struct reply *r)
{
	if (strcmp(c->method, "GET") == 0) {
		apimart_get(c, r);
		return;
	}
	for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++)
		if (strcmp(c->path, endpoints[i].path) == 0 &&
		    strcmp(c->method, "POST") == 0) {
			apimart_submit(c, r, endpoints[i].kind);
			return;
		}
	reply_text(r, 404, "text/plain", "404 page not found\n");
}

/* Only a timeout or its kin is tried again; a 4xx ends it for good. */
static bool
apimart_insists(long status)
{
	return status == 0 || status >= 500;
}

const struct provider	 apimart = {
	.name = "apimart",
	.index = APIMART,
	.timeout_ms = 10000,
	.retries = 3,
	.retry_ms = { 10000, 30000, 60000 },
	.link_seconds = 86400,
	.link_gone = 404,
	.knows_cancelled = true,
	.tells_cancelled = false,
	.make_id = apimart_id,
	.route = apimart_route,
	.refuse = apimart_refuse,
	.render = apimart_render,
	.accepts = status_2xx,
	.insists = apimart_insists,
};
