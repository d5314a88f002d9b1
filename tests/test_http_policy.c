/* What each policy of a request allows. */
#include <arpa/inet.h>
#include <netinet/in.h>

#include <stdio.h>
#include <stdlib.h>
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
	{ HTTP_PUBLIC_LINK, ALLOW_PRIVATE, "1.1.1.1", 80, false,
	    "public: there it has to be https" },
	{ HTTP_PUBLIC_LINK, ALLOW_PRIVATE, "1.1.1.1", 443, true, NULL },
	{ HTTP_PUBLIC_HOOK, GUARDED, "1.1.1.1", 9000, true, NULL },
	{ HTTP_PUBLIC_HOOK, GUARDED, "1.1.1.1", 80, false,
	    "public: there it has to be https" },
	{ HTTP_PUBLIC_HOOK, GUARDED, "10.0.0.1", 443, true,
	    "no public address" },
	{ HTTP_PUBLIC_HOOK, GUARDED, "127.0.0.1", 9000, false,
	    "no public address" },
	{ HTTP_PUBLIC_HOOK, ALLOW_PRIVATE, "127.0.0.1", 9000, true,
	    "no public address" },
	{ HTTP_PUBLIC_HOOK, ALLOW_PRIVATE, "1.1.1.1", 80, false,
	    "public: there it has to be https" },
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
		bool			 link;	/* redirects are followed */
	} want[] = {
		{ HTTP_PUBLIC_API, GUARDED, "https", false },
		{ HTTP_PUBLIC_API, ALLOW_PRIVATE, "http,https", false },
		{ HTTP_PUBLIC_LINK, GUARDED, "https", true },
		{ HTTP_PUBLIC_LINK, ALLOW_PRIVATE, "http,https", true },
		{ HTTP_OPERATOR_HOST, GUARDED, "http,https", false },
		{ HTTP_OPERATOR_HOST, ALLOW_PRIVATE, "http,https", false },
	};
	const struct http_rules	*rules;
	struct http_request	 unsaid = { 0 };
	size_t			 i;

	for (i = 0; i < COUNT(want); i++) {
		rules = http_rules_of(want[i].policy, want[i].allow_private);
		CU_ASSERT_STRING_EQUAL(rules->schemes, want[i].schemes);
		CU_ASSERT_EQUAL(rules->plain, strncmp(want[i].schemes, "http,",
		    5) == 0);
		CU_ASSERT_EQUAL(rules->link, want[i].link);
	}
	/* Whoever says nothing gets the strictest. */
	CU_ASSERT_EQUAL(unsaid.policy, HTTP_PUBLIC_API);
}

/* What a link, or a redirect from base, is fetched as; NULL: it is not. */
static const struct {
	const char	*base, *link;
	bool		 allow_private, secure;
	const char	*url;
} urls[] = {
	{ NULL, "https://h.example/a?b=c%20d&e=%2B", GUARDED, false,
	    "https://h.example/a?b=c%20d&e=%2B" },
	{ NULL, "http://h.example/a", GUARDED, false, "https://h.example/a" },
	{ NULL, "HTTP://h.example:80/a", GUARDED, false,
	    "https://h.example/a" },
	{ NULL, "http://h.example:8080/a", GUARDED, false,
	    "https://h.example:8080/a" },
	{ NULL, "http://127.0.0.1:8080/a", ALLOW_PRIVATE, false,
	    "http://127.0.0.1:8080/a" },
	{ NULL, "http://h.example/a", ALLOW_PRIVATE, true,
	    "https://h.example/a" },
	{ NULL, "ftp://h.example/a", GUARDED, false, NULL },
	{ NULL, "file:///etc/passwd", ALLOW_PRIVATE, false, NULL },
	{ NULL, "no link", GUARDED, false, NULL },
	{ NULL, "https://b\xc3\xbc" "cher.example/\xc3\xbc?x=\xc3\xbc", GUARDED,
	    false, "https://xn--bcher-kva.example/%c3%bc?x=%c3%bc" },
	{ NULL, "https://b%C3%BCcher.example/a", GUARDED, false,
	    "https://xn--bcher-kva.example/a" },
	{ NULL, "https://\xe4\xbe\x8b\xe3\x81\x88.\xe3\x83\x86\xe3\x82\xb9"
	    "\xe3\x83\x88/", GUARDED, false,
	    "https://xn--r8jz45g.xn--zckzah/" },
	{ "https://h.example/a/b?c", "d e.png?f=g h", GUARDED, false,
	    "https://h.example/a/d%20e.png?f=g+h" },
	{ "https://h.example/a/b?c", "/d", GUARDED, false,
	    "https://h.example/d" },
	{ "https://h.example/a/b?c", "//i.example/d", GUARDED, false,
	    "https://i.example/d" },
	{ "https://h.example/a", "http://i.example/d", GUARDED, false,
	    "https://i.example/d" },
	{ "https://h.example/a", "ftp://i.example/d", GUARDED, false, NULL },
	{ "https://h.example/a", "file:///etc/passwd", GUARDED, false, NULL },
	{ "https://h.example/a", "gopher://127.0.0.1:25/_", ALLOW_PRIVATE,
	    false, NULL },
	{ "https://h.example/a", "data:image/png;base64,", GUARDED, false,
	    NULL },
	{ "https://h.example/a", "https://", GUARDED, false, NULL },
};

