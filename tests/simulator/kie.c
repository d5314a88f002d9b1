/* Kie.ai: tasks of the market, of Suno and of Veo, by the pages of
 * docs.kie.ai. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "files.h"
#include "provider.h"

/* All are HTTP 200, with a code of their own. */
static const int	 refusals[] = {
	[R_BAD_REQUEST] = 422, [R_NO_KEY] = 401, [R_WRONG_KEY] = 401,
	[R_NOT_FOUND] = 422, [R_BUSY] = 429, [R_MEMORY] = 500,
};

static void
kie_refuse(struct reply *r, enum refusal why, const char *text)
{
	reply_json(r, 200, json_pack("{s:i, s:s, s:n}", "code", refusals[why],
	    "msg", text, "data"));
}

enum family { MARKET, SUNO, VEO };

static enum family
family_of(const struct task *t)
{
	if (strncmp(t->model, "suno", 4) == 0)
		return SUNO;
	return strncmp(t->model, "veo", 3) == 0 ? VEO : MARKET;
}

static json_t *
links_render(const struct task *t)
{
	json_t	*list = json_array();
	char	 url[LINK_MAX];

	for (int i = 0; i < t->outputs; i++) {
		files_link(t, i, url, sizeof(url));
		(void)json_array_append_new(list, json_string(url));
	}
	return list;
}

static json_t *
pack(int code, const char *msg, json_t *data)
{
	return json_pack("{s:i, s:s, s:o}", "code", code, "msg", msg, "data",
	    data);
}

/* ---- the market --------------------------------------------------------- */

static const char *const states[] = {
	[S_QUEUED] = "queuing",
	[S_PROCESSING] = "generating",
	[S_SUCCEEDED] = "success",
	[S_FAILED] = "fail",
	[S_CANCELLED] = "fail",
};

/* "resultJson" is JSON within JSON, and "param" the request with links that are
 * no outputs and our address. */
static json_t *
market_render(const struct task *t, bool callback)
{
	enum state	 s = task_state(t);
	bool		 failed = s == S_FAILED || s == S_CANCELLED;
	json_t		*result = json_pack("{s:o}", "resultUrls",
			    links_render(t));
	json_t		*param = json_pack("{s:s, s:s, s:{s:s}}",
			    "model", t->model, "callBackUrl",
			    t->hook != NULL ? t->hook : "", "input",
			    "image_url", "https://assets.example/mine.png");
	char		*result_text = json_dumps(result, JSON_COMPACT);
	char		*param_text = json_dumps(param, JSON_COMPACT);
	json_t		*data;

	data = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:I, s:I}",
	    "taskId", t->id, "model", t->model, "state", states[s], "param",
	    param_text, "resultJson", s == S_SUCCEEDED ? result_text : "",
	    "failCode", failed ? json_string("501") : json_null(),
	    "failMsg", failed ? json_string("this prompt was not allowed") :
	    json_null(), "createTime", (json_int_t)(t->created_us / 1000),
	    "completeTime", s >= S_SUCCEEDED ?
	    (json_int_t)(t->finished_us / 1000) : (json_int_t)0);
	free(result_text);
	free(param_text);
	json_decref(result);
	json_decref(param);
	return pack(callback && failed ? 501 : 200, callback && failed ?
	    "this prompt was not allowed" : "success", data);
}

/* ---- Suno --------------------------------------------------------------- */

/* The stream of a song is no file, and has ended by now. */
static json_t *
songs_render(const struct task *t, const char *audio, const char *stream)
{
	json_t	*list = json_array();
	char	 url[LINK_MAX];

	for (int i = 0; i < t->outputs; i++) {
		files_link(t, i, url, sizeof(url));
		(void)json_array_append_new(list, json_pack(
		    "{s:s, s:s, s:s, s:s, s:s, s:f}", "id", t->id, audio, url,
		    stream, "https://stream.example/gone", "prompt",
		    "a lighthouse", "title", "Light", "duration", 1.5));
	}
	return list;
}

static json_t *
suno_callback(const struct task *t)
{
	if (task_state(t) == S_SUCCEEDED)
		return pack(200, "All generated successfully.",
		    json_pack("{s:s, s:s, s:o}", "callbackType", "complete",
		    "task_id", t->id, "data", songs_render(t, "audio_url",
		    "stream_audio_url")));
	return pack(400, "this prompt was not allowed", json_pack(
	    "{s:s, s:s, s:n}", "callbackType", "error", "task_id", t->id,
	    "data"));
}

static json_t *
suno_poll(const struct task *t)
{
	static const char *const	 words[] = {
		[S_QUEUED] = "PENDING", [S_PROCESSING] = "TEXT_SUCCESS",
		[S_SUCCEEDED] = "SUCCESS",
		[S_FAILED] = "GENERATE_AUDIO_FAILED",
		[S_CANCELLED] = "SENSITIVE_WORD_ERROR",
	};
	enum state	 s = task_state(t);

	return pack(200, "success", json_pack(
	    "{s:s, s:s, s:s, s:o, s:s, s:o, s:o}", "taskId", t->id, "param",
	    "{\"prompt\":\"a lighthouse\"}", "status", words[s], "response",
	    s == S_SUCCEEDED ? json_pack("{s:s, s:o}", "taskId", t->id,
	    "sunoData", songs_render(t, "audioUrl", "streamAudioUrl")) :
	    json_null(), "type", "GENERATE", "errorCode",
	    s > S_SUCCEEDED ? json_integer(400) : json_null(),
	    "errorMessage", s > S_SUCCEEDED ?
	    json_string("this prompt was not allowed") : json_null()));
}

/* ---- Veo ---------------------------------------------------------------- */

