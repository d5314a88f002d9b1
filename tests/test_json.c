/* lib/json: texts that have to pass or fail, and values at their paths. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/cunit_main.h"
#include "tests/fixture.h"

/* A file tests/fixtures/json/NAME.json, and which byte is told to be wrong. */
static const struct {
	const char		*name;
	enum json_verdict	 verdict;
	const char		*err;
} files[] = {
	{ "accept-lone-surrogate-escape", JSON_OK, "" },
	{ "accept-nul-in-value",	JSON_OK, "" },
	{ "accept-number-root",		JSON_OK, "" },
	{ "accept-null-root",		JSON_OK, "" },
	{ "accept-huge-number",		JSON_OK, "" },
	{ "accept-utf8-edges",		JSON_OK, "" },
	{ "accept-white-space",		JSON_OK, "" },
	{ "accept-duplicate-keys",	JSON_OK, "" },
	{ "accept-depth-32",		JSON_OK, "" },
	{ "unfit-nul-in-key",		JSON_UNFIT, "a NUL in a key at byte" },
	{ "unfit-nul-key-shadows-task-id", JSON_UNFIT,
	  "a NUL in a key at byte" },
	{ "refuse-empty",		JSON_INVALID, "empty body" },
	{ "refuse-blank",		JSON_INVALID, "at byte 2" },
	{ "refuse-depth-33",		JSON_INVALID,
	  "nested too deep at byte 3" },
	{ "refuse-open-string-behind",	JSON_INVALID, "at byte" },
	{ "refuse-lone-quote-behind",	JSON_INVALID, "at byte" },
	{ "refuse-escape-behind",		JSON_INVALID, "at byte" },
	{ "refuse-quote-behind-blank",	JSON_INVALID, "at byte" },
	{ "refuse-quote-behind-number",	JSON_INVALID, "at byte" },
	{ "refuse-word-begun-behind",	JSON_INVALID, "at byte" },
	{ "refuse-minus-behind",		JSON_INVALID, "at byte" },
	{ "refuse-slash-behind",		JSON_INVALID, "at byte" },
	{ "refuse-string-behind-string",	JSON_INVALID, "at byte" },
	{ "refuse-nan",			JSON_INVALID, "at byte" },
	{ "refuse-infinity",		JSON_INVALID, "at byte" },
	{ "refuse-single-quotes",	JSON_INVALID, "at byte" },
	{ "refuse-leading-zero",	JSON_INVALID, "at byte" },
	{ "refuse-no-fraction",		JSON_INVALID, "at byte" },
	{ "refuse-no-integer",		JSON_INVALID, "at byte" },
	{ "refuse-plus-sign",		JSON_INVALID, "at byte" },
	{ "refuse-no-exponent",		JSON_INVALID, "at byte" },
	{ "refuse-hex-number",		JSON_INVALID, "at byte" },
	{ "refuse-trailing-comma",	JSON_INVALID, "at byte" },
	{ "refuse-trailing-text",	JSON_INVALID, "trailing" },
	{ "refuse-two-documents",	JSON_INVALID, "trailing" },
	{ "refuse-trailing-nul",	JSON_INVALID, "0x00 at byte 3" },
	{ "refuse-nul-between",		JSON_INVALID, "0x00 at byte 3" },
	{ "refuse-raw-newline",		JSON_INVALID, "inside string" },
	{ "refuse-raw-tab",		JSON_INVALID, "inside string" },
	{ "refuse-form-feed",		JSON_INVALID, "0x0c at byte 0" },
	{ "refuse-vertical-tab-outside", JSON_INVALID, "0x0b at byte 2" },
	{ "refuse-overlong",		JSON_INVALID, "no UTF-8 at byte 2" },
	{ "refuse-overlong-three",	JSON_INVALID, "no UTF-8 at byte 2" },
	{ "refuse-surrogate",		JSON_INVALID, "no UTF-8 at byte 2" },
	{ "refuse-above-unicode",	JSON_INVALID, "no UTF-8 at byte 2" },
	{ "refuse-lone-continuation",	JSON_INVALID, "no UTF-8 at byte 2" },
	{ "refuse-cut-utf8",		JSON_INVALID, "no UTF-8 at byte 2" },
	{ "refuse-cut-utf8-end",	JSON_INVALID, "no UTF-8 at byte 1" },
	{ "refuse-latin-1",		JSON_INVALID, "no UTF-8 at byte 2" },
	{ "refuse-five-byte",		JSON_INVALID, "no UTF-8 at byte 2" },
	{ "refuse-bom",			JSON_INVALID,
	  "byte order mark at byte 0" },
	{ "refuse-utf-16",		JSON_INVALID, "no UTF-8 at byte 0" },
	{ "refuse-bad-escape",		JSON_INVALID, "at byte" },
	{ "refuse-cut-escape",		JSON_INVALID, "at byte" },
	{ "refuse-comment",		JSON_INVALID, "at byte" },
	{ "refuse-unquoted-key",	JSON_INVALID, "at byte" },
	{ "refuse-no-colon",		JSON_INVALID, "at byte" },
	{ "refuse-no-comma",		JSON_INVALID, "at byte" },
	{ "refuse-open-string",		JSON_INVALID, "at byte 5" },
	{ "refuse-open-array",		JSON_INVALID, "at byte 2" },
	{ "refuse-open-object",		JSON_INVALID, "at byte 6" },
	{ "refuse-wrong-close",		JSON_INVALID, "at byte" },
	{ "refuse-word-cut",		JSON_INVALID, "at byte" },
	{ "refuse-upper-word",		JSON_INVALID, "at byte" },
	{ "refuse-just-minus",		JSON_INVALID, "at byte" },
	{ "refuse-backtick",		JSON_INVALID, "at byte" },
};

