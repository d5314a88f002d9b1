/* Black Forest Labs, by the pages of docs.bfl.ai and its skill's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "files.h"
#include "hash.h"
#include "provider.h"

static const int	 refusals[] = {
	[R_BAD_REQUEST] = 422, [R_NO_KEY] = 403, [R_WRONG_KEY] = 403,
	[R_NOT_FOUND] = 404, [R_BUSY] = 429, [R_MEMORY] = 503,
};

static void
bfl_refuse(struct reply *r, enum refusal why, const char *text)
{
	reply_json(r, (unsigned)refusals[why], json_pack("{s:s}", "detail",
	    text));
}

/* Every other failure is moderation; nothing can be cancelled. */
static json_t *
bfl_render(const struct task *t, bool callback)
{
	static const char *const states[] = {
		[S_QUEUED] = "Pending", [S_PROCESSING] = "Pending",
		[S_SUCCEEDED] = "Ready", [S_FAILED] = "Error",
		[S_CANCELLED] = "Error",
	};
	enum state	 s = task_state(t);
	char		 url[LINK_MAX], when[40];
	bool		 moderated = s == S_FAILED && t->serial % 2 == 1;
	json_t		*obj = json_pack("{s:s, s:s, s:n}", "id", t->id,
			    "status", moderated ? "Request Moderated" :
			    states[s], "result");

	if (s == S_SUCCEEDED) {
		files_link(t, 0, url, sizeof(url));
		(void)json_object_set_new(obj, "result", json_pack(
		    "{s:s, s:s, s:i}", "sample", url, "prompt",
		    "a lighthouse", "seed", 7));
	}
	if (s == S_FAILED && !moderated)
		(void)json_object_update_new(obj, json_pack("{s:s, s:s}",
		    "error", "generation_failed", "message",
		    "the model could not do it"));
	if (callback) {
		clock_utc(t->finished_us, "%Y-%m-%dT%H:%M:%SZ", when,
		    sizeof(when));
		(void)json_object_set_new(obj, "timestamp",
		    json_string(when));
	}
	return obj;
}

static json_t *
bfl_poll(const struct task *t)
{
	return bfl_render(t, false);
}

/* Signed with what the request gave, if it did. */
static int
bfl_sign(const struct task *t, int64_t seconds, const char *body, size_t len,
    char (*lines)[SIGN_LINE])
{
	char	 hex[HASH_HEX];

	(void)seconds;
	if (t->request == NULL)
		return 0;
	hash_hmac(t->request, "", body, len, hex);
	(void)snprintf(lines[0], SIGN_LINE, "X-BFL-Signature: sha256=%s",
	    hex);
	return 1;
}

/* Models that only one region has, and only its own address tells of. */
static bool
is_regional(const char *model)
{
	return strstr(model, "-eu") != NULL;
}

/* That there is no such task is one of its states. */
static void
bfl_result(const struct call *c, struct reply *r, bool region)
{
	const char	*id = call_query(c, "id");
	struct task	*t;
	bool		 here;

	tasks_lock();
	t = tasks_find(&bfl, id);
	here = t == NULL || is_regional(t->model) == region;
	tasks_unlock();
	if (here)
		provider_poll(&bfl, id, NULL, r, bfl_poll);
	else
		reply_json(r, 200, json_pack("{s:s, s:s, s:n}", "id", id,
		    "status", "Task not found", "result"));
}

static void
bfl_submit(const struct call *c, struct reply *r, const char *model)
{
	json_t		*obj = call_json(c);
	const char	*hook = json_string_value(json_object_get(obj,
			    "webhook_url"));
	const char	*secret = json_string_value(json_object_get(obj,
			    "webhook_secret"));
	struct task	*t = NULL;
	char		 url[256];

	if (json_string_value(json_object_get(obj, "prompt")) == NULL)
		bfl_refuse(r, R_BAD_REQUEST, "prompt: Field required");
	else if ((t = task_new(&bfl, model)) == NULL)
		bfl_refuse(r, R_MEMORY, "out of memory");
	else {
		(void)task_choose(t, obj);
		t->outputs = 1;
		t->hook = hook == NULL ? NULL : strdup(hook);
		t->request = secret == NULL ? NULL : strdup(secret);
		provider_submit(c, t);
		(void)snprintf(url, sizeof(url),
		    "%s/bfl/%sv1/get_result?id=%s", http_base(),
		    is_regional(t->model) ? "eu/" : "", t->id);
		reply_json(r, 200, json_pack("{s:s, s:s}", "id", t->id,
		    "polling_url", url));
	}
	json_decref(obj);
}

static void
bfl_route(const struct call *c, struct reply *r)
{
	const char	*rest;

	if (strcmp(c->path, "eu/v1/get_result") == 0)
		bfl_result(c, r, true);
	else if (!path_below(c->path, "v1/", &rest))
		bfl_refuse(r, R_NOT_FOUND, "Not Found");
	else if (strcmp(c->method, "POST") == 0)
		bfl_submit(c, r, rest);
	else if (strcmp(rest, "get_result") == 0)
		bfl_result(c, r, false);
	else
		bfl_refuse(r, R_NOT_FOUND, "Not Found");
}

const struct provider	 bfl = {
	.name = "bfl",
	.key_header = "x-key",
	.index = BFL,
	.timeout_ms = 30000,
	.retries = 3,
	.retry_ms = { 1000, 5000, 30000 },
	.link_seconds = 600,
	.link_gone = 403,
	.knows_cancelled = false,
	.make_id = provider_id_uuid,
	.route = bfl_route,
	.refuse = bfl_refuse,
	.render = bfl_render,
	.accepts = status_2xx,
	.insists = status_not_2xx,
	.sign = bfl_sign,
};
