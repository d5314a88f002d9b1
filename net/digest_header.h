/* What a server's headers say of a file's digests. */
#ifndef GENHOOK_DIGEST_HEADER_H
#define GENHOOK_DIGEST_HEADER_H

#include <stdbool.h>

#define DIGEST_HEADER_SHA256	45	/* base64, with the NUL */
#define DIGEST_HEADER_MD5	25

struct digest_header {
	char	sha256[DIGEST_HEADER_SHA256];	/* of all of it; "": none */
	char	md5[DIGEST_HEADER_MD5];
};

/*
 * Take what one header says, if it says it in a form that is known:
 * Content-MD5 (RFC 1864), Digest (RFC 3230), Repr-Digest and Content-Digest
 * (RFC 9530).  name is in any case.  part: the body is not the whole file, so
 * that only what is said of the whole counts.
 */
void	digest_header_read(struct digest_header *, const char *name,
	    const char *value, bool part);

/* The names of these headers, NULL-terminated. */
extern const char *const digest_header_names[];

#endif