static void
test_files(void)
{
	struct json_object	*doc;
	struct errbuf		 err;
	enum json_verdict	 verdict;
	char			 path[256], *text;
	size_t			 i, len;

	for (i = 0; i < COUNT(files); i++) {
		snprintf(path, sizeof(path), "tests/fixtures/json/%s.json",
		    files[i].name);
		text = fixture_read(path, &len);
		errbuf_set(&err, "%s", "");
		verdict = json_parse(text, len, &doc, &err);
		CU_ASSERT_EQUAL(verdict, files[i].verdict);
		CU_ASSERT(strstr(err.text, files[i].err) != NULL);
		if (verdict != files[i].verdict ||
		    strstr(err.text, files[i].err) == NULL)
			fprintf(stderr, "\n    in %s: %d %s\n", path, verdict,
			    err.text);
		if (verdict != JSON_OK)
			CU_ASSERT_PTR_NULL(doc);
		json_free(doc);
		free(text);
	}
}

/* n times the same piece in a list. */
static enum json_verdict
list_parse(const char *piece, size_t n, struct errbuf *err)
{
	struct json_object	*doc;
	enum json_verdict	 verdict;
	size_t			 i, len = 0, size = strlen(piece);
	char			*text;

	text = malloc(n * (size + 1) + 2);
	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	text[len++] = '[';
	for (i = 0; i < n; i++) {
		memcpy(text + len, piece, size);
		len += size;
		text[len++] = i + 1 < n ? ',' : ']';
	}
	verdict = json_parse(text, len, &doc, err);
	json_free(doc);
	free(text);
	return verdict;
}

static void
test_count(void)
{
	struct errbuf	err;

	/* The list itself is a value as well. */
	CU_ASSERT_EQUAL(list_parse("1", JSON_MAX_VALUES - 1, &err), JSON_OK);
	CU_ASSERT_EQUAL(list_parse("1", JSON_MAX_VALUES, &err), JSON_UNFIT);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "too many values at byte"));
	/* An object counts four times. */
	CU_ASSERT_EQUAL(list_parse("{}", (JSON_MAX_VALUES - 1) / 4, &err),
	    JSON_OK);
	CU_ASSERT_EQUAL(list_parse("{}", (JSON_MAX_VALUES - 1) / 4 + 1, &err),
	    JSON_UNFIT);
}

/* Parse text that is known to be good. */
static struct json_object *
parse(const char *text)
{
	struct json_object	*doc = NULL;
	struct errbuf		 err;

	CU_ASSERT_EQUAL_FATAL(json_parse(text, strlen(text), &doc, &err),
	    JSON_OK);
	return doc;
}

