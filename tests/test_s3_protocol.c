/* archive/s3_protocol: names, XML and errors of S3-compatible stores. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/s3_protocol.h"
#include "tests/cunit_main.h"

#define ENDPOINT	"https://s3.example.com"
#define LETTERS_63	"abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-12345678"

/* root: of what is right, else NULL and words of err it is not. */
static const struct {
	const char	*url, *endpoint;
	const char	*root, *prefix;
	const char	*err;
} places[] = {
	{ "s3://bucket", ENDPOINT, ENDPOINT "/bucket/", "", NULL },
	{ "s3://bucket/", ENDPOINT "//", ENDPOINT "/bucket/", "", NULL },
	{ "s3://bucket/a", ENDPOINT, ENDPOINT "/bucket/", "a/", NULL },
	{ "s3://bucket/a/b_c.d/", ENDPOINT, ENDPOINT "/bucket/", "a/b_c.d/",
	    NULL },
	{ "s3://bucket/a", "http://10.0.0.7:9000",
	    "http://10.0.0.7:9000/bucket/", "a/", NULL },
	{ "s3://bucket/a", "https://host/s3", "https://host/s3/bucket/",
	    "a/", NULL },
	/* The bucket is in the host's name. */
	{ "s3://bucket/a", "https://bucket.s3.example.com",
	    "https://bucket.s3.example.com/", "a/", NULL },
	{ "s3://bucket/a", "https://bucket2.s3.example.com",
	    "https://bucket2.s3.example.com/bucket/", "a/", NULL },
	{ "s3://" LETTERS_63, ENDPOINT, ENDPOINT "/" LETTERS_63 "/", "",
	    NULL },
	{ "s3://", ENDPOINT, NULL, NULL, "no name of a bucket" },
	{ "s3:///prefix", ENDPOINT, NULL, NULL, "no name of a bucket" },
	{ "s3://ab/prefix", ENDPOINT, NULL, NULL, "no name of a bucket" },
	{ "s3://" LETTERS_63 "xx", ENDPOINT, NULL, NULL,
	    "no name of a bucket" },
	{ "s3://buc ket", ENDPOINT, NULL, NULL, "no name of a bucket" },
	{ "s3://.bucket", ENDPOINT, NULL, NULL, "no name of a bucket" },
	{ "s3://-bucket/a", ENDPOINT, NULL, NULL, "no name of a bucket" },
	{ "s3://bucket-", ENDPOINT, NULL, NULL, "no name of a bucket" },
	{ "s3://bucket./a", ENDPOINT, NULL, NULL, "no name of a bucket" },
	{ "s3://buc..ket", ENDPOINT, NULL, NULL, "no name of a bucket" },
	{ "s3://buc.ket/a", ENDPOINT, ENDPOINT "/buc.ket/", "a/", NULL },
	{ "s3://bucket/a b", ENDPOINT, NULL, NULL, "prefix" },
	{ "s3://bucket/a//b", ENDPOINT, NULL, NULL, "prefix" },
	{ "s3://bucket//a", ENDPOINT, NULL, NULL, "prefix" },
	{ "s3://bucket/../a", ENDPOINT, NULL, NULL, "prefix" },
	{ "s3://bucket/a/.", ENDPOINT, NULL, NULL, "prefix" },
	{ "s3://bucket/a%20b", ENDPOINT, NULL, NULL, "prefix" },
	{ "s3://bucket/a", "s3.example.com", NULL, NULL, "s3_endpoint" },
	{ "s3://bucket/a", "ftp://host", NULL, NULL, "s3_endpoint" },
	{ "s3://bucket/a", "https://", NULL, NULL, "s3_endpoint" },
	{ "s3://bucket/a", "https://host/?x", NULL, NULL, "s3_endpoint" },
	{ "s3://bucket/a", "https://me:pass@host", NULL, NULL,
	    "s3_endpoint" },
};

static void
test_places(void)
{
	struct s3_place	place;
	struct errbuf	err;
	bool		ok;
	size_t		i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		err.text[0] = '\0';
		ok = s3_place_read(&place, places[i].url, places[i].endpoint,
		    &err);
		CU_ASSERT_EQUAL(ok, places[i].root != NULL);
		if (ok != (places[i].root != NULL))
			(void)fprintf(stderr, "\n    %s %s: %s\n",
			    places[i].url, places[i].endpoint, err.text);
		if (!ok) {
			CU_ASSERT_PTR_NOT_NULL(strstr(err.text,
			    places[i].err != NULL ? places[i].err : "?"));
			CU_ASSERT_PTR_NULL(strstr(err.text, "pass"));
		} else if (places[i].root != NULL) {
			CU_ASSERT_STRING_EQUAL(place.root, places[i].root);
			CU_ASSERT_STRING_EQUAL(place.prefix,
			    places[i].prefix);
		}
	}
}

#define MIB	(INT64_C(1024) * 1024)

static void
test_parts(void)
{
	static const int64_t	sizes[] = { 1, 8 * MIB, 8 * MIB + 1, 100 * MIB,
				    8000 * MIB, 8000 * MIB + 1, 50000 * MIB,
				    5 * 1000 * 1000 * MIB };
	int64_t			part;
	size_t			i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		part = s3_part_bytes(sizes[i]);
		CU_ASSERT_EQUAL(part == 0, sizes[i] <= 8 * MIB);
		if (part == 0)
			continue;
		CU_ASSERT(part >= 8 * MIB && part <= 5120 * MIB);
		CU_ASSERT((sizes[i] + part - 1) / part <= S3_PARTS_MAX);
	}
	CU_ASSERT_EQUAL(s3_part_bytes(8000 * MIB), 8 * MIB);
	CU_ASSERT_EQUAL(s3_part_bytes(8000 * MIB + 1), 9 * MIB);
}

