/* handlers/fal: callbacks, the bare answers of polls, addresses, answers,
 * requests, and its signature. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/crypto.h"
#include "handlers/submission.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"

extern const struct provider fal_provider;

#define TASK_ID	"123e4567-e89b-42d3-a456-426614174000"
#define FILES	"https://v3.fal.media/files/"

#define DONE	TASK_ID, "OK", TASK_SUCCEEDED, false, false
#define PLAIN	NULL, NULL, NULL, 0, 0
#define FAILED(word, words) \
	TASK_ID, word, TASK_FAILED, false, false, NULL, NULL, words, 0, 0, \
	{ { 0 } }

static const struct expect cases[] = {
	{ "callback-images.json", PARSE_FINAL, NULL, DONE, PLAIN, {
	    { OUTPUT_IMAGE, FILES "a/one.png", 0, EXPIRES_UNKNOWN },
	    { OUTPUT_IMAGE, FILES "a/two", 0, EXPIRES_UNKNOWN } } },
	{ "callback-video.json", PARSE_FINAL, NULL, DONE, PLAIN, {
	    { OUTPUT_VIDEO, FILES "b/out.mp4", 0, EXPIRES_UNKNOWN } } },
	{ "callback-mesh.json", PARSE_FINAL, NULL, DONE, PLAIN, {
	    { OUTPUT_FILE, FILES "c/m.glb", 0, EXPIRES_UNKNOWN } } },
	{ "callback-text.json", PARSE_FINAL, NULL, DONE, PLAIN, {
	    { OUTPUT_TEXT, "a lighthouse at dusk", 0, EXPIRES_UNKNOWN } } },
	{ "callback-words.json", PARSE_FINAL, NULL, DONE, PLAIN, {
	    { OUTPUT_TEXT, "{\"label\":\"lighthouse\",\"score\":0.5}", 0,
	      EXPIRES_UNKNOWN } } },
	{ "callback-empty.json", PARSE_FINAL, "without any output", DONE,
	  PLAIN, { { 0 } } },
	{ .file = "callback-odd.json", .verdict = PARSE_UNKNOWN,
	  .err = "holds no link" },
	{ "callback-error.json", PARSE_FINAL, NULL,
	  FAILED("ERROR", "field required") },
	{ "callback-error-bare.json", PARSE_FINAL, NULL,
	  FAILED("ERROR", "Runner died") },
	{ "callback-no-payload.json", PARSE_HINT, "without a payload",
	  TASK_ID, "OK", TASK_PENDING, false, false, PLAIN, { { 0 } } },
	{ "queue-waiting.json", PARSE_PROGRESS, "status \"IN_QUEUE\"",
	  TASK_ID, "IN_QUEUE", TASK_PENDING, false, false, PLAIN, { { 0 } } },
	{ "queue-completed.json", PARSE_HINT, "without a payload", TASK_ID,
	  "COMPLETED", TASK_PENDING, false, false, PLAIN, { { 0 } } },
	{ "queue-failed.json", PARSE_FINAL, NULL,
	  FAILED("COMPLETED", "Runner died") },
	{ .file = "id-missing.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"request_id\"" },
	{ .file = "status-missing.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"status\"" },
	{ .file = "error-answer.json", .verdict = PARSE_UNKNOWN,
	  .err = "\"request_id\"" },
};

static void
test_fixtures(void)
{
	expect_all(&fal_provider, cases, COUNT(cases));
}

static void
test_prefixes(void)
{
	expect_prefixes_refused("tests/fixtures/fal/callback-images.json");
}

static void
test_statuses(void)
{
	static const struct expect_status	words[] = {
		{ "OK", PARSE_FINAL, TASK_SUCCEEDED, true },
		{ "ERROR", PARSE_FINAL, TASK_FAILED, true },
		{ "IN_PROGRESS", PARSE_PROGRESS, TASK_PENDING, true },
		{ "FINE", PARSE_UNKNOWN, TASK_PENDING, false },
	};

	expect_statuses(&fal_provider, "tests/fixtures/fal/status.template",
	    words, COUNT(words));
}

/* Answers of a poll: the queue's, and behind it the model's. */
#define QUEUE(more)	"{\"status\":\"COMPLETED\"" more "}"
#define BOTH(answer)	"[" QUEUE(",\"logs\":[]") "," answer "]"

