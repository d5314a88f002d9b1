/* Work that another thread does meanwhile, one errand after the other. */
#ifndef GENHOOK_ERRAND_H
#define GENHOOK_ERRAND_H

#include <stdbool.h>

#include "lib/errbuf.h"
#include "lib/workq.h"

struct errands;

/* One, owned by its giver, who may change what it is about only while it is
 * not out. */
struct errand {
	void			(*run)(struct errand *);	/* on that thread */
	void			*arg;
	bool			 out;		/* these are the errands' own */
	struct workq_link	 link;
};

/* NULL with why: no memory, or no thread. */
struct errands *errands_new(struct errbuf *why);

/* Ends the thread, after what it was given; NULL is fine. */
void	errands_free(struct errands *);

/* Give an errand.  False: it is still out. */
bool	errands_give(struct errands *, struct errand *);

/* Wait until it is not out; from any thread. */
void	errands_wait(struct errands *, struct errand *);

#endif
