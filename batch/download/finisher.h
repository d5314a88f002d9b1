/*
 * Whole files are checked and made visible on threads of their own: some
 * check, one commits, many files at once.  While that waits for the disk, the
 * transfers and the checks go on.  All of the functions here are for one
 * thread, the giver's.
 */
#ifndef GENHOOK_FINISHER_H
#define GENHOOK_FINISHER_H

#include "archive/archive.h"

#define FINISHER_AT_ONCE	128	/* files that are committed together, at
					   most: each holds three descriptors */

struct finisher;

/*
 * wake(arg) is called from the finisher's threads when a file can be taken.
 * NULL with err: no memory, or no thread.
 */
struct finisher *finisher_new(struct archive *, void (*wake)(void *), void *arg,
	    struct errbuf *err);

/* Ends the threads, once they are done with what was given; what was not taken
 * by finisher_reap() is then the giver's all the same.  NULL is fine. */
void	finisher_free(struct finisher *);

/* Give a whole file.  The commit, and what its prepare looks at, is the
 * finisher's until it is taken. */
void	finisher_put(struct finisher *, struct archive_commit *);

/* Take one that is done, whether it is in its place or not (c->ok); NULL when
 * there is none.  With wait, NULL only when none is under way either. */
struct archive_commit *finisher_reap(struct finisher *, bool wait);

/* How many were given and not yet taken. */
int	finisher_pending(const struct finisher *);

#endif