static const struct {
	int			 http;
	const char		*body;
	enum parse_verdict	 verdict;
	enum task_state		 state;
	size_t			 noutputs;
	const char		*code, *message;
} polls[] = {
	{ 200, BOTH("{\"images\":[{\"url\":"
	  "\"https://f.example/a.png\"}],\"seed\":1}"), PARSE_FINAL,
	  TASK_SUCCEEDED, 1, NULL, NULL },
	{ 200, BOTH("{\"status\":\"COMPLETED\",\"response\":"
	  "{\"video\":{\"url\":\"https://f.example/a.mp4\"}}}"),
	  PARSE_FINAL, TASK_SUCCEEDED, 1, NULL, NULL },
	{ 200, BOTH("{\"output\":\"some words\"}"), PARSE_FINAL,
	  TASK_SUCCEEDED, 1, NULL, NULL },
	{ 400, BOTH("{\"detail\":\"Request is still in progress\"}"),
	  PARSE_PROGRESS, TASK_PENDING, 0, NULL, NULL },
	{ 422, BOTH("{\"detail\":[{\"loc\":[\"body\"],\"msg\":\"not "
	  "allowed\",\"type\":\"content_policy_violation\"}]}"),
	  PARSE_FINAL, TASK_FAILED, 0, NULL, "not allowed" },
	{ 0, BOTH("{\"detail\":[{\"loc\":[\"body\"],\"msg\":\"not "
	  "allowed\",\"type\":\"content_policy_violation\"}]}"),
	  PARSE_FINAL, TASK_FAILED, 0, NULL, "not allowed" },
	{ 202, "{\"status\":\"IN_QUEUE\",\"request_id\":\"" TASK_ID
	  "\",\"queue_position\":2}", PARSE_PROGRESS, TASK_PENDING, 0,
	  NULL, NULL },
	{ 202, "{\"status\":\"IN_PROGRESS\"}", PARSE_PROGRESS,
	  TASK_PENDING, 0, NULL, NULL },
	{ 200, QUEUE(""), PARSE_HINT, TASK_PENDING, 0, NULL, NULL },
	{ 200, QUEUE(",\"error\":\"Request timed out\",\"error_type\":"
	  "\"request_timeout\""), PARSE_FINAL, TASK_FAILED, 0,
	  "request_timeout", "Request timed out" },
};

static void
test_polls(void)
{
	struct parse_context	 ctx = { .received_at = RECEIVED_AT,
				    .api_base = "https://queue.fal.run",
				    .task_id = TASK_ID };
	struct json_object	*doc;
	struct result		 r;
	struct errbuf		 err;
	size_t			 i;

	for (i = 0; i < COUNT(polls); i++) {
		memset(&r, 0, sizeof(r));
		ctx.http = polls[i].http;
		CU_ASSERT_EQUAL_FATAL(json_parse(polls[i].body,
		    strlen(polls[i].body), &doc, &err), JSON_OK);
		CU_ASSERT_EQUAL(fal_provider.parse(doc, &ctx, &r, &err),
		    polls[i].verdict);
		CU_ASSERT_EQUAL(r.state, polls[i].state);
		CU_ASSERT_EQUAL(r.noutputs, polls[i].noutputs);
		CU_ASSERT_STRING_EQUAL(r.task_id, TASK_ID);
		CU_ASSERT_TRUE(r.status_known);
		if (polls[i].message != NULL)
			CU_ASSERT_STRING_EQUAL(r.error_message,
			    polls[i].message);
		if (polls[i].code != NULL)
			CU_ASSERT_STRING_EQUAL(r.error_code, polls[i].code);
		result_free(&r);
		json_free(doc);
	}
}

/* What the queue calls completed is asked for, where it was. */
static void
test_next(void)
{
#define ASKED	"https://queue.fal.run/fal-ai/flux/requests/" TASK_ID
	static const struct {
		const char	*asked, *body, *url;
	} rows[] = {
		{ ASKED "/status", QUEUE(""), ASKED },
		{ ASKED "/status?logs=1", QUEUE(""), ASKED },
		{ ASKED "/status", QUEUE(",\"error\":\"no\""), NULL },
		{ ASKED "/status", "{\"status\":\"IN_PROGRESS\"}", NULL },
		{ ASKED "/status", "{}", NULL },
		{ ASKED, QUEUE(""), NULL },
		{ "", QUEUE(""), NULL },
	};
	struct json_object	*doc;
	struct errbuf		 err;
	struct buf		 url;
	char			 mem[256];
	size_t			 i;

	for (i = 0; i < COUNT(rows); i++) {
		CU_ASSERT_EQUAL_FATAL(json_parse(rows[i].body,
		    strlen(rows[i].body), &doc, &err), JSON_OK);
		buf_over(&url, mem, sizeof(mem));
		CU_ASSERT_EQUAL(fal_provider.poll_next(&url,
		    "https://queue.fal.run", rows[i].asked, doc),
		    rows[i].url != NULL);
		if (rows[i].url != NULL)
			CU_ASSERT_STRING_EQUAL(mem, rows[i].url);
		json_free(doc);
	}
}

