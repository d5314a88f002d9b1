/*
 * MiniMax (Hailuo).  An answer and a callback name a file by its number; where
 * the file is, a second question tells.  Callbacks are not signed, and each
 * submit first asks whether their address is ours.
 * https://platform.minimax.io/docs/api-reference/video-generation-t2v
 * https://platform.minimax.io/docs/api-reference/video-generation-query
 * https://platform.minimax.io/docs/api-reference/file-management-retrieve
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "handlers/parse.h"

#define LIFETIME_S	32400		/* of the link in a file's answer */
#define FILE_ID_MAX	32		/* bytes with the NUL */

/*
 * Errors are HTTP 200 with a number of their own.  Others than these say no to
 * the request: 2013 its parameters, 1026 and 1027 its content.
 */
static const struct {
	int64_t			 code;
	int			 status;	/* of HTTP, that says the same */
} minimax_codes[] = {
	{ 1000, 500 },		/* unknown error: nobody can say */
	{ 1001, 504 },		/* a timeout of theirs */
	{ 1002, 429 },		/* too many requests */
	{ 1004, 401 },		/* the key */
	{ 1008, 402 },		/* the balance */
	{ 1013, 500 },		/* an internal error */
	{ 1024, 500 },
	{ 1033, 500 },		/* what is behind it */
	{ 1039, 429 },		/* too many tokens */
	{ 2049, 401 },		/* the key */
};

/* {"challenge":"..."} is answered with the same. */
static bool
minimax_handshake(struct json_object *doc, struct buf *answer)
{
	char	*text;

	if (json_string_at(doc, "challenge") == NULL ||
	    json_members(doc) != 1 || (text = json_print(doc)) == NULL)
		return false;
	buf_text(answer, text);
	free(text);
	return buf_ok(answer);
}

/* A file's number is text in one page and a number in another; "" and 0 are
 * none. */
static bool
minimax_file_id(struct json_object *doc, char *buf, size_t size)
{
	const char	*text = json_string_at(doc, "file_id");
	int64_t		 number;

	if (text != NULL)
		(void)snprintf(buf, size, "%s", text);
	else if (json_int_at(doc, "file_id", &number))
		(void)snprintf(buf, size, "%" PRId64, number);
	else
		return false;
	return *buf != '\0' && strcmp(buf, "0") != 0 &&
	    strspn(buf, "0123456789") == strlen(buf);
}

/* The task ended well, and its file is asked for next. */
static bool
minimax_poll_next(struct buf *url, const char *api_base, const char *asked,
    struct json_object *doc)
{
	struct result	scratch = { .state = TASK_PENDING };
	struct errbuf	unused;
	char		file_id[FILE_ID_MAX];
	bool		ended;

	(void)asked;
	ended = parse_task(&scratch, doc, "task_id", "status", &unused) ==
	    PARSE_FINAL && scratch.state == TASK_SUCCEEDED;
	result_free(&scratch);
	if (!ended || !minimax_file_id(doc, file_id, sizeof(file_id)))
		return false;
	url_append_base(url, api_base);
	buf_printf(url, "/v1/files/retrieve?file_id=%s", file_id);
	return buf_ok(url);
}

/* The links of a file's answer; or of the video agent's, which has them at
 * once. */
static enum parse_verdict
minimax_outputs(struct result *r, struct json_object *doc,
    const struct parse_context *ctx, struct errbuf *err)
{
	static const char *const	members[] = { "file", "video_url", NULL };
	struct link_facts		facts = {
		.lifetime_s = LIFETIME_S, .lifetime_from = ctx->received_at,
	};
	struct parse_end		end = { doc, members, NULL, &facts,
					    false, { { NULL }, 0 } };

	return parse_end(r, true, &end, err);
}

static enum parse_verdict
minimax_success(struct result *r, struct json_object *task,
    struct json_object *file, const struct parse_context *ctx,
    struct errbuf *err)
{
	char	file_id[FILE_ID_MAX];

