/* handlers/submission: addresses, bodies and answers of submits, for each
 * provider. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "handlers/submission.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"

#define HOOK	"https://h.example/hook/x/tok"
#define LONG_MODEL \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* ---- where a request goes, and what is in it --------------------------- */

static const struct {
	const char	*provider, *base, *path, *model, *hook;
	const char	*url;		/* NULL: there is none */
	const char	*err;
} urls[] = {
	{ "novita", "https://api.novita.ai", NULL, "txt2img", HOOK,
	  "https://api.novita.ai/v3/async/txt2img", NULL },
	{ "novita", "http://127.0.0.1:9/novita/", NULL, "qwen image?#", HOOK,
	  "http://127.0.0.1:9/novita/v3/async/qwen%20image%3F%23", NULL },
	{ "novita", "https://a", NULL, "../../v3/user", HOOK, NULL,
	  "model \"../../v3/user\"" },
	{ "novita", "https://a", NULL, "", HOOK, NULL, "cannot stand" },
	{ "novita", "https://a", "/v3/async/x?a=1", "m", HOOK,
	  "https://a/v3/async/x?a=1", NULL },
	{ "novita", "https://a", ".evil.example/", "m", HOOK, NULL, "path" },
	{ "novita", "https://a", "/v3/a.b/..c/...", "m", HOOK,
	  "https://a/v3/a.b/..c/...", NULL },
	{ "novita", "https://a", "/v3/x?next=/../y", "m", HOOK,
	  "https://a/v3/x?next=/../y", NULL },
	{ "novita", "https://a", "", "m", HOOK, NULL, "path" },
	{ "novita", "https://a", "//evil.example/x", "m", HOOK, NULL, "path" },
	{ "novita", "https://a", "/%2fevil.example/x", "m", HOOK, NULL,
	  "path" },
	{ "novita", "https://a", "/\\evil.example/x", "m", HOOK, NULL,
	  "path" },
	{ "novita", "https://a", "/%5Cevil.example/x", "m", HOOK, NULL,
	  "path" },
	{ "novita", "https://a", "/v3/../../x", "m", HOOK, NULL, "path" },
	{ "novita", "https://a", "/v3/..", "m", HOOK, NULL, "path" },
	{ "novita", "https://a", "/v3/./x", "m", HOOK, NULL, "path" },
	{ "novita", "https://a", "/v3/%2e%2E/x", "m", HOOK, NULL, "path" },
	{ "novita", "https://a", "/v3/.%2e/x", "m", HOOK, NULL, "path" },
	{ "novita", "https://a", "/v3/..%2fx", "m", HOOK, NULL, "path" },
	{ "novita", "https://a", "/v3/x%00y", "m", HOOK, NULL, "path" },
	{ "novita", "https://a", "/v3/x%0d%0ay", "m", HOOK, NULL, "path" },
	{ "novita", "https://a", "/v3/x y", "m", HOOK, NULL, "path" },
	{ "novita", "https://a", "/v3/x\r\nHost: y", "m", HOOK, NULL, "path" },
	{ "novita", "https://a", "/v3/x#y", "m", HOOK, NULL, "path" },
	{ "apimart", "https://a", NULL, "seedream-5", HOOK,
	  "https://a/v1/images/generations", NULL },
	{ "apimart", "https://a", NULL, "Kling-v3", HOOK,
	  "https://a/v1/videos/generations", NULL },
	{ "apimart", "https://a", NULL, "grok-imagine-video", HOOK,
	  "https://a/v1/videos/generations", NULL },
	{ "apimart", "https://a", NULL, "suno-v5", HOOK,
	  "https://a/v1/music/generations", NULL },
	{ "apimart", "https://a", NULL, "midjourney", HOOK,
	  "https://a/v1/midjourney/generations", NULL },
	{ "apimart", "https://a", "/v1/videos/task_1/remix", "sora-2", HOOK,
	  "https://a/v1/videos/task_1/remix", NULL },
	{ "apixo", "https://a", NULL, "flux-2", HOOK,
	  "https://a/api/v1/generateTask/flux-2", NULL },
	{ "wavespeed", "https://a", NULL, "wavespeed-ai/flux-dev", NULL,
	  "https://a/api/v3/wavespeed-ai/flux-dev", NULL },
	{ "wavespeed", "https://a", NULL, "wavespeed-ai/flux-dev", HOOK,
	  "https://a/api/v3/wavespeed-ai/flux-dev?webhook="
	  "https%3A%2F%2Fh.example%2Fhook%2Fx%2Ftok", NULL },
	{ "wavespeed", "https://a", "/api/v3/m?x=1", "m", HOOK,
	  "https://a/api/v3/m?x=1&webhook="
	  "https%3A%2F%2Fh.example%2Fhook%2Fx%2Ftok", NULL },
};

