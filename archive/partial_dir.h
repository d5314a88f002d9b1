/* The directory that files are written in until they are whole. */
#ifndef GENHOOK_PARTIAL_DIR_H
#define GENHOOK_PARTIAL_DIR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "lib/errbuf.h"
#include "archive/bufpool.h"
#include "archive/name.h"

#define ARCHIVE_DIR_MODE	0750	/* of directories that are made */
#define PARTIAL_PREFIX		".part-"	/* of all names of its files */
#define PARTIAL_BOOT_MAX	40

/* The directory, for the files of one run. */
struct partial_dir {
	char		*path;		/* absolute, no slash at the end */
	int		 fd;
	char		 owner[ARCHIVE_NAME_MAX];	/* this run's name */
	atomic_ulong	 nspares;	/* spare files made (struct partial) */
	char		 boot[PARTIAL_BOOT_MAX];	/* "": not known */
	struct bufpool	*bufpool;	/* for small files */
};

/*
 * Open a directory, making it where only itself is missing.  path is taken
 * over; owner is a name that marks the files of this run.  False with err: it
 * cannot be used, and has to be closed all the same.
 */
bool	partial_dir_open(struct partial_dir *, char *path, const char *owner,
	    struct errbuf *err);

/* Close it, once none of its files is open any more. */
void	partial_dir_close(struct partial_dir *);

/* Is there room on its disk for that many bytes, and something left for all
 * the rest?  False with err. */
bool	partial_dir_has_room(const struct partial_dir *, int64_t bytes,
	    struct errbuf *err);

/* Have the small files all the memory that there is for them? */
bool	partial_dir_is_crowded(const struct partial_dir *);

/* Remove files that were last written before then; returns how many. */
long	partial_dir_clean(const struct partial_dir *, time_t before);

#endif
