/* Finished tasks, told to who listens on the channel genhook_task_finished; and
 * on genhook_work_due, that a sweep has something to ask about. */
#ifndef GENHOOK_FINISHED_H
#define GENHOOK_FINISHED_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/db.h"
#include "common/delivery.h"

/*
 * The names of finished tasks, gathered until there is time to tell them.  All
 * zeroes is an empty one; what it holds is freed by finished_notify().
 */
struct finished {
	char	**names;	/* "provider/task_id" */
	size_t	  n, room;
	bool	  poll_due;	/* a callback made a task due for a poll */
};

/* Gather those of a stored batch that brought a task its result, or made it due
 * for a poll; outcomes are the database's.  Out of memory loses the hint, which
 * nobody relies on. */
void	 finished_add(struct finished *, struct delivery *const *batch,
	    size_t n, const enum outcome *outcomes);

/* Is there anything to tell? */
bool	 finished_has_news(const struct finished *);

/* NOTIFY for each, within timeout_ms, and forget them.  A failure is no
 * trouble: it is a hint. */
void	 finished_notify(struct finished *, struct db *, int timeout_ms);

#endif
