/* WaveSpeedAI: v3 predictions, as documented at wavespeed.ai/docs. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "files.h"
#include "provider.h"

static const struct {
	int		 code;
	const char	*message;
} refusals[] = {
	[R_BAD_REQUEST] = { 400, NULL },
	[R_NO_KEY] = { 401, "Unauthorized" },
	[R_WRONG_KEY] = { 401, "Unauthorized" },
	[R_NOT_FOUND] = { 404, "Not Found" },
	[R_BUSY] = { 429, "You have reached your concurrency limit" },
	[R_MEMORY] = { 503, "Service Unavailable" },
};

/* Two forms: code and message, or error alone. */
static void
wavespeed_refuse(struct reply *r, enum refusal why, const char *text)
{
	unsigned	 status = (unsigned)refusals[why].code;

	if (refusals[why].message == NULL)
		reply_json(r, status, json_pack("{s:s}", "error", text));
	else
		reply_json(r, status, json_pack("{s:i, s:s}", "code",
		    refusals[why].code, "message", refusals[why].message));
}

/* Speech turned to text has been seen in three shapes. */
static json_t *
text_render(const struct task *t)
{
	json_t	*list = json_array();
	char	*text;

	for (int i = 0; i < t->outputs; i++) {
		if ((text = task_text(t, i)) == NULL)
			continue;
		(void)json_array_append_new(list, t->serial % 3 == 1 ?
		    json_pack("{s:s, s:[{s:s, s:f, s:f}]}", "text", text,
		    "text_details", "text", text, "start", 0.0, "end", 1.5) :
		    json_string(text));
		free(text);
	}
	if (t->serial % 3 == 0 && t->outputs == 1) {
		json_t	*obj = json_pack("{s:O}", "text",
			    json_array_get(list, 0));

		json_decref(list);
		return obj;
	}
	return list;
}

static json_t *
outputs_render(const struct task *t, enum state s)
{
	json_t	*list;
	char	 url[LINK_MAX];

	if (s == S_QUEUED && t->serial % 2 == 1)
		return json_null();
	if (s == S_SUCCEEDED && t->kind == MEDIA_TEXT)
		return text_render(t);
	list = json_array();
	for (int i = 0; s == S_SUCCEEDED && i < t->outputs; i++) {
		files_link(t, i, url, sizeof(url));
		(void)json_array_append_new(list, json_string(url));
	}
	return list;
}

static json_t *
nsfw_render(const struct task *t)
{
	switch (t->serial % 3) {
	case 0:
		return json_null();
	case 1:
		return json_array();
	default:
		return json_pack("[b]", false);
	}
}

static const char *const states[] = {
	[S_QUEUED] = "created",
	[S_PROCESSING] = "processing",
	[S_SUCCEEDED] = "completed",
	[S_FAILED] = "failed",
	[S_CANCELLED] = "cancelled",
};

static void
created_write(const struct task *t, char *buf, size_t size)
{
	char	 seconds[32];

	clock_utc(t->created_us, "%Y-%m-%dT%H:%M:%S", seconds,
	    sizeof(seconds));
	(void)snprintf(buf, size, "%s.%06d%03dZ", seconds,
	    (int)(t->created_us % 1000000), (int)(t->serial * 7 % 1000));
}

static json_t *
prediction_render(const struct task *t)
{
	enum state	 s = task_state(t);
	json_int_t	 ms = s < S_SUCCEEDED ? 0 :
			    (t->finished_us - t->created_us) / 1000;
	char		 created[64], get[160];
	json_t		*obj;

	created_write(t, created, sizeof(created));
	(void)snprintf(get, sizeof(get),
	    "%s/wavespeed/api/v3/predictions/%s/result", http_base(), t->id);
	obj = json_pack("{s:s, s:s, s:o, s:{s:s}, s:o, s:s, s:s, s:s, s:I, "
	    "s:{s:I}}", "id", t->id, "model", t->model, "outputs",
	    outputs_render(t, s), "urls", "get", get, "has_nsfw_contents",
	    nsfw_render(t), "status", states[s], "created_at", created,
	    "error", s == S_FAILED ? "the input was refused" : "",
	    "executionTime", ms, "timings", "inference", ms);
	if (s == S_FAILED && t->serial % 2 == 0)
		(void)json_object_set_new(obj, "code", json_integer(1200));
	return obj;
}

static json_t *
envelope(json_t *data)
{
	return json_pack("{s:i, s:s, s:o}", "code", 200, "message", "success",
	    "data", data);
}

