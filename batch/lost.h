/* Tasks that nobody will bring a result any more.  For the main thread. */
#ifndef GENHOOK_LOST_H
#define GENHOOK_LOST_H

#include "lib/pgarray.h"
#include "handlers/provider.h"
#include "batch/sweep.h"

struct lost {
	struct sweep	*sweep;
	struct pgarray	 names;		/* "provider/task_id", to be told */
};

/* No task is lost yet. */
void	lost_begin(struct lost *, struct sweep *);

/* The database calls a task lost, for the reason that the words say: count and
 * log it. */
void	lost_add(struct lost *, const struct provider *, const char *task_id,
	    const char *words);

/* Notify those who wait for any of them, and free. */
void	lost_tell(struct lost *);

#endif
