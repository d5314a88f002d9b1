/*
 * A work queue: some threads put items in, others take them out, in the order
 * they came, and wait while there are none.  It has no threads of its own and
 * no bound: a thread that puts an item in does not wait, and has to count what
 * is under way where that must stay bounded.
 */
#ifndef GENHOOK_WORKQ_H
#define GENHOOK_WORKQ_H

#include <sys/queue.h>

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* A part of each item, which can therefore be in one queue at a time. */
struct workq_link {
	STAILQ_ENTRY(workq_link)	 next;
	void				*item;	/* that it is a part of */
};

struct workq {
	pthread_mutex_t			 lock;		/* for all below */
	pthread_cond_t			 changed;
	STAILQ_HEAD(, workq_link)	 links;
	bool				 closed;
};

/* Empty and open. */
void	workq_init(struct workq *);
/* Once no thread uses it any more; items still in it are left alone. */
void	workq_destroy(struct workq *);

/* Put an item in, by its link.  The item stays its owner's, who leaves the link
 * alone until the item was taken. */
void	workq_put(struct workq *, struct workq_link *, void *item);

/*
 * Take the first items, at most that many; returns how many.  0 when the queue
 * is empty: at once without wait; with it only after workq_close(), which is
 * how a thread learns that it is to end.
 */
size_t	workq_take_some(struct workq *, void **items, size_t most, bool wait);

/* Take the first one, or NULL. */
void	*workq_take(struct workq *, bool wait);

/* Nothing more will be put in; what is there is still taken. */
void	workq_close(struct workq *);

#endif