static void
test_urls(void)
{
	char		url[8192];
	struct buf	buf;
	struct errbuf	err = { .text = "" };
	size_t		i;

	for (i = 0; i < COUNT(urls); i++) {
		unsigned int		before = CU_get_number_of_failures();
		struct submission	s = { urls[i].base, urls[i].path,
					    urls[i].model, urls[i].hook,
					    false, NULL, NULL };
		bool			ok;

		buf_over(&buf, url, sizeof(url));
		ok = submission_url(&buf,
		    provider_find(urls[i].provider), &s, &err);
		CU_ASSERT_EQUAL(ok, urls[i].url != NULL);
		if (ok && urls[i].url != NULL)
			CU_ASSERT_STRING_EQUAL(url, urls[i].url);
		if (!ok && urls[i].err != NULL)
			CU_ASSERT_PTR_NOT_NULL(strstr(err.text, urls[i].err));
		if (CU_get_number_of_failures() != before)
			(void)fprintf(stderr, "\n    row %zu: %s %s\n", i, url,
			    err.text);
	}
}

/* What does not fit is refused at every size, and never written past. */
static void
test_url_sizes(void)
{
	const struct provider	*p = provider_find("wavespeed");
	struct submission	 s = { "https://a", NULL, "v/" LONG_MODEL,
				    HOOK, false, NULL, NULL };
	struct errbuf		 err;
	struct buf		 buf;
	char			 whole[512], *exact;
	size_t			 i, len;

	buf_over(&buf, whole, sizeof(whole));
	CU_ASSERT_FATAL(submission_url(&buf, p, &s, &err));
	len = strlen(whole) + 1;
	for (i = 1; i <= len; i++) {
		exact = malloc(i);
		CU_ASSERT_PTR_NOT_NULL_FATAL(exact);
		buf_over(&buf, exact, i);
		CU_ASSERT_EQUAL(submission_url(&buf, p, &s, &err), i == len);
		free(exact);
	}
}

static const struct {
	const char	*provider, *model, *hook;
	bool		 test_mode;
	const char	*request;
	const char	*body;		/* NULL: there is none */
	const char	*err;
} bodies[] = {
	{ "novita", "m", HOOK, false, "{\"request\":{\"prompt\":\"a\"}}",
	  "{\"request\":{\"prompt\":\"a\"},\"extra\":{\"webhook\":{\"url\":\""
	  HOOK "\"}}}", NULL },
	{ "novita", "m", HOOK, false,
	  "{\"extra\":{\"response_image_type\":\"jpeg\",\"webhook\":{\"url\":"
	  "\"https://other\"}},\"prompt\":\"a\"}",
	  "{\"extra\":{\"response_image_type\":\"jpeg\",\"webhook\":{\"url\":\""
	  HOOK "\"}},\"prompt\":\"a\"}", NULL },
	{ "novita", "m", HOOK, true, "{}",
	  "{\"extra\":{\"webhook\":{\"url\":\"" HOOK "\",\"test_mode\":{"
	  "\"enabled\":true,\"return_task_status\":\"TASK_STATUS_SUCCEED\"}}}}",
	  NULL },
	{ "novita", "m", NULL, true, "{}", NULL, "needs a callback" },
	{ "novita", "m", NULL, false, "{\"prompt\":\"a\"}",
	  "{\"prompt\":\"a\"}", NULL },
	{ "novita", "m", HOOK, false, "{\"extra\":7}", NULL,
	  "takes no webhook" },
	{ "apimart", "sora-2", HOOK, false, "{\"prompt\":\"a\",\"n\":2}",
	  "{\"prompt\":\"a\",\"n\":2,\"model\":\"sora-2\",\"webhook\":\"" HOOK
	  "\"}", NULL },
	{ "apimart", "sora-2", NULL, false, "{\"model\":\"other\"}",
	  "{\"model\":\"sora-2\"}", NULL },
	{ "apixo", "flux-2", HOOK, false,
	  "{\"provider\":\"auto\",\"input\":{\"prompt\":\"a\"}}",
	  "{\"provider\":\"auto\",\"input\":{\"prompt\":\"a\"},"
	  "\"request_type\":\"callback\",\"callback_url\":\"" HOOK "\"}",
	  NULL },
	{ "apixo", "flux-2", HOOK, false, "{\"request_type\":\"async\"}",
	  "{\"request_type\":\"callback\",\"callback_url\":\"" HOOK "\"}",
	  NULL },
	{ "wavespeed", "a/b", HOOK, false, "{\"seed\":-1,\"f\":0.10}",
	  "{\"seed\":-1,\"f\":0.10}", NULL },
	{ "wavespeed", "a/b", HOOK, true, "{}", NULL, "no test mode" },
	{ "apixo", "m", HOOK, false, "[]", NULL, "no JSON object" },
	{ "apixo", "m", HOOK, false, "null", NULL, "no JSON object" },
	{ "apixo", "m", HOOK, false, "{", NULL, "no JSON" },
	{ "wavespeed", "m", HOOK, false,
	  "{\"a\":[{\"seed\":99999999999999999999}]}", NULL, "64 bits" },
	{ "wavespeed", "m", HOOK, false, "{\"seed\":-99999999999999999999}",
	  NULL, "64 bits" },
	{ "wavespeed", "m", HOOK, false, "{\"seed\":18446744073709551614}",
	  "{\"seed\":18446744073709551614}", NULL },
};