	if (json_string_at(file, "file.download_url") != NULL)
		return minimax_outputs(r, file, ctx, err);
	if (file != NULL) {
		errbuf_set(err, "the file's answer has no link");
		return PARSE_UNKNOWN;
	}
	if (json_string_at(task, "video_url") != NULL)
		return minimax_outputs(r, task, ctx, err);
	if (!minimax_file_id(task, file_id, sizeof(file_id))) {
		errbuf_set(err, "it ended, and names no file");
		return PARSE_UNKNOWN;
	}
	errbuf_set(err, "it ended, and file %s is to be asked for", file_id);
	r->state = TASK_PENDING;
	return PARSE_HINT;
}

/* Its number and words; a 0 says that the answer, not the task, is well. */
static enum parse_verdict
minimax_failure(struct result *r, struct json_object *task)
{
	int64_t	code;

	if (json_int_at(task, "base_resp.status_code", &code) && code != 0) {
		parse_text(&r->error_code, task, "base_resp.status_code");
		parse_text(&r->error_message, task, "base_resp.status_msg");
	}
	parse_error(r, &task, 1);
	return PARSE_FINAL;
}

/* A task, or a list of a task and its file. */
static enum parse_verdict
minimax_parse(struct json_object *doc, const struct parse_context *ctx,
    struct result *r, struct errbuf *err)
{
	bool			 both = json_is_array(doc) &&
				    json_length(doc) == 2;
	struct json_object	*task = both ? json_item(doc, 0) : doc;
	struct json_object	*file = both ? json_item(doc, 1) : NULL;
	enum parse_verdict	 verdict;

	verdict = parse_task(r, task, "task_id", "status", err);
	if (verdict != PARSE_FINAL)
		return verdict;
	return r->state == TASK_SUCCEEDED ? minimax_success(r, task, file, ctx,
	    err) : minimax_failure(r, task);
}

static bool
minimax_poll_url(struct buf *url, const char *api_base, const char *task_id,
    const char *model, struct errbuf *err)
{
	(void)model;
	return url_for_task(url, api_base,
	    "/v1/query/video_generation?task_id=", task_id, "", err);
}

static int
minimax_answer_status(int http, struct json_object *doc)
{
	int64_t	code;
	size_t	i;

	/* A task that failed has its number there as well. */
	if (http / 100 != 2 || json_has(doc, "status") ||
	    !json_int_at(doc, "base_resp.status_code", &code) || code == 0)
		return http;
	for (i = 0; i < sizeof(minimax_codes) / sizeof(minimax_codes[0]); i++)
		if (minimax_codes[i].code == code)
			return minimax_codes[i].status;
	return 400;
}

static bool
minimax_submit_path(struct buf *url, const char *model)
{
	(void)model;
	buf_text(url, "/v1/video_generation");
	return buf_ok(url);
}

static bool
minimax_submit_fill(struct json_object *request, const struct submission *s,
    struct errbuf *err)
{
	if (s->path == NULL && !json_has(request, "model") &&
	    !json_put_text(request, "model", s->model))
		return errbuf_no_memory(err);
	if (s->hook != NULL && !json_put_text(request, "callback_url",
	    s->hook))
		return errbuf_no_memory(err);
	return true;
}

static const char *const minimax_task_id_paths[] = { "task_id", NULL };

const struct provider minimax_provider = {
	.name		 = "minimax",
	.api_base	 = "https://api.minimax.io",
	.handshake	 = minimax_handshake,
	.parse		 = minimax_parse,
	.poll_url	 = minimax_poll_url,
	.poll_next	 = minimax_poll_next,
	.answer_status	 = minimax_answer_status,
	.poll_classify	 = poll_classify_common,
	.submit_path	 = minimax_submit_path,
	.submit_fill	 = minimax_submit_fill,
	.task_id_paths	 = minimax_task_id_paths,
};
