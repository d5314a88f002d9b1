/*
 * The digests of a file: of its bytes as they come, or as they stand in its
 * part.  One thread at a time may be at a struct digests.
 */
#ifndef GENHOOK_DIGESTS_H
#define GENHOOK_DIGESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/crypto.h"
#include "archive/archive.h"

struct digests {
	struct sha256	*sha256;
	struct md5	*md5;		/* NULL: not asked for, or no memory */
	int64_t		 bytes;		/* taken so far */
	bool		 broken;
};

/* Begin anew, or for the first time with a zeroed one, without an MD5; what
 * had begun is freed.  False: no memory. */
bool	digests_begin(struct digests *);
void	digests_free(struct digests *);

/* An MD5 as well, before the first byte. */
void	digests_want_md5(struct digests *);

/* Take the next bytes.  digests is a struct digests, as archive_replay() passes
 * it on. */
void	digests_update(void *digests, const void *, size_t);

/* Take from a part what follows, up to that byte of it or its end.  False
 * with err: it cannot be read. */
bool	digests_update_from_part(struct digests *, struct archive_part *,
	    int64_t end, struct errbuf *err);

/*
 * The digests of all that was taken, which has to be a file of that many bytes;
 * md5 is left alone where there is none.  False with err: it is not, or they
 * could not be computed.  In any case they have to begin anew.
 */
bool	digests_final(struct digests *, int64_t bytes,
	    unsigned char sha256[SHA256_BYTES], unsigned char md5[MD5_BYTES],
	    struct errbuf *err);

#endif
