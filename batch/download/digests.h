/* The sums of a file: of its bytes as they come, or as they stand in its part. */
#ifndef GENHOOK_SUMS_H
#define GENHOOK_SUMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "archive/archive.h"
#include "lib/crypto.h"

struct sums {
	struct sha256	*sha256;
	struct md5	*md5;		/* NULL: not asked for, or not to be had */
	int64_t		 bytes;		/* summed so far */
	bool		 broken;
};

/* Begin anew, or for the first time with a zeroed one, without an MD5; what
 * had begun is freed.  False: no memory. */
bool	sums_begin(struct sums *);
void	sums_free(struct sums *);

/* An MD5 as well, before the first byte. */
void	sums_want_md5(struct sums *);

/* Take the next bytes; as archive_replay() wants it, sums is a struct sums. */
void	sums_take(void *sums, const void *, size_t);

/* Take from a part what follows, up to that byte of it or its end.  False
 * with why: it cannot be read. */
bool	sums_follow(struct sums *, struct archive_part *, int64_t end,
	    struct errbuf *why);

/*
 * The sums of all that was taken, which has to be a file of that many bytes;
 * md5 is left alone where there is none.  False with why: it is not, or they
 * could not be computed.  In any case they have to begin anew.
 */
bool	sums_finish(struct sums *, int64_t bytes,
	    unsigned char sha256[SHA256_BYTES], unsigned char md5[MD5_BYTES],
	    struct errbuf *why);

#endif
