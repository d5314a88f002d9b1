/* Replicate: predictions of the HTTP API, by the pages of replicate.com/docs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "files.h"
#include "provider.h"

static const struct {
	int		 status;
	const char	*title;
} refusals[] = {
	[R_BAD_REQUEST] = { 422, "Input validation failed" },
	[R_NO_KEY] = { 401, "Unauthenticated" },
	[R_WRONG_KEY] = { 401, "Unauthenticated" },
	[R_NOT_FOUND] = { 404, "Not Found" },
	[R_BUSY] = { 429, "Request was throttled" },
	[R_MEMORY] = { 503, "Service Unavailable" },
};

static void
replicate_refuse(struct reply *r, enum refusal why, const char *text)
{
	reply_json(r, (unsigned)refusals[why].status, json_pack(
	    "{s:s, s:s, s:i}", "title", refusals[why].title, "detail", text,
	    "status", refusals[why].status));
}

/* 26 lower-case letters and digits. */
static void
replicate_id(char *buf, size_t size)
{
	static const char	 digits[] = "abcdefghijklmnopqrstuvwxyz012345";
	size_t			 i;

	for (i = 0; i < 26 && i + 1 < size; i++)
		buf[i] = digits[dice_bits() & 31];
	buf[i] = '\0';
}

/* A language model's text comes in pieces. */
static json_t *
pieces_render(const struct task *t)
{
	json_t	*list = json_array();
	char	*text = task_text(t, 0);
	size_t	 n, at = 0, len = text != NULL ? strlen(text) : 0;

	for (; at < len; at += n) {
		n = len - at < 5 ? len - at : 5;
		(void)json_array_append_new(list, json_stringn(text + at, n));
	}
	free(text);
	return list;
}

/* A link, a list of them, or an object: as the model likes. */
static json_t *
output_render(const struct task *t)
{
	json_t	*list;
	char	 url[LINK_MAX];

	if (t->kind == MEDIA_TEXT)
		return pieces_render(t);
	files_link(t, 0, url, sizeof(url));
	if (t->outputs == 1 && t->serial % 3 == 0)
		return json_string(url);
	if (t->outputs == 1 && t->serial % 3 == 1)
		return json_pack("{s:s, s:i}", "file", url, "seed", 7);
	list = json_array();
	for (int i = 0; i < t->outputs; i++) {
		files_link(t, i, url, sizeof(url));
		(void)json_array_append_new(list, json_string(url));
	}
	return list;
}

static const char *const states[] = {
	[S_QUEUED] = "starting",
	[S_PROCESSING] = "processing",
	[S_SUCCEEDED] = "succeeded",
	[S_FAILED] = "failed",
	[S_CANCELLED] = "canceled",
};

/* Times have 3, 6 or 9 digits behind the point. */
static json_t *
time_render(int64_t us, unsigned long serial)
{
	static const int	 digits[] = { 3, 6, 9 };
	char			 seconds[32], text[64];

	clock_utc(us, "%Y-%m-%dT%H:%M:%S", seconds, sizeof(seconds));
	(void)snprintf(text, sizeof(text), "%s.%06d000", seconds,
	    (int)(us % 1000000));
	text[strlen(seconds) + 1 + (size_t)digits[serial % 3]] = 'Z';
	text[strlen(seconds) + 2 + (size_t)digits[serial % 3]] = '\0';
	return json_string(text);
}

/* It repeats its request, whose links are no outputs, and our address. */
static json_t *
replicate_render(const struct task *t, bool callback)
{
	enum state	 s = task_state(t);
	char		 get[200];
	json_t		*obj;

	(void)callback;
	(void)snprintf(get, sizeof(get), "%s/replicate/v1/predictions/%s",
	    http_base(), t->id);
	obj = json_pack("{s:s, s:s, s:s, s:{s:s, s:s}, s:s, s:b, s:o?, "
	    "s:s, s:o, s:{s:s}, s:[s]}", "id", t->id, "model", t->model,
	    "version", "hidden", "input", "prompt", "a lighthouse",
	    "input_image", "https://assets.example/mine.png", "logs",
	    "Using seed: 7", "data_removed", false, "error",
	    s == S_FAILED ? json_string("NSFW content detected") : NULL,
	    "status", states[s], "created_at", time_render(t->created_us,
	    t->serial), "urls", "get", get, "webhook_events_filter",
	    "completed");
	if (t->hook != NULL)
		(void)json_object_set_new(obj, "webhook",
		    json_string(t->hook));
	(void)json_object_set_new(obj, "output",
	    s == S_SUCCEEDED ? output_render(t) : json_null());
	if (s >= S_SUCCEEDED)
		(void)json_object_set_new(obj, "completed_at",
		    time_render(t->finished_us, t->serial + 1));
	return obj;
}

