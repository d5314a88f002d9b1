/*
 * Where requests wait for their commit, into the database or, while that is
 * away, into the spool, and who commits them: one worker leads,
 * one more may stand by to lead next, and all others go on with other requests.
 * A thread of its own does the connection's chores in between.  README.md has
 * the whole way.
 */
#ifndef GENHOOK_COMMIT_QUEUE_H
#define GENHOOK_COMMIT_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/commit.h"

/* For the database: the one that leads is held up by one that does not answer,
 * and behind each request that waits for it others wait for their turn. */
#define QUEUE_DEADLINE_MS	700
/* For the spool: there is nothing else to turn to. */
#define QUEUE_PATIENCE_MS	86400000

enum commit_lead {
	LEAD_OTHER,	/* another worker answers, or will: nothing to do */
	LEAD_MINE,	/* the caller leads: it commits what it has taken */
	LEAD_STUCK	/* no leader took these in time: they are not stored */
};

struct commit_queue;

/* What no leader has taken by deadline_ms is given up.  NULL: no memory. */
struct commit_queue *commit_queue_new(int deadline_ms);
void	commit_queue_free(struct commit_queue *);	/* NULL is fine */

/* Does anything wait for a leader? */
bool	commit_queue_has_some(struct commit_queue *);

/* A worker that has put one in: is it needed, since there is nobody else to lead
 * or to stand by?  Else who stands by takes what waits. */
bool	commit_queue_wants_leader(struct commit_queue *);

/* A worker: let it wait for a leader, and call commit_queue_lead() next.
 * False: the database is known to be away, and commit->err says so; one that
 * only asks for the database waits all the same. */
bool	commit_queue_put(struct commit_queue *, struct commit *);

/*
 * A worker that has put one in: lead, where nobody does; else stand by until
 * the leader has passed the lead on, where nobody does that.  With LEAD_MINE
 * taken has at most max of those that waited, in order, and the caller calls
 * commit_queue_pass() when they are committed.  With LEAD_STUCK it has all that
 * waited, with err, and the database counts as away.
 */
enum commit_lead commit_queue_lead(struct commit_queue *,
	    struct commit_list *taken, size_t max);

/* The leader: pass the lead on.  True: some wait and nobody stands by, so the
 * caller leads on, with at most max of them in taken. */
bool	commit_queue_pass(struct commit_queue *, struct commit_list *taken,
	    size_t max);

/* The leader: while the database is away, for the reason in err, nothing waits
 * for it. */
void	commit_queue_set_away(struct commit_queue *, bool away,
	    const struct errbuf *err);
bool	commit_queue_is_away(struct commit_queue *);

/*
 * The thread of chores: wait until they are due, by the monotonic clock, and
 * then until the lead is free; the caller leads.  False: commit_queue_end() has
 * been called.  At their end it passes the lead on and says when they are due
 * again.
 */
bool	commit_queue_lead_chores(struct commit_queue *);
void	commit_queue_end_chores(struct commit_queue *, int64_t next_at_ms);
/* The leader: there are chores, due by then or before. */
void	commit_queue_hurry_chores(struct commit_queue *, int64_t at_ms);

/* The main thread, when no worker is left: end the thread of chores. */
void	commit_queue_end(struct commit_queue *);

#endif
