/* handlers/novita: what becomes of each fixture, status word and answer. */
#include "tests/cunit_main.h"
#include "tests/fixture.h"

extern const struct provider novita_provider;

#define TASK_ID	"a6e0f3c2-52b4-4f7b-9c4b-1d9a3a0b7e11"
#define PUBLIC	"https://d2p7pge43lyniu.cloudfront.net/output/6a1d7f0e-1.png"
#define SIGNED	"https://faas-output-image.s3.ap-southeast-1.amazonaws.com/" \
		"prod/1e2c0f8a-1.jpeg?X-Amz-Algorithm=AWS4-HMAC-SHA256&" \
		"X-Amz-Credential=AKIAEXAMPLE%2F20251124%2Fap-southeast-1%2F" \
		"s3%2Faws4_request&X-Amz-Date=20251124T155951Z&" \
		"X-Amz-Expires=3600&X-Amz-SignedHeaders=host&" \
		"x-id=GetObject&X-Amz-Signature=5a0c"
#define TENCENT	"https://video-1309.cos.ap-shanghai.myqcloud.com/hailuo/" \
		"7d31.mp4?q-sign-algorithm=sha1&q-ak=AKIDexample&" \
		"q-sign-time=1764000100%3b1764003700&" \
		"q-key-time=1764000100%3b1764003700&q-header-list=host&" \
		"q-url-param-list=&q-signature=0f3e"
#define MODEL	"sd_xl_base_1.0.safetensors"
#define SUBMIT	INT64_C(1763999990640000)
#define FINISH	INT64_C(1763999999120000)

#define I32	"iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii"
#define SUCCEED	TASK_ID, "TASK_STATUS_SUCCEED", TASK_SUCCEEDED
#define NO_MORE	NULL, NULL, NULL, 0, 0
#define UNKNOWN_LIFE	0, EXPIRES_UNKNOWN
#define ONE_PUBLIC	{ { OUTPUT_IMAGE, PUBLIC, UNKNOWN_LIFE } }

