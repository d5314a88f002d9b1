/* OpenRouter's videos, by the pages of openrouter.ai/docs. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "files.h"
#include "hash.h"
#include "provider.h"

static const int	 refusals[] = {
	[R_BAD_REQUEST] = 400, [R_NO_KEY] = 401, [R_WRONG_KEY] = 401,
	[R_NOT_FOUND] = 404, [R_BUSY] = 429, [R_MEMORY] = 503,
};

static void
openrouter_refuse(struct reply *r, enum refusal why, const char *text)
{
	reply_json(r, (unsigned)refusals[why], json_pack("{s:{s:i, s:s}}",
	    "error", "code", refusals[why], "message", text));
}

/* Content links want the key; every third job has storage links beside. */
static void
openrouter_put_links(json_t *obj, const struct task *t)
{
	json_t	*content = json_array(), *stored = json_array();
	char	 url[LINK_MAX];

	for (int i = 0; i < t->outputs; i++) {
		(void)snprintf(url, sizeof(url),
		    "%s/openrouter/api/v1/videos/%s/content?index=%d",
		    http_base(), t->id, i);
		(void)json_array_append_new(content, json_string(url));
		files_link(t, i, url, sizeof(url));
		(void)json_array_append_new(stored, json_string(url));
	}
	(void)json_object_set_new(obj, "unsigned_urls", content);
	if (t->serial % 3 == 2)
		(void)json_object_set_new(obj, "urls", stored);
	else
		json_decref(stored);
}

static json_t *
openrouter_job(const struct task *t)
{
	static const char *const states[] = {
		[S_QUEUED] = "pending", [S_PROCESSING] = "in_progress",
		[S_SUCCEEDED] = "completed", [S_FAILED] = "failed",
		[S_CANCELLED] = "cancelled",
	};
	enum state	 s = task_state(t);
	char		 path[80];
	json_t		*obj;

	(void)snprintf(path, sizeof(path), "/api/v1/videos/%s", t->id);
	obj = json_pack("{s:s, s:s, s:s, s:s, s:{s:f, s:b}}", "id", t->id,
	    "status", states[s], "polling_url", path, "model", t->model,
	    "usage", "cost", 0.5, "is_byok", false);
	if (s == S_SUCCEEDED)
		openrouter_put_links(obj, t);
	if (s == S_FAILED)
		(void)json_object_set_new(obj, "error",
		    json_string("the provider refused the prompt"));
	return obj;
}

static json_t *
openrouter_render(const struct task *t, bool callback)
{
	static const char *const types[] = {
		[S_SUCCEEDED] = "video.generation.completed",
		[S_FAILED] = "video.generation.failed",
		[S_CANCELLED] = "video.generation.cancelled",
	};

	if (!callback)
		return openrouter_job(t);
	return json_pack("{s:s, s:I, s:o}", "type", types[task_state(t)],
	    "created_at", (json_int_t)(t->finished_us / 1000000), "data",
	    openrouter_job(t));
}

static json_t *
openrouter_poll(const struct task *t)
{
	return openrouter_job(t);
}

static enum link_style
openrouter_style(const struct task *t)
{
	(void)t;
	return LINK_AWS;
}

/* Between the time and the body is a comma. */
static int
openrouter_sign(const struct task *t, int64_t seconds, const char *body,
    size_t len, char (*lines)[SIGN_LINE])
{
	char	 head[32], hex[HASH_HEX];

	(void)snprintf(head, sizeof(head), "%" PRId64 ",", seconds);
	hash_hmac(provider_secret(OPENROUTER), head, body, len, hex);
	(void)snprintf(lines[0], SIGN_LINE, "X-OpenRouter-Signature: t=%"
	    PRId64 ",v1=%s", seconds, hex);
	(void)snprintf(lines[1], SIGN_LINE, "X-OpenRouter-Idempotency-Key: "
	    "%s-%s", t->id, task_state_word(t->state));
	return 2;
}

static void
openrouter_submit(const struct call *c, struct reply *r)
{
	json_t		*obj = call_json(c);
	const char	*hook = json_string_value(json_object_get(obj,
			    "callback_url"));
	const char	*model = json_string_value(json_object_get(obj,
			    "model"));
	struct task	*t = NULL;

	if (model == NULL ||
	    json_string_value(json_object_get(obj, "prompt")) == NULL)
		openrouter_refuse(r, R_BAD_REQUEST, "model and prompt");
	else if ((t = task_new(&openrouter, model)) == NULL)
		openrouter_refuse(r, R_MEMORY, "out of memory");
	else if (!task_choose(t, obj)) {
		openrouter_refuse(r, R_BAD_REQUEST, "n is out of range");
		task_free(t);
	} else {
		t->kind = MEDIA_MP4;
		t->hook = hook == NULL ? NULL : strdup(hook);
		provider_submit(c, t);
		tasks_lock();
		reply_json(r, 202, openrouter_job(t));
		tasks_unlock();
	}
	json_decref(obj);
}

static void
openrouter_content(const struct call *c, struct reply *r, const char *id,
    size_t len)
{
	const char	*index = call_query(c, "index");
	char		 one[48];

	(void)snprintf(one, sizeof(one), "%.*s", (int)len, id);
	files_serve(c, r, &openrouter, one, index == NULL ? 0 :
	    strtol(index, NULL, 10));
}

static void
openrouter_route(const struct call *c, struct reply *r)
{
	const char	*id;
	size_t		 len;

	if (strcmp(c->method, "POST") == 0 &&
	    strcmp(c->path, "api/v1/videos") == 0) {
		openrouter_submit(c, r);
		return;
	}
	if (!path_below(c->path, "api/v1/videos/", &id)) {
		openrouter_refuse(r, R_NOT_FOUND, "no such path");
		return;
	}
	len = strcspn(id, "/");
	if (strcmp(id + len, "/content") == 0)
		openrouter_content(c, r, id, len);
	else
		provider_poll(&openrouter, id, NULL, r, openrouter_poll);
}

const struct provider	 openrouter = {
	.name = "openrouter",
	.index = OPENROUTER,
	.timeout_ms = 10000,
	.retries = 4,
	.retry_ms = { 1000, 2000, 5000, 10000 },
	.link_seconds = 86400,
	.link_gone = 404,
	.knows_cancelled = true,
	.tells_cancelled = true,
	.make_id = provider_id_hex,
	.route = openrouter_route,
	.refuse = openrouter_refuse,
	.render = openrouter_render,
	.accepts = status_2xx,
	.insists = status_not_2xx,
	.style = openrouter_style,
	.sign = openrouter_sign,
};
