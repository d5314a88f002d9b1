/* handlers/runway: tasks, states, addresses, answers, and requests. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "handlers/submission.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"

extern const struct provider runway_provider;

#define BASE	"https://api.dev.runwayml.com"
#define TASK_ID	"17f20503-6c24-4c16-946b-35dbbce2af2f"
#define FILES	"https://dnznrvs05pmza.cloudfront.net/a1/"
#define JWT	"eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjE3NjQwODY0MDB9.c2ln"
#define CREATED	INT64_C(1763999920127000)
#define DAY	1764086400	/* after the receipt */

#define DONE	TASK_ID, "SUCCEEDED", TASK_SUCCEEDED, false, false
#define PLAIN	NULL, NULL, NULL, CREATED, 0

static const struct expect cases[] = {
	{ "poll-succeeded.json", PARSE_FINAL, NULL, DONE, PLAIN, {
	    { OUTPUT_VIDEO, FILES "out.mp4?_jwt=" JWT, DAY, EXPIRES_URL },
	    { OUTPUT_VIDEO, FILES "second.mp4?_jwt=abd", 0,
	      EXPIRES_UNKNOWN } } },
	{ "poll-image.json", PARSE_FINAL, NULL, DONE, PLAIN, {
	    { OUTPUT_IMAGE, FILES "out.png", DAY, EXPIRES_PROVIDER } } },
	{ "poll-failed.json", PARSE_FINAL, NULL, TASK_ID, "FAILED",
	  TASK_FAILED, false, false, NULL, "SAFETY.INPUT.TEXT",
	  "The prompt is not allowed.", CREATED, 0, { { 0 } } },
	{ "poll-cancelled.json", PARSE_FINAL, NULL, TASK_ID, "CANCELLED",
	  TASK_CANCELLED, false, false, PLAIN, { { 0 } } },
	{ "poll-running.json", PARSE_PROGRESS, "status \"RUNNING\"",
	  TASK_ID, "RUNNING", TASK_PENDING, false, false, PLAIN, { { 0 } } },
	{ "poll-throttled.json", PARSE_PROGRESS, "status \"THROTTLED\"",
	  TASK_ID, "THROTTLED", TASK_PENDING, false, false, PLAIN, { { 0 } } },
	{ "succeeded-empty.json", PARSE_FINAL, "without any output", DONE,
	  PLAIN, { { 0 } } },
	{ .file = "succeeded-odd.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"output\" holds no link" },
	{ .file = "id-missing.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"id\"" },
	{ .file = "status-missing.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"status\"" },
	{ .file = "error-answer.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"id\"" },
};

static void
test_fixtures(void)
{
	expect_all(&runway_provider, cases, COUNT(cases));
}

static void
test_prefixes(void)
{
	expect_prefixes_refused("tests/fixtures/runway/poll-succeeded.json");
}

static void
test_poll_urls(void)
{
	static const struct expect_url	urls[] = {
		{ TASK_ID, NULL, "http://127.0.0.1:1/p/v1/tasks/" TASK_ID,
		  NULL },
		{ "a/b", NULL, "http://127.0.0.1:1/p/v1/tasks/a%2Fb", NULL },
		{ "..", NULL, NULL, "cannot stand in a URL" },
	};

	expect_poll_urls(&runway_provider, urls, COUNT(urls));
}

static void
test_answers(void)
{
	static const struct expect_answer	answers[] = {
		{ 200, "{\"id\":\"7c\",\"status\":\"PENDING\"}", POLL_TASK, "" },
		{ 401, "{\"error\":\"Unauthorized\"}", POLL_BAD_KEY,
		  "answered 401: Unauthorized" },
		{ 404, "{\"error\":\"Not found\"}", POLL_NOT_FOUND,
		  "Not found" },
		{ 429, "{\"error\":\"Too many\"}", POLL_RATE_LIMITED,
		  "Too many" },
		{ 502, NULL, POLL_TROUBLE, "502" },
	};

	expect_answers(&runway_provider, answers, COUNT(answers));
}

static void
test_submits(void)
{
	static const struct expect_submit	rows[] = {
		{ "gen4_turbo", NULL, "{\"promptText\":\"x\"}",
		  BASE "/v1/image_to_video",
		  "{\"promptText\":\"x\",\"model\":\"gen4_turbo\"}" },
		{ "gen4_image_turbo", NULL, "{}", BASE "/v1/text_to_image",
		  "{\"model\":\"gen4_image_turbo\"}" },
		{ "gen4_aleph", NULL, "{\"model\":\"gen4_aleph\"}",
		  BASE "/v1/video_to_video", "{\"model\":\"gen4_aleph\"}" },
		{ "veo3.1", "/v1/image_to_video", "{\"model\":\"veo3.1\"}",
		  BASE "/v1/image_to_video", "{\"model\":\"veo3.1\"}" },
	};
	const struct submission			base = {
		.api_base = BASE, .hook = "https://h/t",
		.secret = "s-1", .own_id = "id-1",
	};

	expect_submits(&runway_provider, &base, rows, COUNT(rows));
}

static void
test_statuses(void)
{
	static const struct expect_status	words[] = {
		{ "PENDING", PARSE_PROGRESS, TASK_PENDING, true },
		{ "THROTTLED", PARSE_PROGRESS, TASK_PENDING, true },
		{ "RUNNING", PARSE_PROGRESS, TASK_PENDING, true },
		{ "SUCCEEDED", PARSE_FINAL, TASK_SUCCEEDED, true },
		{ "FAILED", PARSE_FINAL, TASK_FAILED, true },
		{ "CANCELLED", PARSE_FINAL, TASK_CANCELLED, true },
		{ "MUSING", PARSE_UNKNOWN, TASK_PENDING, false },
	};

	expect_statuses(&runway_provider,
	    "tests/fixtures/runway/status.template", words, COUNT(words));
}

static void
test_headers(void)
{
	CU_ASSERT_STRING_EQUAL(runway_provider.api_headers[0],
	    "X-Runway-Version: 2024-11-06");
	CU_ASSERT_PTR_NULL(runway_provider.api_headers[1]);
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
		{ "headers",	test_headers },
		{ NULL,		NULL }
	};

	return cunit_run("runway", tests);
}
