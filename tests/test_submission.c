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
					    false };
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
				    HOOK, false };
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
					    bodies[i].test_mode };

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
	{ "novita", 200, "{}", SUBMIT_UNKNOWN, NULL, "" },
	{ "novita", 200, "busy", SUBMIT_UNKNOWN, NULL, "without a JSON" },
	{ "novita", 200, "{\"code\":400,\"reason\":\"INVALID_REQUEST_BODY\","
	  "\"message\":\"no prompt\"}", SUBMIT_REFUSED, NULL, "no prompt" },
	{ "novita", 401, "{\"code\":401,\"reason\":\"FAILED_TO_AUTH\"}",
	  SUBMIT_BAD_KEY, NULL, "FAILED_TO_AUTH" },
	{ "novita", 403, "{\"code\":403,\"reason\":\"INVALID_API_KEY\"}",
	  SUBMIT_BAD_KEY, NULL, "INVALID_API_KEY" },
	{ "novita", 403, "{\"code\":403,\"reason\":\"NOT_ENOUGH_BALANCE\"}",
	  SUBMIT_REFUSED, NULL, "NOT_ENOUGH_BALANCE" },
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
	{ "novita", 302, "", SUBMIT_REFUSED, NULL, "302" },
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
	{ "apimart", 200, MART_ERROR("402", "no credit"), SUBMIT_REFUSED, NULL,
	  "no credit" },
	{ "apimart", 402, MART_ERROR("402", "no credit"), SUBMIT_REFUSED, NULL,
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
	  SUBMIT_REFUSED, NULL, "Insufficient credits" },
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
		const char		*task_id = "unset";
		char			*body;

		body = *answers[i].body != '@' ? strdup(answers[i].body) :
		    fixture_read(answers[i].body + 1, &len);
		CU_ASSERT_PTR_NOT_NULL_FATAL(body);
		len = strlen(body);
		(void)json_parse(body, len, &doc, &unused);
		CU_ASSERT_EQUAL(submission_judge(
		    provider_find(answers[i].provider), answers[i].http, doc,
		    body, len, &task_id, &err), answers[i].want);
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
		{ "every provider",	test_complete },
		{ NULL,			NULL }
	};

	return cunit_run("submission", tests);
}
