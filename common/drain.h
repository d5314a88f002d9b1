/*
 * Draining the spool: its files, oldest first, go into the database, and each
 * is removed only after all of it is committed.  A handler's thread of chores
 * drains in between requests; so does each sweep.
 */
#ifndef GENHOOK_DRAIN_H
#define GENHOOK_DRAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/db.h"
#include "common/conf.h"
#include "common/spool.h"

struct drain;

struct drain_counts {
	long	drained;	/* callbacks committed to the database, and their
				   files removed */
	long	refused;	/* set aside in refused/, with the reason */
	long	passed;		/* that could not be read, stored or set aside
				   just now: their turn comes again */
	long	left;		/* still waiting */
	bool	blind;		/* the directory could not be read */
};

/*
 * The spool's drain, for one thread.  It keeps the directory open, from now on
 * where it can be opened now: one that is moved away is emptied before the new
 * one of its name.  The spool has to outlive it.  NULL: no memory.
 */
struct drain *drain_new(const struct spool *);
void	drain_free(struct drain *);		/* NULL is fine */

/*
 * Commit what waits.  One drainer at a time, of all processes: a second one
 * returns DB_OK at once with nothing done, unless the first stands still
 * (drain_lock.h); then it takes over, and the first lets go.  Commits one batch
 * at least, then stops at stop_at_ms (monotonic, 0: none), or when the database
 * is away.  Where it stopped for the time, the next call goes on; the lock is
 * kept meanwhile, until all that was listed is done, or drain_leave().  conf
 * tells which accounts are re-queried.  With refused, passed or blind, err is of
 * the last of them.
 */
enum db_verdict drain_run(struct drain *, struct db *, const struct conf *,
	    int64_t stop_at_ms, struct drain_counts *, struct errbuf *err);

/* It cannot go on for now: let another process at it. */
void	drain_leave(struct drain *);

#endif
