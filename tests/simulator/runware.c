/* Runware: lists of tasks whose ids the client makes, by runware.ai/docs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "files.h"
#include "provider.h"

static const struct {
	unsigned	 http;
	const char	*code;
} refusals[] = {
	[R_BAD_REQUEST] = { 400, "invalidParameter" },
	[R_NO_KEY] = { 401, "missingApiKey" },
	[R_WRONG_KEY] = { 401, "invalidApiKey" },
	[R_NOT_FOUND] = { 404, "taskNotFound" },
	[R_BUSY] = { 429, "tooManyRequests" },
	[R_MEMORY] = { 503, "serviceUnavailable" },
};

static void
runware_refuse(struct reply *r, enum refusal why, const char *text)
{
	reply_json(r, refusals[why].http, json_pack("{s:[{s:s, s:s}]}",
	    "errors", "code", refusals[why].code, "message", text));
}

/* The body of a call. */
static json_t *
runware_list(const struct call *c)
{
	return json_loadb(c->body, c->body_len, 0, NULL);
}

/* The first and only task of a list; borrowed. */
static json_t *
runware_first(json_t *list)
{
	return json_array_size(list) == 1 ? json_array_get(list, 0) : NULL;
}

static json_t *
runware_result(const struct task *t, int i, bool callback)
{
	static const char *const names[][2] = {
		{ "imageUUID", "imageURL" }, { "videoUUID", "videoURL" },
		{ "audioUUID", "audioURL" },
	};
	size_t	 kind = t->kind == MEDIA_MP4 ? 1 : t->kind == MEDIA_PNG ||
		    t->kind == MEDIA_JPEG ? 0 : 2;
	char	 url[LINK_MAX], uuid[64];
	json_t	*obj;

	files_link(t, i, url, sizeof(url));
	(void)snprintf(uuid, sizeof(uuid), "%.8s-result-%d", t->id, i);
	obj = json_pack("{s:s, s:s, s:s, s:s, s:f}", "taskType",
	    "imageInference", "taskUUID", t->id, names[kind][0], uuid,
	    names[kind][1], url, "cost", 0.0013);
	if (!callback)
		(void)json_object_set_new(obj, "status",
		    json_string("success"));
	return obj;
}

/* A poll tells the state of each result; a callback has one. */
static json_t *
runware_render(const struct task *t, bool callback)
{
	enum state	 s = task_state(t);
	json_t		*data = json_array();

	if (s == S_FAILED || s == S_CANCELLED) {
		json_decref(data);
		return json_pack("{s:[{s:s, s:s, s:s, s:s, s:s}]}", "errors",
		    "code", "contentNotAllowed", "message",
		    "the prompt is not allowed", "taskType", "imageInference",
		    "taskUUID", t->id, "status", "error");
	}
	for (int i = 0; i < (callback ? 1 : t->outputs); i++)
		(void)json_array_append_new(data, s == S_SUCCEEDED ?
		    runware_result(t, i, callback) : json_pack(
		    "{s:s, s:s, s:s}", "taskType", "imageInference",
		    "taskUUID", t->id, "status", "processing"));
	return json_pack("{s:o}", "data", data);
}

static json_t *
runware_render_more(const struct task *t, int i)
{
	return json_pack("{s:[o]}", "data", runware_result(t, i, true));
}

static json_t *
runware_poll(const struct task *t)
{
	return runware_render(t, false);
}

static bool
runware_is_poll(const struct call *c)
{
	json_t		*list = runware_list(c);
	const char	*type = json_string_value(json_object_get(
			    runware_first(list), "taskType"));
	bool		 is = type != NULL && strcmp(type, "getResponse") == 0;

	json_decref(list);
	return is;
}

static void
runware_take(const struct call *c, struct reply *r, json_t *obj,
    const char *id, const char *model)
{
	const char	*hook = json_string_value(json_object_get(obj,
			    "webhookURL"));
	json_t		*n = json_object_get(obj, "numberResults");
	struct task	*t = task_new(&runware, model);

	if (t == NULL) {
		runware_refuse(r, R_MEMORY, "out of memory");
		return;
	}
	(void)snprintf(t->id, sizeof(t->id), "%s", id);
	(void)task_choose(t, obj);
	if (json_is_integer(n) && json_integer_value(n) >= 1 &&
	    json_integer_value(n) <= OUTPUTS_MAX)
		t->outputs = (int)json_integer_value(n);
	t->hook = hook == NULL ? NULL : strdup(hook);
	provider_submit(c, t);
	reply_json(r, 200, json_pack("{s:[{s:s, s:s}]}", "data", "taskType",
	    "imageInference", "taskUUID", t->id));
}

static void
runware_submit(const struct call *c, struct reply *r, json_t *obj)
{
	const char	*id = json_string_value(json_object_get(obj,
			    "taskUUID"));
	const char	*model = json_string_value(json_object_get(obj,
			    "model"));
	const char	*how = json_string_value(json_object_get(obj,
			    "deliveryMethod"));

	if (id == NULL || strlen(id) != 36 || id[14] != '4')
		runware_refuse(r, R_BAD_REQUEST, "taskUUID is no UUID v4");
	else if (tasks_find_any(id) != NULL)
		runware_refuse(r, R_BAD_REQUEST, "taskUUID was used before");
	else if (model == NULL || how == NULL || strcmp(how, "async") != 0)
		runware_refuse(r, R_BAD_REQUEST, "model or deliveryMethod");
	else
		runware_take(c, r, obj, id, model);
}

static void
runware_route(const struct call *c, struct reply *r)
{
	json_t		*list = runware_list(c);
	json_t		*obj = runware_first(list);
	const char	*type = json_string_value(json_object_get(obj,
			    "taskType"));

	if (strcmp(c->method, "POST") != 0 || strcmp(c->path, "v1") != 0)
		runware_refuse(r, R_NOT_FOUND, "no such address");
	else if (type == NULL)
		runware_refuse(r, R_BAD_REQUEST, "a list of one task");
	else if (strcmp(type, "getResponse") == 0)
		provider_poll(&runware, json_string_value(json_object_get(obj,
		    "taskUUID")), NULL, r, runware_poll);
	else
		runware_submit(c, r, obj);
	json_decref(list);
}

const struct provider	 runware = {
	.name = "runware",
	.index = RUNWARE,
	.timeout_ms = 10000,
	.retries = 3,
	.retry_ms = { 1000, 5000, 10000 },
	.link_seconds = 86400,
	.link_gone = 404,
	.knows_cancelled = false,
	.make_id = provider_id_uuid,
	.is_poll = runware_is_poll,
	.route = runware_route,
	.refuse = runware_refuse,
	.render = runware_render,
	.render_more = runware_render_more,
	.accepts = status_2xx,
	.insists = status_not_2xx,
};