static void
test_poll_urls(void)
{
#define BELOW	"http://127.0.0.1:1/p/"
	static const struct expect_url	urls[] = {
		{ TASK_ID, "fal-ai/flux/dev",
		  BELOW "fal-ai/flux/requests/" TASK_ID "/status", NULL },
		{ TASK_ID, "fal-ai/flux",
		  BELOW "fal-ai/flux/requests/" TASK_ID "/status", NULL },
		{ TASK_ID, "workflows/me/mine/x",
		  BELOW "workflows/me/mine/requests/" TASK_ID "/status", NULL },
		{ "a/b", "fal-ai/flux",
		  BELOW "fal-ai/flux/requests/a%2Fb/status", NULL },
		{ "..", "fal-ai/flux", NULL, "cannot stand in a URL" },
		{ TASK_ID, "../flux", NULL, "cannot stand in a URL" },
		{ TASK_ID, "flux", NULL, "cannot stand in a URL" },
		{ TASK_ID, NULL, NULL, "the model is not known" },
	};

	expect_poll_urls(&fal_provider, urls, COUNT(urls));
}

static void
test_answers(void)
{
	static const struct expect_answer	answers[] = {
		{ 200, "{\"images\":[],\"code\":7}", POLL_TASK, "" },
		{ 400, "{\"detail\":\"Request is still in progress\"}",
		  POLL_TASK, "" },
		{ 400, "{\"detail\":\"Bad path\"}", POLL_TROUBLE, "Bad path" },
		{ 401, "{\"detail\":\"Cannot access application\"}",
		  POLL_BAD_KEY, "Cannot access" },
		{ 404, "{\"detail\":\"Not Found\"}", POLL_NOT_FOUND, "Not" },
		{ 422, "{\"detail\":\"strange\"}", POLL_TROUBLE, "strange" },
		{ 422, "{\"detail\":[{\"msg\":\"no\"}]}", POLL_TASK, "" },
		{ 429, "{\"detail\":\"Too many\"}", POLL_RATE_LIMITED, "Too" },
		{ 500, "{\"detail\":\"Internal\"}", POLL_TROUBLE, "Internal" },
		{ 502, NULL, POLL_TROUBLE, "502" },
	};

	expect_answers(&fal_provider, answers, COUNT(answers));
}

