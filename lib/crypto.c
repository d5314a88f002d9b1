/* The one door to OpenSSL's libcrypto: digests, HMAC, Ed25519, Base64; and
 * random bytes and UUIDs from the kernel's generator. */
#include <sys/random.h>

#include <ctype.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/opensslv.h>
#include <openssl/params.h>

#include "lib/crypto.h"
#include "lib/hex.h"

#if OPENSSL_VERSION_NUMBER < 0x30000000L
#error "genhook needs OpenSSL 3.0 or newer"
#endif

struct sha256 {
	EVP_MD_CTX	*ctx;
};

struct md5 {
	EVP_MD_CTX	*ctx;
};

/* Looked up once: OpenSSL would look EVP_sha256() up anew, under locks, for
 * every digest (its crypto(7), "Implicit fetching"). */
static EVP_MD	*sha256_kind;

static void
sha256_fetch(void)
{
	sha256_kind = EVP_MD_fetch(NULL, "SHA256", NULL);
}

static const EVP_MD *
sha256_fetched(void)
{
	static pthread_once_t	once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, sha256_fetch);
	return sha256_kind;
}

static EVP_MD_CTX *
crypto_digest_new(const EVP_MD *kind)
{
	EVP_MD_CTX	*ctx = EVP_MD_CTX_new();

	if (ctx != NULL && kind != NULL &&
	    EVP_DigestInit_ex(ctx, kind, NULL) == 1)
		return ctx;
	EVP_MD_CTX_free(ctx);
	return NULL;
}

struct sha256 *
sha256_new(void)
{
	struct sha256	*s;

	if ((s = malloc(sizeof(*s))) == NULL)
		return NULL;
	if ((s->ctx = crypto_digest_new(sha256_fetched())) != NULL)
		return s;
	free(s);
	return NULL;
}

struct md5 *
md5_new(void)
{
	struct md5	*s;

	if ((s = malloc(sizeof(*s))) == NULL)
		return NULL;
	if ((s->ctx = crypto_digest_new(EVP_md5())) != NULL)
		return s;
	free(s);
	return NULL;
}

bool
sha256_update(struct sha256 *s, const void *data, size_t len)
{
	return EVP_DigestUpdate(s->ctx, data, len) == 1;
}

bool
md5_update(struct md5 *s, const void *data, size_t len)
{
	return EVP_DigestUpdate(s->ctx, data, len) == 1;
}

bool
sha256_finish(struct sha256 *s, unsigned char digest[SHA256_BYTES])
{
	bool	ok = true;

	if (s == NULL)
		return false;
	if (digest != NULL)
		ok = EVP_DigestFinal_ex(s->ctx, digest, NULL) == 1;
	EVP_MD_CTX_free(s->ctx);
	free(s);
	return ok;
}

bool
md5_finish(struct md5 *s, unsigned char digest[MD5_BYTES])
{
	bool	ok = true;

	if (s == NULL)
		return false;
	if (digest != NULL)
		ok = EVP_DigestFinal_ex(s->ctx, digest, NULL) == 1;
	EVP_MD_CTX_free(s->ctx);
	free(s);
	return ok;
}

void
base64_encode(const unsigned char *data, size_t n, char *out)
{
	(void)EVP_EncodeBlock((unsigned char *)out, data, (int)n);
}

void
base64url_encode(const unsigned char *data, size_t n, char *out)
{
	base64_encode(data, n, out);
	for (; *out != '\0' && *out != '='; out++)
		*out = *out == '+' ? '-' : *out == '/' ? '_' : *out;
	*out = '\0';
}

/* EVP wants the classic alphabet, and whole groups of four. */
static char
base64_classic(char c)
{
	return c == '-' ? '+' : c == '_' ? '/' : c;
}

ssize_t
base64_decode(const char *text, size_t n, unsigned char *out)
{
	EVP_ENCODE_CTX	*ctx = EVP_ENCODE_CTX_new();
	unsigned char	 piece[1024];
	size_t		 i, k, len = 0;
	int		 got, state = ctx != NULL ? 1 : -1;

	while (n > 0 && text[n - 1] == '=')
		n--;
	if (ctx != NULL)
		EVP_DecodeInit(ctx);
	for (i = 0; i < n && state != -1; i += k) {
		for (k = 0; k < sizeof(piece) && i + k < n; k++)
			piece[k] = (unsigned char)base64_classic(text[i + k]);
		state = memchr(piece, '=', k) != NULL ? -1 :
		    EVP_DecodeUpdate(ctx, out + len, &got, piece, (int)k);
		len += state != -1 ? (size_t)got : 0;
	}
	if (state != -1 && n % 4 != 0) {
		state = EVP_DecodeUpdate(ctx, out + len, &got,
		    (const unsigned char *)"==", (int)(4 - n % 4));
		len += state != -1 ? (size_t)got : 0;
	}
	if (state != -1 && EVP_DecodeFinal(ctx, out + len, &got) != 1)
		state = -1;
	EVP_ENCODE_CTX_free(ctx);
	return state == -1 ? -1 : (ssize_t)len;
}

