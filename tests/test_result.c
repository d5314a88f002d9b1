/* handlers/result: links with their kinds and ends, bounds, and words. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/cunit_main.h"
#include "tests/fixture.h"

static void
test_links(void)
{
	static const struct {
		const char	*url;
		bool		 ok;
	} rows[] = {
		{ "https://a.example/1.png", true },
		{ "http://a.example", true },
		{ "HTTPS://a.example/", true },
		{ "https://a.example:8443/?q#f", true },
		{ "https://[::1]/a", true },
		{ "https://user:pw@a.example/", true },
		{ "https://a.example/\xc3\xa9.png", true },
		{ "https://", false },
		{ "https:///a", false },
		{ "https://?a", false },
		{ "https://#a", false },
		{ "https://:80/", false },
		{ "https://user@/a", false },
		{ "https://user@:80/a", false },
		{ "https:/a.example/", false },
		{ "https:a.example", false },
		{ "ftp://a.example/", false },
		{ "file:///etc/passwd", false },
		{ "data:image/png;base64,AAAA", false },
		{ "//a.example/1.png", false },
		{ "/1.png", false },
		{ " https://a.example/", false },
		{ "https://a.example/ b", false },
		{ "https://a.example/\tb", false },
		{ "https://a.example/\r\nX: y", false },
		{ "https://a.example/\x7f", false },
		{ "https://\x01/", false },
		{ "", false },
	};
	char	url[8100];
	size_t	i;

	for (i = 0; i < COUNT(rows); i++) {
		CU_ASSERT_EQUAL(url_is_link(rows[i].url), rows[i].ok);
		if (url_is_link(rows[i].url) != rows[i].ok)
			fprintf(stderr, "\n    %s\n", rows[i].url);
	}
	memset(url, 'a', sizeof(url));
	memcpy(url, "https://h/", 10);
	url[8000] = '\0';
	CU_ASSERT(url_is_link(url));
	url[8000] = 'a';
	url[8001] = '\0';
	CU_ASSERT_FALSE(url_is_link(url));
}

static void
test_kinds(void)
{
	static const struct {
		const char		*url, *type, *array;
		enum output_kind	 kind;
	} rows[] = {
		{ "https://h/a", "png", "videos", OUTPUT_IMAGE },
		{ "https://h/a.png", "mp4", "images", OUTPUT_VIDEO },
		{ "https://h/a", "video/mp4", NULL, OUTPUT_VIDEO },
		{ "https://h/a", "audio/mpeg", "images", OUTPUT_AUDIO },
		{ "https://h/a", "image/x-new; q=1", NULL, OUTPUT_IMAGE },
		{ "https://h/a", "model/glb", "images", OUTPUT_FILE },
		{ "https://h/a.png", "unheard-of", "videos", OUTPUT_VIDEO },
		{ "https://h/a.png", "", "videos", OUTPUT_VIDEO },
		{ "https://h/a", "PNG", NULL, OUTPUT_IMAGE },
		{ "https://h/a.mp4", NULL, "images", OUTPUT_IMAGE },
		{ "https://h/a", NULL, "images", OUTPUT_IMAGE },
		{ "https://h/a", NULL, "videos", OUTPUT_VIDEO },
		{ "https://h/a", NULL, "audios", OUTPUT_AUDIO },
		{ "https://h/a", NULL, "music", OUTPUT_AUDIO },
		{ "https://h/a.mp4", NULL, "outputs", OUTPUT_VIDEO },
		{ "https://h/a.jpeg?x=.mp4", NULL, NULL, OUTPUT_IMAGE },
		{ "https://h/a.WebP#x", NULL, NULL, OUTPUT_IMAGE },
		{ "https://h/b.mp3/a", NULL, NULL, OUTPUT_FILE },
		{ "https://h/a.tar.zip", NULL, NULL, OUTPUT_FILE },
		{ "https://h/a.wav", NULL, NULL, OUTPUT_AUDIO },
		{ "https://h/a.glb", NULL, NULL, OUTPUT_FILE },
		{ "https://h/a.unknown", NULL, NULL, OUTPUT_FILE },
		{ "https://h/a.", NULL, NULL, OUTPUT_FILE },
		{ "https://h/", NULL, NULL, OUTPUT_FILE },
		{ "https://host.mov", NULL, NULL, OUTPUT_FILE },
		{ "https://h?a.png", NULL, NULL, OUTPUT_FILE },
	};
	struct link_facts	facts = { 0 };
	struct result		r = { 0 };
	struct errbuf		err;
	size_t			i;

	for (i = 0; i < COUNT(rows); i++) {
		facts.declared_type = rows[i].type;
		facts.array_name = rows[i].array;
		CU_ASSERT(result_add_url(&r, rows[i].url, &facts, &err));
		CU_ASSERT_EQUAL(r.outputs[i].kind, rows[i].kind);
		if (r.outputs[i].kind != rows[i].kind)
			fprintf(stderr, "\n    %s\n", rows[i].url);
	}
	result_free(&r);
}

#define FROM	(INT64_C(1764000000) * USEC_PER_SEC)

static void
test_expiry(void)
{
	static const struct {
		const char		*url;
		int64_t			 field_s, ttl_s, lifetime_s;
		int64_t			 want_s;
		enum expires_source	 source;
	} rows[] = {
		{ "https://h/a", 1764000900, 60, 70, 1764000900,
		  EXPIRES_FIELD },
		{ "https://h/a?Expires=1764000100", 1764000900, 60, 70,
		  1764000100, EXPIRES_URL },
		{ "https://h/a?Expires=1764000900", 1764000100, 60, 70,
		  1764000100, EXPIRES_FIELD },
		{ "https://h/a?Expires=1764000900", 1764000900, 60, 70,
		  1764000900, EXPIRES_FIELD },
		{ "https://h/a?Expires=1764000900", 0, 60, 70, 1764000900,
		  EXPIRES_URL },
		{ "https://h/a", 0, 60, 70, 1764000060, EXPIRES_FIELD },
		{ "https://h/a", 0, 0, 70, 1764000070, EXPIRES_PROVIDER },
		{ "https://h/a", 0, -60, 70, 1764000070, EXPIRES_PROVIDER },
		{ "https://h/a", 0, INT64_MAX, 70, 1764000070,
		  EXPIRES_PROVIDER },
		{ "https://h/a", -5, 0, 0, 0, EXPIRES_UNKNOWN },
		{ "https://h/a", 0, 0, 0, 0, EXPIRES_UNKNOWN },
	};
	struct link_facts	facts = { .ttl_from = FROM,
				    .lifetime_from = FROM };
	struct result		r = { 0 };
	struct errbuf		err;
	size_t			i;

	for (i = 0; i < COUNT(rows); i++) {
		facts.expires_at = rows[i].field_s * USEC_PER_SEC;
		facts.ttl_s = rows[i].ttl_s;
		facts.lifetime_s = rows[i].lifetime_s;
		CU_ASSERT(result_add_url(&r, rows[i].url, &facts, &err));
		CU_ASSERT_EQUAL(r.outputs[i].expires_at,
		    rows[i].want_s * USEC_PER_SEC);
		CU_ASSERT_EQUAL(r.outputs[i].expires_source, rows[i].source);
	}
	result_free(&r);
}

static void
test_bounds(void)
{
	const struct link_facts	facts = { 0 };
	struct result		r = { 0 };
	struct errbuf		err;
	size_t			i;

	for (i = 0; i < RESULT_MAX_OUTPUTS; i++)
		CU_ASSERT(i % 2 == 0 ?
		    result_add_url(&r, "https://h/a", &facts, &err) :
		    result_add_text(&r, "words", &facts, &err));
	CU_ASSERT_FALSE(result_add_url(&r, "https://h/a", &facts, &err));
	CU_ASSERT_FALSE(result_add_text(&r, "words", &facts, &err));
	CU_ASSERT_STRING_EQUAL(err.text, "more than 1000 outputs");
	CU_ASSERT_EQUAL(r.noutputs, RESULT_MAX_OUTPUTS);
	CU_ASSERT_PTR_NULL(r.outputs[0].inline_text);
	CU_ASSERT_PTR_NULL(r.outputs[1].url);
	CU_ASSERT_EQUAL(r.outputs[1].kind, OUTPUT_TEXT);
	CU_ASSERT_EQUAL(r.outputs[1].expires_source, EXPIRES_UNKNOWN);
	result_free(&r);
	CU_ASSERT_EQUAL(r.noutputs, 0);
	result_free(&r);
}

static void
test_set(void)
{
	char	*member = NULL;

	CU_ASSERT(result_set(&member, ""));
	CU_ASSERT_PTR_NULL(member);
	CU_ASSERT(result_set(&member, "one"));
	CU_ASSERT_STRING_EQUAL(member, "one");
	CU_ASSERT(result_set(&member, member));
	CU_ASSERT_STRING_EQUAL(member, "one");
	CU_ASSERT(result_set(&member, "two"));
	CU_ASSERT_STRING_EQUAL(member, "two");
	CU_ASSERT(result_set(&member, NULL));
	CU_ASSERT_PTR_NULL(member);
}

/* The database has these words, too. */
static void
test_words(void)
{
	size_t	i;

	for (i = 0; i < TASK_STATE__MAX; i++)
		CU_ASSERT_PTR_NOT_NULL(task_state_words[i]);
	for (i = 0; i < OUTPUT_KIND__MAX; i++)
		CU_ASSERT_PTR_NOT_NULL(output_kind_words[i]);
	for (i = 0; i < EXPIRES__MAX; i++)
		CU_ASSERT_PTR_NOT_NULL(expires_source_words[i]);
	CU_ASSERT_STRING_EQUAL(task_state_words[TASK_CANCELLED], "cancelled");
	CU_ASSERT_STRING_EQUAL(expires_source_words[EXPIRES_URL], "url");
}

static void
test_registry(void)
{
	size_t	i;

	for (i = 0; providers[i] != NULL; i++)
		CU_ASSERT_PTR_EQUAL(provider_find(providers[i]->name),
		    providers[i]);
	CU_ASSERT(i >= 5);
	CU_ASSERT_PTR_NULL(provider_find("nobody"));
	CU_ASSERT_PTR_NULL(provider_find(""));
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "links",	test_links },
		{ "kinds",	test_kinds },
		{ "expiry",	test_expiry },
		{ "bounds",	test_bounds },
		{ "set",	test_set },
		{ "words",	test_words },
		{ "registry",	test_registry },
		{ NULL,		NULL }
	};

	return cunit_run("result", tests);
}
