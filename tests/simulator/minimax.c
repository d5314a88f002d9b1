/* MiniMax: videos by two questions, by the pages of platform.minimax.io. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "files.h"
#include "provider.h"

#define CHALLENGE	"challenge-5f2c"
#define CHALLENGE_MS	3000L

/* Errors are HTTP 200, with a number of their own. */
static const struct {
	unsigned	 http;
	int		 code;
} refusals[] = {
	[R_BAD_REQUEST] = { 200, 2013 }, [R_NO_KEY] = { 200, 1004 },
	[R_WRONG_KEY] = { 200, 2049 }, [R_NOT_FOUND] = { 404, 2013 },
	[R_BUSY] = { 200, 1002 }, [R_MEMORY] = { 200, 1013 },
};

static json_t *
base_resp(int code, const char *text)
{
	return json_pack("{s:i, s:s}", "status_code", code, "status_msg",
	    text);
}

static void
minimax_refuse(struct reply *r, enum refusal why, const char *text)
{
	reply_json(r, refusals[why].http, json_pack("{s:s, s:o}", "task_id",
	    "", "base_resp", base_resp(refusals[why].code, text)));
}

/* 15 digits. */
static void
minimax_id(char *buf, size_t size)
{
	char	 hex[33];

	provider_id_hex(hex, sizeof(hex));
	hex[12] = '\0';
	(void)snprintf(buf, size, "1%014llu", strtoull(hex, NULL, 16) %
	    100000000000000ULL);
}

/* The words of a poll begin with a capital; a callback's do not.  A file's
 * number is the task's and one digit: a number in one task, text in another. */
static json_t *
minimax_render(const struct task *t, bool callback)
{
	static const char *const words[][2] = {
		[S_QUEUED] = { "Queueing", "processing" },
		[S_PROCESSING] = { "Processing", "processing" },
		[S_SUCCEEDED] = { "Success", "success" },
		[S_FAILED] = { "Fail", "failed" },
		[S_CANCELLED] = { "Fail", "failed" },
	};
	enum state	 s = task_state(t);
	char		 file[64];
	bool		 bad = s == S_FAILED || s == S_CANCELLED;
	json_t		*obj = json_pack("{s:s, s:s, s:s, s:o}", "task_id",
			    t->id, "status", words[s][callback], "file_id",
			    "", "base_resp", base_resp(bad ? 1026 : 0, bad ?
			    "video description involves sensitive content" :
			    "success"));

	(void)snprintf(file, sizeof(file), "%s7", t->id);
	if (s == S_SUCCEEDED)
		(void)json_object_set_new(obj, "file_id", t->serial % 2 == 0 ?
		    json_string(file) :
		    json_integer((json_int_t)strtoll(file, NULL, 10)));
	return obj;
}

static json_t *
minimax_poll(const struct task *t)
{
	return minimax_render(t, false);
}

static json_t *
minimax_file(const struct task *t)
{
	char	 url[LINK_MAX];

	files_link(t, 0, url, sizeof(url));
	return json_pack("{s:{s:I, s:I, s:I, s:s, s:s, s:s}, s:o}", "file",
	    "file_id", (json_int_t)strtoll(t->id, NULL, 10) * 10 + 7, "bytes",
	    (json_int_t)t->output[0].bytes, "created_at",
	    (json_int_t)(t->finished_us / 1000000), "filename", "output.mp4",
	    "purpose", "video_generation", "download_url", url, "base_resp",
	    base_resp(0, "success"));
}

struct answer {
	char	 text[256];
	size_t	 len;
};

static enum link_style
minimax_style(const struct task *t)
{
	(void)t;
	return LINK_AWS;
}

static size_t
answer_take(char *data, size_t one, size_t len, void *arg)
{
	struct answer	*a = arg;

	(void)one;
	if (a->len + len < sizeof(a->text)) {
		memcpy(a->text + a->len, data, len);
		a->len += len;
	}
	return len;
}

/* Is the address of the callback that of somebody who knows of it? */
static bool
minimax_challenge(const char *hook)
{
	struct answer		 answer = { .len = 0 };
	struct curl_slist	*headers = curl_slist_append(NULL,
				    "Content-Type: application/json");
	CURL			*c = curl_easy_init();
	json_t			*obj;
	const char		*word;
	bool			 ok = false;

	(void)curl_easy_setopt(c, CURLOPT_URL, hook);
	(void)curl_easy_setopt(c, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, CHALLENGE_MS);
	(void)curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	(void)curl_easy_setopt(c, CURLOPT_POSTFIELDS,
	    "{\"challenge\":\"" CHALLENGE "\"}");
	(void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, answer_take);
	(void)curl_easy_setopt(c, CURLOPT_WRITEDATA, &answer);
	if (curl_easy_perform(c) == CURLE_OK &&
	    (obj = json_loadb(answer.text, answer.len, 0, NULL)) != NULL) {
		word = json_string_value(json_object_get(obj, "challenge"));
		ok = word != NULL && strcmp(word, CHALLENGE) == 0;
		json_decref(obj);
	}
	curl_easy_cleanup(c);
	curl_slist_free_all(headers);
	return ok;
}

static void
minimax_submit(const struct call *c, struct reply *r)
{
	json_t		*obj = call_json(c);
	const char	*hook = json_string_value(json_object_get(obj,
			    "callback_url"));
	const char	*model = json_string_value(json_object_get(obj,
			    "model"));
	struct task	*t = NULL;

	if (model == NULL)
		minimax_refuse(r, R_BAD_REQUEST, "invalid params, model");
	else if (hook != NULL && !minimax_challenge(hook))
		minimax_refuse(r, R_BAD_REQUEST,
		    "invalid params, fail to check callback url");
	else if ((t = task_new(&minimax, model)) == NULL)
		minimax_refuse(r, R_MEMORY, "out of memory");
	else {
		t->kind = MEDIA_MP4;
		t->outputs = 1;
		t->hook = hook == NULL ? NULL : strdup(hook);
		provider_submit(c, t);
		reply_json(r, 200, json_pack("{s:s, s:o}", "task_id", t->id,
		    "base_resp", base_resp(0, "success")));
	}
	json_decref(obj);
}

static void
minimax_route(const struct call *c, struct reply *r)
{
	const char	*file = call_query(c, "file_id");
	char		 id[48] = "";
	bool		 get = strcmp(c->method, "GET") == 0;

	if (get && strcmp(c->path, "v1/query/video_generation") == 0)
		provider_poll(&minimax, call_query(c, "task_id"), NULL, r,
		    minimax_poll);
	else if (get && strcmp(c->path, "v1/files/retrieve") == 0 &&
	    file != NULL && strlen(file) > 1) {
		(void)snprintf(id, sizeof(id), "%.*s", (int)strlen(file) - 1,
		    file);
		provider_poll(&minimax, id, NULL, r, minimax_file);
	} else if (!get && strcmp(c->path, "v1/video_generation") == 0)
		minimax_submit(c, r);
	else
		minimax_refuse(r, R_NOT_FOUND, "Not Found");
}

const struct provider	 minimax = {
	.name = "minimax",
	.index = MINIMAX,
	.timeout_ms = 3000,
	.retries = 3,
	.retry_ms = { 1000, 2000, 4000 },
	.link_seconds = 32400,
	.link_gone = 403,
	.knows_cancelled = false,
	.make_id = minimax_id,
	.route = minimax_route,
	.refuse = minimax_refuse,
	.render = minimax_render,
	.accepts = status_2xx,
	.insists = status_not_2xx,
	.style = minimax_style,
};