static void
test_urls(void)
{
	char	*url;
	size_t	 i;

	for (i = 0; i < COUNT(urls); i++) {
		(void)http_url_read(urls[i].base, urls[i].link,
		    http_rules_of(HTTP_PUBLIC_LINK, urls[i].allow_private),
		    urls[i].secure, &url);
		if (urls[i].url == NULL || url == NULL)
			CU_ASSERT_PTR_EQUAL(url, urls[i].url)
		else
			CU_ASSERT_STRING_EQUAL(url, urls[i].url);
		if (url == NULL ? urls[i].url != NULL : urls[i].url == NULL ||
		    strcmp(url, urls[i].url) != 0)
			(void)fprintf(stderr, "\n    row %zu: %s\n", i,
			    url != NULL ? url : "none");
		free(url);
	}
}

/* Which URLs a key may go to. */
static const struct {
	const char	*base, *path, *url;
	bool		 below;
} belows[] = {
	{ "https://h.example", "/v1/files/", "https://h.example/v1/files/a/c",
	    true },
	{ "https://h.example/", "/v1/", "https://H.EXAMPLE:443/v1/a?b=1#c",
	    true },
	{ "http://127.0.0.1:81/p", "/v1/", "http://127.0.0.1:81/p/v1/a", true },
	{ "https://h.example", "", "https://h.example/a", true },
	{ "https://h.example", "/v1/files/", "https://h.example/v1/files",
	    false },
	{ "https://h.example/p", "/v1/", "https://h.example/v1/a", false },
	{ "https://h.example", "/v1/", "http://h.example/v1/a", false },
	{ "https://h.example", "/v1/", "https://h.example:8443/v1/a", false },
	{ "https://h.example", "/v1/", "https://h.example.evil.example/v1/a",
	    false },
	{ "https://h.example", "/v1/", "https://evil.example/v1/a", false },
	{ "https://h.example", "/v1/", "https://h.example@evil.example/v1/a",
	    false },
	{ "https://h.example", "/v1/", "https://u:p@h.example/v1/a", false },
	{ "https://h.example", "/v1/", "https://h.example/v1/../admin", false },
	{ "https://h.example", "/v1/", "https://h.example/v1/%2E%2e/admin",
	    false },
	{ "https://h.example", "/v1/", "https://h.example/v1/..%2fadmin",
	    false },
	{ "https://h.example", "/v1/", "https://h.example/v1/..\\admin", false },
	{ "https://h.example", "/v1/", "https://h.example//v1/a", false },
	{ "https://h.example", "/v1/", "//h.example/v1/a", false },
	{ "https://h.example", "/v1/", "/v1/a", false },
	{ "https://h.example", "/v1/", "", false },
	{ "", "/v1/", "https://h.example/v1/a", false },
};

