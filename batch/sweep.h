/*
 * One run of genhook-sweep: what it was asked to do, its row in genhook.sweeps,
 * and its time.  steps.h has what it does.  For the main thread.
 */
#ifndef GENHOOK_SWEEP_H
#define GENHOOK_SWEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "batch/run.h"

struct forward_run;

#define SWEEP_LEASE_S	120	/* of outputs; each sign of life prolongs it */

/* What the run did, for its row, the summary and the exit status. */
struct sweep_counts {
	int64_t	drained;	/* spool files committed */
	int64_t	refused;	/* spool files that the database refused */
	int64_t	replayed;	/* deliveries parsed anew */
	int64_t	submitted;	/* requests that became tasks */
	int64_t	polled;		/* answers from status APIs */
	int64_t	finished;	/* tasks whose final state a poll brought */
	int64_t	lost;		/* tasks given up */
	int64_t	stored;		/* outputs in the archive */
	int64_t	bytes;		/* of these */
	int64_t	retried;	/* downloads that failed and will be repeated */
	int64_t	expired;	/* outputs whose links ended first */
	int64_t	failed;		/* outputs given up */
	int64_t	told;		/* events that applications took */
	int64_t	untold;		/* events given up */
};

struct sweep {
	struct run		 run;
	const char		*provider;	/* this one alone; NULL: all */
	const char		*task_id;	/* likewise */
	char			 id[24];	/* of the run's row */
	struct sweep_counts	 counts;
	int64_t			 started_ms;	/* monotonic, as all _ms here */
	int64_t			 beat_ms;	/* last sign of life */
	struct forward_run	*telling;	/* applications; NULL: not yet */
};

/* The moment (monotonic ms) at which so many percent of the run's time are
 * over.  steps.c has the percentage of each step. */
int64_t	sweep_moment(const struct sweep *, int percent);

/* When the run's time is over, but for what it takes to tidy up. */
int64_t	sweep_ends_ms(const struct sweep *);

/* Open the run's row, and close it.  False: the database does not do it. */
bool	sweep_begin(struct sweep *);
bool	sweep_finish(struct sweep *);

/*
 * Can leases that this run holds still not have run out?  False when the
 * last sign of life is too long ago (a stopped process, a stuck disk).
 */
bool	sweep_lease_is_safe(const struct sweep *);

#endif
