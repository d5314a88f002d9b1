/* handlers/apixo: what becomes of each fixture, status word and answer. */
#include "tests/cunit_main.h"
#include "tests/fixture.h"

extern const struct provider apixo_provider;

#define TASK_ID	"dff8afd3c1e94f0ab2d7a6e5f4c3b2a1"
#define PNG	"https://file.apixo.ai/temp/2025/11/24/dff8-1.png"
#define TEMP	"https://file.apixo.ai/temp/"
#define SUBMIT	INT64_C(1763999987000000)
#define FINISH	INT64_C(1763999999500000)
#define DAY_ON	1764086399	/* a day after FINISH */
#define LATEST	1764086400	/* a day after it came in */

#define DONE	TASK_ID, "success", TASK_SUCCEEDED, false, false
#define FAILED	TASK_ID, "failed", TASK_FAILED, false, false
#define PLAIN	NULL, NULL, NULL, SUBMIT, FINISH
#define ONE_PNG	{ { OUTPUT_IMAGE, PNG, DAY_ON, EXPIRES_PROVIDER } }

static const struct expect cases[] = {
	{ "callback-success.json", PARSE_FINAL, NULL, DONE, PLAIN, ONE_PNG },
	{ "callback-failed.json", PARSE_FINAL, NULL, FAILED, NULL,
	  "CONTENT_VIOLATION", "The prompt is against the rules.", SUBMIT,
	  INT64_C(1763999992000000), { { 0 } } },
	{ "fail-code-camel.json", PARSE_FINAL, NULL, FAILED, NULL,
	  "SensitiveContent", NULL, SUBMIT, INT64_C(1763999992000000),
	  { { 0 } } },
	{ "poll-processing.json", PARSE_PROGRESS, "status \"processing\"",
	  TASK_ID, "processing", TASK_PENDING, false, false, NULL, NULL, NULL,
	  SUBMIT, 0, { { 0 } } },
	{ "no-cost-time.json", PARSE_FINAL, NULL, DONE, NULL, NULL, NULL,
	  SUBMIT, INT64_C(1763999999000000), {
	    { OUTPUT_IMAGE, PNG, DAY_ON, EXPIRES_PROVIDER },
	    { OUTPUT_VIDEO, "https://cdn.apixo.ai/2.mp4", DAY_ON,
	      EXPIRES_PROVIDER } } },
	{ "no-complete-time.json", PARSE_FINAL, NULL, DONE, NULL, NULL, NULL,
	  SUBMIT, 0, {
	    { OUTPUT_IMAGE, PNG, LATEST, EXPIRES_PROVIDER } } },
	{ "times-as-text.json", PARSE_FINAL, NULL, DONE, NULL, NULL, NULL,
	  SUBMIT, 0, {
	    { OUTPUT_IMAGE, PNG, LATEST, EXPIRES_PROVIDER } } },
	{ "result-json-is-object.json", PARSE_FINAL, NULL, DONE, PLAIN,
	  ONE_PNG },
	{ "result-json-empty.json", PARSE_FINAL, "without any output", DONE,
	  PLAIN, { { 0 } } },
	{ "result-json-missing.json", PARSE_FINAL, "without any output", DONE,
	  PLAIN, { { 0 } } },
	{ "result-json-null-word.json", PARSE_FINAL, "without any output",
	  DONE, PLAIN, { { 0 } } },
	{ "result-urls-empty.json", PARSE_FINAL, "without any output", DONE,
	  PLAIN, { { 0 } } },
	{ "result-urls-is-string.json", PARSE_FINAL, NULL, DONE, PLAIN,
	  ONE_PNG },
	{ "result-urls-nulls.json", PARSE_FINAL, NULL, DONE, PLAIN, ONE_PNG },
	{ "suno-unknown-shape.json", PARSE_FINAL, NULL, DONE, PLAIN, {
	    { OUTPUT_AUDIO, TEMP "a", DAY_ON, EXPIRES_PROVIDER },
	    { OUTPUT_AUDIO, TEMP "b.mp3", DAY_ON, EXPIRES_PROVIDER },
	    { OUTPUT_VIDEO, TEMP "b.mp4", DAY_ON, EXPIRES_PROVIDER },
	    { OUTPUT_IMAGE, TEMP "a-cover", DAY_ON, EXPIRES_PROVIDER },
	    { OUTPUT_IMAGE, TEMP "b-cover", DAY_ON, EXPIRES_PROVIDER } } },
	{ "text-only.json", PARSE_FINAL, NULL, DONE, PLAIN, {
	    { OUTPUT_TEXT, "{\"text\":\"a short answer\"}", 0,
	      EXPIRES_UNKNOWN } } },
	{ .file = "result-json-not-json.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"resultJson\" is no JSON: " },
	{ .file = "result-json-is-number.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"resultJson\" is no plain string" },
	{ .file = "nul-in-inner-key.json", .verdict = PARSE_UNKNOWN,
	  .err = "a NUL in a key" },
	{ "result-urls-bad-link.json", PARSE_FINAL,
	  "no http or https URL: javascript:alert(1)", DONE, PLAIN, {
	    { OUTPUT_IMAGE, PNG, DAY_ON, EXPIRES_PROVIDER },
	    { OUTPUT_FILE, "javascript:alert(1)", DAY_ON,
	      EXPIRES_PROVIDER } } },
	{ .file = "code-400.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"code\" is not 200" },
	{ .file = "no-envelope.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"code\" is not 200" },
	{ .file = "data-is-null.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"taskId\"" },
	{ .file = "id-is-number.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"taskId\"" },
	{ .file = "nul-in-id.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"taskId\"" },
	{ "kie-twin.json", PARSE_FINAL, NULL, "k1", "fail", TASK_FAILED, false,
	  false, NULL, NULL, NULL, 0, 0, { { 0 } } },
};

