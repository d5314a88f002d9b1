/* SHA-256 and its HMAC, by nettle: in lower-case hexadecimal, or in Base64. */
#include <nettle/base64.h>
#include <nettle/hmac.h>
#include <stdint.h>
#include <string.h>

#include "hash.h"

/* Writes len bytes as 2 * len digits and a NUL. */
void
hash_hex(const void *data, size_t len, char *out)
{
	static const char	 digits[] = "0123456789abcdef";
	const uint8_t		*p = data;

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[p[i] >> 4];
		out[2 * i + 1] = digits[p[i] & 15];
	}
	out[2 * len] = '\0';
}

/* Ends the sum and writes its HASH_HEX bytes. */
void
hash_finish(struct sha256_ctx *ctx, char *hex)
{
	uint8_t	 sum[SHA256_DIGEST_SIZE];

	sha256_digest(ctx, sizeof(sum), sum);
	hash_hex(sum, sizeof(sum), hex);
}

/* HMAC-SHA256 with the text key over head (text), then len bytes of data. */
void
hash_hmac(const char *key, const char *head, const void *data, size_t len,
    char *hex)
{
	struct hmac_sha256_ctx	 ctx;
	uint8_t			 sum[SHA256_DIGEST_SIZE];

	hmac_sha256_set_key(&ctx, strlen(key), (const uint8_t *)key);
	hmac_sha256_update(&ctx, strlen(head), (const uint8_t *)head);
	hmac_sha256_update(&ctx, len, data);
	hmac_sha256_digest(&ctx, sizeof(sum), sum);
	hash_hex(sum, sizeof(sum), hex);
}

/* The same in Base64, with the key that stands in Base64 behind "whsec_". */
void
hash_hmac_base64(const char *secret, const char *head, const void *data,
    size_t len, char *out)
{
	struct base64_decode_ctx	 decode;
	struct hmac_sha256_ctx		 ctx;
	uint8_t				 key[128], sum[SHA256_DIGEST_SIZE];
	size_t				 n = sizeof(key);

	if (strncmp(secret, "whsec_", 6) == 0)
		secret += 6;
	base64_decode_init(&decode);
	if (strlen(secret) > 128 || !base64_decode_update(&decode, &n, key,
	    strlen(secret), secret))
		n = 0;
	hmac_sha256_set_key(&ctx, n, key);
	hmac_sha256_update(&ctx, strlen(head), (const uint8_t *)head);
	hmac_sha256_update(&ctx, len, data);
	hmac_sha256_digest(&ctx, sizeof(sum), sum);
	base64_encode_raw(out, sizeof(sum), sum);
	out[BASE64_ENCODE_RAW_LENGTH(sizeof(sum))] = '\0';
}

/* The same of a text alone, with a text for the key. */
void
hash_hmac_text(const char *key, const char *text, char *out)
{
	struct hmac_sha256_ctx	 ctx;
	uint8_t			 sum[SHA256_DIGEST_SIZE];

	hmac_sha256_set_key(&ctx, strlen(key), (const uint8_t *)key);
	hmac_sha256_update(&ctx, strlen(text), (const uint8_t *)text);
	hmac_sha256_digest(&ctx, sizeof(sum), sum);
	base64_encode_raw(out, sizeof(sum), sum);
	out[BASE64_ENCODE_RAW_LENGTH(sizeof(sum))] = '\0';
}
