/* What a status API's answer is worth for an output whose link has ended. */
#include <stdio.h>
#include <string.h>

#include "batch/download/renew.h"
#include "tests/cunit_main.h"

#define TASK(id, status, result) \
	"{\"id\":\"" id "\",\"status\":\"" status "\",\"created\":1763000000," \
	"\"completed\":1763000060,\"result\":" result "}"
#define IMAGE(url) \
	"{\"url\":[\"" url "\"],\"expires_at\":1763003600}"

/* The key: the second of two images of task t, whose link was https://a/old. */
static const struct {
	enum poll_verdict	 verdict;
	const char		*body;
	enum renew_verdict	 want;
	const char		*url;		/* of a fresh one */
	const char		*words;		/* part of err, or NULL */
} cases[] = {
	{ POLL_TASK, TASK("t", "completed", "{\"images\":[" IMAGE("https://a/1")
	    "," IMAGE("https://a/2") "]}"), RENEW_FRESH, "https://a/2", NULL },
	{ POLL_TASK, TASK("t", "completed", "{\"images\":[" IMAGE("https://a/1")
	    "," IMAGE("https://a/old?sig=2") "]}"), RENEW_FRESH,
	    "https://a/old?sig=2", NULL },
	{ POLL_TASK, TASK("t", "completed", "{\"images\":[" IMAGE("https://a/1")
	    "," IMAGE("https://a/old") "]}"), RENEW_NONE, NULL, "no other link" },
	{ POLL_TASK, TASK("t", "completed", "{\"images\":[" IMAGE("https://a/1")
	    "]}"), RENEW_NONE, NULL, "1 outputs, not 2" },
	{ POLL_TASK, TASK("t", "completed", "{\"images\":[" IMAGE("https://a/1")
	    "," IMAGE("https://a/2") "," IMAGE("https://a/3") "]}"),
	    RENEW_NONE, NULL, "3 outputs, not 2" },
	{ POLL_TASK, TASK("t", "completed", "{\"images\":[" IMAGE("https://a/1")
	    "],\"videos\":[" IMAGE("https://a/2.mp4") "]}"), RENEW_NONE, NULL,
	    "kind video" },
	{ POLL_TASK, TASK("u", "completed", "{\"images\":[" IMAGE("https://a/1")
	    "," IMAGE("https://a/2") "]}"), RENEW_LATER, NULL, "another task" },
	{ POLL_TASK, "{\"id\":\"t\",\"status\":\"failed\",\"error\":{}}",
	    RENEW_NONE, NULL, "no longer" },
	{ POLL_TASK, "{\"id\":\"t\",\"status\":\"processing\"}", RENEW_NONE,
	    NULL, "no longer" },
	{ POLL_TASK, "{\"hello\":\"world\"}", RENEW_LATER, NULL, "" },
	{ POLL_NOT_FOUND, "{}", RENEW_NONE, NULL, "as it was said" },
	{ POLL_BAD_KEY, "{}", RENEW_LATER, NULL, "as it was said" },
	{ POLL_RATE_LIMITED, "{}", RENEW_LATER, NULL, "as it was said" },
	{ POLL_TROUBLE, "{}", RENEW_LATER, NULL, "as it was said" },
};

static void
test_choose(void)
{
	char			 id[] = "t";
	struct account		 account = { 0 };
	struct renew_key	 key = { "1", "image", 2, "https://a/old" };
	size_t			 i;

	account.provider = provider_find("apimart");
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned int		 before = CU_get_number_of_failures();
		struct api_call		 a = { .account = &account,
					    .task_id = id,
					    .verdict = cases[i].verdict };
		struct result		 result = { 0 };
		const struct output	*fresh = NULL;
		struct errbuf		 err = { .text = "" };

		errbuf_set(&a.err, "as it was said");
		CU_ASSERT_EQUAL_FATAL(json_parse(cases[i].body,
		    strlen(cases[i].body), &a.doc, &err), JSON_OK);
		CU_ASSERT_EQUAL(renew_choose(&a, &key, &result, &fresh, &err),
		    cases[i].want);
		CU_ASSERT_EQUAL(fresh != NULL, cases[i].url != NULL);
		if (fresh != NULL && cases[i].url != NULL) {
			CU_ASSERT_STRING_EQUAL(fresh->url, cases[i].url);
			CU_ASSERT_NOT_EQUAL(fresh->expires_at, 0);
		}
		if (cases[i].words != NULL)
			CU_ASSERT_PTR_NOT_NULL(strstr(err.text,
			    cases[i].words));
		if (CU_get_number_of_failures() != before)
			(void)fprintf(stderr, "\n    row %zu: %s\n", i,
			    err.text);
		result_free(&result);
		json_free(a.doc);
	}
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "what an answer is worth for a dead link", test_choose },
		{ NULL, NULL }
	};

	return cunit_run("renew", tests);
}