static json_t *
veo_callback(const struct task *t)
{
	if (task_state(t) != S_SUCCEEDED)
		return pack(501, "this prompt was not allowed", json_pack(
		    "{s:s, s:b}", "taskId", t->id, "fallbackFlag", false));
	return pack(200, "Veo3 video generated successfully.", json_pack(
	    "{s:s, s:s, s:{s:o, s:s}, s:b}", "taskId", t->id, "promptJson",
	    "{\"imageUrls\":[\"https://assets.example/mine.png\"]}", "info",
	    "resultUrls", links_render(t), "resolution", "1080p",
	    "fallbackFlag", false));
}

static json_t *
veo_poll(const struct task *t)
{
	static const int	 flags[] = {
		[S_QUEUED] = 0, [S_PROCESSING] = 0, [S_SUCCEEDED] = 1,
		[S_FAILED] = 2, [S_CANCELLED] = 3,
	};
	enum state	 s = task_state(t);

	return pack(200, "success", json_pack(
	    "{s:s, s:s, s:i, s:o, s:i, s:s}", "taskId", t->id, "paramJson",
	    "{\"imageUrls\":[\"https://assets.example/mine.png\"]}",
	    "successFlag", flags[s], "response", s == S_SUCCEEDED ?
	    json_pack("{s:s, s:o}", "taskId", t->id, "resultUrls",
	    links_render(t)) : json_null(), "errorCode",
	    s > S_SUCCEEDED ? 400 : 0, "errorMessage",
	    s > S_SUCCEEDED ? "this prompt was not allowed" : ""));
}

/* ---- all of it ---------------------------------------------------------- */

static json_t *
kie_render(const struct task *t, bool callback)
{
	switch (family_of(t)) {
	case SUNO:
		return callback ? suno_callback(t) : suno_poll(t);
	case VEO:
		return callback ? veo_callback(t) : veo_poll(t);
	case MARKET:
		break;
	}
	return market_render(t, callback);
}

static json_t *
kie_poll(const struct task *t)
{
	return kie_render(t, false);
}

/* The text of the secret is the key, and the body is not signed. */
static int
kie_sign(const struct task *t, int64_t seconds, const char *body, size_t len,
    char (*lines)[SIGN_LINE])
{
	char	 head[96], sum[HASH_BASE64];

	(void)body;
	(void)len;
	(void)snprintf(head, sizeof(head), "%s.%" PRId64, t->id, seconds);
	hash_hmac_text(provider_secret(KIE), head, sum);
	(void)snprintf(lines[0], SIGN_LINE, "X-Webhook-Timestamp: %" PRId64,
	    seconds);
	(void)snprintf(lines[1], SIGN_LINE, "X-Webhook-Signature: %s", sum);
	return 2;
}

static void
kie_submit(const struct call *c, struct reply *r, const char *model)
{
	json_t		*obj = call_json(c);
	const char	*hook = json_string_value(json_object_get(obj,
			    "callBackUrl"));
	struct task	*t = NULL;

	if (json_is_string(json_object_get(obj, "model")))
		model = json_string_value(json_object_get(obj, "model"));
	if (model == NULL)
		kie_refuse(r, R_BAD_REQUEST, "The model cannot be empty");
	else if ((t = task_new(&kie, model)) == NULL)
		kie_refuse(r, R_MEMORY, "out of memory");
	else if (!task_choose(t, obj)) {
		kie_refuse(r, R_BAD_REQUEST, "num_outputs out of range");
		task_free(t);
	} else {
		if (family_of(t) == VEO)
			t->kind = MEDIA_MP4;
		t->hook = hook == NULL ? NULL : strdup(hook);
		provider_submit(c, t);
		reply_json(r, 200, pack(200, "success", json_pack("{s:s}",
		    "taskId", t->id)));
	}
	json_decref(obj);
}

static const struct {
	const char	*submit, *poll, *model;
} paths[] = {
	[MARKET] = { "api/v1/jobs/createTask", "api/v1/jobs/recordInfo",
	    NULL },
	[SUNO] = { "api/v1/generate", "api/v1/generate/record-info", "suno" },
	[VEO] = { "api/v1/veo/generate", "api/v1/veo/record-info", "veo3" },
};

/* A family's address knows no other family's tasks. */
static bool
is_of(const char *id, enum family f)
{
	const struct task	*t;
	bool			 fits;

	tasks_lock();
	t = id != NULL ? tasks_find(&kie, id) : NULL;
	fits = t == NULL || family_of(t) == f;
	tasks_unlock();
	return fits;
}

static void
kie_route(const struct call *c, struct reply *r)
{
	const char	*id = call_query(c, "taskId");

	for (enum family f = MARKET; f <= VEO; f++) {
		if (strcmp(c->method, "POST") == 0 &&
		    strcmp(c->path, paths[f].submit) == 0) {
			kie_submit(c, r, paths[f].model);
			return;
		}
		if (strcmp(c->method, "GET") == 0 &&
		    strcmp(c->path, paths[f].poll) == 0) {
			provider_poll(&kie, is_of(id, f) ? id : "", NULL, r,
			    kie_poll);
			return;
		}
	}
	reply_json(r, 404, pack(404, "Not Found", json_null()));
}

const struct provider	 kie = {
	.name = "kie",
	.index = KIE,
	.timeout_ms = 15000,
	.retries = 3,
	.retry_ms = { 5000, 10000, 20000 },
	.link_seconds = 86400,
	.link_gone = 404,
	.knows_cancelled = false,
	.make_id = provider_id_hex,
	.route = kie_route,
	.refuse = kie_refuse,
	.render = kie_render,
	.accepts = status_2xx,
	.insists = status_not_2xx,
	.sign = kie_sign,
};
