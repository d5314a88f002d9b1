/*
 * Group commit.  Requests that arrive together are committed together, over
 * the handler's one database connection, by the worker that leads; one more
 * stands by, no other waits for a commit, and each request has its own answer,
 * no later than its deadline.  While the database is away the same is done with
 * the spool.  README.md has the whole way.
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
 * committer_submit() then commits by itself, at once, and nothing is drained.
 * conf and spool (may be NULL) stay the caller's and must outlive it.  NULL with
 * err when it cannot start.
 */
struct committer *committer_start(const struct conf *, struct spool *,
	    bool threads, struct errbuf *err);

/*
 * A worker: let one delivery be committed, or with none find out whether the
 * database answers.  False: it is known now.  True: it will come out of a
 * worker's committer_lead_spool() or committer_lead(), and may do so before this
 * has returned; the caller calls both next, where committer_wants_leader().
 * Then commit->stored says that the delivery is on the database's disk, with its
 * outcome; else it is not known to be, with err, and commit->spooled says that it
 * is in the spool, or spool_err why not.  What is not verified is never spooled: a
 * forger must not fill the disk.
 */
bool	committer_submit(struct committer *, struct commit *);

/* A worker that has submitted one: does it have to lead?  Else others do, and will
 * answer it. */
bool	committer_wants_leader(struct committer *);

/*
 * A worker that has submitted one: write to the spool, or commit, what waits,
 * where nobody else does.  Returns those whose fate is known by then and that
 * the caller has to answer, a list by STAILQ_NEXT(), which may or may not have
 * the caller's own in it; NULL: others answer.  The spool comes first: it waits
 * for no database.
 */
struct commit *committer_lead_spool(struct committer *);
struct commit *committer_lead(struct committer *);

/* The main thread, when all workers have ended: end it, and tell who listens
 * what is finished.  NULL is fine. */
void	committer_free(struct committer *);

#endif