static void
test_fixtures(void)
{
	expect_all(&apixo_provider, cases, COUNT(cases));
}

static void
test_prefixes(void)
{
	expect_prefixes_refused("tests/fixtures/apixo/callback-success.json");
}

static void
test_statuses(void)
{
	static const struct expect_status	words[] = {
		{ "pending", PARSE_PROGRESS, TASK_PENDING, true },
		{ "processing", PARSE_PROGRESS, TASK_PENDING, true },
		{ "success", PARSE_FINAL, TASK_SUCCEEDED, true },
		{ "failed", PARSE_FINAL, TASK_FAILED, true },
		{ "fail", PARSE_FINAL, TASK_FAILED, true },
		{ "cancelled", PARSE_FINAL, TASK_CANCELLED, true },
		{ "resting", PARSE_UNKNOWN, TASK_PENDING, false },
	};

	expect_statuses(&apixo_provider,
	    "tests/fixtures/apixo/status.template", words, COUNT(words));
}

static void
test_poll_urls(void)
{
#define STATUS	"http://127.0.0.1:1/p/api/v1/statusTask/"
	static const struct expect_url	urls[] = {
		{ "dff8", "nano-banana", STATUS "nano-banana?taskId=dff8",
		  NULL },
		{ "d&f=8", "vendor/flux 2?", STATUS
		  "vendor/flux%202%3F?taskId=d%26f%3D8", NULL },
		{ "dff8", NULL, NULL, "model is unknown" },
		{ "dff8", "", NULL, "model is unknown" },
		{ "dff8", "../../v1", NULL, "cannot stand in a URL" },
		{ "dff8", "vendor/./x", NULL, "cannot stand in a URL" },
		{ "dff8", "vendor//x", NULL, "cannot stand in a URL" },
		{ "dff8", "vendor/", NULL, "cannot stand in a URL" },
	};

	expect_poll_urls(&apixo_provider, urls, COUNT(urls));
}

static void
test_answers(void)
{
	static const struct expect_answer	answers[] = {
		{ 200, "{\"code\":200,\"message\":\"success\",\"data\":{}}",
		  POLL_TASK, "" },
		{ 200, "{\"code\":404,\"message\":\"task not found\"}",
		  POLL_NOT_FOUND, "answered 404: task not found" },
		{ 400, "{\"code\":400,\"message\":\"Invalid request\","
		  "\"data\":{\"error\":\"Missing required field\"}}",
		  POLL_TROUBLE, "answered 400: Missing required field" },
		{ 401, "{\"code\":401,\"message\":\"Unauthorized\"}",
		  POLL_BAD_KEY, "Unauthorized" },
		{ 403, "{\"code\":403,\"message\":\"Key lacks permission\"}",
		  POLL_BAD_KEY, "permission" },
		{ 403, "{\"code\":403,\"message\":\"Content policy\"}",
		  POLL_TROUBLE, "Content policy" },
		{ 404, "{\"code\":404,\"message\":\"no\"}", POLL_NOT_FOUND,
		  "no" },
		{ 429, NULL, POLL_RATE_LIMITED, "429" },
		{ 500, NULL, POLL_TROUBLE, "500" },
	};

	expect_answers(&apixo_provider, answers, COUNT(answers));
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
		{ NULL,		NULL }
	};

	return cunit_run("apixo", tests);
}
