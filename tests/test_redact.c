/* lib/redact: tokens are found however they are written. */
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/redact.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"

#define TOKEN	"Abcdef-12_3"
#define OTHER	"token567"
#define SLASHED	"Zm9v/YmFy+Q=="
#define NESTED	"Abcdef-12_34567"	/* TOKEN is its beginning */

static const struct {
	const char	*body, *want;
} rows[] = {
	{ "", "" },
	{ "{}", "{}" },
	{ "\"" TOKEN "\"", "\"[token]\"" },
	{ TOKEN, "[token]" },
	{ "[\"" TOKEN "\",\"x" TOKEN "y\"]", "[\"[token]\",\"x[token]y\"]" },
	{ "\"" TOKEN TOKEN "\"", "\"[token][token]\"" },
	{ "{\"" TOKEN "\":\"" OTHER "\"}", "{\"[token]\":\"[token]\"}" },
	/* The first few of it, and then it from its start. */
	{ "\"Abcdef-1" TOKEN "\"", "\"Abcdef-1[token]\"" },
	{ "\"tokentoken567\"", "\"token[token]\"" },
	{ "\"" NESTED "\"", "\"[token]4567\"" },
	/* As JSON and URLs may write it. */
	{ "\"\\u0041bcdef-12_3\"", "\"[token]\"" },
	{ "\"\\u0041\\u0062\\u0063\\u0064\\u0065\\u0066\\u002d\\u0031\\u0032"
	  "\\u005f\\u0033\"", "\"[token]\"" },
	{ "\"Abcdef\\u002D12\\u005F3\"", "\"[token]\"" },
	{ "\"Abcdef\\u002d12\\u005f3\"", "\"[token]\"" },
	{ "\"%41bcdef%2d12%5f3\"", "\"[token]\"" },
	{ "\"%41bcdef%2D12%5F3\"", "\"[token]\"" },
	{ "\"\\u0041%62cdef-12_3\"", "\"[token]\"" },
	{ "\"https://h.example/hook/novita/" TOKEN "/callback?x=1\"",
	  "\"https://h.example/hook/novita/[token]/callback?x=1\"" },
	{ "[\"" SLASHED "\",\"Zm9v\\/YmFy+Q==\",\"Zm9v%2FYmFy%2bQ%3d=\"]",
	  "[\"[token]\",\"[token]\",\"[token]\"]" },
	{ "\"https:\\/\\/h.example\\/" TOKEN "\\/\"",
	  "\"https:\\/\\/h.example\\/[token]\\/\"" },
	/* Not the token. */
	{ "\"Abcdef-12_\"", "\"Abcdef-12_\"" },
	{ "\"abcdef-12_3\"", "\"abcdef-12_3\"" },
	{ "\"%4gbcdef-12_3\"", "\"%4gbcdef-12_3\"" },
	{ "\"\\u0141bcdef-12_3\"", "\"\\u0141bcdef-12_3\"" },
	{ "\"Abcdef-12_\\u00", "\"Abcdef-12_\\u00" },
	{ "\"Abcdef-12_\\u003", "\"Abcdef-12_\\u003" },
	{ "\"Abcdef-12_%3", "\"Abcdef-12_%3" },
	{ "\"Abcdef-12_\\", "\"Abcdef-12_\\" },
	{ "\"\\n\\\\\\\"\\u00e9\\/\"", "\"\\n\\\\\\\"\\u00e9\\/\"" },
	/* An escape in front of it must not lose its backslash's partner. */
	{ "\"\\n" TOKEN "\"", "\"\\n[token]\"" },
	{ "\"\\\\" TOKEN "\"", "\"\\\\[token]\"" },
	{ "\"\\token567\"", "\"[token]\"" },
	{ "\"\\\\u0041bcdef-12_3\"", "\"[token]\"" },
	{ "\"\\u00e9" OTHER "\"", "\"\\u00e9[token]\"" },
};

static void
test_rows(void)
{
	char			 a[] = TOKEN, b[] = OTHER, c[] = NESTED,
				 d[] = SLASHED;
	char *const		 tokens[] = { a, b, c, d, NULL };
	struct json_object	*doc;
	struct errbuf		 err;
	enum json_verdict	 before, after;
	char			*body;
	size_t			 i, len;

	for (i = 0; i < COUNT(rows); i++) {
		/* Of its very size, so that a byte too far is seen. */
		len = strlen(rows[i].body);
		body = malloc(len > 0 ? len : 1);
		CU_ASSERT_PTR_NOT_NULL_FATAL(body);
		memcpy(body, rows[i].body, len);
		before = json_parse(body, len, &doc, &err);
		json_free(doc);
		len = redact_tokens(body, len, tokens);
		CU_ASSERT_EQUAL(len, strlen(rows[i].want));
		CU_ASSERT_EQUAL(memcmp(body, rows[i].want, len), 0);
		after = json_parse(body, len, &doc, &err);
		json_free(doc);
		CU_ASSERT_EQUAL(before == JSON_OK, after == JSON_OK);
		if (len != strlen(rows[i].want) ||
		    memcmp(body, rows[i].want, len) != 0)
			fprintf(stderr, "\n    row %zu: %.*s\n", i, (int)len,
			    body);
		free(body);
	}
}

static void
test_no_tokens(void)
{
	char *const	none[] = { NULL };
	char		body[] = "{\"a\":\"" TOKEN "\"}";

	CU_ASSERT_EQUAL(redact_tokens(body, strlen(body), none),
	    strlen(body));
	CU_ASSERT_STRING_EQUAL(body, "{\"a\":\"" TOKEN "\"}");
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "rows", test_rows },
		{ "no tokens", test_no_tokens },
		{ NULL, NULL }
	};

	return cunit_run("redact", tests);
}
