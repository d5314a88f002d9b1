/* server/headers: which request headers are kept, and how they are cut. */
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "server/headers.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"

static const struct {
	const char	*env[6];
	const char	*want;
} rows[] = {
	{ { NULL }, "{}" },
	{ { "CONTENT_TYPE=application/json", "CONTENT_LENGTH=7", NULL },
	  "{\"content-type\":\"application/json\",\"content-length\":\"7\"}" },
	{ { "HTTP_USER_AGENT=", NULL }, "{}" },
	{ { "HTTP_USER_AGENT=a\"b\\c", NULL },
	  "{\"user-agent\":\"a\\\"b\\\\c\"}" },
	{ { "HTTP_USER_AGENT=\n\t\x7f\xc3\xa9", NULL },
	  "{\"user-agent\":\"?????\"}" },
	/* The first of two. */
	{ { "HTTP_DATE=one", "HTTP_DATE=two", NULL }, "{\"date\":\"one\"}" },
	{ { "HTTP_WEBHOOK_ID=i", "HTTP_WEBHOOK_TIMESTAMP=1",
	    "HTTP_WEBHOOK_SIGNATURE=v3,00", NULL },
	  "{\"webhook-id\":\"i\",\"webhook-timestamp\":\"1\","
	  "\"webhook-signature\":\"v3,00\"}" },
	/* Who sent it, by what stood in between. */
	{ { "HTTP_X_FORWARDED_FOR=1.2.3.4, ::1", "HTTP_FORWARDED=for=\"[::1]\"",
	    "HTTP_X_REAL_IP=1.2.3.4", "HTTP_CF_CONNECTING_IP=::1", NULL },
	  "{\"x-forwarded-for\":\"1.2.3.4, ::1\","
	  "\"forwarded\":\"for=\\\"[::1]\\\"\",\"x-real-ip\":\"1.2.3.4\","
	  "\"cf-connecting-ip\":\"::1\"}" },
	/* What may hold a secret, or is not a header. */
	{ { "HTTP_AUTHORIZATION=Bearer x", "HTTP_COOKIE=a=b",
	    "HTTP_X_API_KEY=k", "PATH_INFO=/TOKEN", "REQUEST_URI=/TOKEN",
	    NULL }, "{}" },
	{ { "HTTP_DATEX=1", "HTTP_DAT=2", "HTTP_DATE", NULL }, "{}" },
};

static void
test_rows(void)
{
	struct json_object	*doc;
	struct request		 req = { .env = NULL };
	struct errbuf		 err;
	char			*env[6], *text;
	size_t			 i, k;

	for (i = 0; i < COUNT(rows); i++) {
		for (k = 0; k < COUNT(env); k++)
			env[k] = rows[i].env[k] != NULL ?
			    strdup(rows[i].env[k]) : NULL;
		req.env = env;
		text = headers_to_keep(&req, NULL);
		CU_ASSERT_PTR_NOT_NULL_FATAL(text);
		CU_ASSERT_STRING_EQUAL(text, rows[i].want);
		CU_ASSERT_EQUAL(json_parse(text, strlen(text), &doc, &err),
		    JSON_OK);
		json_free(doc);
		free(text);
		for (k = 0; k < COUNT(env); k++)
			free(env[k]);
	}
}

static void
test_long_value(void)
{
	char		 var[2000] = "HTTP_USER_AGENT=";
	char *const	 env[] = { var, NULL };
	struct request	 req = { .env = env };
	size_t		 len = strlen(var);
	char		*text;

	memset(var + len, 'x', 512);
	text = headers_to_keep(&req, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	CU_ASSERT_PTR_NULL(strstr(text, "..."));
	free(text);
	memset(var + len, 'x', sizeof(var) - 1 - len);
	text = headers_to_keep(&req, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	CU_ASSERT_EQUAL(strlen(text), strlen("{\"user-agent\":\"...\"}") +
	    512);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "x...\"}"));
	free(text);
}

/* What a signature was made of is kept, a shared secret never. */
static void
test_signed(void)
{
	static const struct signature_scheme	signing = {
		.method = SIGNATURE_HMAC, .header = "x-acme-signature",
		.signed_text = "{webhook-id}.{x-acme-time}.{body}",
	}, shared = {
		.method = SIGNATURE_SHARED, .header = "x-acme-signature",
	};
	char		*env[] = { (char[]){ "HTTP_WEBHOOK_ID=i" },
			    (char[]){ "HTTP_X_ACME_TIME=1" },
			    (char[]){ "HTTP_X_ACME_SIGNATURE=s" }, NULL };
	struct request	 req = { .env = env };
	char		*text;

	text = headers_to_keep(&req, &signing);
	CU_ASSERT_STRING_EQUAL(text, "{\"webhook-id\":\"i\","
	    "\"x-acme-time\":\"1\",\"x-acme-signature\":\"s\"}");
	free(text);
	text = headers_to_keep(&req, &shared);
	CU_ASSERT_STRING_EQUAL(text, "{\"webhook-id\":\"i\"}");
	free(text);
}

/* Signatures by several keys are not cut, or none could be checked again. */
static void
test_long_signature(void)
{
	char		 var[2000] = "HTTP_WEBHOOK_SIGNATURE=";
	char		 other[2000] = "HTTP_X_ACME_SIGNATURE=";
	char *const	 env[] = { var, other, NULL };
	struct request	 req = { .env = env };
	static const struct signature_scheme	acme = {
		.header = "x-acme-signature", .signed_text = "{body}",
	};
	char		*text;

	memset(var + strlen(var), 'x', 1500);
	memset(other + strlen(other), 'x', 1500);
	text = headers_to_keep(&req, &acme);
	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	CU_ASSERT_PTR_NULL(strstr(text, "..."));
	CU_ASSERT(strlen(text) > 3000);
	free(text);
}

/* All of them, as long as can be and every character escaped. */
static void
test_all_long(void)
{
	static const char *const	names[] = {
		"CONTENT_TYPE=", "CONTENT_LENGTH=", "HTTP_USER_AGENT=",
		"HTTP_DATE=", "HTTP_X_FORWARDED_FOR=", "HTTP_X_REQUEST_ID=",
		"HTTP_WEBHOOK_ID=", "HTTP_WEBHOOK_TIMESTAMP=",
		"HTTP_WEBHOOK_SIGNATURE=", "HTTP_IDEMPOTENCY_KEY=",
	};
	char			vars[COUNT(names)][700], *env[COUNT(names) + 1];
	struct request		req = { .env = env };
	struct json_object	*doc;
	struct errbuf		 err;
	char			*text;
	size_t			 i;

	for (i = 0; i < COUNT(names); i++) {
		memset(vars[i], '"', sizeof(vars[i]));
		memcpy(vars[i], names[i], strlen(names[i]));
		vars[i][sizeof(vars[i]) - 1] = '\0';
		env[i] = vars[i];
	}
	env[i] = NULL;
	text = headers_to_keep(&req, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	CU_ASSERT_EQUAL_FATAL(json_parse(text, strlen(text), &doc, &err),
	    JSON_OK);
	CU_ASSERT_EQUAL(json_members(doc), COUNT(names));
	CU_ASSERT_EQUAL(strlen(json_string_at(doc, "idempotency-key")),
	    512 + 3);
	json_free(doc);
	free(text);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "rows", test_rows },
		{ "long value", test_long_value },
		{ "signed", test_signed },
		{ "long signature", test_long_signature },
		{ "all long", test_all_long },
		{ NULL, NULL }
	};

	return cunit_run("headers", tests);
}
