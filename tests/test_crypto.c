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

/* The alphabet of URLs: what RFC 4648, section 5, says. */
static void
test_base64url(void)
{
	char	out[16];

	base64url_encode((const unsigned char *)"\xfb\xff\xbf", 3, out);
	CU_ASSERT_STRING_EQUAL(out, "-_-_");
	base64url_encode((const unsigned char *)"f", 1, out);
	CU_ASSERT_STRING_EQUAL(out, "Zg");
	base64url_encode((const unsigned char *)"", 0, out);
	CU_ASSERT_STRING_EQUAL(out, "");
}

/* RFC 8032, section 7.1: tests 1 (no message), 2 and 3. */
static void
test_ed25519(void)
{
	static const struct {
		const char	*key, *message, *signature;
	} rows[] = {
		{ "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f7"
		  "07511a", "", "e5564300c360ac729086e2cc806e828a84877f1eb8e5"
		  "d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5"
		  "f0595bbe24655141438e7a100b" },
		{ "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12a"
		  "f4660c", "72", "92a009a9f0d4cab8720e820b5f642540a2b27b541650"
		  "3f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2e"
		  "aeb4302aeeb00d291612bb0c00" },
		{ "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548"
		  "908025", "af82", "6291d657deec24024827e69c3abe01a30ce548a284"
		  "743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c"
		  "15e9716ed28dc027beceea1ec40a" },
	};
	unsigned char	key[ED25519_KEY_BYTES], message[2];
	unsigned char	signature[ED25519_SIGNATURE_BYTES];
	struct bytes	parts[2];
	size_t		i, len;

	for (i = 0; i < COUNT(rows); i++) {
		len = strlen(rows[i].message) / 2;
		CU_ASSERT_FATAL(hex_decode(rows[i].key, sizeof(key), key));
		CU_ASSERT_FATAL(hex_decode(rows[i].message, len, message));
		CU_ASSERT_FATAL(hex_decode(rows[i].signature,
		    sizeof(signature), signature));
		parts[0] = (struct bytes){ message, len / 2 };
		parts[1] = (struct bytes){ message + len / 2, len - len / 2 };
		CU_ASSERT_EQUAL(ed25519_verify(key, signature, parts, 2),
		    ED25519_FITS);
		signature[0] ^= 1;
		CU_ASSERT_EQUAL(ed25519_verify(key, signature, parts, 2),
		    ED25519_DIFFERS);
	}
	CU_ASSERT_FALSE(hex_decode("0g", 1, key));
	CU_ASSERT_FALSE(hex_decode("0", 1, key));
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
		{ "Base64",	test_base64 },
		{ "Base64 of URLs", test_base64url },
		{ "Ed25519",	test_ed25519 },
		{ NULL,		NULL }
	};

	return cunit_run("crypto", tests);
}