static void
test_at(void)
{
	struct json_object	*doc = parse("{\"a\":{\"b\":{\"c\":\"deep\"},"
	    "\"n\":null},\"s\":\"text\",\"e\":\"\",\"z\":\"x\\u0000y\","
	    "\"l\":[1,\"two\"],\"dup\":1,\"dup\":\"last\"}");

	CU_ASSERT_STRING_EQUAL(json_string_at(doc, "a.b.c"), "deep");
	CU_ASSERT_STRING_EQUAL(json_string_at(doc, "dup"), "last");
	CU_ASSERT_STRING_EQUAL(json_string_at(doc, "e"), "");
	CU_ASSERT_PTR_NULL(json_string_at(doc, "z"));
	CU_ASSERT_PTR_NULL(json_string_at(doc, "a"));
	CU_ASSERT_PTR_NULL(json_at(doc, "a.n"));
	CU_ASSERT_PTR_NULL(json_at(doc, "a.n.x"));
	CU_ASSERT_PTR_NULL(json_at(doc, "s.x"));
	CU_ASSERT_STRING_EQUAL(json_string_at(doc, "l.1"), "two");
	CU_ASSERT_PTR_NULL(json_at(doc, "none"));
	CU_ASSERT_PTR_NULL(json_at(doc, ""));
	CU_ASSERT_PTR_NULL(json_at(doc, "a."));
	CU_ASSERT_PTR_NULL(json_at(NULL, "a"));
	CU_ASSERT_PTR_NULL(json_at(doc, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
	CU_ASSERT(json_has(json_at(doc, "a"), "n"));
	CU_ASSERT_FALSE(json_has(json_at(doc, "a"), "m"));
	CU_ASSERT_FALSE(json_has(NULL, "m"));
	CU_ASSERT(json_is_object(doc));
	CU_ASSERT_FALSE(json_is_object(NULL));
	CU_ASSERT_FALSE(json_is_array(NULL));
	CU_ASSERT_EQUAL(json_length(json_at(doc, "l")), 2);
	CU_ASSERT_EQUAL(json_length(doc), 0);
	CU_ASSERT_STRING_EQUAL(json_string(json_item(json_at(doc, "l"), 1)),
	    "two");
	CU_ASSERT_PTR_NULL(json_item(json_at(doc, "l"), 2));
	CU_ASSERT_PTR_NULL(json_item(doc, 0));
	json_free(doc);
	json_free(NULL);
}

static void
test_int(void)
{
	static const struct {
		const char	*text;
		bool		 ok;
		int64_t		 value;
	} rows[] = {
		{ "0", true, 0 },
		{ "-7", true, -7 },
		{ "9223372036854775807", true, INT64_MAX },
		{ "9223372036854775808", false, 0 },
		{ "18446744073709551615", false, 0 },
		{ "99999999999999999999", false, 0 },
		{ "-9223372036854775807", true, -INT64_MAX },
		{ "-99999999999999999999", false, 0 },
		{ "1.9", true, 1 },
		{ "-1.9", true, -1 },
		{ "3.6e3", true, 3600 },
		{ "1e18", true, INT64_C(1000000000000000000) },
		{ "1e19", false, 0 },
		{ "-1e19", false, 0 },
		{ "1e999", false, 0 },
		{ "\"3600\"", true, 3600 },
		{ "\"0\"", true, 0 },
		{ "\"9223372036854775807\"", true, INT64_MAX },
		{ "\"9223372036854775808\"", false, 0 },
		{ "\"\"", false, 0 },
		{ "\"12abc\"", false, 0 },
		{ "\" 12\"", false, 0 },
		{ "\"-12\"", false, 0 },
		{ "\"+12\"", false, 0 },
		{ "\"0x10\"", false, 0 },
		{ "\"12\\u0000\"", false, 0 },
		{ "true", false, 0 },
		{ "null", false, 0 },
		{ "[1]", false, 0 },
		{ "{}", false, 0 },
	};
	struct json_object	*doc;
	char			 text[64];
	int64_t			 value;
	size_t			 i;

	for (i = 0; i < COUNT(rows); i++) {
		snprintf(text, sizeof(text), "{\"n\":%s}", rows[i].text);
		doc = parse(text);
		value = 42;
		CU_ASSERT_EQUAL(json_int_at(doc, "n", &value), rows[i].ok);
		CU_ASSERT_EQUAL(value, rows[i].value);
		if (value != rows[i].value)
			fprintf(stderr, "\n    %s gives %lld\n", text,
			    (long long)value);
		json_free(doc);
	}
	value = 42;
	CU_ASSERT_FALSE(json_int_at(NULL, "n", &value));
	CU_ASSERT_EQUAL(value, 0);
}

static void
test_text(void)
{
	static const struct {
		const char	*text, *value;
	} rows[] = {
		{ "\"task_failed\"", "task_failed" },
		{ "\"\"", NULL },
		{ "500", "500" },
		{ "-1", "-1" },
		{ "1.50", "1.50" },
		{ "99999999999999999999", NULL },
		{ "true", NULL },
		{ "null", NULL },
		{ "{}", NULL },
		{ "\"a\\u0000b\"", NULL },
	};
	struct json_object	*doc;
	char			 text[64], *value;
	size_t			 i;

	for (i = 0; i < COUNT(rows); i++) {
		snprintf(text, sizeof(text), "{\"t\":%s}", rows[i].text);
		doc = parse(text);
		value = json_text_at(doc, "t");
		if (rows[i].value == NULL)
			CU_ASSERT_PTR_NULL(value);
		if (rows[i].value != NULL) {
			CU_ASSERT_PTR_NOT_NULL_FATAL(value);
			CU_ASSERT_STRING_EQUAL(value, rows[i].value);
		}
		free(value);
		json_free(doc);
	}
}

static void
test_true(void)
{
	struct json_object	*doc = parse("{\"t\":true,\"f\":false,"
	    "\"s\":\"true\",\"n\":1,\"z\":null}");

	CU_ASSERT(json_true_at(doc, "t"));
	CU_ASSERT_FALSE(json_true_at(doc, "f"));
	CU_ASSERT_FALSE(json_true_at(doc, "s"));
	CU_ASSERT_FALSE(json_true_at(doc, "n"));
	CU_ASSERT_FALSE(json_true_at(doc, "z"));
	CU_ASSERT_FALSE(json_true_at(doc, "none"));
	json_free(doc);
}

static void
keys_join(const char *key, struct json_object *value, void *arg)
{
	struct errbuf	*keys = arg;

	errbuf_set(keys, "%s%s%s", keys->text, key,
	    value == NULL ? "!" : "");
}

static void
test_print_and_each(void)
{
	struct json_object	*doc = parse(
	    "{ \"b\" : \"x/y\", \"a\" : [ 1, null ], \"c\" : null }");
	struct errbuf		 keys = { .text = "" };
	char			*text = json_print(doc);

	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	CU_ASSERT_STRING_EQUAL(text, "{\"b\":\"x/y\",\"a\":[1,null],"
	    "\"c\":null}");
	free(text);
	text = json_print(NULL);
	CU_ASSERT_STRING_EQUAL(text, "null");
	free(text);
	json_each(doc, keys_join, &keys);
	CU_ASSERT_STRING_EQUAL(keys.text, "bac!");
	json_each(json_at(doc, "a"), keys_join, &keys);
	json_each(NULL, keys_join, &keys);
	CU_ASSERT_STRING_EQUAL(keys.text, "bac!");
	json_free(doc);
}

static void
test_put(void)
{
	struct json_object	*doc = parse("{\"a\":1,\"n\":null,"
	    "\"l\":[{\"id\":\"x\"},7]}");
	char			*text;

	CU_ASSERT(json_put_text(doc, "a", "two"));
	CU_ASSERT(json_put_text(doc, "b.c.d", "deep"));
	CU_ASSERT(json_put_true(doc, "b.c.e"));
	CU_ASSERT(json_put(doc, "n.m", NULL));
	CU_ASSERT_FALSE(json_put_text(doc, "a.b", "no object there"));
	CU_ASSERT_FALSE(json_put_text(doc, "l.x", "nor there"));
	text = json_print(doc);
	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	CU_ASSERT_STRING_EQUAL(text, "{\"a\":\"two\",\"n\":{\"m\":null},"
	    "\"l\":[{\"id\":\"x\"},7],"
	    "\"b\":{\"c\":{\"d\":\"deep\",\"e\":true}}}");
	free(text);
	CU_ASSERT_STRING_EQUAL(json_string_at(doc, "l.0.id"), "x");
	CU_ASSERT_PTR_NULL(json_at(doc, "l.2"));
	CU_ASSERT_PTR_NULL(json_at(doc, "l.x"));
	json_free(doc);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "files",		test_files },
		{ "count",		test_count },
		{ "at",			test_at },
		{ "int",		test_int },
		{ "text",		test_text },
		{ "true",		test_true },
		{ "print and each",	test_print_and_each },
		{ "put",		test_put },
		{ NULL,			NULL }
	};

	return cunit_run("json", tests);
}