static void
test_bodies(void)
{
	struct errbuf	 err = { .text = "" };
	char		*body;
	size_t		 i;

	for (i = 0; i < COUNT(bodies); i++) {
		unsigned int		before = CU_get_number_of_failures();
		struct submission	s = { "https://a", NULL,
					    bodies[i].model, bodies[i].hook,
					    bodies[i].test_mode, NULL, NULL };

		body = submission_body(provider_find(bodies[i].provider), &s,
		    bodies[i].request, &err);
		CU_ASSERT_EQUAL(body != NULL, bodies[i].body != NULL);
		if (body != NULL && bodies[i].body != NULL)
			CU_ASSERT_STRING_EQUAL(body, bodies[i].body);
		if (body == NULL && bodies[i].err != NULL)
			CU_ASSERT_PTR_NOT_NULL(strstr(err.text,
			    bodies[i].err));
		if (CU_get_number_of_failures() != before)
			(void)fprintf(stderr, "\n    row %zu: %s %s\n", i,
			    body != NULL ? body : "-", err.text);
		free(body);
	}
}

static void
test_hook(void)
{
	const struct provider	*p = provider_find("apimart");
	char			 hook[64], small[36];
	struct buf		 buf;

	buf_over(&buf, hook, sizeof(hook));
	submission_hook(&buf, "https://h.example/", p, "tok-1");
	CU_ASSERT(buf_ok(&buf));
	CU_ASSERT_STRING_EQUAL(hook, "https://h.example/hook/apimart/tok-1");
	buf_over(&buf, small, sizeof(small));
	submission_hook(&buf, "https://h.example/", p, "tok-1");
	CU_ASSERT_FALSE(buf_ok(&buf));
}

/* ---- what an answer is worth ------------------------------------------- */

#define MART_ERROR(code, message) \
	"{\"error\":{\"code\":" code ",\"message\":\"" message "\"}}"

#define X16	"xxxxxxxxxxxxxxxx"
#define X64	X16 X16 X16 X16
#define X256	X64 X64 X64 X64