bool
sha256(const void *data, size_t len, unsigned char digest[SHA256_BYTES])
{
	const EVP_MD	*kind = sha256_fetched();

	return kind != NULL &&
	    EVP_Digest(data, len, digest, NULL, kind, NULL) == 1;
}

static bool
hmac_run(EVP_MAC_CTX *ctx, struct bytes key, const struct bytes *parts,
    size_t nparts, unsigned char mac[SHA256_BYTES])
{
	char		digest[] = "SHA256";
	OSSL_PARAM	params[2];
	size_t		i, len;

	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
	    digest, 0);
	params[1] = OSSL_PARAM_construct_end();
	if (!EVP_MAC_init(ctx, key.data, key.len, params))
		return false;
	for (i = 0; i < nparts; i++)
		if (!EVP_MAC_update(ctx, parts[i].data, parts[i].len))
			return false;
	return EVP_MAC_final(ctx, mac, &len, SHA256_BYTES) == 1 &&
	    len == SHA256_BYTES;
}

bool
hmac_sha256(struct bytes key, const struct bytes *parts, size_t nparts,
    unsigned char mac[SHA256_BYTES])
{
	EVP_MAC_CTX	*ctx = NULL;
	EVP_MAC		*alg;
	bool		 ok = false;

	if ((alg = EVP_MAC_fetch(NULL, "HMAC", NULL)) == NULL)
		return false;
	if ((ctx = EVP_MAC_CTX_new(alg)) != NULL) {
		/* Without data, EVP_MAC_init() takes it for "no new key". */
		if (key.data == NULL)
			key.data = "";
		ok = hmac_run(ctx, key, parts, nparts, mac);
	}
	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(alg);
	return ok;
}

/* All parts as one piece, which EVP_DigestVerify() wants; NULL: no memory. */
static unsigned char *
ed25519_join(const struct bytes *parts, size_t nparts, size_t *len)
{
	unsigned char	*text;
	size_t		 i;

	for (*len = i = 0; i < nparts; i++)
		*len += parts[i].len;
	if ((text = malloc(*len + 1)) == NULL)
		return NULL;
	for (*len = i = 0; i < nparts; i++) {
		memcpy(text + *len, parts[i].data, parts[i].len);
		*len += parts[i].len;
	}
	return text;
}

enum ed25519_verdict
ed25519_verify(const unsigned char key[ED25519_KEY_BYTES],
    const unsigned char signature[ED25519_SIGNATURE_BYTES],
    const struct bytes *parts, size_t nparts)
{
	enum ed25519_verdict	 verdict = ED25519_TROUBLE;
	unsigned char		*text;
	EVP_MD_CTX		*ctx = EVP_MD_CTX_new();
	EVP_PKEY		*pkey;
	size_t			 len;

	text = ed25519_join(parts, nparts, &len);
	pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key,
	    ED25519_KEY_BYTES);
	if (ctx != NULL && text != NULL && pkey != NULL &&
	    EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1)
		verdict = EVP_DigestVerify(ctx, signature,
		    ED25519_SIGNATURE_BYTES, text, len) == 1 ?
		    ED25519_FITS : ED25519_DIFFERS;
	EVP_PKEY_free(pkey);
	EVP_MD_CTX_free(ctx);
	free(text);
	return verdict;
}

bool
equal_constant_time(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}

bool
random_bytes(void *out, size_t len)
{
	/* getrandom(2): up to 256 bytes come whole. */
	return len <= 256 && getrandom(out, len, 0) == (ssize_t)len;
}

uint32_t
random_below(uint32_t most)
{
	uint32_t	n = 0;

	/* Without random bytes, none: what waits needs no secret. */
	(void)random_bytes(&n, sizeof(n));
	return n % most;
}

bool
uuid_is_valid(const char *text)
{
	size_t	i;

	for (i = 0; i < 36; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23 ? text[i] != '-' :
		    !isxdigit((unsigned char)text[i]))
			return false;
	return text[i] == '\0';
}

bool
uuid7(char out[37])
{
	/* How many bytes stand between the dashes. */
	static const size_t	groups[] = { 4, 2, 2, 2, 6 };
	unsigned char		u[16];
	struct timespec		now;
	uint64_t		ms;
	size_t			i, at = 0;

	if (clock_gettime(CLOCK_REALTIME, &now) == -1 ||
	    !random_bytes(u, sizeof(u)))
		return false;
	ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	for (i = 0; i < 6; i++)
		u[i] = (unsigned char)(ms >> (8 * (5 - i)));
	u[6] = (unsigned char)(0x70 | (u[6] & 0x0f));
	u[8] = (unsigned char)(0x80 | (u[8] & 0x3f));
	for (i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		if (i > 0)
			*out++ = '-';
		hex_encode(u + at, groups[i], out);
		out += 2 * groups[i];
		at += groups[i];
	}
	return true;
}
