/* SHA-256 and its HMAC, by nettle, in lower-case hexadecimal. */
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
