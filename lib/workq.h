/*
 * A work queue: some threads put items in, others take them out, in the order
 * they came, and wait while there are none.  It has no threads of its own and
 * no bound: who puts does not wait, and has to count what is under way where
 * that must stay bounded.
 */
#ifndef GENHOOK_WORKQ_H
#define GENHOOK_WORKQ_H

#include <sys/queue.h>

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* A part of each item, which can so be in one queue at a time. */
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

void	workq_init(struct workq *);
void	workq_destroy(struct workq *);	/* once no thread is at it */

/* Put an item in, by its link; it stays its owner's, who leaves the link alone
 * until the item was taken. */
void	workq_put(struct workq *, struct workq_link *, void *item);

/*
 * Take the first items, most of them at the most; returns how many.  None when
 * there is none: without wait at once; with it only after workq_close(), and
 * then always, so that a thread can end.
 */
size_t	workq_take_some(struct workq *, void **items, size_t most, bool wait);

/* Take the first one, or NULL. */
void	*workq_take(struct workq *, bool wait);

/* Nothing more will be put in; what is there is still taken. */
void	workq_close(struct workq *);

#endif
