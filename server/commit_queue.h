/*
 * Where requests wait for their commit, and then for somebody to answer them.
 * Four kinds of threads meet here, each named below where it calls: a worker
 * puts a request in; the committer takes many at a time and hands them back; an
 * answerer answers them; and the main thread watches for what waits too long.
 */
#ifndef GENHOOK_COMMIT_QUEUE_H
#define GENHOOK_COMMIT_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/commit.h"

/* What the committer has not even taken by then is given up: it is held up
 * by a database that does not answer, and behind each request that waits for
 * it others wait for their turn. */
#define QUEUE_DEADLINE_MS	700

struct commit_queue;

struct commit_queue *commit_queue_new(void);	/* NULL: no memory */
void	commit_queue_free(struct commit_queue *);	/* NULL is fine */

/* A worker: let it wait for the committer.  False: the database is known to be
 * away, and commit->err says so; one that only asks for the database waits all
 * the same. */
bool	commit_queue_put(struct commit_queue *, struct commit *);

/*
 * The committer: wait until there is one, the monotonic clock says until_ms,
 * or commit_queue_end(); then take at most max of them, in order.  Returns how
 * many; *ended says that none is left and none will come.
 */
size_t	commit_queue_take(struct commit_queue *, struct commit **out,
	    size_t max, int64_t until_ms, bool *ended);
/* The committer: what became of them is known, let them be answered. */
void	commit_queue_hand_back(struct commit_queue *, struct commit *const *,
	    size_t n);
/* The committer, at its end: no more is handed back. */
void	commit_queue_end_answers(struct commit_queue *);

/*
 * The committer: while the database is away, for the reason in err, nothing
 * waits for it.
 */
void	commit_queue_set_away(struct commit_queue *, bool away,
	    const struct errbuf *err);
bool	commit_queue_is_away(struct commit_queue *);

/*
 * An answerer: wait for some whose fate is known.  Returns a list by
 * STAILQ_NEXT(); NULL after commit_queue_end_answers(), once all are out.
 */
struct commit *commit_queue_next(struct commit_queue *);

/*
 * The main thread: give up what the committer has not taken by
 * QUEUE_DEADLINE_MS; it is not stored then, with err.  Returns the monotonic
 * time in ms at which to call this again.
 */
int64_t	commit_queue_watch(struct commit_queue *);

/* The main thread: no more is put in; what waits is still taken. */
void	commit_queue_end(struct commit_queue *);

#endif
