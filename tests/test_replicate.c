/* handlers/replicate: outputs of every type, states, addresses, answers, and a
 * callback signed as Standard Webhooks has it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "handlers/submission.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"

extern const struct provider replicate_provider;

#define TASK_ID	"k3x7m2qd9rm80cq9xqtc4tbw4m"
#define MODEL	"black-forest-labs/flux-kontext-pro"
#define FILES	"https://replicate.delivery/xezq/Ab1/"
#define CREATED	INT64_C(1763999980127000)
#define ENDED	INT64_C(1763999990383588)
#define HOUR_ON	1764003590	/* an hour after ENDED */
#define LATEST	1764003600	/* an hour after it came in */

#define DONE	TASK_ID, "succeeded", TASK_SUCCEEDED, false, false
#define PLAIN	MODEL, NULL, NULL, CREATED, ENDED
#define TEXT(words)	{ OUTPUT_TEXT, words, 0, EXPIRES_UNKNOWN }

static const struct expect cases[] = {
	{ "callback-link.json", PARSE_FINAL, NULL, DONE, PLAIN, {
	    { OUTPUT_IMAGE, FILES "tmp5v.png", HOUR_ON,
	      EXPIRES_PROVIDER } } },
	{ "callback-list.json", PARSE_FINAL, NULL, DONE, PLAIN, {
	    { OUTPUT_IMAGE, FILES "out-0.webp", HOUR_ON, EXPIRES_PROVIDER },
	    { OUTPUT_IMAGE, FILES "out-1.webp", HOUR_ON,
	      EXPIRES_PROVIDER } } },
	{ "callback-object.json", PARSE_FINAL, NULL, DONE, PLAIN, {
	    { OUTPUT_VIDEO, FILES "out.mp4", HOUR_ON, EXPIRES_PROVIDER },
	    { OUTPUT_IMAGE, FILES "frame.png", HOUR_ON,
	      EXPIRES_PROVIDER } } },
	{ "callback-pieces.json", PARSE_FINAL, NULL, DONE,
	  "meta/meta-llama-3-8b-instruct", NULL, NULL, CREATED, ENDED, {
	    TEXT("Good morning, see https://example.com.\n") } },
	{ "callback-digits.json", PARSE_FINAL, NULL, DONE,
	  "meta/meta-llama-3-8b-instruct", NULL, NULL, CREATED, ENDED, {
	    TEXT("42") } },
	{ "callback-text.json", PARSE_FINAL, NULL, DONE, PLAIN, {
	    TEXT("a lighthouse at dusk") } },
	{ "callback-number.json", PARSE_FINAL, NULL, DONE, PLAIN, {
	    TEXT("0.87") } },
	{ "callback-empty-list.json", PARSE_FINAL, "without any output", DONE,
	  PLAIN, { { 0 } } },
	{ "data-removed.json", PARSE_FINAL, "without any output", DONE, PLAIN,
	  { { 0 } } },
	{ "callback-failed.json", PARSE_FINAL, NULL, TASK_ID, "failed",
	  TASK_FAILED, false, false, MODEL, NULL, "Prediction failed: NSFW "
	  "content detected. Try a different prompt.", CREATED, ENDED,
	  { { 0 } } },
	{ "callback-canceled.json", PARSE_FINAL, NULL, TASK_ID, "canceled",
	  TASK_CANCELLED, false, false, PLAIN, { { 0 } } },
	{ "callback-aborted.json", PARSE_FINAL, NULL, TASK_ID, "aborted",
	  TASK_CANCELLED, false, false, PLAIN, { { 0 } } },
	{ "event-start.json", PARSE_PROGRESS, "status \"starting\"", TASK_ID,
	  "starting", TASK_PENDING, false, false, MODEL, NULL, NULL, CREATED,
	  0, { { 0 } } },
	{ "event-output.json", PARSE_PROGRESS, "status \"processing\"",
	  TASK_ID, "processing", TASK_PENDING, false, false, MODEL, NULL,
	  NULL, CREATED, 0, { { 0 } } },
	{ "no-times.json", PARSE_FINAL, NULL, DONE, MODEL, NULL, NULL, 0, 0, {
	    { OUTPUT_IMAGE, FILES "tmp5v.png", LATEST,
	      EXPIRES_PROVIDER } } },
	{ "wrapped.json", PARSE_FINAL, NULL, DONE, PLAIN, {
	    { OUTPUT_IMAGE, FILES "tmp5v.png", HOUR_ON,
	      EXPIRES_PROVIDER } } },
	{ .file = "id-missing.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"id\"" },
	{ .file = "id-is-number.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"id\"" },
	{ .file = "status-missing.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"status\"" },
	{ .file = "error-answer.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"id\"" },
};