static const struct expect cases[] = {
	{ "callback-images.json", PARSE_FINAL, NULL, SUCCEED, false, false,
	  MODEL, NULL, NULL, SUBMIT, FINISH, {
	    { OUTPUT_IMAGE, SIGNED, 1764003591, EXPIRES_URL },
	    { OUTPUT_IMAGE, "https://faas.example.r2.dev/2.jpeg", 1764001800,
	      EXPIRES_FIELD } } },
	{ "poll-all-kinds.json", PARSE_FINAL, NULL, SUCCEED, false, false,
	  MODEL, NULL, NULL, SUBMIT, FINISH, {
	    { OUTPUT_IMAGE, "https://pub.example.r2.dev/1.png", 1764003600,
	      EXPIRES_FIELD },
	    { OUTPUT_VIDEO, "https://pub.example.r2.dev/2.mp4", 1764172800,
	      EXPIRES_FIELD },
	    { OUTPUT_AUDIO, "https://pub.example.r2.dev/3.wav", 1764604800,
	      EXPIRES_FIELD } } },
	{ "poll-processing.json", PARSE_PROGRESS,
	  "status \"TASK_STATUS_PROCESSING\"", TASK_ID,
	  "TASK_STATUS_PROCESSING", TASK_PENDING, false, false,
	  NULL, NULL, NULL, SUBMIT, 0, { { 0 } } },
	{ "callback-failed.json", PARSE_FINAL, NULL, TASK_ID,
	  "TASK_STATUS_FAILED", TASK_FAILED, false, false, NULL, NULL,
	  "prompt was refused by the content filter", 0, 0, { { 0 } } },
	{ "event-other-type.json", PARSE_PROGRESS,
	  "event_type \"ASYNC_TASK_STARTED\"", TASK_ID, NULL, TASK_PENDING,
	  false, false, NO_MORE, { { 0 } } },
	{ "event-other-no-task.json", PARSE_PROGRESS,
	  "event_type \"ACCOUNT_NOTICE\"", NULL, NULL, TASK_PENDING, false,
	  false, NO_MORE, { { 0 } } },
	{ "event-type-missing.json", PARSE_FINAL, NULL, SUCCEED, false, false,
	  NO_MORE, ONE_PUBLIC },
	{ "ttl-zero-tencent-url.json", PARSE_FINAL, NULL, SUCCEED, false,
	  false, NO_MORE, {
	    { OUTPUT_VIDEO, TENCENT, 1764003700, EXPIRES_URL } } },
	{ "ttl-zero-public-url.json", PARSE_FINAL, NULL, SUCCEED, false,
	  false, NO_MORE, ONE_PUBLIC },
	{ "ttl-number.json", PARSE_FINAL, NULL, SUCCEED, false, false,
	  NO_MORE, { { OUTPUT_IMAGE, PUBLIC, 1764007200, EXPIRES_FIELD } } },
	{ "ttl-nonsense.json", PARSE_FINAL, NULL, SUCCEED, false, false,
	  NO_MORE, {
	    { OUTPUT_IMAGE, PUBLIC, UNKNOWN_LIFE },
	    { OUTPUT_IMAGE, PUBLIC, UNKNOWN_LIFE },
	    { OUTPUT_IMAGE, PUBLIC, UNKNOWN_LIFE },
	    { OUTPUT_IMAGE, PUBLIC, UNKNOWN_LIFE } } },
	{ "png-in-videos.json", PARSE_FINAL, NULL, SUCCEED, false, false,
	  NO_MORE, { { OUTPUT_IMAGE, "https://pub.example.r2.dev/replaced-1",
	    1764003600, EXPIRES_FIELD } } },
	{ "test-mode.json", PARSE_FINAL, NULL, SUCCEED, false, true, NO_MORE,
	  ONE_PUBLIC },
	{ "test-mode-off.json", PARSE_FINAL, NULL, SUCCEED, false, false,
	  NO_MORE, ONE_PUBLIC },
	{ "empty-times.json", PARSE_FINAL, NULL, SUCCEED, false, false,
	  NO_MORE, ONE_PUBLIC },
	{ "model-in-request.json", PARSE_FINAL, NULL, SUCCEED, false, false,
	  "flux-1-dev", NULL, NULL, 0, 0, ONE_PUBLIC },
	{ "no-arrays.json", PARSE_FINAL, "without any output", SUCCEED, false,
	  false, NO_MORE, { { 0 } } },
	{ "extra-images.json", PARSE_FINAL, NULL, SUCCEED, false, false,
	  NO_MORE, {
	    { OUTPUT_IMAGE, PUBLIC, UNKNOWN_LIFE },
	    { OUTPUT_IMAGE, "https://pub.example.r2.dev/2.webp",
	      UNKNOWN_LIFE } } },
	{ "extra-images-beside-images.json", PARSE_FINAL, NULL, SUCCEED,
	  false, false, NO_MORE, ONE_PUBLIC },
	{ "empty-and-null-links.json", PARSE_FINAL, NULL, SUCCEED, false,
	  false, NO_MORE, ONE_PUBLIC },
	{ "id-longest.json", PARSE_FINAL, NULL,
	  I32 I32 I32 I32 I32 I32 I32 I32,
	  "TASK_STATUS_SUCCEED", TASK_SUCCEEDED, false, false, NO_MORE,
	  ONE_PUBLIC },
	{ "item-without-link-beside-one.json", PARSE_FINAL, NULL, SUCCEED,
	  false, false, NO_MORE, {
	    { OUTPUT_IMAGE, "https://h.example/1.png", UNKNOWN_LIFE },
	    { OUTPUT_IMAGE, PUBLIC, 1764003600, EXPIRES_FIELD } } },
	{ "item-without-link.json", PARSE_FINAL, NULL, SUCCEED, false, false,
	  NO_MORE, ONE_PUBLIC },
	{ "images-is-object.json", PARSE_FINAL, NULL, SUCCEED, false, false,
	  NO_MORE, ONE_PUBLIC },
	{ .file = "link-is-number.json", .verdict = PARSE_UNKNOWN,
	  .err = "an output holds no link that is understood" },
	{ "link-is-file-scheme.json", PARSE_FINAL,
	  "no http or https URL: file:///etc/passwd", SUCCEED, false, false,
	  NO_MORE, {
	    { OUTPUT_IMAGE, PUBLIC, 1764003600, EXPIRES_FIELD },
	    { OUTPUT_IMAGE, "file:///etc/passwd", 1764003600,
	      EXPIRES_FIELD } } },
	{ .file = "event-type-number.json", .verdict = PARSE_UNKNOWN,
	  .err = "event_type" },
	{ .file = "nul-in-id.json", .verdict = PARSE_UNKNOWN,
	  .err = "task.task_id" },
	{ .file = "id-is-number.json", .verdict = PARSE_UNKNOWN,
	  .err = "task.task_id" },
	{ .file = "id-empty.json", .verdict = PARSE_UNKNOWN,
	  .err = "task.task_id" },
	{ .file = "id-with-newline.json", .verdict = PARSE_UNKNOWN,
	  .err = "control byte" },
	{ .file = "id-too-long.json", .verdict = PARSE_UNKNOWN,
	  .err = "has 257 bytes" },
	{ .file = "status-missing.json", .verdict = PARSE_UNKNOWN,
	  .err = "task.status" },
	{ .file = "status-is-object.json", .verdict = PARSE_UNKNOWN,
	  .err = "task.status" },
	{ .file = "root-is-array.json", .verdict = PARSE_UNKNOWN,
	  .err = "task.task_id" },
	{ .file = "root-is-null.json", .verdict = PARSE_UNKNOWN,
	  .err = "task.task_id" },
};

