/* Luma's Dream Machine: generations, by the pages of docs.lumalabs.ai. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "files.h"
#include "provider.h"

static const int	 refusals[] = {
	[R_BAD_REQUEST] = 400, [R_NO_KEY] = 401, [R_WRONG_KEY] = 403,
	[R_NOT_FOUND] = 404, [R_BUSY] = 429, [R_MEMORY] = 503,
};

static void
luma_refuse(struct reply *r, enum refusal why, const char *text)
{
	reply_json(r, (unsigned)refusals[why], json_pack("{s:s}", "detail",
	    text));
}

/* A UUID of version 4. */
static void
luma_id(char *buf, size_t size)
{
	char	 hex[33];

	provider_id_hex(hex, sizeof(hex));
	(void)snprintf(buf, size, "%.8s-%.4s-4%.3s-a%.3s-%.12s", hex, hex + 8,
	    hex + 13, hex + 17, hex + 20);
}

static const char *const states[] = {
	[S_QUEUED] = "queued",
	[S_PROCESSING] = "dreaming",
	[S_SUCCEEDED] = "completed",
	[S_FAILED] = "failed",
	[S_CANCELLED] = "failed",
};

/* One link, and null for what it is not. */
static json_t *
assets_render(const struct task *t)
{
	char	 url[LINK_MAX];

	if (task_state(t) != S_SUCCEEDED)
		return json_null();
	files_link(t, 0, url, sizeof(url));
	return json_pack("{s:s, s:n, s:n}",
	    t->kind == MEDIA_MP4 ? "video" : "image", url,
	    t->kind == MEDIA_MP4 ? "image" : "video", "progress_video");
}

/* It repeats its request, with our address and links that are no outputs. */
static json_t *
luma_render(const struct task *t, bool callback)
{
	enum state	 s = task_state(t);
	char		 created[40];
	json_t		*request;

	(void)callback;
	clock_utc(t->created_us, "%Y-%m-%dT%H:%M:%S.000Z", created,
	    sizeof(created));
	request = json_pack("{s:s, s:{s:{s:s, s:s}}}", "prompt",
	    "a lighthouse", "keyframes", "frame0", "type", "image", "url",
	    "https://assets.example/mine.png");
	if (t->hook != NULL)
		(void)json_object_set_new(request, "callback_url",
		    json_string(t->hook));
	return json_pack("{s:s, s:s, s:s, s:o, s:s, s:s, s:o, s:o}", "id", t->id,
	    "generation_type", t->kind == MEDIA_MP4 ? "video" : "image",
	    "state", states[s], "failure_reason", s == S_FAILED ||
	    s == S_CANCELLED ? json_string("400: prompt not allowed") :
	    json_null(), "created_at", created, "model", t->model, "request",
	    request, "assets", assets_render(t));
}

static json_t *
luma_poll(const struct task *t)
{
	return luma_render(t, false);
}

static void
luma_submit(const struct call *c, struct reply *r)
{
	json_t		*obj = call_json(c);
	const char	*hook = json_string_value(json_object_get(obj,
			    "callback_url"));
	const char	*model = json_string_value(json_object_get(obj,
			    "model"));
	struct task	*t = NULL;

	if (model == NULL)
		luma_refuse(r, R_BAD_REQUEST, "model: Field required");
	else if ((t = task_new(&luma, model)) == NULL)
		luma_refuse(r, R_MEMORY, "out of memory");
	else {
		t->kind = strncmp(model, "photon", 6) == 0 ? MEDIA_JPEG :
		    MEDIA_MP4;
		t->outputs = 1;
		t->hook = hook == NULL ? NULL : strdup(hook);
		provider_submit(c, t);
		tasks_lock();
		reply_json(r, 201, luma_render(t, false));
		tasks_unlock();
	}
	json_decref(obj);
}

static void
luma_route(const struct call *c, struct reply *r)
{
	const char	*rest;

	if (!path_below(c->path, "dream-machine/v1/generations/", &rest))
		luma_refuse(r, R_NOT_FOUND, "Not Found");
	else if (strcmp(c->method, "GET") == 0)
		provider_poll(&luma, rest, NULL, r, luma_poll);
	else if (strcmp(c->method, "POST") == 0 &&
	    (strcmp(rest, "video") == 0 || strcmp(rest, "image") == 0))
		luma_submit(c, r);
	else
		luma_refuse(r, R_NOT_FOUND, "Not Found");
}

static bool
luma_accepts(long status)
{
	return status == 200;
}

static bool
luma_insists(long status)
{
	return status != 200;
}

const struct provider	 luma = {
	.name = "luma",
	.index = LUMA,
	.timeout_ms = 5000,
	.retries = 3,
	.retry_ms = { 100, 100, 100 },
	.link_seconds = 86400,
	.link_gone = 403,
	.knows_cancelled = false,
	.make_id = luma_id,
	.route = luma_route,
	.refuse = luma_refuse,
	.render = luma_render,
	.accepts = luma_accepts,
	.insists = luma_insists,
};
