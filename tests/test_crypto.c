/* lib/crypto: the examples of the standards, and identifiers of our own. */
#include <stdlib.h>
#include <string.h>

#include "lib/crypto.h"
#include "lib/hex.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"

static void
assert_hex(const unsigned char digest[SHA256_BYTES], const char *want)
{
	char	hex[SHA256_HEX];

	hex_encode(digest, SHA256_BYTES, hex);
	CU_ASSERT_STRING_EQUAL(hex, want);
}

/* FIPS 180-4's examples. */
static void
test_sha256(void)
{
	static const struct {
		const char	*text, *hex;
	} rows[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb924"
		      "27ae41e4649b934ca495991b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223"
			 "b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		  "248d6a61d20638b8e5c026930c3e6039"
		  "a33ce45964ff2167f6ecedd419db06c1" },
	};
	unsigned char	 digest[SHA256_BYTES];
	struct sha256	*s;
	size_t		 i, k, len;

	for (i = 0; i < COUNT(rows); i++) {
		len = strlen(rows[i].text);
		CU_ASSERT(sha256(rows[i].text, len, digest));
		assert_hex(digest, rows[i].hex);
		s = sha256_new();
		CU_ASSERT_PTR_NOT_NULL_FATAL(s);
		for (k = 0; k < len; k++)
			CU_ASSERT(sha256_update(s, rows[i].text + k, 1));
		CU_ASSERT(sha256_finish(s, digest));
		assert_hex(digest, rows[i].hex);
	}
	CU_ASSERT(sha256_finish(sha256_new(), NULL));
	CU_ASSERT_FALSE(sha256_finish(NULL, digest));
}

/* RFC 4231, section 4. */
static void
test_hmac(void)
{
	static const struct {
		const char	*key, *text, *hex;
	} rows[] = {
		{ "Jefe", "what do ya want for nothing?",
		  "5bdcc146bf60754e6a042426089575c7"
		  "5a003f089d2739839dec58b964ec3843" },
		{ "\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b"
		  "\x0b\x0b\x0b\x0b\x0b\x0b", "Hi There",
		  "b0344c61d8db38535ca8afceaf0bf12b"
		  "881dc200c9833da726e9376c2e32cff7" },
		{ "", "", "b613679a0814d9ec772f95d778c35fc5"
			  "ff1697c493715653c6c712144292c5ad" },
	};
	unsigned char	mac[SHA256_BYTES];
	struct bytes	key, parts[3];
	size_t		i, cut, len;

	for (i = 0; i < COUNT(rows); i++) {
		key = (struct bytes){ rows[i].key, strlen(rows[i].key) };
		len = strlen(rows[i].text);
		for (cut = 0; cut <= len; cut++) {
			parts[0] = (struct bytes){ rows[i].text, cut };
			parts[1] = (struct bytes){ NULL, 0 };
			parts[2] = (struct bytes){ rows[i].text + cut,
			    len - cut };
			CU_ASSERT(hmac_sha256(key, parts, 3, mac));
			assert_hex(mac, rows[i].hex);
		}
	}
	key = (struct bytes){ NULL, 0 };
	CU_ASSERT(hmac_sha256(key, NULL, 0, mac));
	assert_hex(mac, rows[2].hex);
}

static void
test_equal(void)
{
	CU_ASSERT(equal_constant_time("same", "same", 4));
	CU_ASSERT(equal_constant_time("", "", 0));
	CU_ASSERT_FALSE(equal_constant_time("same", "sane", 4));
	CU_ASSERT_FALSE(equal_constant_time("same", "Same", 4));
}

static void
test_hex(void)
{
	static const unsigned char	bytes[] = { 0x00, 0x0f, 0xa0, 0xff };
	char				hex[9];

	hex_encode(bytes, sizeof(bytes), hex);
	CU_ASSERT_STRING_EQUAL(hex, "000fa0ff");
	hex_encode(bytes, 0, hex);
	CU_ASSERT_STRING_EQUAL(hex, "");
}

static void
test_uuid7(void)
{
	char	id[37], last[37] = "", ms[14];
	usec_t	before, after;
	int64_t	told;
	int	i;

	for (i = 0; i < 200; i++) {
		before = time_now() / 1000;
		CU_ASSERT(uuid7(id));
		after = time_now() / 1000;
		CU_ASSERT_EQUAL(strlen(id), 36);
		CU_ASSERT_EQUAL(strspn(id, "0123456789abcdef-"), 36);
		CU_ASSERT(id[8] == '-' && id[13] == '-' && id[18] == '-' &&
		    id[23] == '-');
		CU_ASSERT_EQUAL(id[14], '7');
		CU_ASSERT_PTR_NOT_NULL(strchr("89ab", id[19]));
		memcpy(ms, id, 8);
		memcpy(ms + 8, id + 9, 4);
		ms[12] = '\0';
		told = strtoll(ms, NULL, 16);
		CU_ASSERT(told >= before && told <= after);
		CU_ASSERT_STRING_NOT_EQUAL(id, last);
		memcpy(last, id, sizeof(last));
	}
}

static void
test_random(void)
{
	unsigned char	a[32] = { 0 }, b[32] = { 0 };

	CU_ASSERT(random_bytes(a, sizeof(a)));
	CU_ASSERT(random_bytes(b, sizeof(b)));
	CU_ASSERT_FALSE(equal_constant_time(a, b, sizeof(a)));
}

/* RFC 4648, section 10, in both alphabets, padded and not. */
static void
test_base64(void)
{
	static const struct {
		const char	*text, *want;	/* NULL: it is none */
	} rows[] = {
		{ "", "" }, { "Zg==", "f" }, { "Zg", "f" }, { "Zm8=", "fo" },
		{ "Zm9v", "foo" }, { "Zm9vYmFy", "foobar" },
		{ "-_-_", "\xfb\xff\xbf" }, { "+/+/", "\xfb\xff\xbf" },
		{ "Z", NULL }, { "Zm9v!", NULL }, { "Zm=v", NULL },
		{ "Zg==Zg==", NULL },
	};
	unsigned char	out[32], big[3 * 1100], back[3 * 1100 + 3];
	char		text[4 * 1100 + 1];
	size_t		i;
	ssize_t		n;

	for (i = 0; i < COUNT(rows); i++) {
		n = base64_decode(rows[i].text, strlen(rows[i].text), out);
		CU_ASSERT_EQUAL(n, rows[i].want == NULL ? -1 :
		    (ssize_t)strlen(rows[i].want));
		if (n > 0 && rows[i].want != NULL)
			CU_ASSERT_EQUAL(memcmp(out, rows[i].want, (size_t)n),
			    0);
	}
	/* More than one piece. */
	for (i = 0; i < sizeof(big); i++)
		big[i] = (unsigned char)(i * 7 + i / 256);
	base64_encode(big, sizeof(big), text);
	CU_ASSERT_EQUAL(base64_decode(text, strlen(text), back),
	    (ssize_t)sizeof(big));
	CU_ASSERT_EQUAL(memcmp(back, big, sizeof(big)), 0);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "sha256",	test_sha256 },
		{ "hmac",	test_hmac },
		{ "equal",	test_equal },
		{ "hex",	test_hex },
		{ "uuid7",	test_uuid7 },
		{ "random",	test_random },
		{ "Base64", test_base64 },
		{ NULL,		NULL }
	};

	return cunit_run("crypto", tests);
}
