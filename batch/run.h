/*
 * A run of batch work, as everything that takes part in it knows it: one run of
 * genhook-sweep, or of `genhook submit`, which sends requests itself.
 *
 * The run belongs to the program's main thread, which calls all functions here
 * but run_stopping() and run_query_any_thread().
 */
#ifndef GENHOOK_RUN_H
#define GENHOOK_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/db.h"
#include "lib/errbuf.h"
#include "common/conf.h"
#include "common/statements.h"

#define RUN_HOST_MAX	65

struct progress;

/* All zeroes but conf and db is a run that has just begun. */
struct run {
	const struct conf	*conf;
	struct db		*db;		/* while other threads run, by
						   run_query() and its like
						   alone */
	struct progress		*progress;	/* NULL: no terminal */
	char			 owner[128];	/* of leases: host:pid:id */
	void			(*beat)(void *arg);	/* for run_beat(), or
						   NULL */
	void			*beat_arg;
	bool			 attention;	/* a person should look */
	bool			 broken;	/* the run cannot go on */
	struct errbuf		 error;		/* why, or what keeps it from
						   doing everything */
};

/* SIGTERM and SIGINT ask the run to end; the process has two seconds for it. */
void	run_catch_signals(void);
/* Has the run been asked to end?  From any thread. */
bool	run_stopping(void);

/* May work go on: not asked to end, not broken, and not yet that moment
 * (monotonic ms)? */
bool	run_goes_on(const struct run *, int64_t until_ms);

/* So many percent of sweep.max_seconds in milliseconds; a little less than all
 * of it for 100, so that there is time to tidy up. */
int64_t	run_share_ms(const struct conf *, int percent);

/* The name of this host, "?" where it has none. */
void	run_host(char host[RUN_HOST_MAX]);
/* Name the owner of the run's leases after host, process and that id. */
void	run_set_owner(struct run *, const char *id);

/* A sign of life where one is due, and the run has somebody to give it to. */
void	run_beat(struct run *);

/*
 * Run a statement as db_run().  A database that is away or broken breaks the
 * run.
 */
enum db_verdict run_query(struct run *, const struct db_stmt *,
	    const struct db_param *, struct db_rows **, struct errbuf *);

/* The same from any thread, one at a time.  It does not break the run: the main
 * thread does, once it hears of it. */
enum db_verdict run_query_any_thread(const struct run *, const struct db_stmt *,
	    const struct db_param *, struct db_rows **, struct errbuf *);

/* Something that a person should know of: logged, and exit status 1. */
void	run_warn(struct run *, const char *, ...)
	    __attribute__((format(printf, 2, 3)));

/* The same of what keeps the run from doing everything: it goes into the run's
 * row, too, where doctor and attention see it.  As much as fits is kept. */
void	run_hindered(struct run *, const char *, ...)
	    __attribute__((format(printf, 2, 3)));

/* The run cannot go on, for the reason that the words say: logged once, and
 * exit status 2.  The first reason stays. */
void	run_break(struct run *, const char *words);

#endif
