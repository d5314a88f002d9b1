/* Runway: tasks that call nobody back, by the pages of docs.dev.runwayml.com. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "files.h"
#include "provider.h"

static const int	 refusals[] = {
	[R_BAD_REQUEST] = 400, [R_NO_KEY] = 401, [R_WRONG_KEY] = 401,
	[R_NOT_FOUND] = 404, [R_BUSY] = 429, [R_MEMORY] = 503,
};

static void
runway_refuse(struct reply *r, enum refusal why, const char *text)
{
	reply_json(r, (unsigned)refusals[why], json_pack("{s:s}", "error",
	    text));
}

static json_t *
runway_render(const struct task *t, bool callback)
{
	static const char *const states[] = {
		[S_QUEUED] = "PENDING", [S_PROCESSING] = "RUNNING",
		[S_SUCCEEDED] = "SUCCEEDED", [S_FAILED] = "FAILED",
		[S_CANCELLED] = "CANCELLED",
	};
	enum state	 s = task_state(t);
	char		 created[40], url[LINK_MAX];
	json_t		*obj, *list = json_array();

	(void)callback;
	clock_utc(t->created_us, "%Y-%m-%dT%H:%M:%S.000Z", created,
	    sizeof(created));
	obj = json_pack("{s:s, s:s, s:s}", "id", t->id, "status",
	    s == S_QUEUED && t->serial % 2 == 1 ? "THROTTLED" : states[s],
	    "createdAt", created);
	for (int i = 0; s == S_SUCCEEDED && i < t->outputs; i++) {
		files_link(t, i, url, sizeof(url));
		(void)json_array_append_new(list, json_string(url));
	}
	if (s == S_SUCCEEDED)
		(void)json_object_set(obj, "output", list);
	json_decref(list);
	if (s == S_PROCESSING)
		(void)json_object_set_new(obj, "progress", json_real(0.5));
	if (s == S_FAILED)
		(void)json_object_update_new(obj, json_pack("{s:s, s:s}",
		    "failure", "The prompt is not allowed.", "failureCode",
		    "SAFETY.INPUT.TEXT"));
	return obj;
}

static json_t *
runway_poll(const struct task *t)
{
	return runway_render(t, false);
}

static void
runway_submit(const struct call *c, struct reply *r)
{
	json_t		*obj = call_json(c);
	const char	*model = json_string_value(json_object_get(obj,
			    "model"));
	struct task	*t = NULL;

	if (model == NULL)
		runway_refuse(r, R_BAD_REQUEST, "model is missing");
	else if ((t = task_new(&runway, model)) == NULL)
		runway_refuse(r, R_MEMORY, "out of memory");
	else {
		t->kind = strstr(c->path, "to_image") != NULL ? MEDIA_JPEG :
		    MEDIA_MP4;
		t->outputs = 1;
		provider_submit(c, t);
		reply_json(r, 200, json_pack("{s:s}", "id", t->id));
	}
	json_decref(obj);
}

static void
runway_route(const struct call *c, struct reply *r)
{
	const char	*version = call_header(c, "X-Runway-Version"), *rest;

	if (version == NULL || strcmp(version, "2024-11-06") != 0)
		runway_refuse(r, R_BAD_REQUEST, "X-Runway-Version is missing");
	else if (strcmp(c->method, "GET") == 0 &&
	    path_below(c->path, "v1/tasks/", &rest))
		provider_poll(&runway, rest, NULL, r, runway_poll);
	else if (strcmp(c->method, "POST") == 0 &&
	    path_below(c->path, "v1/", &rest) && strstr(rest, "_to_") != NULL)
		runway_submit(c, r);
	else
		runway_refuse(r, R_NOT_FOUND, "Not Found");
}

const struct provider	 runway = {
	.name = "runway",
	.index = RUNWAY,
	.link_seconds = 86400,
	.link_gone = 401,
	.knows_cancelled = true,
	.make_id = provider_id_uuid,
	.route = runway_route,
	.refuse = runway_refuse,
	.render = runway_render,
	.accepts = status_2xx,
	.insists = status_not_2xx,
};
