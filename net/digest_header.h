/* What a server's headers promise of a file's sum. */
#ifndef GENHOOK_PROMISE_H
#define GENHOOK_PROMISE_H

#include <stdbool.h>

#define PROMISE_SHA256	45	/* base64, with the NUL */
#define PROMISE_MD5	25

struct promise {
	char	sha256[PROMISE_SHA256];	/* of the whole file; "": none */
	char	md5[PROMISE_MD5];
};

/*
 * Take what a header says, if it says it at all and in a form that is known:
 * Content-MD5 (RFC 1864), Digest (RFC 3230), Repr-Digest and Content-Digest
 * (RFC 9530).  name is in any case.  part: the body is not the whole file, so
 * that only what is said of the whole counts.
 */
void	promise_read(struct promise *, const char *name, const char *value,
	    bool part);

/* The names of these headers, NULL-terminated. */
extern const char *const promise_headers[];

#endif
