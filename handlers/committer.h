/*
 * Group commit.  Requests that arrive together are committed together, by
 * one thread with the process's one database connection; each request waits
 * for its own answer, and no longer than its deadline.
 */
#ifndef GENHOOK_COMMITTER_H
#define GENHOOK_COMMITTER_H

#include <stdbool.h>

#include "conf.h"
#include "delivery.h"
#include "spool.h"

/* A commit is known, or given up, this long after the body was read; what
 * is left of the 3 s that a sender waits at most is for the spool. */
#define COMMIT_DEADLINE_MS	2000

struct committer;

/*
 * Start it.  threads = false serves plain CGI: every call then commits by
 * itself, at once.  conf and spool (may be NULL) stay the caller's and must
 * outlive it.  NULL with why when it cannot start.
 */
struct committer *committer_start(const struct conf *, struct spool *,
	    bool threads, struct errbuf *why);
/* Commits what waits, within the deadline, and ends the thread. */
void	committer_stop(struct committer *);	/* NULL is fine */

/*
 * Commit one delivery: true, with the outcome, when it is on the database's
 * disk.  False with why: it is not known to be, so spool it; sending it
 * twice does no harm.
 */
bool	committer_store(struct committer *, struct delivery *,
	    enum outcome *, struct errbuf *why);

/* Does the database answer, now?  Waits up to the deadline. */
bool	committer_ping(struct committer *, struct errbuf *why);

#endif
