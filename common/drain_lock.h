/*
 * One drainer at a time: a lock (flock(2)) on a file of the spool's directory.
 * The one that has it touches the file at each step.  One that has not for
 * DRAIN_LOCK_STALE_S stands still, stopped or frozen, while the callbacks wait:
 * then another takes over, by putting a file of its own in that one's place.
 * Two may so be at it for a moment, which is safe: what was stored already is
 * passed over (STORE_AGAIN).  All of it is for one thread.
 */
#ifndef GENHOOK_DRAIN_LOCK_H
#define GENHOOK_DRAIN_LOCK_H

#include <stdbool.h>

#define DRAIN_LOCK_NAME		".drain.lock"
/* A statement, the longest step, is given up after a fifth of it. */
#define DRAIN_LOCK_STALE_S	15

enum drain_lock_taken {
	DRAIN_LOCK_OURS,
	DRAIN_LOCK_TAKEN_OVER,	/* ours, from one that stands still */
	DRAIN_LOCK_HELD,	/* another is at it */
	DRAIN_LOCK_FAILED	/* with errno */
};

/* Take the lock, and set *fd, which is to be closed, if it is ours; else to -1.
 * Writes nothing where the file is there and nobody holds it. */
enum drain_lock_taken drain_lock_take(int dirfd, int *fd);

/* We are at it. */
void	drain_lock_beat(int fd);

/* Is it ours still, or has another taken it over?  To be asked before each
 * batch, the first one too. */
bool	drain_lock_is_ours(int dirfd, int fd);

#endif
