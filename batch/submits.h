/* Sending what applications have put into genhook.requests. */
#ifndef GENHOOK_SUBMITS_H
#define GENHOOK_SUBMITS_H

#include <stdint.h>

#include "batch/run.h"

/* When a sweep sends no more, in percent of its time; `genhook submit` takes
 * as long. */
#define SUBMITS_END	40

/* What is to be sent; the caller keeps all of it meanwhile. */
struct submit_run {
	struct run	*run;
	const char	*provider;	/* this one's alone, or NULL: all */
	const char	*request_id;	/* this one alone, or NULL: all due */
	int64_t		 until_ms;	/* nothing is begun from then on */
	int64_t		*submitted;	/* counted up for each new task */
};

/* Send it, and wait for all answers.  Main thread. */
void	submits_run(const struct submit_run *);

#endif
