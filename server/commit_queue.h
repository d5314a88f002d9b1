/*
 * Where requests wait for their commit, and for somebody to answer them once
 * it is known.  Four kinds of threads meet here: who puts a request in, the
 * committer, which takes many at a time and hands them back, who answers, and
 * one that watches for what waits too long.
 */
#ifndef GENHOOK_QUEUE_H
#define GENHOOK_QUEUE_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>

#include "lib/errbuf.h"
#include "common/delivery.h"

/* A commit is known, or given up, this long after the body was read; what
 * is left of the 3 s that a sender waits at most is for the spool. */
#define COMMIT_DEADLINE_MS	2000

/* What the committer has not even taken by then is given up: it is held up
 * by a database that does not answer, and behind each request that waits for
 * it others wait for their turn. */
#define QUEUE_DEADLINE_MS	700

/* One delivery on its way into the database; all memory is the owner's. */
struct commit {
	STAILQ_ENTRY(commit) next;	/* the queue's own */
	struct delivery	*delivery;	/* NULL: only asks for the database */
	void		*owner;		/* whom queue_next()'s caller answers */
	int64_t		 dequeue_by_ms;	/* monotonic, as is the next */
	int64_t		 deadline_ms;
	bool		 stored;	/* known: it is on the database's disk */
	enum outcome	 outcome;	/* and what became of it */
	struct errbuf	 err;		/* else: why not */
};

struct queue;

struct queue *queue_new(void);		/* NULL: no memory */
void	queue_free(struct queue *);	/* NULL is fine */

/* Let it wait for the committer.  False: the database is known to be away,
 * and commit->err says so; whoever asks for the database waits all the same. */
bool	queue_put(struct queue *, struct commit *);

/*
 * The committer's side.  Wait until there is one, the monotonic clock says
 * until_ms, or queue_end(); then take at most max of them, in order.  Returns
 * how many; *ended says that none is left and none will come.
 */
size_t	queue_take(struct queue *, struct commit **out, size_t max,
	    int64_t until_ms, bool *ended);
/* What became of them is known: let them be answered. */
void	queue_known(struct queue *, struct commit *const *, size_t n);

/*
 * Somebody who has no other work: give up what the committer has not taken by
 * QUEUE_DEADLINE_MS; it is not stored then, with err.  Returns the monotonic
 * time in ms at which to call this again.
 */
int64_t	queue_watch(struct queue *);

/*
 * The answerers' side: wait for some whose fate is known.  Returns a list by
 * STAILQ_NEXT(); NULL after queue_end(), once the committer has handed
 * everything back and said queue_settled().
 */
struct commit *queue_next(struct queue *);

/* While the database is away nothing waits for it. */
void	queue_set_away(struct queue *, bool away, const struct errbuf *err);
bool	queue_is_away(struct queue *);

/* No more is put in; what waits is still taken. */
void	queue_end(struct queue *);
/* No more is handed back. */
void	queue_settled(struct queue *);

#endif
