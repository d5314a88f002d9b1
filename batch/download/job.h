/*
 * The outputs that a run brings home, as download.c drives them: each claimed
 * output is a job, and README.md beside this file follows one from state to
 * state.  All of this is called by the main thread.
 */
#ifndef GENHOOK_JOB_H
#define GENHOOK_JOB_H

#include <sys/queue.h>

#include <stdbool.h>

#include "lib/db.h"
#include "lib/mime.h"
#include "lib/worker.h"
#include "net/http.h"
#include "archive/archive.h"
#include "batch/db_writer.h"
#include "batch/download/finisher.h"
#include "batch/sweep.h"

struct job;

STAILQ_HEAD(job_list, job);

/* What the downloads of a run share. */
struct downloads {
	struct sweep		*sweep;
	struct run		*run;		/* the sweep's */
	struct archive		*archive;
	struct http_engine	*engine;	/* transfers and questions */
	struct finisher		*finisher;
	struct db_writer	*db_writer;
	struct worker		*worker;	/* digests of large files */
	struct mime		*mime;
	bool			 disk_full;	/* the archive takes no more */
	bool			 store_down;	/* whole files wait for it */
	bool			*key_refused;	/* of accounts, in the order of
						   the settings */
	struct job_list		 queue;		/* JOB_QUEUED */
	int			 queued;	/* so many */
	struct job_list		 to_record;	/* JOB_RECORDING, and in no
						   statement yet */
	int			 recording;	/* statements under way */
};

/* Take a claimed output: row has the columns of DB_CLAIM_OUTPUTS. */
void	job_enqueue(struct downloads *, const struct db_rows *, int row);

/* Begin with as many as the engine has room for.  Of each that is begun, the
 * end is written to the database, whatever that is, unless the run ends
 * first. */
void	job_start_queued(struct downloads *);

/* Move on those that the finisher is done with, and have the rows of those that
 * are in their places written.  With all, wait for each that is on its way
 * there. */
void	job_collect(struct downloads *, bool all);

/* Forget those that were not begun. */
void	job_drop_queued(struct downloads *);

#endif