static json_t *
replicate_poll(const struct task *t)
{
	return replicate_render(t, false);
}

static void
replicate_submit(const struct call *c, struct reply *r, const char *model)
{
	json_t		*obj = call_json(c);
	json_t		*input = json_object_get(obj, "input");
	const char	*hook = json_string_value(json_object_get(obj,
			    "webhook"));
	struct task	*t = NULL;

	if (model == NULL)
		model = json_string_value(json_object_get(obj, "version"));
	if (model == NULL || !json_is_object(input))
		replicate_refuse(r, R_BAD_REQUEST, "input is required");
	else if ((t = task_new(&replicate, model)) == NULL)
		replicate_refuse(r, R_MEMORY, "out of memory");
	else if (!task_choose(t, input)) {
		replicate_refuse(r, R_BAD_REQUEST, "num_outputs out of range");
		task_free(t);
	} else {
		t->hook = hook == NULL ? NULL : strdup(hook);
		provider_submit(c, t);
		tasks_lock();
		reply_json(r, 201, replicate_render(t, false));
		tasks_unlock();
	}
	json_decref(obj);
}

static void
replicate_get(const struct call *c, struct reply *r)
{
	const char	*id;

	if (strcmp(c->path, "v1/webhooks/default/secret") == 0)
		reply_json(r, 200, json_pack("{s:s}", "key",
		    provider_secret(REPLICATE)));
	else if (path_below(c->path, "v1/predictions/", &id))
		provider_poll(&replicate, id, NULL, r, replicate_poll);
	else
		replicate_refuse(r, R_NOT_FOUND, "no such path");
}

/* models/{owner}/{name}/predictions, or predictions with a version. */
static void
replicate_post(const struct call *c, struct reply *r)
{
	static const char	 end[] = "/predictions";
	const char		*model;
	char			 name[160];
	size_t			 len;

	if (strcmp(c->path, "v1/predictions") == 0) {
		replicate_submit(c, r, NULL);
		return;
	}
	len = path_below(c->path, "v1/models/", &model) ? strlen(model) : 0;
	if (len <= sizeof(end) - 1 || len >= sizeof(name) ||
	    strcmp(model + len - (sizeof(end) - 1), end) != 0) {
		replicate_refuse(r, R_NOT_FOUND, "no such path");
		return;
	}
	(void)snprintf(name, sizeof(name), "%.*s",
	    (int)(len - (sizeof(end) - 1)), model);
	replicate_submit(c, r, name);
}

static void
replicate_route(const struct call *c, struct reply *r)
{
	if (strcmp(c->method, "GET") == 0)
		replicate_get(c, r);
	else if (strcmp(c->method, "POST") == 0)
		replicate_post(c, r);
	else
		replicate_refuse(r, R_NOT_FOUND, "no such path");
}

const struct provider	 replicate = {
	.name = "replicate",
	.index = REPLICATE,
	.timeout_ms = 10000,
	.retries = 4,
	.retry_ms = { 5000, 10000, 20000, 25000 },
	.link_seconds = 3600,
	.link_gone = 404,
	.knows_cancelled = true,
	.tells_cancelled = true,
	.has_text = true,
	.make_id = replicate_id,
	.route = replicate_route,
	.refuse = replicate_refuse,
	.render = replicate_render,
	.accepts = status_2xx,
	.insists = status_not_2xx,
	.sign = provider_sign_standard,
};