static void
test_submits(void)
{
	struct submission	 s = { .api_base = "https://queue.fal.run",
				    .model = "fal-ai/flux/dev",
				    .hook = "https://h/t" };
	struct errbuf		 err;
	struct buf		 url;
	char			 mem[512], *body;

	buf_over(&url, mem, sizeof(mem));
	CU_ASSERT_TRUE_FATAL(submission_url(&url, &fal_provider, &s, &err));
	CU_ASSERT_STRING_EQUAL(mem, "https://queue.fal.run/fal-ai/flux/dev"
	    "?fal_webhook=https%3A%2F%2Fh%2Ft");
	body = submission_body(&fal_provider, &s, "{\"prompt\":\"x\"}", &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(body);
	CU_ASSERT_STRING_EQUAL(body, "{\"prompt\":\"x\"}");
	free(body);
	buf_over(&url, mem, sizeof(mem));
	s.model = "../other";
	CU_ASSERT_FALSE(submission_url(&url, &fal_provider, &s, &err));
}

/* ---- the signature ------------------------------------------------------ */

#define SIGNED_ID	"123e4567-e89b-12d3-a456-426614174000"
#define SIGNED_BODY	"{\"request_id\":\"" SIGNED_ID "\",\"status\":\"OK\"," \
			"\"payload\":{\"images\":[]}}"
#define SIGNATURE	"d0c7ab66e80300387180c5f775dbf47ccebcf2b821165492" \
			"ace989824df28211e5216b40e7d7ffe74d73850630ca2ed3" \
			"ff6a44df29c08b02d4d0aaa2b8a3a105"

static const struct {
	const char	*name, *value;
} signed_headers[] = {
	{ "HTTP_X_FAL_WEBHOOK_REQUEST_ID", SIGNED_ID },
	{ "HTTP_X_FAL_WEBHOOK_USER_ID", "auth0|user" },
	{ "HTTP_X_FAL_WEBHOOK_TIMESTAMP", "1764000000" },
	{ "HTTP_X_FAL_WEBHOOK_SIGNATURE", SIGNATURE },
};

/* A callback of which one bit may be another: of a header, or the body. */
struct signed_call {
	char	values[COUNT(signed_headers)][160];
	char	body[sizeof(SIGNED_BODY)];
};

static const char *
call_header(const void *arg, const char *name)
{
	const struct signed_call	*c = arg;
	size_t				 i;

	for (i = 0; i < COUNT(signed_headers); i++)
		if (strcmp(signed_headers[i].name, name) == 0)
			return c->values[i];
	return NULL;
}

static void
call_fill(struct signed_call *c)
{
	size_t	i;

	for (i = 0; i < COUNT(signed_headers); i++)
		(void)snprintf(c->values[i], sizeof(c->values[i]), "%s",
		    signed_headers[i].value);
	memcpy(c->body, SIGNED_BODY, sizeof(SIGNED_BODY));
}

static enum verify_verdict
call_verify(const struct signed_call *c, const struct public_key *keys,
    size_t nkeys)
{
	struct verify_input	in = {
		.header = call_header, .arg = c, .body = c->body,
		.bodylen = sizeof(SIGNED_BODY) - 1, .keys = keys,
		.nkeys = nkeys, .now = RECEIVED_AT,
	};
	struct errbuf		err;

	return signature_verify(fal_provider.signature, &in, &err);
}

/* The first test key of RFC 8032, and one that did not sign. */
static void
keys_fill(struct public_key keys[2])
{
	static const char	x[] = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
	unsigned char		raw[36];

	memset(keys, 0, 2 * sizeof(*keys));
	CU_ASSERT_EQUAL_FATAL(base64_decode(x, sizeof(x) - 1, raw),
	    ED25519_KEY_BYTES);
	memset(keys[0].bytes, 9, ED25519_KEY_BYTES);
	memcpy(keys[1].bytes, raw, ED25519_KEY_BYTES);
}

static void
test_signature(void)
{
	struct public_key	 keys[2];
	struct signed_call	 c;
	enum verify_verdict	 v;
	size_t			 i, bit;
	char			*at;

	keys_fill(keys);
	call_fill(&c);
	CU_ASSERT_EQUAL(call_verify(&c, keys, 2), VERIFY_OK);
	CU_ASSERT_EQUAL(call_verify(&c, keys, 1), VERIFY_FAILED);
	CU_ASSERT_EQUAL(call_verify(&c, keys, 0), VERIFY_NO_KEY);
	for (i = 0; i < COUNT(signed_headers); i++)
		for (bit = 0; bit < 8 * strlen(signed_headers[i].value);
		    bit++) {
			call_fill(&c);
			at = &c.values[i][bit / 8];
			*at = (char)(*at ^ (1 << bit % 8));
			v = call_verify(&c, keys, 2);
			CU_ASSERT_TRUE(v == VERIFY_FAILED ||
			    v == VERIFY_AMBIGUOUS);
		}
	for (bit = 0; bit < 8 * (sizeof(SIGNED_BODY) - 1); bit++) {
		call_fill(&c);
		c.body[bit / 8] = (char)(c.body[bit / 8] ^ (1 << bit % 8));
		CU_ASSERT_EQUAL(call_verify(&c, keys, 2), VERIFY_FAILED);
	}
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "fixtures",	test_fixtures },
		{ "prefixes",	test_prefixes },
		{ "statuses",	test_statuses },
		{ "polls",	test_polls },
		{ "the next question", test_next },
		{ "poll URLs",	test_poll_urls },
		{ "answers",	test_answers },
		{ "submits",	test_submits },
		{ "signature",	test_signature },
		{ NULL,		NULL }
	};

	return cunit_run("fal", tests);
}
