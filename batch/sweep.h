/* One run of genhook-sweep: what all of its steps share. */
#ifndef GENHOOK_SWEEP_H
#define GENHOOK_SWEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/db.h"
#include "lib/errbuf.h"
#include "common/conf.h"
#include "common/statements.h"

#define SWEEP_LEASE_S	120	/* of outputs; prolonged by each beat */

struct progress;

/* What the run did, for its row, the summary and the exit status. */
struct sweep_counts {
	int64_t	drained;	/* spool files committed */
	int64_t	refused;	/* spool files that the database will not take */
	int64_t	replayed;	/* deliveries parsed anew */
	int64_t	submitted;	/* requests that became tasks */
	int64_t	polled;		/* answers from status APIs */
	int64_t	finished;	/* tasks that a poll brought their final state */
	int64_t	lost;		/* tasks given up */
	int64_t	stored;		/* outputs in the archive */
	int64_t	bytes;		/* of these */
	int64_t	retried;	/* downloads that failed and will be repeated */
	int64_t	expired;	/* outputs whose links ended first */
	int64_t	failed;		/* outputs given up */
};

struct sweep {
	const struct conf	*conf;
	struct db		*db;
	struct progress		*progress;	/* NULL: no terminal */
	const char		*provider;	/* this one alone, or NULL: all */
	const char		*task_id;	/* likewise */
	const char		*request_id;	/* send this one alone, or NULL */
	char			 id[24];
	char			 owner[128];	/* of leases: host:pid:id */
	struct sweep_counts	 counts;
	int64_t			 started_ms;	/* monotonic, as all _ms here */
	int64_t			 beat_ms;	/* last sign of life */
	bool			 attention;	/* a person should look */
	bool			 broken;	/* the run cannot go on: error
						   has the words */
	struct errbuf		 error;
};

/* SIGTERM and SIGINT ask the run to end; it has two seconds for that. */
void	sweep_catch_signals(void);
bool	sweep_stopping(void);

/*
 * The moment (monotonic ms) at which that share of sweep.max_seconds is
 * over; for 100 a little before, so that there is time to tidy up.
 */
int64_t	sweep_moment(const struct sweep *, int percent);

/* May work go on: not asked to end, not broken, and not yet that moment? */
bool	sweep_goes_on(const struct sweep *, int64_t until_ms);

/* Open the run's row, and close it.  False: the database does not do it. */
bool	sweep_begin(struct sweep *);
bool	sweep_finish(struct sweep *);

/* A sign of life where one is due; prolongs the leases. */
void	sweep_beat(struct sweep *);

/*
 * Can leases that this run holds still not have run out?  False when the
 * last sign of life is too long ago (a stopped process, a stuck disk).
 */
bool	sweep_lease_is_safe(const struct sweep *);

/*
 * Run a statement as db_run().  A database that is away or broken breaks the
 * run.
 */
enum db_verdict sweep_run(struct sweep *, const struct db_stmt *,
	    const struct db_param *, struct db_rows **, struct errbuf *);

/* The same from any thread, one at a time; that the run is broken then is for
 * the run's own to say. */
enum db_verdict sweep_ask(const struct sweep *, const struct db_stmt *,
	    const struct db_param *, struct db_rows **, struct errbuf *);

/* Something that a person should know of: logged, and exit status 1. */
void	sweep_warn(struct sweep *, const char *, ...)
	    __attribute__((format(printf, 2, 3)));

/* Leave an account alone for so long (0: a minute), as it wishes: this run,
 * and all others. */
void	sweep_pause(struct sweep *, const struct account *, int64_t wait_s,
	    const char *words);

/* The run cannot go on. */
void	sweep_break(struct sweep *, const char *words);

/* The steps.  Each looks at sweep_goes_on() and at counts itself. */
void	sweep_drain(struct sweep *);
void	sweep_replay(struct sweep *);
void	sweep_submits(struct sweep *);
void	sweep_polls(struct sweep *);
void	sweep_download(struct sweep *);
void	sweep_retain(struct sweep *);

/* What the run would do, on stdout.  Claims nothing.  False, with error set,
 * when the database does not say. */
bool	sweep_print_dry_run(struct sweep *);

#endif