/* The callback is the bare prediction, the poll wraps it. */
static json_t *
wavespeed_render(const struct task *t, bool callback)
{
	json_t	*obj = prediction_render(t);

	if (callback)
		return obj;
	(void)json_object_set_new(obj, "input", json_object());
	return envelope(obj);
}

static json_t *
wavespeed_poll(const struct task *t)
{
	return wavespeed_render(t, false);
}

/*
 * The key is the secret's text without its prefix, not what it would decode
 * to; signed is "<id>.<seconds>.<body>" (verify-webhooks page).
 */
static int
wavespeed_sign(const struct task *t, int64_t seconds, const char *body,
    size_t len, char (*lines)[SIGN_LINE])
{
	const char	*key = provider_secret(WAVESPEED);
	char		 head[96], hex[HASH_HEX];

	(void)path_below(key, "whsec_", &key);
	(void)snprintf(head, sizeof(head), "%s.%" PRId64 ".", t->id, seconds);
	hash_hmac(key, head, body, len, hex);
	(void)snprintf(lines[0], SIGN_LINE, "webhook-id: %s", t->id);
	(void)snprintf(lines[1], SIGN_LINE, "webhook-timestamp: %" PRId64,
	    seconds);
	(void)snprintf(lines[2], SIGN_LINE, "webhook-signature: v3,%s", hex);
	return 3;
}

static void
wavespeed_submit(const struct call *c, struct reply *r, const char *model)
{
	json_t		*obj = call_json(c);
	const char	*hook = call_query(c, "webhook");
	struct task	*t = NULL;

	if (obj == NULL)
		wavespeed_refuse(r, R_BAD_REQUEST, "the body is not JSON");
	else if (hook != NULL &&
	    json_is_true(json_object_get(obj, "enable_base64_output")))
		wavespeed_refuse(r, R_BAD_REQUEST,
		    "webhook callback does not support base64 output");
	else if ((t = task_new(&wavespeed, model)) == NULL)
		wavespeed_refuse(r, R_MEMORY, "out of memory");
	else if (!task_choose(t, obj)) {
		wavespeed_refuse(r, R_BAD_REQUEST, "num_outputs out of range");
		task_free(t);
	} else {
		t->hook = hook == NULL ? NULL : strdup(hook);
		provider_submit(c, t);
		tasks_lock();
		reply_json(r, 200, wavespeed_render(t, false));
		tasks_unlock();
	}
	json_decref(obj);
}

static void
wavespeed_get(const struct call *c, struct reply *r)
{
	const char	*id;
	char		 bare[64];
	size_t		 len;

	if (strcmp(c->path, "api/v3/webhook/secret") == 0) {
		reply_json(r, 200, json_pack("{s:i, s:s, s:{s:s}}", "code",
		    200, "message", "success", "data", "secret", provider_secret(WAVESPEED)));
		return;
	}
	if (!path_below(c->path, "api/v3/predictions/", &id)) {
		wavespeed_refuse(r, R_NOT_FOUND, "");
		return;
	}
	len = strcspn(id, "/");
	(void)snprintf(bare, sizeof(bare), "%.*s", (int)len, id);
	if (id[len] == '\0' || strcmp(id + len, "/result") == 0)
		provider_poll(&wavespeed, bare, NULL, r, wavespeed_poll);
	else
		wavespeed_refuse(r, R_NOT_FOUND, "");
}

static void
wavespeed_route(const struct call *c, struct reply *r)
{
	const char	*model;

	if (strcmp(c->method, "GET") == 0)
		wavespeed_get(c, r);
	else if (path_below(c->path, "api/v3/", &model) &&
	    strchr(model, '/') != NULL && strcmp(c->method, "POST") == 0 &&
	    strncmp(model, "predictions/", 12) != 0)
		wavespeed_submit(c, r, model);
	else
		wavespeed_refuse(r, R_NOT_FOUND, "");
}

const struct provider	 wavespeed = {
	.name = "wavespeed",
	.index = WAVESPEED,
	.timeout_ms = 1200000,
	.retries = 3,
	.retry_ms = { 5000, 10000, 20000 },
	.link_seconds = 604800,
	.link_gone = 404,
	.knows_cancelled = true,
	.tells_cancelled = true,
	.has_text = true,
	.make_id = provider_id_hex,
	.route = wavespeed_route,
	.refuse = wavespeed_refuse,
	.render = wavespeed_render,
	.accepts = status_2xx,
	.insists = status_not_2xx,
	.sign = wavespeed_sign,
};
