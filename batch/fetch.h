/* One output on its way home. */
#ifndef GENHOOK_FETCH_H
#define GENHOOK_FETCH_H

#include <stdbool.h>

#include "archive.h"
#include "db.h"
#include "http.h"
#include "sweep.h"

/* What the downloads of a run share. */
struct fetch_run {
	struct sweep		*sweep;
	struct archive		*archive;
	struct http_engine	*engine;
	bool			 full;		/* the archive takes no more */
	bool			*refused;	/* accounts whose key was, in
						   the order of the settings */
};

/*
 * Begin the download of a claimed output: row has the columns of
 * DB_CLAIM_OUTPUTS.  Its end is written to the database, whatever it is.
 */
void	fetch_start(struct fetch_run *, const struct db_rows *, int row);

#endif
