/* The transfers of an output: an attempt can have several, one after the
 * other. */
#ifndef GENHOOK_TRANSFER_H
#define GENHOOK_TRANSFER_H

#include "batch/download/job_internal.h"

/*
 * Begin one, with the job's link: for the rest of the file, where an earlier
 * one left its beginning.  on_end is called once it is over, and the transfer's
 * response says how it went.  False: the job's failure says why not.
 */
bool	transfer_begin(struct job *, void (*on_end)(struct job *));

/* Did an earlier attempt bring the whole file, and the archive not take it?
 * Then it is the job's, as if it had just come. */
bool	transfer_find_whole(struct job *);

/* The job's part is of no more use here; what no byte of this transfer is in
 * can be to the next attempt, and stays for it. */
void	transfer_drop(struct job *);

/* The part is of no use to anybody. */
void	transfer_discard(struct job *);

/* Leave what came for the next transfer, if that can make sure that it is of
 * the same file.  False: it cannot, and nothing is left. */
bool	transfer_leave(struct job *);

#endif
