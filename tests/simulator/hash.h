#ifndef SIM_HASH_H
#define SIM_HASH_H

#include <nettle/sha2.h>
#include <stddef.h>

#define HASH_HEX	(2 * SHA256_DIGEST_SIZE + 1)
#define HASH_BASE64	45

void	 hash_hex(const void *, size_t, char *);
void	 hash_finish(struct sha256_ctx *, char *);
void	 hash_hmac_base64(const char *, const char *, const void *, size_t,
	    char *);
void	 hash_hmac_text(const char *, const char *, char *);
void	 hash_hmac(const char *, const char *, const void *, size_t, char *);

#endif
