/* handlers/openai: events, responses, batches, addresses, answers, requests. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "handlers/submission.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"

extern const struct provider openai_provider;

#define RESPONSE	"resp_67ccd2bed1ec8190b14f964abc0542670bb6a6b452d3795b"
#define BATCH		"batch_abc123"
#define MODEL		"gpt-5-2025-08-07"
#define MADE		INT64_C(1763999880000000)
#define DONE		INT64_C(1763999940000000)
#define BATCH_MADE	INT64_C(1763999000000000)
#define BATCH_DONE	INT64_C(1763999900000000)
#define ANSWERS		"https://api.openai.com/v1/files/file-cvaTdG/content"
#define ERRORS		"https://api.openai.com/v1/files/file-HOWS94/content"
#define PICTURE_1	"data:image/png;sha256=bcb32962d29f7fb0944bd9988a5c2dcd" \
			"f699d07e571ca9a7cabea11bdbf13a34"
#define PICTURE_2	"data:image/png;sha256=95d3bef1df8aa24186ca062fdee26bad" \
			"85f6f3b4c38ca8c1185910c65d817a91"

#define EVENT(id)	id, NULL, TASK_PENDING, false, false, NULL, NULL, NULL, \
			0, 0, { { 0 } }
#define COMPLETED	RESPONSE, "completed", TASK_SUCCEEDED, false, false, \
			MODEL, NULL, NULL, MADE, DONE
#define OTHER(word, state, code, words) \
	RESPONSE, word, state, false, false, MODEL, code, words, MADE, 0
#define OF_BATCH(word, state, code, words, ended) \
	BATCH, word, state, false, false, MODEL, code, words, BATCH_MADE, ended
#define TEXT(text)	{ OUTPUT_TEXT, text, 0, EXPIRES_UNKNOWN }
#define PICTURE(url)	{ OUTPUT_IMAGE, url, 0, EXPIRES_UNKNOWN }
#define KEPT(url)	{ OUTPUT_FILE, url, 0, EXPIRES_UNKNOWN }

static const struct expect cases[] = {
	{ "event-response-completed.json", PARSE_HINT, "response.completed",
	  EVENT("resp_123") },
	{ "event-response-failed.json", PARSE_HINT, "response.failed",
	  EVENT(RESPONSE) },
	{ "event-batch-completed.json", PARSE_HINT, "batch.completed",
	  EVENT(BATCH) },
	{ "event-other.json", PARSE_PROGRESS,
	  "type \"fine_tuning.job.succeeded\"", EVENT(NULL) },
	{ .file = "event-no-type.json", .verdict = PARSE_UNKNOWN,
	  .err = "without \"type\"" },
	{ .file = "event-no-id.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"data.id\"" },

	{ "poll-text.json", PARSE_FINAL, NULL, COMPLETED, {
	    TEXT("A unicorn named Lumina: see https://a.example/cited.") } },
	{ "poll-texts.json", PARSE_FINAL, NULL, COMPLETED, {
	    TEXT("One."), TEXT("Two.") } },
	{ "poll-pictures.json", PARSE_FINAL, NULL, COMPLETED, {
	    PICTURE(PICTURE_1), PICTURE(PICTURE_2),
	    TEXT("Two lighthouses.") } },
	{ "poll-picture-failed.json", PARSE_FINAL, NULL, COMPLETED, {
	    TEXT("It could not be drawn.") } },
	{ "poll-function.json", PARSE_FINAL, NULL, COMPLETED, {
	    TEXT("{\"type\":\"function_call\",\"id\":\"fc_1\",\"call_id\":"
	    "\"call_1\",\"name\":\"get_weather\",\"arguments\":"
	    "\"{\\\"city\\\":\\\"Paris\\\"}\",\"status\":\"completed\"}") } },
	{ "poll-refusal.json", PARSE_FINAL, NULL, COMPLETED, {
	    TEXT("I cannot help with that.") } },
	{ "poll-empty.json", PARSE_FINAL, "without any output", COMPLETED,
	  { { 0 } } },
	{ .file = "poll-picture-broken.json", .verdict = PARSE_UNKNOWN,
	  .err = "has a picture that is not understood" },
	{ .file = "poll-only-reasoning.json", .verdict = PARSE_UNKNOWN,
	  .err = "no result that is understood" },
	{ .file = "poll-new-item.json", .verdict = PARSE_UNKNOWN,
	  .err = "has an item that is not understood" },
	{ .file = "poll-no-output.json", .verdict = PARSE_UNKNOWN,
	  .err = "no result that is understood" },
	{ "poll-queued.json", PARSE_PROGRESS, "status \"queued\"",
	  OTHER("queued", TASK_PENDING, NULL, NULL), { { 0 } } },
	{ "poll-failed.json", PARSE_FINAL, NULL, OTHER("failed", TASK_FAILED,
	  "server_error", "The model failed to generate a response."),
	  { { 0 } } },
	{ "poll-incomplete.json", PARSE_FINAL, NULL, OTHER("incomplete",
	  TASK_FAILED, "max_output_tokens", "max_output_tokens"), {
	    TEXT("Once upon a ti") } },
	{ "poll-cancelled.json", PARSE_FINAL, NULL, OTHER("cancelled",
	  TASK_CANCELLED, NULL, NULL), { { 0 } } },

	{ "batch-completed.json", PARSE_FINAL, NULL, OF_BATCH("completed",
	  TASK_SUCCEEDED, NULL, NULL, BATCH_DONE), { KEPT(ANSWERS) } },
	{ "partial/batch-errors.json", PARSE_FINAL, NULL, OF_BATCH("completed",
	  TASK_SUCCEEDED, NULL, NULL, BATCH_DONE), {
	    KEPT(ANSWERS), KEPT(ERRORS) } },
	{ "batch-all-failed.json", PARSE_FINAL, NULL, OF_BATCH("completed",
	  TASK_SUCCEEDED, NULL, NULL, BATCH_DONE), { KEPT(ERRORS) } },
	{ .file = "batch-no-file.json", .verdict = PARSE_UNKNOWN,
	  .err = "without the file of its answers" },
	{ .file = "batch-odd-file.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"output_file_id\" is no file's id" },
	{ "batch-validating.json", PARSE_PROGRESS, "status \"validating\"",
	  OF_BATCH("validating", TASK_PENDING, NULL, NULL, 0), { { 0 } } },
	{ "batch-cancelling.json", PARSE_PROGRESS, "status \"cancelling\"",
	  OF_BATCH("cancelling", TASK_PENDING, NULL, NULL, 0), { { 0 } } },
	{ "batch-failed.json", PARSE_FINAL, NULL, OF_BATCH("failed",
	  TASK_FAILED, "invalid_json_line", "This line is not parseable as "
	  "valid JSON.", INT64_C(1763999200000000)), { { 0 } } },
	{ "batch-expired.json", PARSE_FINAL, NULL, OF_BATCH("expired",
	  TASK_FAILED, "timeout", NULL, BATCH_DONE), {
	    KEPT(ANSWERS), KEPT(ERRORS) } },
	{ "batch-cancelled.json", PARSE_FINAL, NULL, OF_BATCH("cancelled",
	  TASK_CANCELLED, NULL, NULL, BATCH_DONE), { KEPT(ANSWERS) } },

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
	expect_all(&openai_provider, cases, COUNT(cases));
}

static void
test_prefixes(void)
{
	expect_prefixes_refused("tests/fixtures/openai/poll-text.json");
}

static void
test_statuses(void)
{
	static const struct expect_status	words[] = {
		{ "queued", PARSE_PROGRESS, TASK_PENDING, true },
		{ "in_progress", PARSE_PROGRESS, TASK_PENDING, true },
		{ "finalizing", PARSE_PROGRESS, TASK_PENDING, true },
		{ "completed", PARSE_FINAL, TASK_SUCCEEDED, true },
		{ "failed", PARSE_FINAL, TASK_FAILED, true },
		{ "incomplete", PARSE_FINAL, TASK_FAILED, true },
		{ "cancelled", PARSE_FINAL, TASK_CANCELLED, true },
		{ "musing", PARSE_UNKNOWN, TASK_PENDING, false },
	};

	expect_statuses(&openai_provider,
	    "tests/fixtures/openai/status.template", words, COUNT(words));
}

static void
test_poll_urls(void)
{
	static const struct expect_url	urls[] = {
		{ RESPONSE, MODEL, "http://127.0.0.1:1/p/v1/responses/" RESPONSE,
		  NULL },
		{ BATCH, NULL, "http://127.0.0.1:1/p/v1/batches/" BATCH, NULL },
		{ "a/b", NULL, "http://127.0.0.1:1/p/v1/responses/a%2Fb", NULL },
		{ "..", NULL, NULL, "cannot stand in a URL" },
	};

	expect_poll_urls(&openai_provider, urls, COUNT(urls));
}

static void
test_answers(void)
{
	static const struct expect_answer	answers[] = {
		{ 200, "{\"id\":\"resp_1\",\"status\":\"queued\"}", POLL_TASK,
		  "" },
		{ 401, "{\"error\":{\"message\":\"Incorrect API key\","
		  "\"type\":\"invalid_request_error\",\"code\":"
		  "\"invalid_api_key\"}}", POLL_BAD_KEY,
		  "answered 401: Incorrect API key" },
		{ 404, "{\"error\":{\"message\":\"Response with id 'resp_1' "
		  "not found.\"}}", POLL_NOT_FOUND, "not found" },
		{ 429, "{\"error\":{\"message\":\"Rate limit reached\"}}",
		  POLL_RATE_LIMITED, "Rate limit" },
		{ 500, NULL, POLL_TROUBLE, "500" },
	};

	expect_answers(&openai_provider, answers, COUNT(answers));
}

/* No request names a callback, whose address the project has. */
static void
test_submits(void)
{
	static const struct expect_submit	rows[] = {
		{ MODEL, NULL, "{\"input\":\"a lighthouse\"}",
		  "https://api.openai.com/v1/responses",
		  "{\"input\":\"a lighthouse\",\"model\":\"" MODEL "\","
		  "\"background\":true}" },
		{ MODEL, "/v1/responses",
		  "{\"model\":\"other\",\"background\":false}",
		  "https://api.openai.com/v1/responses",
		  "{\"model\":\"other\",\"background\":false}" },
		{ "batch", "/v1/batches", "{\"input_file_id\":\"file-1\"}",
		  "https://api.openai.com/v1/batches",
		  "{\"input_file_id\":\"file-1\"}" },
	};
	const struct submission			base = {
		.api_base = "https://api.openai.com", .hook = "https://h/t",
	};

	expect_submits(&openai_provider, &base, rows, COUNT(rows));
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

	return cunit_run("openai", tests);
}
