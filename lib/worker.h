/* A worker: one thread that does jobs one after the other, in the order in
 * which they were given to it. */
#ifndef GENHOOK_WORKER_H
#define GENHOOK_WORKER_H

#include <stdbool.h>

#include "lib/errbuf.h"
#include "lib/workq.h"

struct worker;

/* A job, owned by its giver, who changes what run() looks at only while the
 * worker does not have it. */
struct worker_job {
	void			(*run)(struct worker_job *);	/* on the
						   worker's thread */
	void			*arg;
	bool			 out;		/* the worker has it.  This and
						   link are the worker's own */
	struct workq_link	 link;
};

/* NULL with err: no memory, or no thread. */
struct worker *worker_new(struct errbuf *err);

/* Ends the thread, after all jobs that it was given; NULL is fine. */
void	worker_free(struct worker *);

/* Give a job, from any thread.  False: the worker still has it. */
bool	worker_put(struct worker *, struct worker_job *);

/* Wait until the worker does not have the job; from any thread. */
void	worker_wait(struct worker *, struct worker_job *);

#endif
