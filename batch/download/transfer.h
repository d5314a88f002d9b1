/* The transfers of an output, of which an attempt can have several, one after
 * the other.  For the main thread. */
#ifndef GENHOOK_TRANSFER_H
#define GENHOOK_TRANSFER_H

#include "batch/download/job_internal.h"

/*
 * Begin one with the job's link: for the rest of the file, where an earlier one
 * left its beginning, else for all of it.  on_end is called once the transfer
 * is over; its response then says how it went, and where that is HTTP_STOPPED,
 * the job's failure has the kind.  False: it did not begin, and the job's
 * failure says why.
 */
bool	transfer_begin(struct job *, void (*on_end)(struct job *));

/* Did an earlier attempt bring the whole file, which the archive then did not
 * take?  If so, the file is the job's as if it had just come. */
bool	transfer_find_whole(struct job *);

/* Say why the job fails; returns false. */
bool	transfer_fail(struct job *, enum trouble, const char *words);

/*
 * Fill the job's part with the whole of a file that is in memory.  False: the
 * job's failure says why.
 */
bool	transfer_fill(struct job *, const void *data, size_t len);

/* Let go of the job's part: remove it if bytes of this transfer are in it, and
 * else leave it for the next attempt as it was. */
void	transfer_drop(struct job *);

/* Remove the job's part. */
void	transfer_discard(struct job *);

/* Leave what came for the next transfer, if the server gave a validator by
 * which that can make sure that it is of the same file.  False: the part was
 * let go of. */
bool	transfer_leave(struct job *);

#endif
