/* handlers/runware: pieces and polls, addresses and bodies, answers, requests,
 * and whose id a task has. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "handlers/submission.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"

extern const struct provider runware_provider;

#define BASE	"https://api.runware.ai"
#define TASK_ID	"a770f077-f413-47de-9dac-be0b26a35da6"
#define IMAGES	"https://im.runware.ai/image/ws/0.5/ii/"
#define PLAIN	NULL, NULL, NULL, 0, 0, { { 0 } }
#define HINT	TASK_ID, NULL, TASK_PENDING, false, false, PLAIN

static const struct expect cases[] = {
	{ "callback-image.json", PARSE_HINT, "a result came", HINT },
	{ "callback-errors.json", PARSE_HINT, "a result came", HINT },
	{ "callback-processing.json", PARSE_PROGRESS, "under way", HINT },
	{ "poll-some.json", PARSE_HINT, "a result came", HINT },
	{ "poll-unknown-word.json", PARSE_HINT, "a result came", HINT },
	{ .file = "id-missing.json", .verdict = PARSE_UNKNOWN,
	  .err = "taskUUID" },
	{ .file = "empty.json", .verdict = PARSE_UNKNOWN, .err = "taskUUID" },
	{ .file = "error-answer.json", .verdict = PARSE_UNKNOWN,
	  .err = "taskUUID" },
};

static void
test_fixtures(void)
{
	expect_all(&runware_provider, cases, COUNT(cases));
}

static void
test_prefixes(void)
{
	expect_prefixes_refused("tests/fixtures/runware/callback-image.json");
}

static void
test_poll_urls(void)
{
	static const struct expect_url	urls[] = {
		{ TASK_ID, NULL, "http://127.0.0.1:1/p/v1", NULL },
	};

	expect_poll_urls(&runware_provider, urls, COUNT(urls));
}

static void
test_answers(void)
{
	static const struct expect_answer	answers[] = {
		{ 200, "{\"data\":[{\"taskUUID\":\"7c\"}]}", POLL_TASK, "" },
		{ 400, "{\"errors\":[{\"code\":\"x\",\"taskUUID\":\"7c\","
		  "\"status\":\"error\"}]}", POLL_TASK, "" },
		{ 200, "{\"errors\":[{\"code\":\"invalidApiKey\","
		  "\"message\":\"Invalid API key.\"}]}", POLL_BAD_KEY,
		  "answered 401: Invalid API key." },
		{ 404, "{\"errors\":[{\"code\":\"taskNotFound\"}]}",
		  POLL_NOT_FOUND, "404" },
		{ 200, "{\"errors\":[{\"code\":\"invalidParameter\","
		  "\"message\":\"no\"}]}", POLL_TROUBLE, "answered 400: no" },
		{ 429, NULL, POLL_RATE_LIMITED, "429" },
		{ 502, NULL, POLL_TROUBLE, "502" },
	};

	expect_answers(&runware_provider, answers, COUNT(answers));
}

static void
test_submits(void)
{
	static const struct expect_submit	rows[] = {
		{ "runware:100@1", NULL,
		  "{\"taskType\":\"imageInference\"}", BASE "/v1",
		  "[{\"taskType\":\"imageInference\",\"taskUUID\":\"id-1\","
		  "\"model\":\"runware:100@1\",\"deliveryMethod\":\"async\","
		  "\"webhookURL\":\"https://h/t\"}]" },
		{ "m", NULL, "{\"taskType\":\"t\",\"taskUUID\":\"mine\","
		  "\"model\":\"n\",\"deliveryMethod\":\"sync\"}", BASE "/v1",
		  "[{\"taskType\":\"t\",\"taskUUID\":\"mine\",\"model\":\"n\","
		  "\"deliveryMethod\":\"sync\","
		  "\"webhookURL\":\"https://h/t\"}]" },
	};
	const struct submission			base = {
		.api_base = BASE, .hook = "https://h/t",
		.secret = "s-1", .own_id = "id-1",
	};

	expect_submits(&runware_provider, &base, rows, COUNT(rows));
}

/* What a poll says, which is asked by the task's id. */
static const struct {
	const char		*file;
	enum parse_verdict	 verdict;
	enum task_state		 state;
	size_t			 noutputs;
	const char		*first;		/* output, or part of err */
	const char		*code, *note;
} polls[] = {
	{ "poll-images.json", PARSE_FINAL, TASK_SUCCEEDED, 2,
	  IMAGES "one.jpg", NULL, NULL },
	{ "poll-video.json", PARSE_FINAL, TASK_SUCCEEDED, 1,
	  "https://vm.runware.ai/video/ws/0.5/vi/v.mp4", NULL, NULL },
	{ "poll-text.json", PARSE_FINAL, TASK_SUCCEEDED, 1,
	  "a lighthouse at dusk", NULL, NULL },
	{ "callback-image.json", PARSE_FINAL, TASK_SUCCEEDED, 1,
	  IMAGES "one.jpg", NULL, NULL },
	{ "poll-some.json", PARSE_PROGRESS, TASK_PENDING, 0,
	  "1 of 2 results are under way", NULL, NULL },
	{ "poll-some-failed.json", PARSE_FINAL, TASK_SUCCEEDED, 1,
	  IMAGES "one.jpg", NULL, "some of its results failed" },
	{ "poll-failed.json", PARSE_FINAL, TASK_FAILED, 0, NULL,
	  "contentNotAllowed", NULL },
	{ "poll-unknown-word.json", PARSE_UNKNOWN, TASK_PENDING, 0,
	  "unknown status", NULL, NULL },
	{ "poll-no-link.json", PARSE_UNKNOWN, TASK_SUCCEEDED, 0,
	  "no link that is understood", NULL, NULL },
	{ "empty.json", PARSE_UNKNOWN, TASK_PENDING, 0, "taskUUID", NULL,
	  NULL },
};