static void
test_belows(void)
{
	size_t	i;

	for (i = 0; i < COUNT(belows); i++) {
		CU_ASSERT_EQUAL(http_url_is_below(belows[i].url,
		    belows[i].base, belows[i].path), belows[i].below);
		if (http_url_is_below(belows[i].url, belows[i].base,
		    belows[i].path) != belows[i].below)
			(void)fprintf(stderr, "\n    %s\n", belows[i].url);
	}
}

/* Whose hosts are all of one API. */
static void
test_domains(void)
{
	static const struct {
		const char	*url;
		bool		 is;
	} rows[] = {
		{ "https://api.eu1.bfl.ai/v1/get_result?id=a", true },
		{ "https://BFL.ai/", true },
		{ "https://api.bfl.ai:443/v1/x", true },
		{ "http://api.bfl.ai/v1/x", false },
		{ "https://api.bfl.ai:8443/v1/x", false },
		{ "https://evilbfl.ai/v1/x", false },
		{ "https://bfl.ai.evil.example/v1/x", false },
		{ "https://bfl.ai@evil.example/v1/x", false },
		{ "https://u@api.bfl.ai/v1/x", false },
		{ "https://api.bfl.ai/v1/../x", false },
		{ "/v1/x", false }, { "", false },
	};
	size_t	i;

	for (i = 0; i < COUNT(rows); i++)
		CU_ASSERT_EQUAL(http_url_is_of(rows[i].url, "bfl.ai"),
		    rows[i].is);
}

/* Where a redirect takes the key along. */
static void
test_origins(void)
{
	static const struct {
		const char	*a, *b;
		bool		 same;
	} rows[] = {
		{ "https://h.example/a", "https://h.example/b?c", true },
		{ "https://h.example/a", "https://H.example:443/a", true },
		{ "http://h.example/a", "http://h.example:80/a", true },
		{ "https://h.example/a", "http://h.example/a", false },
		{ "https://h.example/a", "https://h.example:8443/a", false },
		{ "https://h.example/a", "https://i.h.example/a", false },
		{ "https://h.example/a", "https://h.example.i.example/a",
		  false },
		{ "https://h.example/a", "https://h.example@i.example/a",
		  false },
	};
	size_t	i;

	for (i = 0; i < COUNT(rows); i++)
		CU_ASSERT_EQUAL(http_url_is_same_origin(rows[i].a, rows[i].b),
		    rows[i].same);
}

/* Whose address no name server can change. */
static void
test_addresses(void)
{
	static const char *const	fixed[] = { "https://127.0.0.1/",
	    "https://127.1:8443/x", "https://2130706433/", "https://0x7f.1/",
	    "https://[::1]/", "https://[fe80::1%25eth0]/" };
	static const char *const	names[] = { "https://localhost/",
	    "https://127.0.0.1.example/", "https://h.example/", "none" };
	size_t				i;

	for (i = 0; i < COUNT(fixed); i++)
		CU_ASSERT_TRUE(http_url_is_address(fixed[i]));
	for (i = 0; i < COUNT(names); i++)
		CU_ASSERT_FALSE(http_url_is_address(names[i]));
}

/* Which answers time may mend. */
static void
test_passing(void)
{
	static const long	others[] = { 0, 200, 204, 206, 301, 304, 400,
	    401, 402, 403, 404, 410, 416, 418, 451, 600, 999 };
	static const long	passing[] = { 202, 408, 421, 423, 425, 429 };
	size_t			i;
	long			status;

	for (status = 500; status < 600; status++)
		CU_ASSERT_TRUE(http_status_may_pass(status));
	for (i = 0; i < COUNT(passing); i++)
		CU_ASSERT_TRUE(http_status_may_pass(passing[i]));
	for (i = 0; i < COUNT(others); i++)
		CU_ASSERT_FALSE(http_status_may_pass(others[i]));
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "who may be connected to", test_refusals },
		{ "what a link is fetched as", test_urls },
		{ "addresses and names", test_addresses },
		{ "where a key may go", test_belows },
		{ "whose hosts may have it too", test_domains },
		{ "which redirects take it along", test_origins },
		{ "answers that pass", test_passing },
		{ "schemes and redirects", test_rules },
		{ NULL, NULL }
	};

	return cunit_run("http_policy", tests);
}
