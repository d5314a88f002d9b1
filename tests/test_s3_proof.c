/* archive/s3_proof: what ETags prove, and pages in a store's place. */
#include <stdio.h>
#include <string.h>

#include "archive/s3_proof.h"
#include "tests/cunit_main.h"

#define HELLO	"5d41402abc4b2a76b9719d911017c592"	/* MD5 of "hello" */
#define LOUD	"5D41402ABC4B2A76B9719D911017C592"
#define OTHER	"7d793037a0760186574b0282f2f435e7"	/* of "world" */

static const struct {
	const char	*etag, *encryption;
	enum s3_proof	 proof;
} etags[] = {
	{ "\"" HELLO "\"",	"",		S3_PROVEN },
	{ HELLO,		"",		S3_PROVEN },
	{ HELLO,		"AES256",	S3_PROVEN },
	{ "W/\"" HELLO "\"",	"",		S3_PROVEN },
	{ "w/" HELLO,		"",		S3_PROVEN },
	{ "  \"" LOUD "\"  ",	"",		S3_PROVEN },
	{ "\"" OTHER "\"",	"",		S3_OTHER },
	{ "\"" OTHER "\"",	"AES256",	S3_OTHER },
	{ "W/\"" OTHER "\"",	"",		S3_OTHER },
	/* These are of no MD5. */
	{ "\"" OTHER "\"",	"aws:kms",	S3_UNPROVEN },
	{ "\"" OTHER "\"",	"aws:kms:dsse",	S3_UNPROVEN },
	{ "\"" OTHER "-2\"",	"",		S3_UNPROVEN },
	{ "\"" OTHER "-\"",	"",		S3_UNPROVEN },
	{ "\"" OTHER "-gzip\"", "",		S3_UNPROVEN },
	{ "\"" OTHER "00\"",	"",		S3_UNPROVEN },
	{ "\"" HELLO "-gzip\"", "",		S3_UNPROVEN },
	{ "\"0x8D4BCC2E\"",	"",		S3_UNPROVEN },
	{ "\"\"",		"",		S3_UNPROVEN },
	{ "",			"",		S3_UNPROVEN },
	{ "W/",			"",		S3_UNPROVEN },
};

static void
test_etags(void)
{
	size_t	i;

	for (i = 0; i < sizeof(etags) / sizeof(etags[0]); i++) {
		CU_ASSERT_EQUAL(s3_etag_proof(etags[i].etag, HELLO,
		    etags[i].encryption), etags[i].proof);
		if (s3_etag_proof(etags[i].etag, HELLO,
		    etags[i].encryption) != etags[i].proof)
			(void)fprintf(stderr, "\n    %s %s\n", etags[i].etag,
			    etags[i].encryption);
	}
	/* Where ours is not known, none proves anything. */
	CU_ASSERT_EQUAL(s3_etag_proof(OTHER, "", ""), S3_UNPROVEN);
	CU_ASSERT_EQUAL(s3_etag_proof("", "", ""), S3_UNPROVEN);
}

static void
test_bare(void)
{
	char	bare[S3_ETAG_MAX], longest[2 * S3_ETAG_MAX];

	s3_etag_bare("W/\"a-2\" ", bare);
	CU_ASSERT_STRING_EQUAL(bare, "a-2");
	s3_etag_bare("a", bare);
	CU_ASSERT_STRING_EQUAL(bare, "a");
	memset(longest, 'e', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	s3_etag_bare(longest, bare);
	CU_ASSERT_EQUAL(strlen(bare), sizeof(bare) - 1);
}

#define PARTS_ETAG	"065947336a2f2a95ba8899f3675c3be6-2"

/* As `printf hello | md5sum` and the like say it. */
static void
test_parts_etag(void)
{
	unsigned char	md5[2][MD5_BYTES];
	const char	*words[2] = { "hello", "world" };
	struct md5	*sum;
	char		 etag[S3_ETAG_MAX];
	size_t		 i;

	for (i = 0; i < 2; i++) {
		sum = md5_new();
		CU_ASSERT_PTR_NOT_NULL_FATAL(sum);
		CU_ASSERT_TRUE(md5_update(sum, words[i], 5));
		CU_ASSERT_TRUE(md5_finish(sum, md5[i]));
	}
	CU_ASSERT_TRUE(s3_parts_etag(md5, 2, etag));
	CU_ASSERT_STRING_EQUAL(etag, PARTS_ETAG);
	CU_ASSERT_EQUAL(s3_etag_proof("\"" HELLO "-2\"", etag, ""),
	    S3_OTHER);
	CU_ASSERT_EQUAL(s3_etag_proof("\"" PARTS_ETAG "\"", etag, ""),
	    S3_PROVEN);
	/* Some stores put parts together to one object. */
	CU_ASSERT_EQUAL(s3_etag_proof("\"" HELLO "\"", etag, ""),
	    S3_UNPROVEN);
}

static const struct {
	const char	*body, *type;
	bool		 is_page;
} bodies[] = {
	{ "<!doctype html><html>", "text/html", true },
	{ "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD\">", "", true },
	{ "\xef\xbb\xbf\r\n<HTML lang=en>", "", true },
	{ "<?xml version=\"1.0\"?><!-- a > b --><!DOCTYPE html>",
	    "application/xml", true },
	{ "<script>location='/login'</script>", "text/html", true },
	{ "Please log in.", "Text/HTML; charset=utf-8", true },
	{ "<body>", "text/plain", true },
	{ "<?xml version=\"1.0\"?><Ok/>", "text/html", false },
	{ "<Ok/>", "application/xml", false },
	{ "", "text/html", false },
	{ " \r\n\r\n", "text/html", false },
	{ "<!-- without an end", "application/xml", false },
	{ "{\"ok\":true}", "application/json", false },
};

static void
test_pages(void)
{
	size_t	i;

	for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		CU_ASSERT_EQUAL(s3_is_page(bodies[i].body, bodies[i].type),
		    bodies[i].is_page);
		if (s3_is_page(bodies[i].body, bodies[i].type) !=
		    bodies[i].is_page)
			(void)fprintf(stderr, "\n    %s\n", bodies[i].body);
	}
	CU_ASSERT_TRUE(s3_type_is_html("application/xhtml+xml"));
	CU_ASSERT_FALSE(s3_type_is_html("text/plain"));
	CU_ASSERT_FALSE(s3_type_is_html(""));
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "ETags", test_etags },
		{ "bare ETags", test_bare },
		{ "ETag of parts", test_parts_etag },
		{ "pages", test_pages },
		{ NULL, NULL }
	};

	return cunit_run("s3_proof", tests);
}
