/* handlers/apimart: what becomes of each fixture, status word and answer. */
#include "tests/cunit_main.h"
#include "tests/fixture.h"

extern const struct provider apimart_provider;

#define TASK_ID	"task_01K9XQ7M3V5T8N2R4W6Y8Z0B1C"
#define MJ_ID	"task_01K9XR52C0TEJSYZMCG0NCS4YW"
#define FILES	"https://upload.apimart.ai/f/"
#define SUBMIT	INT64_C(1763999900000000)
#define FINISH	INT64_C(1763999960000000)
#define DAY_ON	1764086360	/* a day after FINISH, as the field says */

#define DONE	TASK_ID, "completed", TASK_SUCCEEDED, false, false
#define MJ_DONE	MJ_ID, "SUCCESS", TASK_SUCCEEDED, false, false
#define FAILED	TASK_ID, "failed", TASK_FAILED, false, false
#define PLAIN	NULL, NULL, NULL, SUBMIT, FINISH
#define PNG	FILES "image/9d1f-1.png"
#define ONE_PNG	{ { OUTPUT_IMAGE, PNG, DAY_ON, EXPIRES_FIELD } }

static const struct expect cases[] = {
	{ "callback-completed.json", PARSE_FINAL, NULL, DONE, PLAIN,
	  ONE_PNG },
	{ "callback-failed.json", PARSE_FINAL, NULL, FAILED, NULL, NULL,
	  "the provider refused the prompt", SUBMIT, FINISH, { { 0 } } },
	{ "failed-newer-form.json", PARSE_FINAL, NULL, FAILED, NULL,
	  "task_failed", "task failed", SUBMIT, FINISH, { { 0 } } },
	{ "error-code-int.json", PARSE_FINAL, NULL, FAILED, NULL, "500",
	  "internal error", SUBMIT, FINISH, { { 0 } } },
	{ "error-is-string.json", PARSE_FINAL, NULL, FAILED, NULL, NULL,
	  "out of capacity", SUBMIT, FINISH, { { 0 } } },
	{ "failed-at-full-progress.json", PARSE_FINAL, NULL, FAILED, PLAIN,
	  { { 0 } } },
	{ "cancelled.json", PARSE_FINAL, NULL, TASK_ID, "cancelled",
	  TASK_CANCELLED, false, false, PLAIN, { { 0 } } },
	{ "poll-wrapped.json", PARSE_FINAL, NULL, DONE, PLAIN, {
	    { OUTPUT_IMAGE, PNG, DAY_ON, EXPIRES_FIELD },
	    { OUTPUT_VIDEO, FILES "video/9d1f-2.mp4", DAY_ON,
	      EXPIRES_FIELD },
	    { OUTPUT_IMAGE, FILES "image/thumb.jpg", DAY_ON,
	      EXPIRES_PROVIDER } } },
	{ "data-array-of-one.json", PARSE_FINAL, NULL, DONE, PLAIN, ONE_PNG },
	{ "submit-answer.json", PARSE_PROGRESS, "status \"submitted\"",
	  TASK_ID, "submitted", TASK_PENDING, false, false, NULL, NULL, NULL,
	  0, 0, { { 0 } } },
	{ "poll-unified.json", PARSE_PROGRESS, "status \"pending\"",
	  "task-unified-1763999900-a1b2", "pending", TASK_PENDING, false,
	  false, "gpt-image-2", NULL, NULL, SUBMIT, 0, { { 0 } } },
	{ "url-as-string.json", PARSE_FINAL, NULL, DONE, PLAIN, ONE_PNG },
	{ "bare-string-entries.json", PARSE_FINAL, NULL, DONE, PLAIN, {
	    { OUTPUT_IMAGE, PNG, DAY_ON, EXPIRES_PROVIDER },
	    { OUTPUT_IMAGE, FILES "image/9d1f-2.png", DAY_ON,
	      EXPIRES_PROVIDER } } },
	{ "root-relative-url.json", PARSE_FINAL, NULL, DONE, PLAIN, {
	    { OUTPUT_VIDEO, FILES "video/9d1f-2.mp4", DAY_ON,
	      EXPIRES_PROVIDER } } },
	{ "no-expires-at.json", PARSE_FINAL, NULL, DONE, PLAIN, {
	    { OUTPUT_IMAGE, PNG, DAY_ON, EXPIRES_PROVIDER } } },
	{ "no-completed.json", PARSE_FINAL, NULL, DONE, NULL, NULL, NULL,
	  SUBMIT, 0, {
	    { OUTPUT_IMAGE, PNG, 1764086400, EXPIRES_PROVIDER } } },
	{ "expires-at-absurd.json", PARSE_FINAL, NULL, DONE, PLAIN, {
	    { OUTPUT_IMAGE, PNG, DAY_ON, EXPIRES_PROVIDER } } },
	{ "audios.json", PARSE_FINAL, NULL, DONE, PLAIN, {
	    { OUTPUT_AUDIO, FILES "audio/9d1f.mp3", DAY_ON,
	      EXPIRES_FIELD } } },
	{ "music.json", PARSE_FINAL, NULL, DONE, "suno-v5", NULL, NULL,
	  SUBMIT, FINISH, {
	    { OUTPUT_AUDIO, FILES "audio/a.mp3", DAY_ON, EXPIRES_PROVIDER },
	    { OUTPUT_AUDIO, FILES "audio/b.mp3", DAY_ON, EXPIRES_PROVIDER },
	    { OUTPUT_IMAGE, FILES "image/a-small.jpeg", DAY_ON,
	      EXPIRES_PROVIDER },
	    { OUTPUT_IMAGE, FILES "image/a-large.jpeg", DAY_ON,
	      EXPIRES_PROVIDER },
	    { OUTPUT_IMAGE, FILES "image/b.jpeg", DAY_ON,
	      EXPIRES_PROVIDER } } },
	{ "midjourney.json", PARSE_FINAL, NULL, MJ_DONE, NULL, NULL, NULL, 0,
	  0, {
	    { OUTPUT_IMAGE, "https://cdn.apimart.ai/mj_9d_0.png", 1764086400,
	      EXPIRES_PROVIDER },
	    { OUTPUT_IMAGE, "https://cdn.apimart.ai/mj_9d_1.png", 1764086400,
	      EXPIRES_PROVIDER },
	    { OUTPUT_IMAGE, "https://cdn.apimart.ai/mj_9d.png", 1764086400,
	      EXPIRES_PROVIDER } } },
	{ "midjourney-grid-only.json", PARSE_FINAL, NULL, MJ_DONE, NULL, NULL,
	  NULL, 0, 0, {
	    { OUTPUT_IMAGE, "https://cdn.apimart.ai/mj_9d.png", 1764086400,
	      EXPIRES_PROVIDER } } },
	{ "completed-without-result.json", PARSE_FINAL, "without any output",
	  DONE, PLAIN, { { 0 } } },
	{ "id-twice.json", PARSE_FINAL, NULL, "task_last", "completed",
	  TASK_SUCCEEDED, false, false, NULL, NULL, NULL, 0, 0, {
	    { OUTPUT_IMAGE, PNG, 1764086400, EXPIRES_PROVIDER } } },
	{ .file = "data-array-of-two.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"data\" holds 2 tasks" },
	{ .file = "data-array-empty.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"data\" holds 0 tasks" },
	{ .file = "host-relative-url.json", .verdict = PARSE_UNKNOWN,
	  .err = "no http or https URL: //evil.example/9d1f-2.mp4" },
	{ "item-without-link.json", PARSE_FINAL, NULL, DONE, PLAIN, {
	    { OUTPUT_IMAGE, PNG, DAY_ON, EXPIRES_PROVIDER } } },
	{ "link-is-object-beside-one.json", PARSE_FINAL, NULL, DONE, PLAIN, {
	    { OUTPUT_IMAGE, PNG, DAY_ON, EXPIRES_PROVIDER },
	    { OUTPUT_IMAGE, FILES "image/9d1f-2.png", DAY_ON,
	      EXPIRES_PROVIDER } } },
	{ "failed-with-bad-link.json", PARSE_FINAL, NULL, FAILED, NULL,
	  "task_failed", "the picture was refused", SUBMIT, FINISH,
	  { { 0 } } },
	{ "link-is-object.json", PARSE_FINAL, NULL, DONE, PLAIN, {
	    { OUTPUT_IMAGE, PNG, DAY_ON, EXPIRES_PROVIDER } } },
	{ "link-with-blank.json", PARSE_FINAL, NULL, DONE, PLAIN, {
	    { OUTPUT_IMAGE, "https://upload.apimart.ai/f/a%20b.png", DAY_ON,
	      EXPIRES_PROVIDER } } },
	{ .file = "id-is-number.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"id\"" },
	{ .file = "nul-in-id.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"id\"" },
	{ .file = "data-is-string.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"task_id\"" },
	{ .file = "not-an-object.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"task_id\"" },
};

