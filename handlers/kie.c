/*
 * Kie.ai.  A callback and a poll answer are {"code", "msg", "data"}; which
 * member names the task, and which holds the results, depends on the family of
 * models.
 * https://docs.kie.ai/common-api/webhook-verification
 * https://docs.kie.ai/market/common/get-task-detail
 * https://docs.kie.ai/suno-api/generate-music-callbacks
 * https://docs.kie.ai/runway-api/get-aleph-video-details
 */
#include <string.h>
#include <strings.h>

#include "lib/buf.h"
#include "handlers/kie.h"
#include "handlers/parse.h"
#include "handlers/status.h"

static const char *const kie_task_id_paths[] = {
	"data.taskId", "data.task_id", "taskId", "task_id", NULL
};

/* ---- what the task came to ---------------------------------------------- */

/* Words of Kie alone, beside status.c's. */
static const struct {
	const char	*word;
	enum task_state	 state;
} kie_words[] = {
	{ "TEXT_SUCCESS",	TASK_PENDING },	/* of Suno's three steps */
	{ "FIRST_SUCCESS",	TASK_PENDING },
	{ "text",		TASK_PENDING },
	{ "first",		TASK_PENDING },
	{ "CALLBACK_EXCEPTION",	TASK_SUCCEEDED }, /* only we heard nothing */
};

/* "successFlag", where it is a number. */
static const struct {
	int64_t		 flag;
	const char	*word;
} kie_flags[] = {
	{ 0, "generating" },
	{ 1, "success" },
	{ 2, "failed" },	/* to begin */
	{ 3, "failed" },	/* on the way */
};

/* The places of a task's state, the most telling first. */
static const char *const kie_state_paths[] = {
	"data.state", "data.status", "data.successFlag", "data.callbackType",
	NULL
};

static const char *
kie_flag_word(struct json_object *doc)
{
	int64_t	flag;
	size_t	i;

	if (!json_int_at(doc, "data.successFlag", &flag))
		return NULL;
	for (i = 0; i < sizeof(kie_flags) / sizeof(kie_flags[0]); i++)
		if (kie_flags[i].flag == flag)
			return kie_flags[i].word;
	return "unknown successFlag";
}

/* The word for the state; where the callback has none, its code says it. */
static const char *
kie_word(struct json_object *doc)
{
	const char *const	*path;
	const char		*word = NULL;
	int64_t			 code;

	if (json_int_at(doc, "code", &code) && code != 200)
		return "failed";
	for (path = kie_state_paths; word == NULL && *path != NULL; path++) {
		if (strcmp(*path, "data.successFlag") == 0)
			word = kie_flag_word(doc);
		if (word == NULL)
			word = json_string_at(doc, *path);
		if (word != NULL && *word == '\0')
			word = NULL;
	}
	return word == NULL && code == 200 ? "success" : word;
}

static bool
kie_ends_as(const char *word, const char *end)
{
	size_t	len = strlen(word), n = strlen(end);

	return len >= n && strcasecmp(word + len - n, end) == 0;
}

/* GENERATE_AUDIO_FAILED, SENSITIVE_WORD_ERROR and the like are failures. */
static bool
kie_state(struct result *r, const char *word, const char **code)
{
	size_t	i;

	for (i = 0; i < sizeof(kie_words) / sizeof(kie_words[0]); i++)
		if (strcasecmp(kie_words[i].word, word) == 0) {
			r->state = kie_words[i].state;
			return true;
		}
	if (status_find(word, &r->state, code))
		return true;
	if (!kie_ends_as(word, "_FAILED") && !kie_ends_as(word, "_ERROR"))
		return false;
	r->state = TASK_FAILED;
	*code = word;
	return true;
}

static bool
kie_task_id(struct result *r, struct json_object *doc, struct errbuf *err)
{
	const char *const	*path = kie_task_id_paths;

	while (path[1] != NULL && json_string_at(doc, *path) == NULL)
		path++;
	if (json_string_at(doc, *path) == NULL)
		path = kie_task_id_paths;
	return parse_task_id(r, doc, *path, err);
}

static enum parse_verdict
kie_task(struct result *r, struct json_object *doc, struct errbuf *err)
{
	const char	*word, *code = NULL;

	if (!kie_task_id(r, doc, err))
		return PARSE_UNKNOWN;
	if ((word = kie_word(doc)) == NULL) {
		errbuf_set(err, "neither a state nor a code is there");
		return PARSE_UNKNOWN;
	}
	r->status_known = kie_state(r, word, &code);
	if (!result_set(&r->status_word, word) ||
	    !result_set(&r->error_code, code)) {
		(void)errbuf_no_memory(err);
		return PARSE_UNKNOWN;
	}
	if (r->status_known && r->state != TASK_PENDING)
		return PARSE_FINAL;
	errbuf_set(err, "%s \"%s\"",
	    r->status_known ? "status" : "unknown status", word);
	return r->status_known ? PARSE_PROGRESS : PARSE_UNKNOWN;
}

/* ---- all of it ---------------------------------------------------------- */

static void
kie_failure(struct result *r, struct json_object *doc)
{
	struct json_object	*places[] = { json_at(doc, "data"), doc };
	int64_t			 code;
	bool			 of_task;

	/* The envelope of an answer is about the answer. */
	of_task = json_int_at(doc, "code", &code) && code != 200;
	parse_error(r, places, of_task ? 2 : 1);
	if (of_task && r->error_code == NULL)
		parse_text(&r->error_code, doc, "code");
}

