/* What each policy of a request allows. */
#include <arpa/inet.h>
#include <netinet/in.h>

#include <stdio.h>
#include <string.h>

#include "net/http_internal.h"
#include "tests/cunit_main.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

enum { GUARDED, ALLOW_PRIVATE };

/* Who may be connected to: NULL in the end, or why not. */
static const struct {
	enum http_policy	 policy;
	bool			 allow_private;
	const char		*address;
	in_port_t		 port;
	bool			 tls;
	const char		*refusal;
} cases[] = {
	{ HTTP_PUBLIC_API, GUARDED, "1.1.1.1", 443, true, NULL },
	{ HTTP_PUBLIC_API, GUARDED, "127.0.0.1", 443, true, "loopback" },
	{ HTTP_PUBLIC_API, GUARDED, "1.1.1.1", 8443, true,
	    "at a port other than 80 and 443" },
	{ HTTP_PUBLIC_API, ALLOW_PRIVATE, "127.0.0.1", 8080, false, NULL },
	{ HTTP_PUBLIC_LINK, GUARDED, "1.1.1.1", 443, true, NULL },
	{ HTTP_PUBLIC_LINK, GUARDED, "10.0.0.1", 443, true, "private" },
	{ HTTP_PUBLIC_LINK, GUARDED, "1.1.1.1", 9000, true,
	    "at a port other than 80 and 443" },
	{ HTTP_PUBLIC_LINK, ALLOW_PRIVATE, "10.0.0.1", 9000, false, NULL },
	{ HTTP_OPERATOR_HOST, GUARDED, "10.0.0.1", 9000, false, NULL },
	{ HTTP_OPERATOR_HOST, GUARDED, "10.0.0.1", 9000, true, NULL },
	{ HTTP_OPERATOR_HOST, GUARDED, "1.1.1.1", 9000, true, NULL },
	{ HTTP_OPERATOR_HOST, GUARDED, "1.1.1.1", 80, false,
	    "public: there it has to be https" },
	{ HTTP_OPERATOR_HOST, ALLOW_PRIVATE, "1.1.1.1", 80, false,
	    "public: there it has to be https" },
};

static void
test_refusals(void)
{
	struct sockaddr_in	 in = { .sin_family = AF_INET };
	const char		*word;
	size_t			 i;

	for (i = 0; i < COUNT(cases); i++) {
		in.sin_port = htons(cases[i].port);
		CU_ASSERT_EQUAL_FATAL(inet_pton(AF_INET, cases[i].address,
		    &in.sin_addr), 1);
		word = http_rules_of(cases[i].policy, cases[i].allow_private)->
		    refusal((const struct sockaddr *)(const void *)&in,
		    cases[i].tls);
		if (cases[i].refusal == NULL)
			CU_ASSERT_PTR_NULL(word)
		else if (word != NULL)
			CU_ASSERT_STRING_EQUAL(word, cases[i].refusal)
		else
			CU_FAIL("an address was let pass");
		if ((word == NULL) != (cases[i].refusal == NULL))
			(void)fprintf(stderr, "\n    row %zu\n", i);
	}
}

/* A key never goes along a redirect, and http is for those who asked for it. */
static void
test_rules(void)
{
	static const struct {
		enum http_policy	 policy;
		bool			 allow_private;
		const char		*schemes;
		int			 redirects;
	} want[] = {
		{ HTTP_PUBLIC_API, GUARDED, "https", 0 },
		{ HTTP_PUBLIC_API, ALLOW_PRIVATE, "http,https", 0 },
		{ HTTP_PUBLIC_LINK, GUARDED, "https", 3 },
		{ HTTP_PUBLIC_LINK, ALLOW_PRIVATE, "http,https", 3 },
		{ HTTP_OPERATOR_HOST, GUARDED, "http,https", 0 },
		{ HTTP_OPERATOR_HOST, ALLOW_PRIVATE, "http,https", 0 },
	};
	const struct http_rules	*rules;
	struct http_request	 unsaid = { 0 };
	size_t			 i;

	for (i = 0; i < COUNT(want); i++) {
		rules = http_rules_of(want[i].policy, want[i].allow_private);
		CU_ASSERT_STRING_EQUAL(rules->schemes, want[i].schemes);
		CU_ASSERT_EQUAL(rules->redirects, want[i].redirects);
	}
	/* Whoever says nothing gets the strictest. */
	CU_ASSERT_EQUAL(unsaid.policy, HTTP_PUBLIC_API);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "who may be connected to", test_refusals },
		{ "schemes and redirects", test_rules },
		{ NULL, NULL }
	};

	return cunit_run("http_policy", tests);
}
