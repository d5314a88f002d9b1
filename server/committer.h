/*
 * Group commit.  Requests that arrive together are committed together, by
 * one thread with the handler's one database connection; no other thread waits
 * for a commit, and each request has its own answer, no later than its
 * deadline.  README.md has the whole way.
 */
#ifndef GENHOOK_COMMITTER_H
#define GENHOOK_COMMITTER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/conf.h"
#include "common/spool.h"
#include "server/commit.h"

struct committer;

/*
 * The main thread: start it.  threads = false serves plain CGI:
 * committer_submit() then commits by itself, at once.  conf and spool (may be
 * NULL) stay the caller's and must outlive it.  NULL with err when it cannot
 * start.
 */
struct committer *committer_start(const struct conf *, struct spool *,
	    bool threads, struct errbuf *err);

/*
 * A worker: commit one delivery, or with none find out whether the database
 * answers.  False: it is known now.  True: it will come out of
 * committer_next(), and may do so before this has returned.  Then
 * commit->stored says that the delivery is on the database's disk, with its
 * outcome; else it is not known to be, with err: so spool it, sending it twice
 * does no harm.
 */
bool	committer_submit(struct committer *, struct commit *);

/* An answerer: wait for some whose fate is known; a list by STAILQ_NEXT().
 * NULL: committer_end() has been called, and all are out. */
struct commit *committer_next(struct committer *);

/* The main thread: give up what has waited too long for a database that stands
 * still.  Has to be called again by the monotonic time in ms that it returns. */
int64_t	committer_watch(struct committer *);

/* The main thread: commit what waits, within the deadline, and end the
 * committer's thread.  Nothing may be submitted after it. */
void	committer_end(struct committer *);
void	committer_free(struct committer *);	/* NULL is fine */

#endif
