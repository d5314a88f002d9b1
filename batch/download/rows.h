/* What becomes of an output, as the database and the log are told.  For the
 * main thread. */
#ifndef GENHOOK_ROWS_H
#define GENHOOK_ROWS_H

#include "batch/download/job_internal.h"

/* The job's file is in its place: its row is to follow. */
void	rows_add(struct job *);

/*
 * Have the db_writer write the rows that are to follow, unless it still has
 * some.  on_end is called by db_writer_reap() for each that it is done with;
 * refused has words where the database did not take it, else it is NULL.
 */
void	rows_write(struct downloads *,
	    void (*on_end)(struct job *, const struct errbuf *refused));

/* The attempt failed as the job's failure says: when is it to be tried
 * again? */
void	rows_write_failure(struct job *);

/* Another sweep has the output now: only the log is told. */
void	rows_lease_lost(const struct job *);

#endif
