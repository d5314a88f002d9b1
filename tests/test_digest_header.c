/* Headers with digests, as servers write them. */
#include <stdio.h>
#include <string.h>

#include "lib/crypto.h"
#include "net/digest_header.h"
#include "tests/cunit_main.h"

/* Sums of the empty file. */
#define SHA	"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define MD5	"1B2M2Y8AsgTpgAmY7PhCfg=="

static const struct {
	const char	*name, *value;
	bool		 part;
	const char	*sha256, *md5;
} cases[] = {
	{ "Content-MD5", MD5, false, "", MD5 },
	{ "content-md5", MD5, false, "", MD5 },
	{ "Content-MD5", MD5, true, "", "" },
	{ "Content-MD5", "d41d8cd98f00b204e9800998ecf8427e", false, "", "" },
	{ "Content-MD5", "", false, "", "" },
	{ "Digest", "SHA-256=" SHA, false, SHA, "" },
	{ "Digest", "md5=" MD5 ", sha-256=" SHA, false, SHA, MD5 },
	{ "Digest", "md5=" MD5 ", sha-256=" SHA, true, SHA, "" },
	{ "Repr-Digest", "sha-256=:" SHA ":", false, SHA, "" },
	{ "Repr-Digest", "sha-512=:AAAA:, sha-256=:" SHA ":", true, SHA, "" },
	{ "Content-Digest", "sha-256=:" SHA ":", false, SHA, "" },
	{ "Content-Digest", "sha-256=:" SHA ":", true, "", "" },
	{ "Repr-Digest", "sha-256=:" SHA "AAAA:", false, "", "" },
	{ "Repr-Digest", "sha-256=:short:", false, "", "" },
	{ "Repr-Digest", "sha-256", false, "", "" },
	{ "Repr-Digest", ",,, ,sha-256=:" SHA ":", false, SHA, "" },
	{ "Repr-Digest", "xsha-256=:" SHA ":", false, "", "" },
	{ "ETag", MD5, false, "", "" },
};

static void
test_headers(void)
{
	struct digest_header	p;
	size_t		i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned int	before = CU_get_number_of_failures();

		memset(&p, 0, sizeof(p));
		digest_header_read(&p, cases[i].name, cases[i].value,
		    cases[i].part);
		CU_ASSERT_STRING_EQUAL(p.sha256, cases[i].sha256);
		CU_ASSERT_STRING_EQUAL(p.md5, cases[i].md5);
		if (CU_get_number_of_failures() != before)
			(void)fprintf(stderr, "\n    row %zu\n", i);
	}
}

/* The sums above, by the functions that they are compared with. */
static void
test_sums(void)
{
	unsigned char	digest[SHA256_BYTES], md5[MD5_BYTES];
	char		text[DIGEST_HEADER_SHA256];

	CU_ASSERT(sha256("", 0, digest));
	base64_encode(digest, sizeof(digest), text);
	CU_ASSERT_STRING_EQUAL(text, SHA);
	CU_ASSERT(md5_finish(md5_new(), md5));
	base64_encode(md5, sizeof(md5), text);
	CU_ASSERT_STRING_EQUAL(text, MD5);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "what a header promises", test_headers },
		{ "sums as headers spell them", test_sums },
		{ NULL, NULL }
	};

	return cunit_run("digest_header", tests);
}