static void
test_fixtures(void)
{
	expect_all(&apimart_provider, cases, COUNT(cases));
}

static void
test_prefixes(void)
{
	expect_prefixes_refused("tests/fixtures/apimart/poll-wrapped.json");
}

static void
test_statuses(void)
{
	static const struct expect_status	words[] = {
		{ "pending", PARSE_PROGRESS, TASK_PENDING, true },
		{ "submitted", PARSE_PROGRESS, TASK_PENDING, true },
		{ "processing", PARSE_PROGRESS, TASK_PENDING, true },
		{ "in_progress", PARSE_PROGRESS, TASK_PENDING, true },
		{ "completed", PARSE_FINAL, TASK_SUCCEEDED, true },
		{ "failed", PARSE_FINAL, TASK_FAILED, true },
		{ "cancelled", PARSE_FINAL, TASK_CANCELLED, true },
		{ "NOT_START", PARSE_PROGRESS, TASK_PENDING, true },
		{ "SUBMITTED", PARSE_PROGRESS, TASK_PENDING, true },
		{ "IN_PROGRESS", PARSE_PROGRESS, TASK_PENDING, true },
		{ "MODAL", PARSE_PROGRESS, TASK_PENDING, true },
		{ "SUCCESS", PARSE_FINAL, TASK_SUCCEEDED, true },
		{ "FAILURE", PARSE_FINAL, TASK_FAILED, true },
		{ "success", PARSE_FINAL, TASK_SUCCEEDED, true },
		{ "complete", PARSE_FINAL, TASK_SUCCEEDED, true },
		{ "resting", PARSE_UNKNOWN, TASK_PENDING, false },
	};

	expect_statuses(&apimart_provider,
	    "tests/fixtures/apimart/status.template", words, COUNT(words));
}

