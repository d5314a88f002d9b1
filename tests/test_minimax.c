/* handlers/minimax: tasks and their files, its handshake, states, addresses,
 * answers, and requests. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "handlers/submission.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"

extern const struct provider minimax_provider;

#define BASE	"https://api.minimax.io"
#define TASK_ID	"106916112212032"
#define FILES	"https://public-cdn.minimax.example/v/"
#define PLAIN	NULL, NULL, NULL, 0, 0
#define FAILED(word, code, words) \
	TASK_ID, word, TASK_FAILED, false, false, NULL, code, words, 0, 0, \
	{ { 0 } }

static const struct expect cases[] = {
	{ "callback-success.json", PARSE_HINT, "file 176844028768320",
	  TASK_ID, "success", TASK_PENDING, false, false, PLAIN, { { 0 } } },
	{ "poll-success.json", PARSE_HINT, "file 176844028768320", TASK_ID,
	  "Success", TASK_PENDING, false, false, PLAIN, { { 0 } } },
	{ "callback-processing.json", PARSE_PROGRESS,
	  "status \"processing\"", TASK_ID, "processing", TASK_PENDING,
	  false, false, PLAIN, { { 0 } } },
	{ "poll-preparing.json", PARSE_PROGRESS, "status \"Preparing\"",
	  TASK_ID, "Preparing", TASK_PENDING, false, false, PLAIN,
	  { { 0 } } },
	{ "callback-failed.json", PARSE_FINAL, NULL,
	  FAILED("failed", "1027", "output video involves sensitive content") },
	{ "poll-fail.json", PARSE_FINAL, NULL,
	  FAILED("Fail", "1026", "video description involves sensitive content") },
	{ "poll-both.json", PARSE_FINAL, NULL, TASK_ID, "Success",
	  TASK_SUCCEEDED, false, false, PLAIN, {
	    { OUTPUT_VIDEO, FILES "output.mp4?Expires=1764032340&Signature=x",
	      1764032340, EXPIRES_URL } } },
	{ .file = "poll-both-odd.json", .verdict = PARSE_UNKNOWN,
	  .err = "has no link" },
	{ "agent-success.json", PARSE_FINAL, NULL, TASK_ID, "Success",
	  TASK_SUCCEEDED, false, false, PLAIN, {
	    { OUTPUT_VIDEO, FILES "agent.mp4", 1764032400,
	      EXPIRES_PROVIDER } } },
	{ .file = "success-no-file.json", .verdict = PARSE_UNKNOWN,
	  .err = "names no file" },
	{ .file = "success-file-words.json", .verdict = PARSE_UNKNOWN,
	  .err = "names no file" },
	{ .file = "id-missing.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"task_id\"" },
	{ .file = "status-missing.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"status\"" },
	{ .file = "error-answer.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"task_id\"" },
};

static void
test_fixtures(void)
{
	expect_all(&minimax_provider, cases, COUNT(cases));
}

static void
test_prefixes(void)
{
	expect_prefixes_refused("tests/fixtures/minimax/poll-both.json");
}

static void
test_poll_urls(void)
{
	static const struct expect_url	urls[] = {
		{ TASK_ID, NULL, "http://127.0.0.1:1/p/v1/query/"
		  "video_generation?task_id=" TASK_ID, NULL },
		{ "1&x=2", NULL, "http://127.0.0.1:1/p/v1/query/"
		  "video_generation?task_id=1%26x%3D2", NULL },
		{ "..", NULL, NULL, "cannot stand in a URL" },
	};

	expect_poll_urls(&minimax_provider, urls, COUNT(urls));
}

static void
test_answers(void)
{
	static const struct expect_answer	answers[] = {
		{ 200, "{\"task_id\":\"1\",\"base_resp\":{\"status_code\":0}}",
		  POLL_TASK, "" },
		{ 200, "{\"task_id\":\"1\",\"status\":\"Fail\","
		  "\"base_resp\":{\"status_code\":1026}}", POLL_TASK, "" },
		{ 200, "{\"base_resp\":{\"status_code\":1004,"
		  "\"status_msg\":\"login fail\"}}", POLL_BAD_KEY,
		  "answered 401: login fail" },
		{ 200, "{\"base_resp\":{\"status_code\":1002}}",
		  POLL_RATE_LIMITED, "answered 429" },
		{ 200, "{\"base_resp\":{\"status_code\":2013,"
		  "\"status_msg\":\"invalid params\"}}", POLL_TROUBLE,
		  "answered 400: invalid params" },
		{ 502, NULL, POLL_TROUBLE, "502" },
	};

	expect_answers(&minimax_provider, answers, COUNT(answers));
}

static void
test_submits(void)
{
	static const struct expect_submit	rows[] = {
		{ "MiniMax-Hailuo-02", NULL, "{\"prompt\":\"x\"}",
		  BASE "/v1/video_generation",
		  "{\"prompt\":\"x\",\"model\":\"MiniMax-Hailuo-02\","
		  "\"callback_url\":\"https://h/t\"}" },
		{ "agent", "/v1/video_template_generation", "{}",
		  BASE "/v1/video_template_generation",
		  "{\"callback_url\":\"https://h/t\"}" },
	};
	const struct submission			base = {
		.api_base = BASE, .hook = "https://h/t",
		.secret = "s-1", .own_id = "id-1",
	};

	expect_submits(&minimax_provider, &base, rows, COUNT(rows));
}

static void
test_statuses(void)
{
	static const struct expect_status	words[] = {
		{ "Preparing", PARSE_PROGRESS, TASK_PENDING, true },
		{ "Queueing", PARSE_PROGRESS, TASK_PENDING, true },
		{ "Processing", PARSE_PROGRESS, TASK_PENDING, true },
		{ "success", PARSE_FINAL, TASK_SUCCEEDED, true },
		{ "Success", PARSE_FINAL, TASK_SUCCEEDED, true },
		{ "Fail", PARSE_FINAL, TASK_FAILED, true },
		{ "failed", PARSE_FINAL, TASK_FAILED, true },
		{ "Musing", PARSE_UNKNOWN, TASK_PENDING, false },
	};

	expect_statuses(&minimax_provider,
	    "tests/fixtures/minimax/status.template", words, COUNT(words));
}

/* The second question, where the first answer names a file. */
static void
test_next(void)
{
	static const struct {
		const char	*file, *url;
	} rows[] = {
		{ "poll-success.json",
		  BASE "/v1/files/retrieve?file_id=176844028768320" },
		{ "callback-success.json",
		  BASE "/v1/files/retrieve?file_id=176844028768320" },
		{ "poll-preparing.json", NULL },
		{ "poll-fail.json", NULL },
		{ "success-no-file.json", NULL },
		{ "success-file-words.json", NULL },
		{ "poll-both.json", NULL },
	};
	struct json_object	*doc;
	struct errbuf		 err;
	struct buf		 url;
	char			 mem[256], path[128], *text;
	size_t			 i, len;

	for (i = 0; i < COUNT(rows); i++) {
		(void)snprintf(path, sizeof(path), "tests/fixtures/minimax/%s",
		    rows[i].file);
		text = fixture_read(path, &len);
		CU_ASSERT_EQUAL_FATAL(json_parse(text, len, &doc, &err),
		    JSON_OK);
		buf_over(&url, mem, sizeof(mem));
		CU_ASSERT_EQUAL(minimax_provider.poll_next(&url, BASE "/",
		    BASE, doc), rows[i].url != NULL);
		if (rows[i].url != NULL)
			CU_ASSERT_STRING_EQUAL(mem, rows[i].url);
		json_free(doc);
		free(text);
	}
}