static void
poll_check(size_t i, struct result *r, struct errbuf *err)
{
	const struct parse_context	ctx = { .received_at = RECEIVED_AT,
					    .api_base = BASE,
					    .task_id = TASK_ID, .http = 200 };
	struct json_object		*doc;
	char				 path[128], *text;
	size_t				 len;

	(void)snprintf(path, sizeof(path), "tests/fixtures/runware/%s",
	    polls[i].file);
	text = fixture_read(path, &len);
	CU_ASSERT_EQUAL_FATAL(json_parse(text, len, &doc, err), JSON_OK);
	CU_ASSERT_EQUAL(runware_provider.parse(doc, &ctx, r, err),
	    polls[i].verdict);
	json_free(doc);
	free(text);
}

static void
test_polls(void)
{
	struct result	r;
	struct errbuf	err;
	size_t		i;

	for (i = 0; i < COUNT(polls); i++) {
		memset(&r, 0, sizeof(r));
		errbuf_set(&err, "%s", "");
		poll_check(i, &r, &err);
		CU_ASSERT_EQUAL(r.state, polls[i].state);
		CU_ASSERT_EQUAL(r.noutputs, polls[i].noutputs);
		if (polls[i].verdict != PARSE_FINAL)
			CU_ASSERT_PTR_NOT_NULL(strstr(err.text,
			    polls[i].first));
		if (polls[i].verdict == PARSE_FINAL && r.noutputs > 0)
			CU_ASSERT_STRING_EQUAL(r.outputs[0].url != NULL ?
			    r.outputs[0].url : r.outputs[0].inline_text,
			    polls[i].first);
		CU_ASSERT((r.error_code == NULL) == (polls[i].code == NULL) &&
		    (r.error_code == NULL ||
		    strcmp(r.error_code, polls[i].code) == 0));
		CU_ASSERT((r.note == NULL) == (polls[i].note == NULL) &&
		    (r.note == NULL || strcmp(r.note, polls[i].note) == 0));
		result_free(&r);
	}
}

static void
test_bodies(void)
{
	struct errbuf	err;
	struct buf	body;
	char		mem[512];

	buf_over(&body, mem, sizeof(mem));
	CU_ASSERT(runware_provider.poll_body(&body, "7c\"]", &err));
	CU_ASSERT_STRING_EQUAL(mem, "[{\"taskType\":\"getResponse\","
	    "\"taskUUID\":\"7c\\\"]\"}]");
	buf_over(&body, mem, 16);
	CU_ASSERT_FALSE(runware_provider.poll_body(&body, TASK_ID, &err));
}

static void
test_own_ids(void)
{
	const struct submission	 s = { .api_base = BASE, .model = "m",
				    .own_id = "id-1" };
	char			*id;

	id = submission_own_id(&runware_provider, &s, "{}");
	CU_ASSERT_STRING_EQUAL(id, "id-1");
	free(id);
	id = submission_own_id(&runware_provider, &s,
	    "{\"taskUUID\":\"mine\"}");
	CU_ASSERT_STRING_EQUAL(id, "mine");
	free(id);
	CU_ASSERT_PTR_NULL(submission_own_id(provider_find("luma"), &s, "{}"));
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "fixtures",	test_fixtures },
		{ "prefixes",	test_prefixes },
		{ "poll URLs",	test_poll_urls },
		{ "answers",	test_answers },
		{ "submits",	test_submits },
		{ "polls",	test_polls },
		{ "bodies",	test_bodies },
		{ "own ids",	test_own_ids },
		{ NULL,		NULL }
	};

	return cunit_run("runware", tests);
}
