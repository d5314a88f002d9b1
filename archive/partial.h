/*
 * A file while it is being written: .part-DIGEST in a directory, where the
 * digest is of its key, until it is moved to its place.  A small one stays in
 * memory until it is whole.  Who writes the file holds a lock on it (flock(2)).
 * A file that was left half done has a note .part-DIGEST.from beside it, which
 * says since which boot, and of what, it is the beginning: after a crash of
 * the machine nobody knows which bytes came to the disk.
 *
 * One thread at a time may be at one; partial_replay() alone may run beside
 * partial_write(), as archive_replay() has it.
 */
#ifndef GENHOOK_PARTIAL_H
#define GENHOOK_PARTIAL_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/errbuf.h"
#include "archive/archive.h"
#include "archive/partial_dir.h"

#define PARTIAL_FILE_MODE	0640	/* of files that are made */

struct partial {
	struct partial_dir	*dir;
	int			 fd;		/* -1: all of it is held */
	char			*held;		/* in memory, or NULL */
	size_t			 nheld;
	bool			 noted;		/* there may be a note */
	bool			 spare;		/* .part-DIGEST-OWNER-N, for
						   another run has the usual */
	off_t			 written;	/* bytes, by this run */
	off_t			 pushed;	/* of these, to the disk */
	char			 name[240];	/* in the directory */
};

/* One that has no file yet; key is not kept.  False: no memory. */
bool	partial_init(struct partial *, struct partial_dir *,
	    const struct archive_key *key);

/* Begin it, empty.  length: of the whole file if known, else -1.  False with
 * err: it has to be closed. */
bool	partial_begin(struct partial *, int64_t length, struct errbuf *err);

/* As archive_reopen().  False: nothing is left, and it has to be closed. */
bool	partial_reopen(struct partial *, int64_t *bytes,
	    char mark[ARCHIVE_MARK_MAX]);

/* As archive_replay() and archive_write(). */
bool	partial_replay(const struct partial *, int64_t from, int64_t most,
	    void (*each)(void *, const void *, size_t), void *arg,
	    struct errbuf *err);
bool	partial_write(struct partial *, const void *, size_t,
	    struct errbuf *err);

/* Write what is held in memory to the file; so there is one.  False with
 * err. */
bool	partial_spill(struct partial *, struct errbuf *err);

/* Let the disk begin with what came: a hint, so that a sync finds little left
 * to do.  False with err, where what was held could not be written. */
bool	partial_ready(struct partial *, struct errbuf *err);

/* Wait until its bytes are on disk.  The file stays open: its lock is what
 * keeps others from it until it is in its place.  False with err. */
bool	partial_sync(struct partial *, struct errbuf *err);

/* As archive_mark(). */
bool	partial_mark(struct partial *, const char *mark);

/* Let go of it: of its file too, unless that is in its place. */
void	partial_end(struct partial *, bool in_place);
/* Let go of it; its file stays for partial_reopen(). */
void	partial_leave(struct partial *);
/* Let go of one that did not begin. */
void	partial_close(struct partial *);

#endif