static void
test_fixtures(void)
{
	expect_all(&replicate_provider, cases, COUNT(cases));
}

static void
test_prefixes(void)
{
	expect_prefixes_refused("tests/fixtures/replicate/callback-link.json");
}

static void
test_statuses(void)
{
	static const struct expect_status	words[] = {
		{ "starting", PARSE_PROGRESS, TASK_PENDING, true },
		{ "processing", PARSE_PROGRESS, TASK_PENDING, true },
		{ "succeeded", PARSE_FINAL, TASK_SUCCEEDED, true },
		{ "failed", PARSE_FINAL, TASK_FAILED, true },
		{ "canceled", PARSE_FINAL, TASK_CANCELLED, true },
		{ "aborted", PARSE_FINAL, TASK_CANCELLED, true },
		{ "musing", PARSE_UNKNOWN, TASK_PENDING, false },
	};

	expect_statuses(&replicate_provider,
	    "tests/fixtures/replicate/status.template", words, COUNT(words));
}

static void
test_poll_urls(void)
{
	static const struct expect_url	urls[] = {
		{ TASK_ID, MODEL,
		  "http://127.0.0.1:1/p/v1/predictions/" TASK_ID, NULL },
		{ "a/b", NULL, "http://127.0.0.1:1/p/v1/predictions/a%2Fb",
		  NULL },
		{ "..", NULL, NULL, "cannot stand in a URL" },
	};

	expect_poll_urls(&replicate_provider, urls, COUNT(urls));
}

static void
test_answers(void)
{
	static const struct expect_answer	answers[] = {
		{ 200, "{\"id\":\"k3\",\"status\":\"starting\"}", POLL_TASK,
		  "" },
		{ 401, "{\"title\":\"Unauthenticated\",\"detail\":\"You did "
		  "not pass an authentication token\",\"status\":401}",
		  POLL_BAD_KEY, "answered 401: You did not pass" },
		{ 404, "{\"detail\":\"The requested resource could not be "
		  "found.\",\"status\":404}", POLL_NOT_FOUND, "resource" },
		{ 429, "{\"detail\":\"Request was throttled.\","
		  "\"status\":429}", POLL_RATE_LIMITED, "throttled" },
		{ 502, NULL, POLL_TROUBLE, "502" },
	};

	expect_answers(&replicate_provider, answers, COUNT(answers));
}

/* The three ways to name what is run, and the body of each. */
static void
test_submits(void)
{
#define VERSION	"5c7d5dc6dd8bf75c1acaa8565735e7986bc5b66206b55cca93cb72c9bf15ccaa"
	static const struct expect_submit	rows[] = {
		{ MODEL, NULL, "{\"input\":{}}",
		  "https://api.replicate.com/v1/models/" MODEL "/predictions",
		  "{\"input\":{},\"webhook\":\"https://h/t\","
		  "\"webhook_events_filter\":[\"completed\"]}" },
		{ "o/n:" VERSION, NULL, "{\"input\":{}}",
		  "https://api.replicate.com/v1/predictions",
		  "{\"input\":{},\"version\":\"o/n:" VERSION "\",\"webhook\":"
		  "\"https://h/t\",\"webhook_events_filter\":[\"completed\"]}"
		  },
		{ VERSION, NULL, "{\"version\":\"other\"}",
		  "https://api.replicate.com/v1/predictions",
		  "{\"version\":\"other\",\"webhook\":\"https://h/t\","
		  "\"webhook_events_filter\":[\"completed\"]}" },
		{ MODEL, "/v1/deployments/o/n/predictions",
		  "{\"webhook_events_filter\":[\"start\",\"completed\"]}",
		  "https://api.replicate.com/v1/deployments/o/n/predictions",
		  "{\"webhook_events_filter\":[\"start\",\"completed\"],"
		  "\"webhook\":\"https://h/t\"}" },
		{ "../x", NULL, "{}", NULL, NULL },
	};
	const struct submission			base = {
		.api_base = "https://api.replicate.com", .hook = "https://h/t",
	};

	expect_submits(&replicate_provider, &base, rows, COUNT(rows));
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

	return cunit_run("replicate", tests);
}
