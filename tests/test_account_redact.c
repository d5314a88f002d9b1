/* common/account_redact: no secret of an account is left, however it is written;
 * and what is none is left alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/account_redact.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"

static const struct {
	const char	*text, *want;
} rows[] = {
	{ "", "" },
	{ "{\"token\":\"tok-of-mine-1\",\"old\":\"tok-of-mine-2\"}",
	  "{\"token\":\"[token]\",\"old\":\"[token]\"}" },
	{ "{\"secret\":\"whsec_Zm9v/YmFy+Q==\"}",
	  "{\"secret\":\"whsec_[token]\"}" },
	/* Without its prefix it is as good. */
	{ "{\"secret\":\"Zm9v\\/YmFy+Q==\"}", "{\"secret\":\"[token]\"}" },
	{ "{\"secret\":\"plain-secret\"}", "{\"secret\":\"[token]\"}" },
	{ "{\"error\":\"bad key sk-of-mine-3 in Bearer sk-of-mine-3\"}",
	  "{\"error\":\"bad key [token] in Bearer [token]\"}" },
	{ "{\"key\":\"sk%2Dof%2Dmine%2d3\"}", "{\"key\":\"[token]\"}" },
	/* Another's, or not whole. */
	{ "{\"key\":\"sk-of-mine-\",\"whsec_\":\"tok-of\"}",
	  "{\"key\":\"sk-of-mine-\",\"whsec_\":\"tok-of\"}" },
};

static struct account
account(void)
{
	static char	name[] = "default", first[] = "tok-of-mine-1",
			second[] = "tok-of-mine-2", key[] = "sk-of-mine-3",
			standard[] = "whsec_Zm9v/YmFy+Q==",
			plain[] = "plain-secret";
	static char	*tokens[] = { first, second, NULL };
	static char	*secrets[] = { standard, plain, NULL };

	return (struct account){ .provider = provider_find("wavespeed"),
	    .name = name, .tokens = tokens, .secrets = secrets,
	    .api_key = key };
}

static void
test_rows(void)
{
	const struct account	 a = account();
	char			*text;
	size_t			 i;

	for (i = 0; i < COUNT(rows); i++) {
		text = strdup(rows[i].text);
		CU_ASSERT_PTR_NOT_NULL_FATAL(text);
		account_redact_text(&a, text);
		CU_ASSERT_STRING_EQUAL(text, rows[i].want);
		free(text);
	}
	account_redact_text(&a, NULL);
}

/* What could be part of a number would spoil the JSON, and what is shorter than
 * its mark does not fit. */
static void
test_left(void)
{
	char		key[] = "12345678", brief[] = "brief", none[] = "";
	char		*secrets[] = { brief, none, NULL };
	char		text[] = "{\"n\":123456789,\"s\":\"brief\"}";
	struct account	a = account();

	a.secrets = secrets;
	a.api_key = key;
	account_redact_text(&a, text);
	CU_ASSERT_STRING_EQUAL(text, "{\"n\":123456789,\"s\":\"brief\"}");
}

/* More of them than are looked for at once. */
static void
test_many(void)
{
	char		 names[80][16], *tokens[81] = { NULL };
	char		 text[80 * 20] = "", want[80 * 20] = "";
	struct account	 a = account();
	size_t		 i;

	for (i = 0; i < COUNT(names); i++) {
		(void)snprintf(names[i], sizeof(names[i]), "token-%03zu-x", i);
		tokens[i] = names[i];
		(void)strcat(strcat(text, names[i]), " ");
		(void)strcat(want, "[token] ");
	}
	a.tokens = tokens;
	a.secrets = NULL;
	account_redact_text(&a, text);
	CU_ASSERT_STRING_EQUAL(text, want);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "rows", test_rows },
		{ "left", test_left },
		{ "many", test_many },
		{ NULL, NULL }
	};

	return cunit_run("account redact", tests);
}
