/* Work that another thread does meanwhile, one job after the other. */
#ifndef GENHOOK_WORKER_H
#define GENHOOK_WORKER_H

#include <stdbool.h>

#include "lib/errbuf.h"
#include "lib/workq.h"

struct worker;

/* One, owned by its giver, who may change what it is about only while it is
 * not out. */
struct worker_job {
	void			(*run)(struct worker_job *);	/* on that thread */
	void			*arg;
	bool			 out;		/* these are the worker's own */
	struct workq_link	 link;
};

/* NULL with err: no memory, or no thread. */
struct worker *worker_new(struct errbuf *err);

/* Ends the thread, after what it was given; NULL is fine. */
void	worker_free(struct worker *);

/* Give an job.  False: it is still out. */
bool	worker_put(struct worker *, struct worker_job *);

/* Wait until it is not out; from any thread. */
void	worker_wait(struct worker *, struct worker_job *);

#endif
