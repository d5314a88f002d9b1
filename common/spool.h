/* Callbacks on disk while the database is away. */
#ifndef GENHOOK_SPOOL_H
#define GENHOOK_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/clock.h"
#include "lib/db.h"
#include "common/conf.h"
#include "common/delivery.h"

struct spool;

/*
 * The spool in that directory, whether or not it can be used just now: it is
 * looked up anew each time, and made where its parent exists.  NULL: no
 * memory.  Thread-safe from then on.
 */
struct spool *spool_at(const char *dir, int64_t max_bytes);
/* Can it be used now?  False with err.  For the thread that drains. */
bool	spool_check(struct spool *, struct errbuf *err);
/* Both: NULL with err when it cannot be used now. */
struct spool *spool_open(const char *dir, int64_t max_bytes,
	    struct errbuf *err);
void	spool_close(struct spool *);		/* NULL is fine */

/* On disk for certain (file and directory fsynced), or false with err. */
bool	spool_write(struct spool *, const struct delivery *,
	    struct errbuf *err);

/* Files that wait; -1 when the directory cannot be read. */
long	spool_count(struct spool *);

struct drain_counts {
	long	drained;	/* files committed to the database and removed */
	long	refused;	/* files set aside in refused/, with the reason */
	long	passed;		/* files that could not be read, stored or set
				   aside just now: their turn comes again */
	long	left;		/* files still waiting */
	bool	blind;		/* the directory could not be read */
};

/*
 * Commit what waits, oldest first, each file removed only after its commit.
 * One drainer at a time (a lock on the directory): a second one returns
 * DB_OK at once with nothing done.  Commits one batch at least, then stops at
 * stop_at (monotonic ms, 0: none), or when the database is away.  Where it
 * stopped for the time, the next call goes on; the lock is kept meanwhile,
 * until all that was listed is done or the spool is closed.  A directory that
 * was moved away is emptied before the new one of its name.  Calls are for one
 * thread.  conf tells which accounts are re-queried.  With refused, passed or
 * blind, err is of the last of them.
 */
enum db_verdict spool_drain(struct spool *, struct db *,
	    const struct conf *, int64_t stop_at_ms, struct drain_counts *,
	    struct errbuf *err);
/* The one that drains cannot go on for now: let another at it. */
void	spool_leave(struct spool *);

#endif
