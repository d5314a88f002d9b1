/*
 * Statements that the transfers do not wait for: a thread of its own runs them,
 * in order, over the run's one connection.
 */
#ifndef GENHOOK_DB_WRITER_H
#define GENHOOK_DB_WRITER_H

#include "lib/db.h"
#include "lib/workq.h"
#include "batch/sweep.h"

struct db_writer;

/* One statement, owned by the giver; the writer's until on_done. */
struct db_write {
	const struct db_stmt	*stmt;
	const struct db_param	*params;
	/* Called by db_writer_reap(). */
	void			(*on_done)(struct db_write *);
	void			*arg;

	/* What came of it.  Where the database is away or broken, the run is
	 * by then. */
	enum db_verdict		 verdict;
	struct db_rows		*rows;		/* the giver's to free */
	struct errbuf		 err;
	struct workq_link	 link;		/* the writer's own */
};

/*
 * wake(arg) is called from the writer's thread when something is to be taken.
 * NULL with err: no memory, or no thread.
 */
struct db_writer *db_writer_new(struct sweep *, void (*wake)(void *), void *arg,
	    struct errbuf *err);

/* Ends the thread, after what it was given; all has to be taken.  NULL is
 * fine. */
void	db_writer_free(struct db_writer *);

/* Have a statement run, after those given before. */
void	db_writer_put(struct db_writer *, struct db_write *);

/* Call on_done of all that is done, which may give more.  With wait, first
 * wait for one to be done where any is under way. */
void	db_writer_reap(struct db_writer *, bool wait);

int	db_writer_pending(const struct db_writer *);	/* given and not yet taken */

#endif