static const struct {
	const char		*provider;
	int			 http;
	const char		*body;		/* a fixture's name after '@' */
	enum submit_verdict	 want;
	const char		*task_id;	/* of SUBMIT_DONE */
	const char		*err;		/* part of it, or NULL */
} answers[] = {
	{ "novita", 200, "{\"task_id\":\"3b68d9c8\"}", SUBMIT_DONE,
	  "3b68d9c8", NULL },
	{ "novita", 200, "{\"task_id\":\"\"}", SUBMIT_UNKNOWN, NULL,
	  "without a task's id" },
	{ "novita", 200, "{\"task_id\":\"a\\nb\"}", SUBMIT_UNKNOWN, NULL, "" },
	{ "novita", 200, "{\"task_id\":\"a\\u0000b\"}", SUBMIT_UNKNOWN, NULL,
	  "" },
	{ "novita", 200, "{\"task_id\":7}", SUBMIT_UNKNOWN, NULL, "" },
	/* As long as a task's id may be, and longer. */
	{ "novita", 200, "{\"task_id\":\"" X256 "\"}", SUBMIT_DONE, X256,
	  NULL },
	{ "novita", 200, "{\"task_id\":\"" X256 "x\"}", SUBMIT_UNKNOWN, NULL,
	  "" },
	{ "novita", 200, "{}", SUBMIT_UNKNOWN, NULL, "" },
	{ "novita", 200, "busy", SUBMIT_UNKNOWN, NULL, "without a JSON" },
	{ "novita", 200, "{\"code\":400,\"reason\":\"INVALID_REQUEST_BODY\","
	  "\"message\":\"no prompt\"}", SUBMIT_REFUSED, NULL, "no prompt" },
	{ "novita", 401, "{\"code\":401,\"reason\":\"FAILED_TO_AUTH\"}",
	  SUBMIT_BAD_KEY, NULL, "FAILED_TO_AUTH" },
	{ "novita", 403, "{\"code\":403,\"reason\":\"INVALID_API_KEY\"}",
	  SUBMIT_BAD_KEY, NULL, "INVALID_API_KEY" },
	{ "novita", 403, "{\"code\":403,\"reason\":\"NOT_ENOUGH_BALANCE\"}",
	  SUBMIT_LATER, NULL, "NOT_ENOUGH_BALANCE" },
	{ "novita", 404, "{\"code\":404,\"reason\":\"MODEL_NOT_FOUND\"}",
	  SUBMIT_REFUSED, NULL, "MODEL_NOT_FOUND" },
	{ "novita", 429, "{\"code\":429,\"reason\":\"RATE_LIMIT_EXCEEDED\"}",
	  SUBMIT_RATE_LIMITED, NULL, "RATE_LIMIT" },
	{ "novita", 503, "{\"code\":503,\"reason\":\"SERVICE_NOT_AVAILABLE\"}",
	  SUBMIT_LATER, NULL, "503" },
	{ "novita", 500, "{}", SUBMIT_UNKNOWN, NULL, "500" },
	{ "novita", 502, "<html>", SUBMIT_UNKNOWN, NULL, "502" },
	{ "novita", 504, "", SUBMIT_UNKNOWN, NULL, "504" },
	{ "novita", 408, "", SUBMIT_UNKNOWN, NULL, "408" },
	{ "novita", 302, "", SUBMIT_LATER, NULL, "302" },
	{ "novita", 413, "", SUBMIT_REFUSED, NULL, "413" },
	{ "apimart", 200, "@tests/fixtures/apimart/submit-answer.json",
	  SUBMIT_DONE, "task_01K9XQ7M3V5T8N2R4W6Y8Z0B1C", NULL },
	{ "apimart", 200, "{\"code\":200,\"data\":{\"id\":\"task-unified-1\","
	  "\"object\":\"image.generation.task\",\"status\":\"pending\"}}",
	  SUBMIT_DONE, "task-unified-1", NULL },
	{ "apimart", 200, "{\"request_id\":\"r\",\"data\":{\"object\":"
	  "\"generation.task\",\"id\":\"task_9\",\"status\":\"queued\"}}",
	  SUBMIT_DONE, "task_9", NULL },
	{ "apimart", 200, "{\"code\":200,\"data\":[]}", SUBMIT_UNKNOWN, NULL,
	  "without a task's id" },
	{ "apimart", 200, MART_ERROR("402", "no credit"), SUBMIT_LATER, NULL,
	  "no credit" },
	{ "apimart", 402, MART_ERROR("402", "no credit"), SUBMIT_LATER, NULL,
	  "no credit" },
	{ "apimart", 401, MART_ERROR("\"\"", "invalid API key"),
	  SUBMIT_BAD_KEY, NULL, "invalid API key" },
	{ "apimart", 500, MART_ERROR("500", "build_request_failed: n"),
	  SUBMIT_REFUSED, NULL, "build_request_failed" },
	{ "apimart", 500, MART_ERROR("500", "oops"), SUBMIT_UNKNOWN, NULL,
	  "oops" },
	{ "apimart", 409, MART_ERROR("\"idempotency_in_progress\"", "wait"),
	  SUBMIT_UNKNOWN, NULL, "wait" },
	{ "apimart", 409, MART_ERROR("\"idempotency_result_indeterminate\"",
	  "?"), SUBMIT_LOST, NULL, "?" },
	{ "apimart", 409, MART_ERROR("\"idempotency_key_reused\"", "other"),
	  SUBMIT_REFUSED, NULL, "other" },
	{ "apimart", 503, MART_ERROR("\"idempotency_unavailable\"", "later"),
	  SUBMIT_LATER, NULL, "later" },
	{ "apixo", 200, "{\"code\":200,\"message\":\"success\",\"data\":"
	  "{\"taskId\":\"e89e4b0c\"}}", SUBMIT_DONE, "e89e4b0c", NULL },
	{ "apixo", 200, "{\"code\":400,\"message\":\"Invalid request\","
	  "\"data\":{\"error\":\"Missing required field: input.prompt\"}}",
	  SUBMIT_REFUSED, NULL, "input.prompt" },
	{ "apixo", 400, "{\"code\":400,\"message\":\"Insufficient credits\"}",
	  SUBMIT_LATER, NULL, "Insufficient credits" },
	{ "apixo", 403, "{\"code\":403,\"message\":\"Content violates\"}",
	  SUBMIT_REFUSED, NULL, "Content violates" },
	{ "apixo", 401, "{\"code\":401,\"message\":\"Unauthorized\"}",
	  SUBMIT_BAD_KEY, NULL, "Unauthorized" },
	{ "wavespeed", 200, "@tests/fixtures/wavespeed/submit-answer.json",
	  SUBMIT_DONE, "5f0c7a9be1d24c3f8a6b5d4e3f2a1b0c", NULL },
	{ "wavespeed", 200, "@tests/fixtures/wavespeed/sync-still-running.json",
	  SUBMIT_DONE, "5f0c7a9be1d24c3f8a6b5d4e3f2a1b0c", NULL },
	{ "wavespeed", 200, "{\"id\":\"p1\",\"status\":\"created\"}",
	  SUBMIT_DONE, "p1", NULL },
	{ "wavespeed", 200, "{\"code\":401,\"message\":\"Unauthorized\"}",
	  SUBMIT_BAD_KEY, NULL, "Unauthorized" },
	{ "wavespeed", 400, "{\"error\":\"webhook callback does not support "
	  "base64 output\"}", SUBMIT_REFUSED, NULL, "base64" },
	{ "wavespeed", 429, "{\"message\":\"You have reached your concurrency "
	  "limit\"}", SUBMIT_RATE_LIMITED, NULL, "concurrency" },
	{ "wavespeed", 504, "", SUBMIT_UNKNOWN, NULL, "504" },
};

