/* Digests, HMAC, Ed25519, Base64, random bytes and UUIDs; libcrypto's one
 * door. */
#ifndef GENHOOK_CRYPTO_H
#define GENHOOK_CRYPTO_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES	32
#define SHA256_HEX	65	/* with the NUL */

struct sha256;			/* a SHA-256 (FIPS 180-4) under way */

/* Begin one.  NULL only when there is no memory. */
struct sha256 *sha256_new(void);
/* Add so many bytes.  False: the library failed. */
bool	sha256_update(struct sha256 *, const void *, size_t);
/* Writes the digest and frees the state; NULL as digest only frees.  False:
 * the library failed, or there is no state. */
bool	sha256_finish(struct sha256 *, unsigned char digest[SHA256_BYTES]);
/* All three in one. */
bool	sha256(const void *, size_t, unsigned char digest[SHA256_BYTES]);

/* The same for MD5 (RFC 1321), by which old servers say what their files are:
 * it is proof against accidents alone.  md5_new() gives NULL also where the
 * library refuses MD5. */
#define MD5_BYTES	16
struct md5;
struct md5 *md5_new(void);
bool	md5_update(struct md5 *, const void *, size_t);
bool	md5_finish(struct md5 *, unsigned char digest[MD5_BYTES]);

/* Base64 (RFC 4648) of n bytes; out holds 4 * (n + 2) / 3 + 1. */
void	base64_encode(const unsigned char *, size_t n, char *out);
/* The same in the alphabet of URLs, without padding. */
void	base64url_encode(const unsigned char *, size_t n, char *out);
/*
 * Back: of n characters in the classic alphabet or that of URLs, padded or
 * not.  out holds n / 4 * 3 + 3.  Returns the length; -1: it is no Base64, or
 * there is no memory.
 */
ssize_t	base64_decode(const char *text, size_t n, unsigned char *out);

/* HMAC-SHA256 (RFC 2104) over the parts one after the other. */
struct bytes {
	const void	*data;
	size_t		 len;
};
bool	hmac_sha256(struct bytes key, const struct bytes *parts,
	    size_t nparts, unsigned char mac[SHA256_BYTES]);

/* Does an Ed25519 signature (RFC 8032) over the parts one after the other fit
 * the public key? */
#define ED25519_KEY_BYTES	32
#define ED25519_SIGNATURE_BYTES	64
enum ed25519_verdict {
	ED25519_FITS,
	ED25519_DIFFERS,	/* or the key is none */
	ED25519_TROUBLE		/* no memory, or the library failed */
};
enum ed25519_verdict ed25519_verify(
	    const unsigned char key[ED25519_KEY_BYTES],
	    const unsigned char signature[ED25519_SIGNATURE_BYTES],
	    const struct bytes *parts, size_t nparts);

/* Equal?  Takes the same time wherever the first difference is. */
bool	equal_constant_time(const void *, const void *, size_t);

/* Fill so many bytes, 256 at most, from the kernel's generator; false: it
 * has failed. */
bool	random_bytes(void *, size_t);
/* Some number below that one, which is not 0: to wait, not to guard by. */
uint32_t random_below(uint32_t);

/* A UUID version 7 (RFC 9562) for this moment, as 36 characters and NUL. */
bool	uuid7(char out[37]);

/* Is it a UUID of any version, in its 36 characters? */
bool	uuid_is_valid(const char *);

#endif
