/* handlers/kie: the families' callbacks and poll answers, states, addresses,
 * answers, and requests. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "handlers/submission.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"

extern const struct provider kie_provider;

#define TASK_ID	"ee9c2715375b7837f8bb51d641ff5863"
#define MODEL	"google/nano-banana"
#define FILES	"https://file.aiquickdraw.com/custom-page/akr/section-images/"
#define VIDEOS	"https://tempfile.aiquickdraw.com/v/"
#define SONGS	"https://cdn.suno.example/"
#define CREATED	INT64_C(1763999980127000)
#define ENDED	INT64_C(1763999990383000)
#define DAY	1764086390	/* a day after ENDED */
#define RDAY	1764086400	/* and after it came in */
#define LONG	1765209600	/* 14 days after it came in */

#define DONE(word)	TASK_ID, word, TASK_SUCCEEDED, false, false
#define FAILED(word)	TASK_ID, word, TASK_FAILED, false, false
#define PENDING(word)	TASK_ID, word, TASK_PENDING, false, false
#define BARE		NULL, NULL, NULL, 0, 0
#define TIMED		NULL, NULL, NULL, CREATED, ENDED
#define OUT(kind, url, end) \
			{ OUTPUT_##kind, url, end, EXPIRES_PROVIDER }
#define SONG_FILES \
	OUT(AUDIO, SONGS "1.mp3", LONG), OUT(AUDIO, SONGS "2.mp3", LONG), \
	OUT(IMAGE, SONGS "1.jpeg", LONG), OUT(IMAGE, SONGS "2.jpeg", LONG)

static const struct expect cases[] = {
	{ "callback-market.json", PARSE_FINAL, NULL, DONE("success"), MODEL,
	  NULL, NULL, CREATED, ENDED, { OUT(IMAGE, FILES "1.png", DAY),
	    OUT(IMAGE, FILES "2.png", DAY) } },
	{ "callback-market-failed.json", PARSE_FINAL, NULL, FAILED("failed"),
	  MODEL, "500", "Internal server error", CREATED, ENDED, { { 0 } } },
	{ "callback-market-text.json", PARSE_FINAL, NULL, DONE("success"),
	  MODEL, NULL, NULL, CREATED, ENDED, { { OUTPUT_TEXT,
	    "{\"text\":\"good morning\",\"language\":\"en\"}", 0,
	    EXPIRES_UNKNOWN } } },
	{ .file = "callback-market-odd.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"data.resultJson\" holds no link" },
	{ "callback-market-empty.json", PARSE_FINAL, "without any output",
	  DONE("success"), MODEL, NULL, NULL, CREATED, ENDED, { { 0 } } },
	{ "poll-market-waiting.json", PARSE_PROGRESS, "status \"waiting\"",
	  PENDING("waiting"), MODEL, NULL, NULL, CREATED, 0, { { 0 } } },
	{ "poll-market-generating.json", PARSE_PROGRESS,
	  "status \"generating\"", PENDING("generating"), MODEL, NULL, NULL,
	  CREATED, 0, { { 0 } } },
	{ "poll-market-fail.json", PARSE_FINAL, NULL, FAILED("fail"), MODEL,
	  "422", "The prompt was flagged as sensitive", CREATED, ENDED,
	  { { 0 } } },

	{ "callback-suno.json", PARSE_FINAL, NULL, DONE("complete"), BARE,
	  { SONG_FILES } },
	{ "callback-suno-text.json", PARSE_PROGRESS, "status \"text\"",
	  PENDING("text"), BARE, { { 0 } } },
	{ "callback-suno-first.json", PARSE_PROGRESS, "status \"first\"",
	  PENDING("first"), BARE, { { 0 } } },
	{ "callback-suno-error.json", PARSE_FINAL, NULL, FAILED("failed"),
	  NULL, "400", "Song description contained artist name", 0, 0,
	  { { 0 } } },
	{ "callback-lyrics.json", PARSE_FINAL, NULL, DONE("complete"), BARE, {
	    { OUTPUT_TEXT, "{\"text\":\"[Verse]\\nlights\",\"title\":"
	      "\"Iron Man\",\"status\":\"complete\",\"errorMessage\":\"\"}",
	      0, EXPIRES_UNKNOWN } } },
	{ "poll-suno.json", PARSE_FINAL, NULL, DONE("SUCCESS"), BARE,
	  { SONG_FILES } },
	{ "poll-suno-first.json", PARSE_PROGRESS, "\"FIRST_SUCCESS\"",
	  PENDING("FIRST_SUCCESS"), BARE, { { 0 } } },
	{ "poll-suno-unheard.json", PARSE_FINAL, NULL,
	  DONE("CALLBACK_EXCEPTION"), BARE, {
	    OUT(AUDIO, SONGS "1.mp3", LONG),
	    OUT(IMAGE, SONGS "1.jpeg", LONG) } },
	{ .file = "poll-suno-unheard-empty.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"CALLBACK_EXCEPTION\" without any output" },
	{ "poll-suno-moderated.json", PARSE_FINAL, NULL,
	  FAILED("SENSITIVE_WORD_ERROR"), NULL, "SENSITIVE_WORD_ERROR",
	  "contains a sensitive word", 0, 0, { { 0 } } },

	{ "callback-veo.json", PARSE_FINAL, NULL, DONE("success"), BARE, {
	    OUT(VIDEO, VIDEOS "out.mp4", RDAY),
	    OUT(VIDEO, VIDEOS "wide.mp4", RDAY) } },
	{ "callback-veo-failed.json", PARSE_FINAL, NULL, FAILED("failed"),
	  NULL, "422", "Your prompt was flagged by Website as violating "
	  "content policies", 0, 0, { { 0 } } },
	{ "poll-flag-0.json", PARSE_PROGRESS, "status \"generating\"",
	  PENDING("generating"), NULL, NULL, NULL, CREATED, 0, { { 0 } } },
	{ "poll-flag-1.json", PARSE_FINAL, NULL, DONE("success"), TIMED,
	  { OUT(VIDEO, VIDEOS "out.mp4", DAY) } },
	{ "poll-flag-3.json", PARSE_FINAL, NULL, FAILED("failed"), NULL,
	  "501", "generation failed", CREATED, ENDED, { { 0 } } },
	{ .file = "poll-flag-9.json", .verdict = PARSE_UNKNOWN,
	  .err = "unknown status" },
	{ "poll-aleph.json", PARSE_FINAL, NULL, DONE("success"), TIMED, {
	    OUT(VIDEO, VIDEOS "out.mp4", DAY),
	    OUT(IMAGE, VIDEOS "cover.png", DAY) } },
	{ "callback-4o.json", PARSE_FINAL, NULL, DONE("success"), BARE,
	  { OUT(IMAGE, VIDEOS "1.png", RDAY) } },
	{ "callback-flux.json", PARSE_FINAL, NULL, DONE("success"), BARE,
	  { OUT(IMAGE, VIDEOS "out.jpg", RDAY) } },
	{ "callback-runway.json", PARSE_FINAL, NULL, DONE("success"), BARE, {
	    OUT(VIDEO, VIDEOS "out.mp4", LONG),
	    OUT(IMAGE, VIDEOS "cover.png", LONG) } },
	{ "callback-runway-failed.json", PARSE_FINAL, NULL, FAILED("failed"),
	  NULL, "400", "Inappropriate content detected. Please replace the "
	  "image or video.", 0, 0, { { 0 } } },
	{ "poll-runway.json", PARSE_FINAL, NULL, DONE("success"), BARE, {
	    OUT(VIDEO, VIDEOS "out.mp4", LONG),
	    OUT(IMAGE, VIDEOS "cover.png", LONG) } },
	{ "callback-aleph.json", PARSE_FINAL, NULL, DONE("success"), BARE, {
	    OUT(VIDEO, VIDEOS "out.mp4", LONG),
	    OUT(IMAGE, VIDEOS "cover.png", LONG) } },
	{ "callback-vocals.json", PARSE_FINAL, NULL, DONE("success"), BARE, {
	    OUT(AUDIO, SONGS "i.mp3", LONG),
	    OUT(AUDIO, SONGS "v.mp3", LONG) } },
	{ "callback-mp4.json", PARSE_FINAL, NULL, DONE("success"), BARE,
	  { OUT(VIDEO, SONGS "out.mp4", LONG) } },
	{ "poll-mp4-failed.json", PARSE_FINAL, NULL,
	  FAILED("GENERATE_MP4_FAILED"), NULL, "GENERATE_MP4_FAILED",
	  "could not", 0, 0, { { 0 } } },

	{ .file = "id-missing.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"data.taskId\"" },
	{ .file = "error-answer.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"data.taskId\"" },
	{ .file = "no-state.json", .verdict = PARSE_UNKNOWN,
	  .err = "neither a state nor a code" },
};

static void
test_fixtures(void)
{
	expect_all(&kie_provider, cases, COUNT(cases));
}

static void
test_prefixes(void)
{
	expect_prefixes_refused("tests/fixtures/kie/callback-market.json");
}

static void
test_statuses(void)
{
	static const struct expect_status	words[] = {
		{ "waiting", PARSE_PROGRESS, TASK_PENDING, true },
		{ "queuing", PARSE_PROGRESS, TASK_PENDING, true },
		{ "generating", PARSE_PROGRESS, TASK_PENDING, true },
		{ "success", PARSE_FINAL, TASK_SUCCEEDED, true },
		{ "fail", PARSE_FINAL, TASK_FAILED, true },
		{ "GENERATE_LYRICS_FAILED", PARSE_FINAL, TASK_FAILED, true },
		{ "cancelled", PARSE_FINAL, TASK_CANCELLED, true },
		{ "musing", PARSE_UNKNOWN, TASK_PENDING, false },
	};

	expect_statuses(&kie_provider, "tests/fixtures/kie/status.template",
	    words, COUNT(words));
}

static void
test_poll_urls(void)
{
#define API	"http://127.0.0.1:1/p/api/v1"
	static const struct expect_url	urls[] = {
		{ TASK_ID, MODEL, API "/jobs/recordInfo?taskId=" TASK_ID,
		  NULL },
		{ "a&b", NULL, API "/jobs/recordInfo?taskId=a%26b", NULL },
		{ "t", "veo3_fast", API "/veo/record-info?taskId=t", NULL },
		{ "t", "suno", API "/generate/record-info?taskId=t", NULL },
		{ "t", "V4_5PLUS", API "/generate/record-info?taskId=t",
		  NULL },
		{ "t", "runway", API "/runway/record-detail?taskId=t", NULL },
		{ "t", "runway/gen-9", API "/jobs/recordInfo?taskId=t", NULL },
		{ "t", "aleph", API "/aleph/record-info?taskId=t", NULL },
		{ "t", "4o-image", API "/gpt4o-image/record-info?taskId=t",
		  NULL },
		{ "t", "flux-kontext-pro",
		  API "/flux/kontext/record-info?taskId=t", NULL },
		{ "t", "vocal-removal", API "/vocal-removal/record-info"
		  "?taskId=t", NULL },
		{ "t", "lyrics", API "/lyrics/record-info?taskId=t", NULL },
	};

	expect_poll_urls(&kie_provider, urls, COUNT(urls));
}

static void
test_answers(void)
{
	static const struct expect_answer	answers[] = {
		{ 200, "{\"code\":200,\"data\":{\"taskId\":\"e\"}}", POLL_TASK,
		  "" },
		{ 200, "{\"code\":401,\"msg\":\"no access\",\"data\":null}",
		  POLL_BAD_KEY, "answered 401: no access" },
		{ 200, "{\"code\":422,\"msg\":\"recordInfo is null\"}",
		  POLL_NOT_FOUND, "recordInfo is null" },
		{ 200, "{\"code\":429,\"msg\":\"too fast\"}",
		  POLL_RATE_LIMITED, "too fast" },
		{ 200, "{\"code\":500,\"msg\":\"oh\"}", POLL_TROUBLE, "500" },
		{ 502, NULL, POLL_TROUBLE, "502" },
	};

	expect_answers(&kie_provider, answers, COUNT(answers));
}

static void
test_submits(void)
{
#define BASE	"https://api.kie.ai"
#define HOOK	"\"callBackUrl\":\"https://h/t\"}"
	static const struct expect_submit	rows[] = {
		{ MODEL, NULL, "{\"input\":{}}",
		  BASE "/api/v1/jobs/createTask",
		  "{\"input\":{},\"model\":\"" MODEL "\"," HOOK },
		{ "veo3", NULL, "{\"prompt\":\"x\"}",
		  BASE "/api/v1/veo/generate",
		  "{\"prompt\":\"x\",\"model\":\"veo3\"," HOOK },
		{ "suno", NULL, "{\"model\":\"V5\"}", BASE "/api/v1/generate",
		  "{\"model\":\"V5\"," HOOK },
		{ "V5", NULL, "{\"prompt\":\"x\"}", BASE "/api/v1/generate",
		  "{\"prompt\":\"x\",\"model\":\"V5\"," HOOK },
		{ "runway", NULL, "{\"prompt\":\"x\"}",
		  BASE "/api/v1/runway/generate", "{\"prompt\":\"x\"," HOOK },
		{ "suno", "/api/v1/generate/extend", "{\"prompt\":\"x\"}",
		  BASE "/api/v1/generate/extend", "{\"prompt\":\"x\"," HOOK },
	};
	const struct submission			base = {
		.api_base = BASE, .hook = "https://h/t",
	};

	expect_submits(&kie_provider, &base, rows, COUNT(rows));
}

/* The vector was made with another program: openssl's. */
static const char *
kie_header(const void *arg, const char *name)
{
	(void)arg;
	if (strcmp(name, "HTTP_X_WEBHOOK_TIMESTAMP") == 0)
		return "1764000000";
	return strcmp(name, "HTTP_X_WEBHOOK_SIGNATURE") == 0 ?
	    "wLqR4SVKUE6sP2qx71uUtg0BoD3TOz73s8tQGXi/PCA=" : NULL;
}

static void
test_signature(void)
{
	static const struct {
		const char		*secret, *body;
		enum verify_verdict	 verdict;
	} rows[] = {
		{ "kie-key", "{\"data\":{\"taskId\":\"" TASK_ID "\"}}",
		  VERIFY_OK },
		{ "kie-key", "{\"data\":{\"task_id\":\"" TASK_ID "\"}}",
		  VERIFY_OK },
		{ "kie-key", "{\"taskId\":\"" TASK_ID "\",\"data\":{}}",
		  VERIFY_OK },
		{ "kie-key", "{\"data\":{\"taskId\":\"" TASK_ID "0\"}}",
		  VERIFY_FAILED },
		{ "kie-keys", "{\"data\":{\"taskId\":\"" TASK_ID "\"}}",
		  VERIFY_FAILED },
		{ "kie-key", "{\"data\":{}}", VERIFY_FAILED },
	};
	struct errbuf	err;
	size_t		i;

	for (i = 0; i < COUNT(rows); i++) {
		const char *const	secrets[] = { rows[i].secret, NULL };
		struct verify_input	in = { .header = kie_header,
					    .body = rows[i].body,
					    .bodylen = strlen(rows[i].body),
					    .secrets = secrets,
					    .now = RECEIVED_AT };

		CU_ASSERT_EQUAL(signature_verify(kie_provider.signature, &in,
		    &err), rows[i].verdict);
	}
	CU_ASSERT_FALSE(signature_covers_body(kie_provider.signature));
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
		{ "signature",	test_signature },
		{ NULL,		NULL }
	};

	return cunit_run("kie", tests);
}