static void
test_answers(void)
{
	size_t	i, len;

	for (i = 0; i < COUNT(answers); i++) {
		unsigned int		 before = CU_get_number_of_failures();
		struct json_object	*doc = NULL;
		struct errbuf		 err = { .text = "" }, unused;
		struct api_answer	 answer = { answers[i].http, NULL, NULL,
					    0 };
		const char		*task_id = "unset";
		enum api_trouble	 trouble;
		char			*body;

		body = *answers[i].body != '@' ? strdup(answers[i].body) :
		    fixture_read(answers[i].body + 1, &len);
		CU_ASSERT_PTR_NOT_NULL_FATAL(body);
		len = strlen(body);
		(void)json_parse(body, len, &doc, &unused);
		answer.doc = doc;
		answer.body = body;
		answer.len = len;
		CU_ASSERT_EQUAL(submission_judge(
		    provider_find(answers[i].provider), &answer, &task_id,
		    &trouble, &err), answers[i].want);
		if (answers[i].task_id != NULL) {
			CU_ASSERT_PTR_NOT_NULL_FATAL(task_id);
			CU_ASSERT_STRING_EQUAL(task_id, answers[i].task_id);
		} else
			CU_ASSERT_PTR_NULL(task_id);
		if (answers[i].err != NULL)
			CU_ASSERT_PTR_NOT_NULL(strstr(err.text,
			    answers[i].err));
		if (CU_get_number_of_failures() != before)
			(void)fprintf(stderr, "\n    row %zu (%s %d): %s\n", i,
			    answers[i].provider, answers[i].http, err.text);
		json_free(doc);
		free(body);
	}
}

/* ---- what an answer says of the account -------------------------------- */

#define PAGE(title) "<!DOCTYPE html>\n<html><head><title>" title \
	"</title></head><body>token</body></html>"
#define DETAIL(item) "{\"detail\":[" item "]}"

