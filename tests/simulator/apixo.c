/* APIXO: unified task API, as documented at apixo.ai/docs. */
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
	[R_BAD_REQUEST] = { 400, "Invalid request" },
	[R_NO_KEY] = { 401, "Unauthorized" },
	[R_WRONG_KEY] = { 401, "Unauthorized" },
	[R_NOT_FOUND] = { 404, "Not found" },
	[R_BUSY] = { 429, "Too many requests" },
	[R_MEMORY] = { 503, "Service unavailable" },
};

static void
apixo_refuse(struct reply *r, enum refusal why, const char *text)
{
	reply_json(r, (unsigned)refusals[why].code,
	    json_pack("{s:i, s:s, s:{s:s}}", "code", refusals[why].code,
	    "message", refusals[why].message, "data", "error", text));
}

/* The result is JSON again, inside a string. */
static json_t *
result_render(const struct task *t)
{
	json_t	*list = json_array(), *obj, *text;
	char	 url[LINK_MAX], *inner;

	for (int i = 0; i < t->outputs; i++) {
		files_link(t, i, url, sizeof(url));
		(void)json_array_append_new(list, json_string(url));
	}
	obj = json_pack("{s:o}", "resultUrls", list);
	inner = json_dumps(obj, JSON_COMPACT);
	text = json_string(inner);
	free(inner);
	json_decref(obj);
	return text;
}

/* Older pages write the codes one way, newer pages another. */
static void
failure_render(const struct task *t, json_t *data)
{
	(void)json_object_set_new(data, "failCode",
	    json_string(t->serial % 2 == 0 ? "CONTENT_VIOLATION" :
	    "SensitiveContent"));
	(void)json_object_set_new(data, "failMsg",
	    json_string("the prompt was refused"));
}

static const char *const states[] = {
	[S_QUEUED] = "pending",
	[S_PROCESSING] = "processing",
	[S_SUCCEEDED] = "success",
	[S_FAILED] = "failed",
	[S_CANCELLED] = "failed",
};

static json_t *
apixo_render(const struct task *t, bool callback)
{
	enum state	 s = task_state(t);
	json_int_t	 created = t->created_us / 1000;
	json_int_t	 completed = t->finished_us / 1000;
	json_t		*data = json_pack("{s:s, s:s, s:I}", "taskId", t->id,
			    "state", states[s], "createTime", created);

	(void)callback;
	if (s == S_SUCCEEDED) {
		(void)json_object_set_new(data, "resultJson",
		    result_render(t));
		if (t->serial % 2 == 0)
			(void)json_object_set_new(data, "costTime",
			    json_integer(completed - created));
	}
	if (s == S_FAILED || s == S_CANCELLED)
		failure_render(t, data);
	if (s != S_QUEUED && s != S_PROCESSING)
		(void)json_object_set_new(data, "completeTime",
		    json_integer(completed));
	return json_pack("{s:i, s:s, s:o}", "code", 200, "message", "success",
	    "data", data);
}

static json_t *
apixo_poll(const struct task *t)
{
	return apixo_render(t, false);
}

/* What is wrong with a request, or NULL. */
static const char *
request_wrong(json_t *obj)
{
	const char	*type = json_string_value(json_object_get(obj,
			    "request_type"));

	if (obj == NULL)
		return "the body is not JSON";
	if (!json_is_object(json_object_get(obj, "input")))
		return "Missing required field: input";
	if (type != NULL && strcmp(type, "async") != 0 &&
	    strcmp(type, "callback") != 0)
		return "Invalid field: request_type";
	if (type != NULL && strcmp(type, "callback") == 0 &&
	    !json_is_string(json_object_get(obj, "callback_url")))
		return "Missing required field: callback_url";
	return NULL;
}

/* A URL that comes with request_type async is not used. */
static char *
hook_take(json_t *obj)
{
	const char	*type = json_string_value(json_object_get(obj,
			    "request_type"));

	if (type == NULL || strcmp(type, "callback") != 0)
		return NULL;
	return strdup(json_string_value(json_object_get(obj,
	    "callback_url")));
}

static void
apixo_submit(const struct call *c, struct reply *r, const char *model)
{
	json_t		*obj = call_json(c);
	const char	*wrong = request_wrong(obj);
	struct task	*t = NULL;

	if (wrong != NULL)
		apixo_refuse(r, R_BAD_REQUEST, wrong);
	else if ((t = task_new(&apixo, model)) == NULL)
		apixo_refuse(r, R_MEMORY, "out of memory");
	else if (!task_choose(t, obj)) {
		apixo_refuse(r, R_BAD_REQUEST, "Invalid field: num_outputs");
		task_free(t);
	} else {
		t->hook = hook_take(obj);
		provider_submit(c, t);
		reply_json(r, 200, json_pack("{s:i, s:s, s:{s:s}}", "code",
		    200, "message", "success", "data", "taskId", t->id));
	}
	json_decref(obj);
}

static void
apixo_route(const struct call *c, struct reply *r)
{
	const char	*model;

	if (path_below(c->path, "api/v1/generateTask/", &model) &&
	    *model != '\0' && strcmp(c->method, "POST") == 0)
		apixo_submit(c, r, model);
	else if (path_below(c->path, "api/v1/statusTask/", &model) &&
	    strcmp(c->method, "GET") == 0)
		provider_poll(&apixo, call_query(c, "taskId"), model, r,
		    apixo_poll);
	else
		apixo_refuse(r, R_NOT_FOUND, "no such endpoint");
}

static bool
status_200(long status)
{
	return status == 200;
}

static bool
status_not_200(long status)
{
	return status != 200;
}

const struct provider	 apixo = {
	.name = "apixo",
	.index = APIXO,
	.timeout_ms = 30000,
	.retries = 3,
	.retry_ms = { 30000, 120000, 600000 },
	.link_seconds = 86400,
	.link_gone = 403,
	.knows_cancelled = false,
	.make_id = provider_id_hex,
	.route = apixo_route,
	.refuse = apixo_refuse,
	.render = apixo_render,
	.accepts = status_200,
	.insists = status_not_200,
};
