/*
 * Files come to rest on threads of their own: some take the last look, one
 * commits, many files at once.  While that waits for the disk, the transfers
 * and the looks go on.
 */
#ifndef GENHOOK_SETTLE_H
#define GENHOOK_SETTLE_H

#include "archive.h"

struct settler;

/*
 * wake(arg) is called from the settler's threads when something is to be
 * taken.  NULL: no memory, or no thread.
 */
struct settler *settler_new(struct archive *, void (*wake)(void *), void *arg);

/* Ends the threads, after what it was given.  What was not taken is still the
 * caller's, by settler_take() before.  NULL is fine. */
void	settler_free(struct settler *);

/* Give a file; it is the settler's until it is taken. */
void	settler_give(struct settler *, struct archive_commit *);

/* All that is settled, as a list by next; waits for the rest if asked to. */
struct archive_commit *settler_take(struct settler *, bool all);

int	settler_count(const struct settler *);	/* given and not yet taken */

#endif
