/* handlers/openrouter: callbacks, links, addresses, answers, requests. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "handlers/submission.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"

extern const struct provider openrouter_provider;

#define TASK_ID		"job-abc123"
#define MODEL		"google/veo-3.1"
#define DONE		INT64_C(1763999940000000)
#define CONTENT(n)	{ OUTPUT_VIDEO, "https://openrouter.ai/api/v1/videos/" \
			TASK_ID "/content?index=" n, 0, EXPIRES_UNKNOWN }
#define STORED(n)	{ OUTPUT_VIDEO, "https://storage.example/v/" n ".mp4?" \
			"X-Goog-Date=20251124T155900Z&X-Goog-Expires=3600&" \
			"X-Goog-Signature=ab", 1764003540, EXPIRES_URL }

#define TOLD(word, state, code, words) \
	TASK_ID, word, state, false, false, MODEL, code, words, 0, DONE
#define ASKED(word, state, code, words) \
	TASK_ID, word, state, false, false, MODEL, code, words, 0, 0

static const struct expect cases[] = {
	{ "callback-completed.json", PARSE_FINAL, NULL, TOLD("completed",
	  TASK_SUCCEEDED, NULL, NULL), { CONTENT("0") } },
	{ "callback-text-time.json", PARSE_FINAL, NULL, TOLD("completed",
	  TASK_SUCCEEDED, NULL, NULL), { CONTENT("0") } },
	{ "callback-stored.json", PARSE_FINAL, NULL, TOLD("completed",
	  TASK_SUCCEEDED, NULL, NULL), { STORED("0"), STORED("1") } },
	{ "callback-failed.json", PARSE_FINAL, NULL, TOLD("failed",
	  TASK_FAILED, NULL, "The provider refused the prompt."), { { 0 } } },
	{ "callback-cancelled.json", PARSE_FINAL, NULL, TOLD("cancelled",
	  TASK_CANCELLED, NULL, NULL), { { 0 } } },
	{ "callback-expired.json", PARSE_FINAL, NULL, TOLD("expired",
	  TASK_FAILED, "timeout", "Job timed out"), { { 0 } } },
	{ "callback-other.json", PARSE_PROGRESS,
	  "type \"audio.generation.completed\"", NULL, NULL, TASK_PENDING,
	  false, false, NULL, NULL, NULL, 0, 0, { { 0 } } },
	{ "poll-completed.json", PARSE_FINAL, NULL, ASKED("completed",
	  TASK_SUCCEEDED, NULL, NULL), { CONTENT("0"), CONTENT("1") } },
	{ "poll-relative.json", PARSE_FINAL, NULL, ASKED("completed",
	  TASK_SUCCEEDED, NULL, NULL), { CONTENT("0") } },
	{ "poll-fewer-stored.json", PARSE_FINAL, NULL, ASKED("completed",
	  TASK_SUCCEEDED, NULL, NULL), { CONTENT("0"), CONTENT("1") } },
	{ "poll-pending.json", PARSE_PROGRESS, "status \"pending\"",
	  ASKED("pending", TASK_PENDING, NULL, NULL), { { 0 } } },
	{ "poll-failed.json", PARSE_FINAL, NULL, ASKED("failed", TASK_FAILED,
	  NULL, "The provider refused the prompt."), { { 0 } } },
	{ "poll-no-links.json", PARSE_FINAL, "without any output",
	  ASKED("completed", TASK_SUCCEEDED, NULL, NULL), { { 0 } } },
	{ .file = "poll-odd-links.json", .verdict = PARSE_UNKNOWN,
	  .err = "no link that is understood" },
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
	expect_all(&openrouter_provider, cases, COUNT(cases));
}

static void
test_prefixes(void)
{
	expect_prefixes_refused(
	    "tests/fixtures/openrouter/callback-stored.json");
}

static void
test_statuses(void)
{
	static const struct expect_status	words[] = {
		{ "pending", PARSE_PROGRESS, TASK_PENDING, true },
		{ "in_progress", PARSE_PROGRESS, TASK_PENDING, true },
		{ "completed", PARSE_FINAL, TASK_SUCCEEDED, true },
		{ "failed", PARSE_FINAL, TASK_FAILED, true },
		{ "cancelled", PARSE_FINAL, TASK_CANCELLED, true },
		{ "expired", PARSE_FINAL, TASK_FAILED, true },
		{ "musing", PARSE_UNKNOWN, TASK_PENDING, false },
	};

	expect_statuses(&openrouter_provider,
	    "tests/fixtures/openrouter/status.template", words, COUNT(words));
}

static void
test_poll_urls(void)
{
	static const struct expect_url	urls[] = {
		{ TASK_ID, MODEL, "http://127.0.0.1:1/p/api/v1/videos/" TASK_ID,
		  NULL },
		{ "a/b", NULL, "http://127.0.0.1:1/p/api/v1/videos/a%2Fb",
		  NULL },
		{ "..", NULL, NULL, "cannot stand in a URL" },
	};

	expect_poll_urls(&openrouter_provider, urls, COUNT(urls));
}

static void
test_answers(void)
{
	static const struct expect_answer	answers[] = {
		{ 200, "{\"id\":\"job-1\",\"status\":\"pending\"}", POLL_TASK,
		  "" },
		{ 401, "{\"error\":{\"code\":401,\"message\":\"No auth "
		  "credentials found\"}}", POLL_BAD_KEY,
		  "answered 401: No auth credentials found" },
		{ 404, "{\"error\":{\"code\":404,\"message\":\"Job not "
		  "found\"}}", POLL_NOT_FOUND, "Job not found" },
		{ 429, "{\"error\":{\"code\":429,\"message\":\"slow down\"}}",
		  POLL_RATE_LIMITED, "slow down" },
		{ 502, NULL, POLL_TROUBLE, "502" },
	};

	expect_answers(&openrouter_provider, answers, COUNT(answers));
}

static void
test_submits(void)
{
	static const struct expect_submit	rows[] = {
		{ MODEL, NULL, "{\"prompt\":\"a lighthouse\"}",
		  "https://openrouter.ai/api/v1/videos",
		  "{\"prompt\":\"a lighthouse\",\"model\":\"" MODEL "\","
		  "\"callback_url\":\"https://h/t\"}" },
		{ MODEL, NULL, "{\"model\":\"other/one\"}",
		  "https://openrouter.ai/api/v1/videos",
		  "{\"model\":\"other/one\",\"callback_url\":\"https://h/t\"}" },
	};
	const struct submission			base = {
		.api_base = "https://openrouter.ai", .hook = "https://h/t",
	};

	expect_submits(&openrouter_provider, &base, rows, COUNT(rows));
}

static const char *
openrouter_header(const void *arg, const char *name)
{
	(void)arg;
	return strcmp(name, "HTTP_X_OPENROUTER_SIGNATURE") == 0 ?
	    "t=1764000000,v1=d25b63174dbce68abd522af51e14d5d7dfcc75b8d4a180909"
	    "2a7d8e1d65d6ce4" : NULL;
}

static void
test_signature(void)
{
	static const struct {
		const char		*secret, *body;
		int64_t			 later_s;
		enum verify_verdict	 verdict;
	} rows[] = {
		{ "or-secret", "{\"a\":1}", 300, VERIFY_OK },
		{ "or-secret", "{\"a\":1}", 301, VERIFY_STALE },
		{ "or-secret", "{\"a\":2}", 0, VERIFY_FAILED },
		{ "or-secrets", "{\"a\":1}", 0, VERIFY_FAILED },
	};
	struct errbuf	err;
	size_t		i;

	for (i = 0; i < COUNT(rows); i++) {
		const char *const	secrets[] = { rows[i].secret, NULL };
		struct verify_input	in = {
			.header = openrouter_header, .body = rows[i].body,
			.bodylen = strlen(rows[i].body), .secrets = secrets,
			.now = RECEIVED_AT + rows[i].later_s * USEC_PER_SEC,
		};

		CU_ASSERT_EQUAL(signature_verify(
		    openrouter_provider.signature, &in, &err),
		    rows[i].verdict);
	}
	CU_ASSERT_FALSE(signature_is_due(openrouter_provider.signature,
	    (const char *const []){ NULL }));
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

	return cunit_run("openrouter", tests);
}
