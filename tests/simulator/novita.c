/* Novita AI: v3 asynchronous API, as documented at novita.ai/docs. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "files.h"
#include "provider.h"

/* A UUID of version 4. */
static void
novita_id(char *buf, size_t size)
{
	uint64_t	 a = dice_bits(), b = dice_bits();

	(void)snprintf(buf, size, "%08" PRIx64 "-%04" PRIx64 "-4%03" PRIx64
	    "-%04" PRIx64 "-%012" PRIx64, a >> 32, a >> 16 & 0xffff,
	    a & 0xfff, (b >> 48 & 0x3fff) | 0x8000, b & 0xffffffffffff);
}

static const struct {
	int		 code;
	const char	*reason;
} reasons[] = {
	[R_BAD_REQUEST] = { 400, "INVALID_REQUEST_BODY" },
	[R_NO_KEY] = { 401, "FAILED_TO_AUTH" },
	[R_WRONG_KEY] = { 403, "INVALID_API_KEY" },
	[R_NOT_FOUND] = { 404, "TASK_NOT_FOUND" },
	[R_BUSY] = { 429, "RATE_LIMIT_EXCEEDED" },
	[R_MEMORY] = { 503, "SERVICE_NOT_AVAILABLE" },
};

static void
novita_refuse(struct reply *r, enum refusal why, const char *text)
{
	reply_json(r, (unsigned)reasons[why].code,
	    json_pack("{s:i, s:s, s:s, s:{}}", "code", reasons[why].code,
	    "reason", reasons[why].reason, "message", text, "metadata"));
}

/* A third of the tasks each: ttl as string, ttl as number, ttl "0". */
enum { TTL_TEXT, TTL_NUMBER, TTL_ZERO, TTL__MAX };

static int
novita_ttl(const struct task *t)
{
	if (strstr(t->model, "qwen") != NULL)
		return TTL_ZERO;
	return (int)(t->serial % TTL__MAX);
}

/* qwen-image links are public; other links without a ttl are Tencent's. */
static enum link_style
novita_style(const struct task *t)
{
	if (strstr(t->model, "qwen") != NULL)
		return LINK_PLAIN;
	return novita_ttl(t) == TTL_ZERO ? LINK_TENCENT : LINK_AWS;
}

static json_t *
ttl_render(const struct task *t)
{
	long	 seconds = provider_link_seconds(t->provider);
	char	 text[24];

	if (novita_ttl(t) == TTL_NUMBER)
		return json_integer(seconds);
	if (novita_ttl(t) == TTL_ZERO)
		seconds = 0;
	(void)snprintf(text, sizeof(text), "%ld", seconds);
	return json_string(text);
}

static json_t *
nsfw_render(const struct task *t)
{
	switch (t->serial % 3) {
	case 0:
		return json_null();
	case 1:
		return json_object();
	default:
		return json_pack("{s:b, s:i}", "valid", false, "confidence",
		    0);
	}
}

/* One entry of images[], videos[] or audios[]; stem is the singular. */
static json_t *
media_render(const struct task *t, int position, const char *stem)
{
	json_t	*obj = json_object();
	char	 name[32], url[LINK_MAX];

	files_link(t, position, url, sizeof(url));
	(void)snprintf(name, sizeof(name), "%s_url", stem);
	(void)json_object_set_new(obj, name, json_string(url));
	(void)snprintf(name, sizeof(name), "%s_url_ttl", stem);
	(void)json_object_set_new(obj, name, ttl_render(t));
	(void)snprintf(name, sizeof(name), "%s_type", stem);
	(void)json_object_set_new(obj, name,
	    json_string(media_extension(t->kind)));
	if (strcmp(stem, "audio") != 0)
		(void)json_object_set_new(obj, "nsfw_detection_result",
		    nsfw_render(t));
	else
		(void)json_object_set_new(obj, "audio_metadata",
		    json_pack("{s:s, s:f, s:f}", "text", "", "start_time",
		    0.0, "end_time", 1.2));
	return obj;
}

/* An object removed from a picture comes as a PNG among the videos. */
static const char *
stem_of(const struct task *t)
{
	if (t->kind == MEDIA_MP4 || strstr(t->model, "replace-object") != NULL)
		return "video";
	return t->kind == MEDIA_MP3 || t->kind == MEDIA_WAV ? "audio" :
	    "image";
}

static void
arrays_render(const struct task *t, json_t *to)
{
	static const char *const stems[] = { "image", "video", "audio" };
	char	 name[16];
	json_t	*list;

	for (int i = 0; i < 3; i++) {
		list = json_array();
		if (t->state == S_SUCCEEDED &&
		    strcmp(stems[i], stem_of(t)) == 0)
			for (int k = 0; k < t->outputs; k++)
				(void)json_array_append_new(list,
				    media_render(t, k, stems[i]));
		(void)snprintf(name, sizeof(name), "%ss", stems[i]);
		/* Some models leave empty arrays out. */
		if (json_array_size(list) > 0 || t->serial % 4 != 3)
			(void)json_object_set(to, name, list);
		json_decref(list);
	}
}