static const char	listing[] =
    "<?xml version=\"1.0\"?>\n<ListPartsResult xmlns=\"http://x/\">"
    "<Bucket>b</Bucket><Key>a &amp; b&lt;c</Key>"
    "<PartNumberMarker>0</PartNumberMarker>"
    "<Part><PartNumber>1</PartNumber><ETag>&quot;aa&quot;</ETag></Part>"
    "<Part><PartNumber>2</PartNumber><ETag>\"bb\"</ETag></Part>"
    "<Part><PartNumber>3</PartNumber><ETag/></Part>"
    "<Part><PartNumber>4</PartNumber>";

static void
test_xml(void)
{
	static const char *const	etags[] = { "\"aa\"", "\"bb\"", "" };
	const char			*at = listing;
	char				*item, text[16];
	size_t				 n;

	CU_ASSERT_TRUE(s3_xml_text(listing, "Key", text, sizeof(text)));
	CU_ASSERT_STRING_EQUAL(text, "a & b<c");
	CU_ASSERT_FALSE(s3_xml_text(listing, "Code", text, sizeof(text)));
	CU_ASSERT_STRING_EQUAL(text, "");
	CU_ASSERT_FALSE(s3_xml_text(listing, "Key", text, 7));
	CU_ASSERT_FALSE(s3_xml_text("<Key>a", "Key", text, sizeof(text)));
	CU_ASSERT_FALSE(s3_xml_text("<Key", "Key", text, sizeof(text)));
	CU_ASSERT_TRUE(s3_xml_text("<KeyMarker>m</KeyMarker><Key a='b'\n>a"
	    "</Key>", "Key", text, sizeof(text)));
	CU_ASSERT_STRING_EQUAL(text, "a");
	CU_ASSERT_TRUE(s3_xml_has("  \n<Error/>", "Error"));
	CU_ASSERT_TRUE(s3_xml_has("<Error xmlns=\"x\"><Code>", "Error"));
	CU_ASSERT_FALSE(s3_xml_has("<Errors>&lt;Error>", "Error"));
	CU_ASSERT_FALSE(s3_xml_has("", "Error"));
	for (n = 0; (item = s3_xml_next(&at, "Part")) != NULL; n++) {
		CU_ASSERT_FATAL(n < 3);
		(void)s3_xml_text(item, "ETag", text, sizeof(text));
		CU_ASSERT_STRING_EQUAL(text, etags[n]);
		free(item);
	}
	CU_ASSERT_EQUAL(n, 3);
}

static void
test_times(void)
{
	CU_ASSERT_EQUAL(s3_time("2026-11-21T20:00:00.000Z"), 1795291200);
	CU_ASSERT_EQUAL(s3_time("1970-01-01T00:00:01Z"), 1);
	CU_ASSERT_EQUAL(s3_time("yesterday"), 0);
	CU_ASSERT_EQUAL(s3_time(""), 0);
}

static const struct {
	long		 status;
	const char	*code;
	enum s3_trouble	 trouble;
	const char	*words;
} answers[] = {
	{ 403, "SignatureDoesNotMatch", S3_CLOSED, "s3_secret_key" },
	{ 403, "InvalidAccessKeyId",	S3_CLOSED, "s3_access_key" },
	{ 403, "RequestTimeTooSkewed",	S3_CLOSED, "clock" },
	{ 403, "",			S3_CLOSED, "may not write" },
	{ 403, "SomethingNew",		S3_CLOSED, "may not write" },
	{ 404, "NoSuchBucket",		S3_CLOSED, "no such bucket" },
	{ 404, "NoSuchUpload",		S3_GONE,   "upload" },
	{ 400, "AuthorizationHeaderMalformed", S3_CLOSED, "s3_region" },
	{ 301, "",			S3_CLOSED, "s3_endpoint" },
	{ 307, "TemporaryRedirect",	S3_CLOSED, "s3_endpoint" },
	{ 503, "SlowDown",		S3_BUSY,   "slow down" },
	{ 503, "",			S3_BUSY,   "trouble of its own" },
	{ 500, "InternalError",		S3_BUSY,   "trouble of its own" },
	{ 429, "",			S3_BUSY,   "trouble of its own" },
	{ 400, "RequestTimeout",	S3_BUSY,   "in vain" },
	{ 400, "BadDigest",		S3_BUSY,   "damaged" },
	{ 507, "",			S3_CLOSED, "full" },
	{ 400, "EntityTooLarge",	S3_REFUSED, "does not take" },
	{ 418, "",			S3_REFUSED, "does not take" },
};

static void
test_answers(void)
{
	const char	*words;
	size_t		 i;

	for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		CU_ASSERT_EQUAL(s3_classify(answers[i].status, answers[i].code,
		    &words), answers[i].trouble);
		CU_ASSERT_PTR_NOT_NULL(strstr(words, answers[i].words));
		if (strstr(words, answers[i].words) == NULL)
			(void)fprintf(stderr, "\n    %ld %s: %s\n",
			    answers[i].status, answers[i].code, words);
	}
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "places", test_places },
		{ "parts", test_parts },
		{ "XML", test_xml },
		{ "times", test_times },
		{ "answers", test_answers },
		{ NULL, NULL }
	};

	return cunit_run("s3", tests);
}