static void
test_handshake(void)
{
	static const struct {
		const char	*body, *answer;
	} rows[] = {
		{ "{\"challenge\": \"a-1\"}", "{\"challenge\":\"a-1\"}" },
		{ "{\"challenge\":\"\\u00e9 \\\"\"}",
		  "{\"challenge\":\"\xc3\xa9 \\\"\"}" },
		{ "{\"challenge\":1}", NULL },
		{ "{\"challenge\":\"a\",\"task_id\":\"1\"}", NULL },
		{ "[\"challenge\"]", NULL },
		{ "{\"challenge\":\"a rather long one, that does not fit in what "
		  "there is for the answer\"}", NULL },
	};
	struct json_object	*doc;
	struct errbuf		 err;
	struct buf		 answer;
	char			 mem[64];
	size_t			 i;

	for (i = 0; i < COUNT(rows); i++) {
		CU_ASSERT_EQUAL_FATAL(json_parse(rows[i].body,
		    strlen(rows[i].body), &doc, &err), JSON_OK);
		buf_over(&answer, mem, sizeof(mem));
		CU_ASSERT_EQUAL(minimax_provider.handshake(doc, &answer),
		    rows[i].answer != NULL);
		if (rows[i].answer != NULL)
			CU_ASSERT_STRING_EQUAL(mem, rows[i].answer);
		json_free(doc);
	}
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "fixtures",	test_fixtures },
		{ "prefixes",	test_prefixes },
		{ "statuses",	test_statuses },
		{ "poll URLs",	test_poll_urls },
		{ "answers",	test_answers },
		{ "submits",	test_submits },
		{ "next",	test_next },
		{ "handshake",	test_handshake },
		{ NULL,		NULL }
	};

	return cunit_run("minimax", tests);
}