static json_t *
debug_render(const struct task *t)
{
	char	 submit[24], complete[24] = "";

	(void)snprintf(submit, sizeof(submit), "%" PRId64,
	    t->created_us / 1000);
	if (t->state != S_QUEUED && t->serial % 2 == 1)
		(void)snprintf(complete, sizeof(complete), "%" PRId64,
		    t->finished_us / 1000);
	return json_pack("{s:s, s:s, s:s, s:s}", "request_info",
	    t->request == NULL ? "" : t->request, "submit_time_ms", submit,
	    "execute_time_ms", "", "complete_time_ms", complete);
}

static json_t *
extra_render(const struct task *t)
{
	json_t	*extra = json_pack("{s:s, s:b, s:[], s:o}", "seed",
		    "158881667", "enable_nsfw_detection", false,
		    "has_nsfw_contents", "debug_info", debug_render(t));

	if (t->hook != NULL)
		(void)json_object_set_new(extra, "webhook",
		    json_pack("{s:s}", "url", t->hook));
	if (t->test)
		(void)json_object_set_new(json_object_get(extra, "webhook"),
		    "test_mode", json_pack("{s:b, s:s}", "enabled", true,
		    "return_task_status", t->test_status));
	return extra;
}

static const char *const states[] = {
	[S_QUEUED] = "TASK_STATUS_QUEUED",
	[S_PROCESSING] = "TASK_STATUS_PROCESSING",
	[S_SUCCEEDED] = "TASK_STATUS_SUCCEED",
	[S_FAILED] = "TASK_STATUS_FAILED",
	[S_CANCELLED] = "TASK_STATUS_CANCELED",
};

static const char *
task_type(const struct task *t)
{
	const char	*stem = stem_of(t);

	return *stem == 'v' ? "TXT_TO_VIDEO" : *stem == 'a' ?
	    "TXT_TO_SPEECH" : "TXT_TO_IMG";
}

static json_t *
novita_render(const struct task *t, bool callback)
{
	enum state	 s = task_state(t);
	bool		 full = s == S_SUCCEEDED && t->serial % 2 == 0;
	json_t		*task, *obj;

	task = json_pack("{s:s, s:s, s:s, s:s, s:i, s:i}", "task_id", t->id,
	    "status", states[s], "reason", s == S_FAILED ?
	    "the model could not finish this request" : "", "task_type",
	    task_type(t), "eta", 0, "progress_percent", full ? 100 : 0);
	obj = json_pack("{s:o, s:o}", "extra", extra_render(t), "task", task);
	arrays_render(t, obj);
	if (!callback)
		return obj;
	return json_pack("{s:s, s:o}", "event_type", "ASYNC_TASK_RESULT",
	    "payload", obj);
}

static json_t *
novita_poll(const struct task *t)
{
	return novita_render(t, false);
}

static const char *
test_status(json_t *webhook)
{
	json_t		*mode = json_object_get(webhook, "test_mode");
	const char	*want = json_string_value(json_object_get(mode,
			    "return_task_status"));

	if (!json_is_true(json_object_get(mode, "enabled")))
		return NULL;
	for (int s = S_QUEUED; want != NULL && s <= S_FAILED; s++)
		if (strcmp(states[s], want) == 0)
			return states[s];
	return states[S_SUCCEEDED];
}

static void
webhook_take(struct task *t, json_t *obj)
{
	json_t		*hook = json_object_get(json_object_get(obj, "extra"),
			    "webhook");
	const char	*url = json_string_value(json_object_get(hook, "url"));

	if (url == NULL)
		return;
	t->hook = strdup(url);
	t->test_status = test_status(hook);
	t->test = t->test_status != NULL;
}

static void
novita_submit(const struct call *c, struct reply *r, const char *model)
{
	json_t		*obj = call_json(c);
	struct task	*t = NULL;

	if (obj == NULL)
		novita_refuse(r, R_BAD_REQUEST, "the body is not JSON");
	else if ((t = task_new(&novita, model)) == NULL)
		novita_refuse(r, R_MEMORY, "out of memory");
	else if (!task_choose(t, obj)) {
		novita_refuse(r, R_BAD_REQUEST, "image_num is out of range");
		task_free(t);
	} else {
		webhook_take(t, obj);
		t->request = json_dumps(obj, JSON_COMPACT);
		provider_submit(c, t);
		reply_json(r, 200, json_pack("{s:s}", "task_id", t->id));
	}
	json_decref(obj);
}

static void
novita_route(const struct call *c, struct reply *r)
{
	const char	*model;

	if (strcmp(c->path, "v3/async/task-result") == 0 &&
	    strcmp(c->method, "GET") == 0)
		provider_poll(&novita, call_query(c, "task_id"), NULL, r,
		    novita_poll);
	else if (path_below(c->path, "v3/async/", &model) && *model != '\0' &&
	    strchr(model, '/') == NULL && strcmp(c->method, "POST") == 0)
		novita_submit(c, r, model);
	else
		novita_refuse(r, R_NOT_FOUND, "no such endpoint");
}

const struct provider	 novita = {
	.name = "novita",
	.index = NOVITA,
	.timeout_ms = 5000,
	.retries = 5,
	.retry_ms = { 1000, 2000, 4000, 8000, 16000 },
	.link_seconds = 3600,
	.link_gone = 403,
	.knows_cancelled = true,
	.tells_cancelled = true,
	.make_id = novita_id,
	.route = novita_route,
	.refuse = novita_refuse,
	.render = novita_render,
	.accepts = status_2xx,
	.insists = status_not_2xx,
	.style = novita_style,
};