/* A moment in milliseconds, or as text. */
static usec_t
kie_time(struct json_object *doc, const char *path,
    const struct parse_context *ctx)
{
	usec_t		 at = parse_moment(doc, path, ctx);
	const char	*text = json_string_at(doc, path);

	return at == 0 && text != NULL ?
	    parse_plausible(time_parse_rfc3339(text), ctx) : at;
}

static enum parse_verdict
kie_parse(struct json_object *doc, const struct parse_context *ctx,
    struct result *r, struct errbuf *err)
{
	enum parse_verdict	verdict;

	verdict = kie_task(r, doc, err);
	parse_text(&r->model, doc, "data.model");
	r->submitted_at = kie_time(doc, "data.createTime", ctx);
	if (verdict != PARSE_FINAL)
		return verdict;
	r->finished_at = kie_time(doc, "data.completeTime", ctx);
	if (r->state == TASK_SUCCEEDED)
		return kie_success(r, doc, ctx, err);
	kie_failure(r, doc);
	return PARSE_FINAL;
}

/* ---- addresses ---------------------------------------------------------- */

/*
 * The families that have addresses of their own, by how the name of a model
 * begins; all other models are the market's.
 */
static const struct kie_family {
	const char	*begins;
	const char	*submit;
	const char	*poll;
	bool		 is_model;	/* it is a model's name, not only the
					   family's */
} kie_families[] = {
	{ "veo", "/veo/generate", "/veo/record-info", false },
	{ "suno", "/generate", "/generate/record-info", false },
	{ "V3", "/generate", "/generate/record-info", true },
	{ "V4", "/generate", "/generate/record-info", true },
	{ "V5", "/generate", "/generate/record-info", true },
	{ "runway", "/runway/generate", "/runway/record-detail", false },
	{ "aleph", "/aleph/generate", "/aleph/record-info", false },
	{ "4o-image", "/gpt4o-image/generate", "/gpt4o-image/record-info",
	  false },
	{ "gpt4o-image", "/gpt4o-image/generate", "/gpt4o-image/record-info",
	  false },
	{ "flux-kontext", "/flux/kontext/generate",
	  "/flux/kontext/record-info", false },
	{ "mp4", "/mp4/generate", "/mp4/record-info", false },
	{ "wav", "/wav/generate", "/wav/record-info", false },
	{ "vocal-removal", "/vocal-removal/generate",
	  "/vocal-removal/record-info", false },
	{ "lyrics", "/lyrics", "/lyrics/record-info", false },
};
static const struct kie_family kie_market = {
	"", "/jobs/createTask", "/jobs/recordInfo", true
};

/* A name with a slash is the market's, whatever it begins with. */
static const struct kie_family *
kie_family(const char *model)
{
	const char	*begins;
	size_t		 i;

	if (model == NULL || strchr(model, '/') != NULL)
		return &kie_market;
	for (i = 0; i < sizeof(kie_families) / sizeof(kie_families[0]); i++) {
		begins = kie_families[i].begins;
		if (strncasecmp(model, begins, strlen(begins)) == 0)
			return &kie_families[i];
	}
	return &kie_market;
}

static bool
kie_poll_url(struct buf *url, const char *api_base, const char *task_id,
    const char *model, struct errbuf *err)
{
	char		mem[64];
	struct buf	path;

	buf_over(&path, mem, sizeof(mem));
	buf_text(&path, "/api/v1");
	buf_text(&path, kie_family(model)->poll);
	buf_text(&path, "?taskId=");
	return url_for_task(url, api_base, mem, task_id, "", err);
}

/* 422 is "recordInfo is null": the request has nothing else that could be
 * wrong. */
static enum poll_verdict
kie_poll_classify(int http, struct json_object *doc, struct errbuf *err)
{
	enum poll_verdict	verdict = poll_classify_common(http, doc, err);

	return verdict == POLL_TROUBLE &&
	    provider_answer_status(http, doc) == 422 ? POLL_NOT_FOUND : verdict;
}

static bool
kie_submit_path(struct buf *url, const char *model)
{
	buf_text(url, "/api/v1");
	buf_text(url, kie_family(model)->submit);
	return buf_ok(url);
}

/* The name of a family alone, such as "suno", is no model's. */
static bool
kie_submit_fill(struct json_object *request, const struct submission *s,
    struct errbuf *err)
{
	const struct kie_family	*family = kie_family(s->model);
	bool			 names_model = family->is_model ||
				    strcasecmp(s->model, family->begins) != 0;

	if (s->path == NULL && names_model && !json_has(request, "model") &&
	    !json_put_text(request, "model", s->model))
		return errbuf_no_memory(err);
	if (s->hook != NULL && !json_put_text(request, "callBackUrl", s->hook))
		return errbuf_no_memory(err);
	return true;
}

/* It proves who called back for this task, not what: the body is not signed. */
static const struct signature_scheme kie_signature = {
	.header		= "x-webhook-signature",
	.time_header	= "x-webhook-timestamp",
	.version	= "",
	.encoding	= ENCODED_BASE64,
	.signed_text	= "{task-id}.{x-webhook-timestamp}",
	.task_id_paths	= kie_task_id_paths,
	.key		= KEY_TEXT,
	.tolerance_s	= 300,
	.optional	= true,
};

const struct provider kie_provider = {
	.name		 = "kie",
	.api_base	 = "https://api.kie.ai",
	.signature	 = &kie_signature,
	.parse		 = kie_parse,
	.poll_url	 = kie_poll_url,
	.poll_url_is_guess = true,
	.poll_classify	 = kie_poll_classify,
	.submit_path	 = kie_submit_path,
	.submit_fill	 = kie_submit_fill,
	.task_id_paths	 = kie_task_id_paths,
};
