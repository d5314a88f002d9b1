/*
 * What an answer of an S3-compatible store proves of the bytes that were sent:
 * a status alone proves nothing, since a proxy, a login page or a store that
 * has failed late says 200 as well.
 */
#ifndef GENHOOK_S3_PROOF_H
#define GENHOOK_S3_PROOF_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/crypto.h"

#define S3_ETAG_MAX	128

/* Write the ETag of an object of these n parts, where the store's ETags are of
 * MD5.  False: no memory, or libcrypto refuses MD5. */
bool	s3_parts_etag(const unsigned char (*md5)[MD5_BYTES], size_t n,
	    char etag[S3_ETAG_MAX]);

/* Write an ETag as it stands within its quotes: without these, without the W/
 * of a weak one (RFC 9110, section 8.8.3). */
void	s3_etag_bare(const char *etag, char bare[S3_ETAG_MAX]);

/* What an answer says of whether the store has the bytes that were sent. */
enum s3_proof {
	S3_UNPROVEN,	/* nothing */
	S3_PROVEN,	/* it has them */
	S3_OTHER	/* it has others */
};

/*
 * What the store's etag, bare or not, proves of bytes whose ETag is ours ("":
 * not known).  An ETag that is of no MD5 proves nothing: its form tells, or
 * encryption, the answer's header x-amz-server-side-encryption ("": there is
 * none; Amazon S3 API Reference, "Object").
 */
enum s3_proof s3_etag_proof(const char *etag, const char *ours,
	    const char *encryption);

/* Is the body of an answer a page for people, as a proxy or the login of a
 * network sends it in the store's place?  type: its Content-Type. */
bool	s3_is_page(const char *body, const char *type);

/* Does this Content-Type say HTML? */
bool	s3_type_is_html(const char *type);

#endif