static void
test_poll_urls(void)
{
	static const struct expect_url	urls[] = {
		{ "task_1", NULL, "http://127.0.0.1:1/p/v1/tasks/task_1",
		  NULL },
		{ "task_1", "", "http://127.0.0.1:1/p/v1/tasks/task_1", NULL },
		{ "task_1", "gpt-image-2",
		  "http://127.0.0.1:1/p/v1/tasks/task_1", NULL },
		{ "task_1", "suno-v5",
		  "http://127.0.0.1:1/p/v1/music/tasks/task_1", NULL },
		{ "task_1", "Flow-music",
		  "http://127.0.0.1:1/p/v1/music/tasks/task_1", NULL },
		{ "task_1", "music-1",
		  "http://127.0.0.1:1/p/v1/music/tasks/task_1", NULL },
		{ "task_1", "midjourney",
		  "http://127.0.0.1:1/p/v1/midjourney/task_1", NULL },
		{ "task_1", "mj_fast",
		  "http://127.0.0.1:1/p/v1/midjourney/task_1", NULL },
		{ "a/../b", NULL, "http://127.0.0.1:1/p/v1/tasks/a%2F..%2Fb",
		  NULL },
		{ "..", NULL, NULL, "cannot stand in a URL" },
		{ ".", NULL, NULL, "cannot stand in a URL" },
	};

	expect_poll_urls(&apimart_provider, urls, COUNT(urls));
}

static void
test_answers(void)
{
	static const struct expect_answer	answers[] = {
		{ 200, "{\"code\":200,\"data\":{\"id\":\"t\"}}", POLL_TASK,
		  "" },
		{ 200, "{\"id\":\"t\",\"status\":\"failed\","
		  "\"error\":{\"code\":500}}", POLL_TASK, "" },
		{ 401, "{\"error\":{\"code\":\"\",\"message\":\"invalid API "
		  "key\",\"param\":\"\",\"type\":\"apimart_error\"}}",
		  POLL_BAD_KEY, "answered 401: invalid API key" },
		{ 200, "{\"error\":{\"code\":401,\"message\":\"no\"}}",
		  POLL_BAD_KEY, "answered 401: no" },
		{ 400, "{\"error\":{\"code\":400,\"message\":"
		  "\"invalid task id\"}}", POLL_NOT_FOUND, "invalid task id" },
		{ 400, "{\"error\":{\"code\":400,\"message\":\"bad\"}}",
		  POLL_TROUBLE, "bad" },
		{ 402, "{\"error\":{\"code\":402,\"message\":\"pay\"}}",
		  POLL_TROUBLE, "pay" },
		{ 404, "{}", POLL_NOT_FOUND, "404" },
		{ 429, "{}", POLL_RATE_LIMITED, "429" },
		{ 502, NULL, POLL_TROUBLE, "502" },
	};

	expect_answers(&apimart_provider, answers, COUNT(answers));
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

	return cunit_run("apimart", tests);
}
