/*
 * Statements that the transfers do not wait for: a thread of its own runs them,
 * in order, over the run's one connection.
 */
#ifndef GENHOOK_CLERK_H
#define GENHOOK_CLERK_H

#include "lib/db.h"
#include "batch/sweep.h"
#include "lib/workq.h"

struct clerk;

/* One statement, owned by the giver; the clerk's until on_done. */
struct clerk_note {
	enum db_stmt		 stmt;
	const struct db_param	*params;
	/* Called by clerk_take(). */
	void			(*on_done)(struct clerk_note *);
	void			*arg;

	/* What came of it.  Where the database is away or broken, the run is
	 * by then. */
	enum db_verdict		 verdict;
	struct db_rows		*rows;		/* the giver's to free */
	struct errbuf		 why;
	struct workq_link	 link;		/* the clerk's own */
};

/*
 * wake(arg) is called from the clerk's thread when something is to be taken.
 * NULL with why: no memory, or no thread.
 */
struct clerk *clerk_new(struct sweep *, void (*wake)(void *), void *arg,
	    struct errbuf *why);

/* Ends the thread, after what it was given; all has to be taken.  NULL is
 * fine. */
void	clerk_free(struct clerk *);

/* Have a statement run, after those given before. */
void	clerk_give(struct clerk *, struct clerk_note *);

/* Call on_done of all that is done, which may give more.  With wait, first
 * wait for one to be done where any is under way. */
void	clerk_take(struct clerk *, bool wait);

int	clerk_count(const struct clerk *);	/* given and not yet taken */

#endif