static const struct {
	const char		*provider;	/* NULL: each of them */
	int			 http;
	const char		*body;
	enum submit_verdict	 want;
	enum api_trouble	 trouble;
	const char		*err;		/* all of it */
} troubles[] = {
	/* Down: the request may have got through, or surely has not. */
	{ NULL, 500, "{\"message\":\"oops\"}", SUBMIT_UNKNOWN, API_DOWN,
	  "answered 500: oops" },
	{ NULL, 500, "Internal Server Error", SUBMIT_UNKNOWN, API_DOWN,
	  "answered 500 without a JSON object: Internal Server Error" },
	{ NULL, 501, "", SUBMIT_LATER, API_DOWN,
	  "answered 501 without a JSON object" },
	{ NULL, 502, PAGE("502 Bad Gateway"), SUBMIT_UNKNOWN, API_DOWN,
	  "answered 502 with a web page: 502 Bad Gateway" },
	{ NULL, 502, "error code: 502", SUBMIT_UNKNOWN, API_DOWN,
	  "answered 502 without a JSON object: error code: 502" },
	{ NULL, 503, "", SUBMIT_LATER, API_DOWN,
	  "answered 503 without a JSON object" },
	{ NULL, 503, PAGE("Down for maintenance"), SUBMIT_LATER, API_DOWN,
	  "answered 503 with a web page: Down for maintenance" },
	{ NULL, 503, "{\"message\":\"busy\"}", SUBMIT_LATER, API_DOWN,
	  "answered 503: busy" },
	{ NULL, 503, "upstream connect error or disconnect/reset before "
	  "headers. reset reason: connection failure", SUBMIT_LATER,
	  API_DOWN, "answered 503 without a JSON object: upstream connect "
	  "error or disconnect/reset before headers. reset reason: connection "
	  "failure" },
	{ NULL, 503, "upstream connect error or disconnect/reset before "
	  "headers. reset reason: connection termination", SUBMIT_UNKNOWN,
	  API_DOWN, NULL },
	{ NULL, 504, PAGE(" 504\n Gateway  Time-out "), SUBMIT_UNKNOWN,
	  API_DOWN,
	  "answered 504 with a web page: 504 Gateway Time-out" },
	{ NULL, 507, "{}", SUBMIT_UNKNOWN, API_DOWN, "answered 507" },
	{ NULL, 520, PAGE("x"), SUBMIT_UNKNOWN, API_DOWN, NULL },
	{ NULL, 521, PAGE("api.x | 521: Web server is down"), SUBMIT_LATER,
	  API_DOWN,
	  "answered 521 with a web page: api.x | 521: Web server is down" },
	{ NULL, 521, "", SUBMIT_LATER, API_DOWN, NULL },
	{ NULL, 522, PAGE("x"), SUBMIT_UNKNOWN, API_DOWN, NULL },
	{ NULL, 523, PAGE("x"), SUBMIT_LATER, API_DOWN, NULL },
	{ NULL, 524, PAGE("x"), SUBMIT_UNKNOWN, API_DOWN, NULL },
	{ NULL, 525, PAGE("x"), SUBMIT_LATER, API_DOWN, NULL },
	{ NULL, 526, PAGE("x"), SUBMIT_LATER, API_DOWN, NULL },
	{ NULL, 527, PAGE("x"), SUBMIT_UNKNOWN, API_DOWN, NULL },
	{ NULL, 530, "error code: 1033", SUBMIT_LATER, API_DOWN, NULL },
	{ NULL, 523, "{\"title\":\"Error 523: Origin is unreachable\","
	  "\"cloudflare_error\":true,\"error_category\":\"origin\"}",
	  SUBMIT_LATER, API_DOWN,
	  "answered 523: Error 523: Origin is unreachable" },
	{ NULL, 200, "{\"code\":500,\"message\":\"server on fire\"}",
	  SUBMIT_UNKNOWN, API_DOWN, "answered 500: server on fire" },
	{ NULL, 200, "{\"code\":503,\"message\":\"later\"}", SUBMIT_LATER,
	  API_DOWN, "answered 503: later" },
	/* An API's own number, and none of Cloudflare's. */
	{ NULL, 200, "{\"code\":521,\"message\":\"x\"}", SUBMIT_UNKNOWN,
	  API_DOWN, "answered 521: x" },
	{ NULL, 408, "", SUBMIT_UNKNOWN, API_DOWN, NULL },
	/* Poor. */
	{ NULL, 402, "", SUBMIT_LATER, API_NO_CREDIT, NULL },
	{ NULL, 402, PAGE("Payment"), SUBMIT_LATER, API_NO_CREDIT, NULL },
	{ NULL, 402, "{\"detail\":\"You have insufficient credit.\"}",
	  SUBMIT_LATER, API_NO_CREDIT,
	  "answered 402: You have insufficient credit." },
	{ NULL, 200, "{\"code\":402,\"message\":\"top up\"}", SUBMIT_LATER,
	  API_NO_CREDIT, "answered 402: top up" },
	{ NULL, 400, "{\"code\":400,\"message\":\"Insufficient credits\"}",
	  SUBMIT_LATER, API_NO_CREDIT, NULL },
	{ NULL, 403, "{\"error\":{\"code\":\"insufficient_user_quota\","
	  "\"message\":\"user quota is not enough\",\"type\":\"x\"}}",
	  SUBMIT_LATER, API_NO_CREDIT,
	  "answered 403: user quota is not enough" },
	{ NULL, 429, "{\"error\":{\"code\":\"insufficient_quota\","
	  "\"message\":\"check your plan\"}}", SUBMIT_LATER,
	  API_NO_CREDIT, "answered 429: check your plan" },
	{ NULL, 403, "{\"detail\":\"User is locked. Reason: Exhausted "
	  "balance.\"}", SUBMIT_LATER, API_NO_CREDIT, NULL },
	{ NULL, 400, "{\"data\":{\"failCode\":\"INSUFFICIENT_CREDITS\"}}",
	  SUBMIT_LATER, API_NO_CREDIT, NULL },
	{ "novita", 403, "{\"code\":403,\"reason\":\"NOT_ENOUGH_BALANCE\","
	  "\"message\":\"not enough balance\",\"metadata\":{}}", SUBMIT_LATER,
	  API_NO_CREDIT, "answered 403: not enough balance" },
	{ "apimart", 402, "{\"error\":{\"code\":402,\"message\":\"no\","
	  "\"type\":\"payment_required\"}}", SUBMIT_LATER, API_NO_CREDIT,
	  "answered 402: no" },
	{ "wavespeed", 400, "{\"code\":1407,\"message\":\"x\"}",
	  SUBMIT_LATER, API_NO_CREDIT, "answered 400: x" },
	{ "apixo", 400, "{\"code\":1407,\"message\":\"x\"}",
	  SUBMIT_REFUSED, API_NONE, "answered 400: x" },
	/* Walled off. */
	{ NULL, 403, PAGE("Attention Required! | Cloudflare"), SUBMIT_LATER,
	  API_WALL, "answered 403 with a web page: Attention Required! | "
	  "Cloudflare" },
	{ NULL, 403, "error code: 1020", SUBMIT_LATER, API_WALL,
	  "answered 403 without a JSON object: error code: 1020" },
	{ NULL, 403, "{\"title\":\"Error 1020: Access denied\",\"status\":403,"
	  "\"cloudflare_error\":true}", SUBMIT_LATER, API_WALL,
	  "answered 403: Error 1020: Access denied" },
	{ NULL, 200, "\xef\xbb\xbf\r\n <html><head><TITLE lang=en>Just a "
	  "moment...</TITLE>", SUBMIT_LATER, API_WALL,
	  "answered 200 with a web page: Just a moment..." },
	{ NULL, 200, "<html>", SUBMIT_LATER, API_WALL,
	  "answered 200 with a web page" },
	{ NULL, 200, "<p>no title</p>a", SUBMIT_LATER, API_WALL,
	  "answered 200 with a web page" },
	{ NULL, 200, "<?xml version=\"1.0\"?><Error/>", SUBMIT_LATER,
	  API_WALL, NULL },
	{ NULL, 200, "{\"data\":{\"task", SUBMIT_UNKNOWN, API_WALL, NULL },
	{ NULL, 200, "", SUBMIT_UNKNOWN, API_WALL,
	  "answered 200 without a JSON object" },
	{ NULL, 401, PAGE("Log in"), SUBMIT_LATER, API_WALL, NULL },
	{ NULL, 404, PAGE("404 Not Found"), SUBMIT_LATER, API_WALL, NULL },
	{ NULL, 404, "404 page not found", SUBMIT_LATER, API_WALL, NULL },
	{ NULL, 400, "bad", SUBMIT_LATER, API_WALL, NULL },
	{ NULL, 429, PAGE("You are being rate limited"), SUBMIT_LATER,
	  API_WALL, NULL },
	{ NULL, 302, "", SUBMIT_LATER, API_WALL, NULL },
	{ NULL, 307, "{\"location\":\"/login\"}", SUBMIT_LATER, API_WALL,
	  NULL },
	{ NULL, 511, PAGE("Sign in to the network"), SUBMIT_LATER,
	  API_WALL, NULL },
	/* Of this request alone. */
	{ NULL, 413, PAGE("413 Request Entity Too Large"), SUBMIT_REFUSED,
	  API_NONE,
	  "answered 413 with a web page: 413 Request Entity Too Large" },
	{ NULL, 431, "", SUBMIT_REFUSED, API_NONE, NULL },
	{ NULL, 401, "Unauthorized", SUBMIT_BAD_KEY, API_NONE, NULL },
	{ NULL, 429, "slow down", SUBMIT_RATE_LIMITED, API_NONE,
	  "answered 429 without a JSON object: slow down" },
	{ NULL, 425, "{}", SUBMIT_LATER, API_NONE, NULL },
	{ NULL, 404, "{\"message\":\"no such model\"}", SUBMIT_REFUSED,
	  API_NONE, "answered 404: no such model" },
	{ NULL, 200, "{\"data\":{}}", SUBMIT_UNKNOWN, API_NONE, NULL },
	/* FastAPI's words, and its like. */
	{ NULL, 422, "{\"detail\":\"prompt is too long\"}", SUBMIT_REFUSED,
	  API_NONE, "answered 422: prompt is too long" },
	{ NULL, 422, DETAIL("{\"loc\":[\"body\",\"images\",0,\"url\"],"
	  "\"msg\":\"field required\",\"type\":\"value_error.missing\"}"),
	  SUBMIT_REFUSED, API_NONE,
	  "answered 422: body.images.0.url: field required" },
	{ NULL, 422, DETAIL("{\"loc\":[\"body\",\"prompt\"],\"msg\":\"too "
	  "long\"},{\"msg\":\"bad seed\"},7,{\"type\":\"x\"},\"odd\""),
	  SUBMIT_REFUSED, API_NONE,
	  "answered 422: body.prompt: too long; bad seed; odd" },
	{ NULL, 422, "{\"message\":\"Unprocessable\",\"detail\":[{\"loc\":[],"
	  "\"msg\":\"no prompt\"}]}", SUBMIT_REFUSED, API_NONE,
	  "answered 422: no prompt" },
	{ NULL, 422, "{\"detail\":[],\"message\":\"no\"}", SUBMIT_REFUSED,
	  API_NONE, "answered 422: no" },
	{ NULL, 400, "{\"detail\":{\"message\":\"nested\"}}", SUBMIT_REFUSED,
	  API_NONE, "answered 400: nested" },
	{ NULL, 400, "{\"errors\":[{\"code\":\"invalidModel\",\"message\":"
	  "\"no model\"}]}", SUBMIT_REFUSED, API_NONE,
	  "answered 400: no model" },
};

