/*
 * One file of the spool, for the drain: its deliveries one by one, and what is
 * put aside of it for a person.
 */
#ifndef GENHOOK_DRAIN_FILE_H
#define GENHOOK_DRAIN_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/errbuf.h"
#include "common/conf.h"
#include "common/delivery.h"

/* What is set aside goes here, below the spool. */
#define DRAIN_REFUSED_DIR	"refused"

enum drain_read {
	DRAIN_WHOLE,
	DRAIN_GONE,	/* no such file, or the end of one */
	DRAIN_STRANGE,	/* no later try would make more of it */
	DRAIN_LATER	/* its turn comes again */
};

/* A file's text as it is read: the next delivery begins at at. */
struct drain_file {
	const char	*name;		/* borrowed */
	char		*text;
	size_t		 len, at;
	bool		 begun;
};

/* A place in a file: a delivery's, or that of what is none. */
struct drain_part {
	size_t	at, len;
	bool	is_all;		/* of the file */
};

/* A whole file's text.  With DRAIN_WHOLE drain_file_close() frees it; else err
 * says why, but for DRAIN_GONE. */
enum drain_read drain_file_open(struct drain_file *, int dirfd,
	    const char *name, struct errbuf *err);
void	drain_file_close(struct drain_file *);

/*
 * The next delivery, judged by the parser of today as far as its sender was
 * believed, for the caller to free; part is its place.  DRAIN_STRANGE, with err:
 * part is none that this program can read.  DRAIN_LATER, with err: no memory.
 */
enum drain_read drain_file_next(struct drain_file *, const struct conf *,
	    struct delivery **, struct drain_part *, struct errbuf *err);

/*
 * Put a part of a file aside, with the reason beside it: the file itself where
 * it is all of it, else a copy, which is on disk for certain.  False with err:
 * it could not be.
 */
bool	drain_file_set_aside(int dirfd, const char *name,
	    const struct drain_part *, const char *reason, struct errbuf *err);

#endif
