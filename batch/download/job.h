/* One output on its way home. */
#ifndef GENHOOK_FETCH_H
#define GENHOOK_FETCH_H

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
struct fetch_run {
	struct sweep		*sweep;
	struct archive		*archive;
	struct finisher		*finisher;
	struct mime		*mime;	/* the engine's thread's */
	struct http_engine	*engine;
	struct db_writer		*db_writer;
	struct worker		*worker;
	bool			 full;		/* the archive takes no more */
	bool			 held;		/* files wait for the archive */
	bool			*refused;	/* accounts whose key was, in
						   the order of the settings */
	struct job_list		 queue;		/* claimed, not yet begun */
	int			 queued;	/* so many */
	struct job_list		 home;		/* at rest, without a row */
	int			 writing;	/* statements with such rows */
};

/* Take a claimed output: row has the columns of DB_CLAIM_OUTPUTS.  Once it is
 * begun, its end is written to the database, whatever that is. */
void	fetch_queue(struct fetch_run *, const struct db_rows *, int row);

/* Begin as many as the engine has room for. */
void	fetch_fill(struct fetch_run *);

/* Have the rows of files that came to rest written; with all, of each that is
 * on its way to it, and wait for that. */
void	fetch_settled(struct fetch_run *, bool all);

/* Forget what was not begun. */
void	fetch_drop(struct fetch_run *);

#endif
