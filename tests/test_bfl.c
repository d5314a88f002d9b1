/* handlers/bfl: results, states, addresses, answers, requests, and its
 * signature. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "handlers/submission.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"

extern const struct provider bfl_provider;

#define BASE	"https://api.bfl.ai"
#define TASK_ID	"gen_abc123xyz"
#define SAMPLE	"https://bfldeliveryprod.blob.core.windows.net/results/ab/" \
		"sample.png"
#define ENDED	INT64_C(1763999940000000)

#define FAILED(word, code, words, ended) \
	TASK_ID, word, TASK_FAILED, false, false, NULL, code, words, 0, \
	ended, { { 0 } }

static const struct expect cases[] = {
	{ "callback-ready.json", PARSE_FINAL, NULL, TASK_ID, "Ready",
	  TASK_SUCCEEDED, false, false, NULL, NULL, NULL, 0, ENDED, {
	    { OUTPUT_IMAGE, SAMPLE, 1764000540, EXPIRES_PROVIDER } } },
	{ "poll-ready.json", PARSE_FINAL, NULL, TASK_ID, "Ready",
	  TASK_SUCCEEDED, false, false, NULL, NULL, NULL, 0, 0, {
	    { OUTPUT_IMAGE, SAMPLE, 1764000600, EXPIRES_PROVIDER } } },
	{ "poll-ready-signed.json", PARSE_FINAL, NULL, TASK_ID, "Ready",
	  TASK_SUCCEEDED, false, false, NULL, NULL, NULL, 0, 0, {
	    { OUTPUT_IMAGE, "https://delivery-eu1.bfl.ai/results/ab/"
	      "sample.jpeg?se=2025-11-24T16%3A05%3A00Z&sp=r&sig=x",
	      1764000300, EXPIRES_URL } } },
	{ "callback-error.json", PARSE_FINAL, NULL, FAILED("Error",
	  "content_policy_violation", "The prompt violated content policy",
	  ENDED) },
	{ "poll-moderated.json", PARSE_FINAL, NULL,
	  FAILED("Request Moderated", "moderated",
	  "{\"Moderation Reasons\":[\"Derivative Works Filter\"]}", 0) },
	{ "poll-content-moderated.json", PARSE_FINAL, NULL,
	  FAILED("Content Moderated", "moderated", "Content Moderated", 0) },
	{ "poll-failed.json", PARSE_FINAL, NULL,
	  FAILED("Failed", NULL, "Failed", 0) },
	{ "poll-pending.json", PARSE_PROGRESS, "status \"Pending\"",
	  TASK_ID, "Pending", TASK_PENDING, false, false, NULL, NULL, NULL,
	  0, 0, { { 0 } } },
	{ "ready-no-result.json", PARSE_FINAL, "without any output", TASK_ID,
	  "Ready", TASK_SUCCEEDED, false, false, NULL, NULL, NULL, 0, 0,
	  { { 0 } } },
	{ .file = "ready-odd.json", .verdict = PARSE_UNKNOWN,
	  .err = "without a sample" },
	{ .file = "not-found.json", .verdict = PARSE_UNKNOWN,
	  .err = "Task not found" },
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
	expect_all(&bfl_provider, cases, COUNT(cases));
}

static void
test_prefixes(void)
{
	expect_prefixes_refused("tests/fixtures/bfl/callback-ready.json");
}

static void
test_poll_urls(void)
{
	static const struct expect_url	urls[] = {
		{ TASK_ID, NULL, "http://127.0.0.1:1/p/v1/get_result?id="
		  TASK_ID, NULL },
		{ "a&b", NULL, "http://127.0.0.1:1/p/v1/get_result?id=a%26b",
		  NULL },
		{ "..", NULL, NULL, "cannot stand in a URL" },
	};

	expect_poll_urls(&bfl_provider, urls, COUNT(urls));
}

static void
test_answers(void)
{
	static const struct expect_answer	answers[] = {
		{ 200, "{\"id\":\"7c\",\"status\":\"Pending\"}", POLL_TASK, "" },
		{ 200, "{\"id\":\"7c\",\"status\":\"Task not found\"}",
		  POLL_NOT_FOUND, "404" },
		{ 403, "{\"detail\":\"Not authenticated\"}", POLL_BAD_KEY,
		  "answered 403: Not authenticated" },
		{ 404, "{\"detail\":\"Not Found\"}", POLL_NOT_FOUND,
		  "Not Found" },
		{ 429, NULL, POLL_RATE_LIMITED, "429" },
		{ 502, NULL, POLL_TROUBLE, "502" },
	};

	expect_answers(&bfl_provider, answers, COUNT(answers));
}

static void
test_submits(void)
{
	static const struct expect_submit	rows[] = {
		{ "flux-2-pro", NULL, "{\"prompt\":\"x\"}",
		  BASE "/v1/flux-2-pro",
		  "{\"prompt\":\"x\",\"webhook_url\":\"https://h/t\","
		  "\"webhook_secret\":\"s-1\"}" },
	};
	const struct submission			base = {
		.api_base = BASE, .hook = "https://h/t",
		.secret = "s-1", .own_id = "id-1",
	};

	expect_submits(&bfl_provider, &base, rows, COUNT(rows));
}

static void
test_statuses(void)
{
	static const struct expect_status	words[] = {
		{ "Pending", PARSE_PROGRESS, TASK_PENDING, true },
		{ "Ready", PARSE_FINAL, TASK_SUCCEEDED, true },
		{ "Error", PARSE_FINAL, TASK_FAILED, true },
		{ "Failed", PARSE_FINAL, TASK_FAILED, true },
		{ "Request Moderated", PARSE_FINAL, TASK_FAILED, true },
		{ "Content Moderated", PARSE_FINAL, TASK_FAILED, true },
		{ "Task not found", PARSE_UNKNOWN, TASK_PENDING, false },
		{ "Musing", PARSE_UNKNOWN, TASK_PENDING, false },
	};

	expect_statuses(&bfl_provider,
	    "tests/fixtures/bfl/status.template", words, COUNT(words));
}

/* Made by: printf %s '{"a":1}' | openssl dgst -sha256 -hmac bfl-secret */
static const char *
bfl_header(const void *arg, const char *name)
{
	(void)arg;
	return strcmp(name, "HTTP_X_BFL_SIGNATURE") == 0 ?
	    "sha256=231ba004c748c8c6216b053180e94746"
	    "9d336e38250fc716699dfaff0d234512" : NULL;
}

static void
test_signature(void)
{
	static const struct {
		const char		*secret, *body;
		enum verify_verdict	 verdict;
	} rows[] = {
		{ "bfl-secret", "{\"a\":1}", VERIFY_OK },
		{ "bfl-secret", "{\"a\":2}", VERIFY_FAILED },
		{ "bfl-secrets", "{\"a\":1}", VERIFY_FAILED },
	};
	struct errbuf	err;
	size_t		i;

	for (i = 0; i < COUNT(rows); i++) {
		const char *const	secrets[] = { rows[i].secret, NULL };
		struct verify_input	in = { .header = bfl_header,
					    .body = rows[i].body,
					    .bodylen = strlen(rows[i].body),
					    .secrets = secrets,
					    .now = RECEIVED_AT };

		CU_ASSERT_EQUAL(signature_verify(bfl_provider.signature, &in,
		    &err), rows[i].verdict);
	}
	CU_ASSERT(signature_covers_body(bfl_provider.signature));
	CU_ASSERT_FALSE(signature_is_due(bfl_provider.signature,
	    (const char *const[]){ NULL }));
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

	return cunit_run("bfl", tests);
}
