/*
 * How full the spool is.  It has to be counted anew now and then, since other
 * processes write there too; and a sender must not wait while a million files
 * are counted, so each write counts some of them.
 */
#ifndef GENHOOK_SPOOL_CENSUS_H
#define GENHOOK_SPOOL_CENSUS_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>

/* All zeroes: nothing is known yet.  For one thread at a time. */
struct census {
	DIR		*dir;		/* NULL: none is under way */
	int64_t		 bytes;		/* seen so far */
	int64_t		 spent_ms, due_ms;
	bool		 begun;		/* the first one was */
};

/* What one write counts of the open directory, when it is time for it.  True:
 * that was all, and bytes is what is there. */
bool	census_count(struct census *, int dirfd);
void	census_free(struct census *);

#endif
