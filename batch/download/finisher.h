/*
 * Files come to rest on threads of their own: some take the last look, one
 * commits, many files at once.  While that waits for the disk, the transfers
 * and the looks go on.
 */
#ifndef GENHOOK_SETTLE_H
#define GENHOOK_SETTLE_H

#include "archive/archive.h"

#define SETTLER_AT_ONCE	128	/* files that are committed together, at most:
				   each holds three descriptors */

struct settler;

/*
 * wake(arg) is called from the settler's threads when something is to be
 * taken.  NULL with why: no memory, or no thread.
 */
struct settler *settler_new(struct archive *, void (*wake)(void *), void *arg,
	    struct errbuf *why);

/* Ends the threads, after what it was given.  What was not taken is still the
 * caller's, by settler_take() before.  NULL is fine. */
void	settler_free(struct settler *);

/* Give a file; it is the settler's until it is taken. */
void	settler_give(struct settler *, struct archive_commit *);

/* One that is settled, whether it came to rest or not; NULL when there is
 * none.  With wait, that is when none is under way either. */
struct archive_commit *settler_take(struct settler *, bool wait);

int	settler_count(const struct settler *);	/* given and not yet taken */

#endif
