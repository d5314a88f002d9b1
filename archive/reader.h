/*
 * The files that an archive has, by their locations: to be read, checked against
 * what their rows say of them, and removed.  All of it is for one thread.
 */
#ifndef GENHOOK_READER_H
#define GENHOOK_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/errbuf.h"
#include "common/conf.h"

struct reader;

enum reader_verdict {
	READER_OK,
	READER_MISSING,		/* there is no such file */
	READER_DIFFERS,		/* it is of other bytes */
	READER_STOPPED,		/* each() wanted no more */
	READER_TROUBLE		/* another try may do */
};

/* A file to look at.  What each() and sha256 do not want may be NULL. */
struct reader_file {
	const char		*location;
	const char		*sha256;	/* what it has to be, in hex */
	int64_t			 bytes;		/* likewise */
	/* Each piece, in order.  False ends the reading. */
	bool			(*each)(struct reader_file *, const void *,
				    size_t);
	void			*arg;		/* the caller's */

	enum reader_verdict	 verdict;	/* what became of it */
	struct errbuf		 err;		/* where it is not READER_OK */
};

/* Open the archive that conf->archive_url names; conf has to outlive it.  NULL
 * with err. */
struct reader *reader_open(const struct conf *, struct errbuf *err);
void	reader_close(struct reader *);		/* NULL is fine */

/* What all locations in the archive begin with, a slash at its end. */
const char *reader_prefix(const struct reader *);

/* Read n files to their ends, some at once where that is quicker.  Each has to
 * have its sha256 and bytes, else it differs. */
void	reader_check(struct reader *, struct reader_file *const *, size_t n);

/* Remove n files, certain to outlive a crash.  READER_MISSING: it was not
 * there. */
void	reader_remove(struct reader *, struct reader_file *const *, size_t n);

/* Is it one and the same file under two locations (a link, a directory that is
 * mounted twice)? */
bool	reader_is_same(struct reader *, const char *location,
	    struct reader *other, const char *other_location);

#endif
