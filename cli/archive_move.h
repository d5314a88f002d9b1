/* Moving stored files from one archive to another, for cli/archive.c. */
#ifndef GENHOOK_CLI_ARCHIVE_MOVE_H
#define GENHOOK_CLI_ARCHIVE_MOVE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/db.h"
#include "archive/archive.h"
#include "archive/reader.h"
#include "batch/progress.h"

struct move {
	struct db		*db;
	struct reader		*from, *to;
	struct archive		*archive;	/* the new one, to be written */
	bool			 keep;		/* the old copies stay */
	const volatile sig_atomic_t *stop;
	struct progress		*progress;

	/* What became of the files. */
	int64_t			 total;		/* 0: not counted */
	int64_t			 moved, bytes, removed, missing, differing,
				 failed, changed;
	int64_t			 read_bytes;	/* for the progress */
};

/* How it ended. */
enum move_end {
	MOVE_ALL,		/* every file was looked at */
	MOVE_STOPPED,		/* *stop was set */
	MOVE_CUT		/* it could not go on, which has been said */
};

/*
 * Bring each stored file of the old archive to the new one: read, written, read
 * again there, its row changed, and the old copy removed, some files at a time.
 * It may be killed at any moment and started again.  The session of db has the
 * lock of these moves.
 */
enum move_end move_all(struct move *);

#endif
