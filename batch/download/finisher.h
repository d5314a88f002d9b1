/*
 * Files come to rest on threads of their own: some take the last look, one
 * commits, many files at once.  While that waits for the disk, the transfers
 * and the looks go on.
 */
#ifndef GENHOOK_FINISHER_H
#define GENHOOK_FINISHER_H

#include "archive/archive.h"

#define FINISHER_AT_ONCE	128	/* files that are committed together, at most:
				   each holds three descriptors */

struct finisher;

/*
 * wake(arg) is called from the finisher's threads when something is to be
 * taken.  NULL with err: no memory, or no thread.
 */
struct finisher *finisher_new(struct archive *, void (*wake)(void *), void *arg,
	    struct errbuf *err);

/* Ends the threads, after what it was given.  What was not taken is still the
 * caller's, by finisher_reap() before.  NULL is fine. */
void	finisher_free(struct finisher *);

/* Give a file; it is the finisher's until it is taken. */
void	finisher_put(struct finisher *, struct archive_commit *);

/* One that is settled, whether it came to rest or not; NULL when there is
 * none.  With wait, that is when none is under way either. */
struct archive_commit *finisher_reap(struct finisher *, bool wait);

int	finisher_pending(const struct finisher *);	/* given and not yet taken */

#endif