static void
test_fixtures(void)
{
	expect_all(&novita_provider, cases, COUNT(cases));
}

static void
test_prefixes(void)
{
	expect_prefixes_refused("tests/fixtures/novita/callback-images.json");
}

static void
test_statuses(void)
{
	static const struct expect_status	words[] = {
		{ "TASK_STATUS_QUEUED", PARSE_PROGRESS, TASK_PENDING, true },
		{ "TASK_STATUS_PROCESSING", PARSE_PROGRESS, TASK_PENDING,
		  true },
		{ "TASK_STATUS_SUCCEED", PARSE_FINAL, TASK_SUCCEEDED, true },
		{ "TASK_STATUS_FAILED", PARSE_FINAL, TASK_FAILED, true },
		{ "TASK_STATUS_CANCELED", PARSE_FINAL, TASK_CANCELLED, true },
		{ "TASK_STATUS_CANCELLED", PARSE_FINAL, TASK_CANCELLED, true },
		{ "TASK_STATUS_SUCCEEDED", PARSE_FINAL, TASK_SUCCEEDED, true },
		{ "TASK_STATUS_RESTING", PARSE_UNKNOWN, TASK_PENDING,
		  false },
		{ "task_status_succeed", PARSE_FINAL, TASK_SUCCEEDED, true },
		{ "TASK_STATUS_UNKNOWN", PARSE_UNKNOWN, TASK_PENDING, false },
	};

	expect_statuses(&novita_provider,
	    "tests/fixtures/novita/status.template", words, COUNT(words));
}

static void
test_poll_urls(void)
{
	static const struct expect_url	urls[] = {
		{ "a6e0-1", NULL, "http://127.0.0.1:1/p/v3/async/task-result"
		  "?task_id=a6e0-1", NULL },
		{ "a/b?c&d=e f%\xc3\xa9", NULL, "http://127.0.0.1:1/p/v3/"
		  "async/task-result?task_id=a%2Fb%3Fc%26d%3De%20f%25%C3%A9",
		  NULL },
		{ "", NULL, NULL, "cannot stand in a URL" },
	};

	expect_poll_urls(&novita_provider, urls, COUNT(urls));
}

static void
test_answers(void)
{
	static const struct expect_answer	answers[] = {
		{ 200, "{\"task\":{}}", POLL_TASK, "" },
		{ 200, NULL, POLL_TROUBLE, "without a JSON object" },
		{ 200, "[]", POLL_TROUBLE, "without a JSON object" },
		{ 200, "null", POLL_TROUBLE, "without a JSON object" },
		{ 200, "{\"code\":403,\"reason\":\"INVALID_API_KEY\","
		  "\"message\":\"bad key\",\"metadata\":{}}", POLL_BAD_KEY,
		  "answered 403: bad key" },
		{ 401, "{\"code\":401,\"reason\":\"FAILED_TO_AUTH\","
		  "\"message\":\"no\"}", POLL_BAD_KEY, "no" },
		{ 403, "{\"code\":403,\"reason\":\"NOT_ENOUGH_BALANCE\","
		  "\"message\":\"top up\"}", POLL_TROUBLE, "top up" },
		{ 404, NULL, POLL_NOT_FOUND, "404" },
		{ 429, "{\"code\":429,\"reason\":\"RATE_LIMIT_EXCEEDED\"}",
		  POLL_RATE_LIMITED, "RATE_LIMIT_EXCEEDED" },
		{ 503, "{\"code\":503,\"message\":\"busy\"}", POLL_TROUBLE,
		  "busy" },
		{ 302, NULL, POLL_TROUBLE, "302" },
		{ 0, NULL, POLL_TROUBLE, "0" },
	};

	expect_answers(&novita_provider, answers, COUNT(answers));
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

	return cunit_run("novita", tests);
}