static void
expect_trouble(const struct provider *p, size_t row)
{
	struct json_object	*doc = NULL;
	struct errbuf		 err = { .text = "" }, unused;
	struct api_answer	 answer = { troubles[row].http, NULL,
				    troubles[row].body,
				    strlen(troubles[row].body) };
	unsigned int		 before = CU_get_number_of_failures();
	enum api_trouble	 trouble;
	const char		*id;

	(void)json_parse(answer.body, answer.len, &doc, &unused);
	answer.doc = doc;
	CU_ASSERT_EQUAL(submission_judge(p, &answer, &id, &trouble, &err),
	    troubles[row].want);
	CU_ASSERT_EQUAL(trouble, troubles[row].trouble);
	CU_ASSERT_PTR_NULL(id);
	CU_ASSERT_PTR_NULL(strstr(err.text, "token"));
	if (troubles[row].err != NULL)
		CU_ASSERT_STRING_EQUAL(err.text, troubles[row].err);
	if (CU_get_number_of_failures() != before)
		(void)fprintf(stderr, "\n    row %zu (%s %d): %s, %s\n", row,
		    p->name, answer.http, api_trouble_words[trouble],
		    err.text);
	json_free(doc);
}

static void
test_troubles(void)
{
	size_t	i, row;

	for (row = 0; row < COUNT(troubles); row++)
		for (i = 0; providers[i] != NULL; i++)
			if (troubles[row].provider == NULL ||
			    strcmp(troubles[row].provider,
			    providers[i]->name) == 0)
				expect_trouble(providers[i], row);
}

/* Every provider can be asked. */
static void
test_complete(void)
{
	size_t	i;

	for (i = 0; providers[i] != NULL; i++) {
		CU_ASSERT_PTR_NOT_NULL(providers[i]->submit_path);
		CU_ASSERT_PTR_NOT_NULL(providers[i]->submit_fill);
		CU_ASSERT_PTR_NOT_NULL_FATAL(providers[i]->task_id_paths);
		CU_ASSERT_PTR_NOT_NULL(providers[i]->task_id_paths[0]);
	}
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "addresses",		test_urls },
		{ "addresses too long",	test_url_sizes },
		{ "bodies",		test_bodies },
		{ "where to call back",	test_hook },
		{ "answers",		test_answers },
		{ "troubles",		test_troubles },
		{ "every provider",	test_complete },
		{ NULL,			NULL }
	};

	return cunit_run("submission", tests);
}
