/* handlers/luma: generations of videos and images, states, addresses, answers,
 * and requests. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "handlers/submission.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"

extern const struct provider luma_provider;

#define TASK_ID	"7c1f0b52-3a34-4d8e-a0c9-52d1e0b7a911"
#define FILES	"https://storage.cdn-luma.com/dream_machine/7c1f/"
#define CREATED	INT64_C(1763999920127000)

#define DONE	TASK_ID, "completed", TASK_SUCCEEDED, false, false
#define RAY	"ray-2", NULL, NULL, CREATED, 0

static const struct expect cases[] = {
	{ "callback-video.json", PARSE_FINAL, NULL, DONE, RAY, {
	    { OUTPUT_VIDEO, FILES "video.mp4", 0, EXPIRES_UNKNOWN } } },
	{ "callback-image.json", PARSE_FINAL, NULL, DONE, "photon-1", NULL,
	  NULL, CREATED, 0, {
	    { OUTPUT_IMAGE, FILES "out.jpg", 0, EXPIRES_UNKNOWN } } },
	{ "callback-progress-video.json", PARSE_FINAL, NULL, DONE, RAY, {
	    { OUTPUT_VIDEO, FILES "video.mp4", 0, EXPIRES_UNKNOWN },
	    { OUTPUT_VIDEO, FILES "progress.mp4", 0, EXPIRES_UNKNOWN },
	    { OUTPUT_IMAGE, FILES "still.jpg", 0, EXPIRES_UNKNOWN } } },
	{ .file = "completed-odd-assets.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"assets\" holds no link" },
	{ "callback-failed.json", PARSE_FINAL, NULL, TASK_ID, "failed",
	  TASK_FAILED, false, false, "ray-2", NULL,
	  "400: content moderation failed", CREATED, 0, { { 0 } } },
	{ "callback-dreaming.json", PARSE_PROGRESS, "status \"dreaming\"",
	  TASK_ID, "dreaming", TASK_PENDING, false, false, RAY, { { 0 } } },
	{ "callback-dreaming-progress.json", PARSE_PROGRESS,
	  "status \"dreaming\"", TASK_ID, "dreaming", TASK_PENDING, false,
	  false, RAY, { { 0 } } },
	{ "completed-no-assets.json", PARSE_FINAL, "without any output", DONE,
	  RAY, { { 0 } } },
	{ "no-created-at.json", PARSE_FINAL, NULL, DONE, "ray-2", NULL, NULL,
	  0, 0, {
	    { OUTPUT_VIDEO, FILES "video.mp4", 0, EXPIRES_UNKNOWN } } },
	{ .file = "id-missing.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"id\"" },
	{ .file = "state-missing.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"state\"" },
	{ .file = "error-answer.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"id\"" },
};

static void
test_fixtures(void)
{
	expect_all(&luma_provider, cases, COUNT(cases));
}

static void
test_prefixes(void)
{
	expect_prefixes_refused("tests/fixtures/luma/callback-video.json");
}

static void
test_statuses(void)
{
	static const struct expect_status	words[] = {
		{ "queued", PARSE_PROGRESS, TASK_PENDING, true },
		{ "dreaming", PARSE_PROGRESS, TASK_PENDING, true },
		{ "completed", PARSE_FINAL, TASK_SUCCEEDED, true },
		{ "failed", PARSE_FINAL, TASK_FAILED, true },
		{ "musing", PARSE_UNKNOWN, TASK_PENDING, false },
	};

	expect_statuses(&luma_provider, "tests/fixtures/luma/status.template",
	    words, COUNT(words));
}

static void
test_poll_urls(void)
{
	static const struct expect_url	urls[] = {
		{ TASK_ID, "ray-2", "http://127.0.0.1:1/p/dream-machine/v1/"
		  "generations/" TASK_ID, NULL },
		{ "a/b", NULL, "http://127.0.0.1:1/p/dream-machine/v1/"
		  "generations/a%2Fb", NULL },
		{ "..", NULL, NULL, "cannot stand in a URL" },
	};

	expect_poll_urls(&luma_provider, urls, COUNT(urls));
}

static void
test_answers(void)
{
	static const struct expect_answer	answers[] = {
		{ 200, "{\"id\":\"7c\",\"state\":\"queued\"}", POLL_TASK, "" },
		{ 401, "{\"detail\":\"Not authenticated\"}", POLL_BAD_KEY,
		  "answered 401: Not authenticated" },
		{ 404, "{\"detail\":\"Generation not found\"}",
		  POLL_NOT_FOUND, "Generation not found" },
		{ 429, "{\"detail\":\"Too many requests\"}",
		  POLL_RATE_LIMITED, "Too many" },
		{ 502, NULL, POLL_TROUBLE, "502" },
	};

	expect_answers(&luma_provider, answers, COUNT(answers));
}

static void
test_submits(void)
{
#define BASE	"https://api.lumalabs.ai"
	static const struct expect_submit	rows[] = {
		{ "ray-2", NULL, "{\"prompt\":\"x\"}",
		  BASE "/dream-machine/v1/generations/video",
		  "{\"prompt\":\"x\",\"model\":\"ray-2\","
		  "\"callback_url\":\"https://h/t\"}" },
		{ "photon-flash-1", NULL, "{\"model\":\"photon-1\"}",
		  BASE "/dream-machine/v1/generations/image",
		  "{\"model\":\"photon-1\",\"callback_url\":\"https://h/t\"}"
		  },
		{ "upscale", "/dream-machine/v1/generations/7c/upscale",
		  "{\"resolution\":\"4k\"}",
		  BASE "/dream-machine/v1/generations/7c/upscale",
		  "{\"resolution\":\"4k\",\"callback_url\":\"https://h/t\"}" },
	};
	const struct submission			base = {
		.api_base = BASE, .hook = "https://h/t",
	};

	expect_submits(&luma_provider, &base, rows, COUNT(rows));
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
		{ NULL,		NULL }
	};

	return cunit_run("luma", tests);
}
