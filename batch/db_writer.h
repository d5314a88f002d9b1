/*
 * A thread that runs statements, so that the main thread, which transfers the
 * downloads, does not wait for the database.  They go over the run's one
 * connection, in the order in which they were put.  Its functions are called on
 * the main thread.
 */
#ifndef GENHOOK_DB_WRITER_H
#define GENHOOK_DB_WRITER_H

#include "lib/db.h"
#include "lib/workq.h"
#include "batch/run.h"

struct db_writer;

/* One statement.  It belongs to the caller, who leaves it alone between
 * db_writer_put() and on_done. */
struct db_write {
	const struct db_stmt	*stmt;
	const struct db_param	*params;
	/* Called on the main thread, by db_writer_reap(). */
	void			(*on_done)(struct db_write *);
	void			*arg;

	/* What came of it.  Where the database is away or broken, the run is
	 * broken by the time of on_done. */
	enum db_verdict		 verdict;
	struct db_rows		*rows;		/* the caller's to free */
	struct errbuf		 err;
	struct workq_link	 link;		/* the writer's own */
};

/*
 * wake(arg) is called on the writer's thread each time that a statement is
 * done.  NULL with err: no memory, or no thread.
 */
struct db_writer *db_writer_new(struct run *, void (*wake)(void *), void *arg,
	    struct errbuf *err);

/* Ends the thread once it has run what it was given.  Reap all of that before;
 * NULL is fine. */
void	db_writer_free(struct db_writer *);

/* Have a statement run, after those put before. */
void	db_writer_put(struct db_writer *, struct db_write *);

/* Call on_done of each statement that is done; it may put more.  With wait,
 * wait before for one to be done, where any is under way. */
void	db_writer_reap(struct db_writer *, bool wait);

/* How many were put and not yet reaped. */
int	db_writer_pending(const struct db_writer *);

#endif
