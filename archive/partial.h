/*
 * Files while they are being written, in one directory: each is .part-DIGEST,
 * where the digest is of its key, until it is moved to its place; a small one
 * stays in memory until it is whole.  Who writes it holds a lock on it.  A part
 * that was left half done has a .part-DIGEST.from beside it, which says since
 * which boot, and of what, it is the beginning: after a crash of the machine
 * nobody knows which bytes came to the disk.
 *
 * One thread at a time may be at a part; file_part_replay() alone may run
 * beside file_part_write(), as archive_replay() has it.
 */
#ifndef GENHOOK_FILE_PART_H
#define GENHOOK_FILE_PART_H

#include <sys/types.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "lib/errbuf.h"
#include "archive/archive.h"

#define PART_DIR_MODE	0750	/* of directories that are made */
#define PART_BOOT_MAX	40

struct bufpool;

/* The directory, for the parts of one run. */
struct part_dir {
	char		*path;		/* absolute, no slash at the end */
	int		 fd;
	char		 owner[ARCHIVE_NAME_MAX];
	atomic_ulong	 nspares;	/* parts that are not the usual file */
	char		 boot[PART_BOOT_MAX];	/* "": not known */
	struct bufpool	*bufpool;		/* for small files */
};

struct file_part {
	struct part_dir	*dir;
	int		 fd;		/* -1: all of it is held */
	char		*held;		/* in memory, or NULL */
	size_t		 nheld;
	bool		 noted;		/* there may be a note */
	bool		 spare;		/* not the usual file */
	off_t		 written;	/* bytes, by this run */
	off_t		 pushed;	/* of these, to the disk */
	char		 name[240];	/* in the directory */
};

/*
 * Open a directory, making it where only itself is missing.  path is taken
 * over; owner is a name that marks the parts of this run.  False with err: it
 * cannot be used, and has to be closed all the same.
 */
bool	part_dir_open(struct part_dir *, char *path, const char *owner,
	    struct errbuf *err);
void	part_dir_close(struct part_dir *);

/* Is there room for that many bytes, and something left for all the rest?
 * False with err. */
bool	part_dir_has_room(struct part_dir *, int64_t bytes,
	    struct errbuf *err);

/* Have the small files all the memory that there is for them? */
bool	part_dir_is_crowded(struct part_dir *);

/* Remove parts that were last written before then; returns how many. */
long	part_dir_clean(struct part_dir *, time_t before);

/* A part that has no file yet; key is not kept.  False: no memory. */
bool	file_part_init(struct file_part *, struct part_dir *,
	    const struct archive_key *key);

/* Begin it, empty.  length: of the whole file if known, else -1.  False with
 * err: it has to be closed. */
bool	file_part_begin(struct file_part *, int64_t length,
	    struct errbuf *err);

/* As archive_reopen().  False: nothing is left, and it has to be closed. */
bool	file_part_reopen(struct file_part *, int64_t *bytes,
	    char mark[ARCHIVE_MARK_MAX]);

/* As archive_replay() and archive_write(). */
bool	file_part_replay(struct file_part *, int64_t from, int64_t most,
	    void (*each)(void *, const void *, size_t), void *arg,
	    struct errbuf *err);
bool	file_part_write(struct file_part *, const void *, size_t,
	    struct errbuf *err);

/* What is held in memory goes to the file; so there is one. */
bool	file_part_spill(struct file_part *, struct errbuf *err);

/* The disk is to begin with what came: a hint, so that a sync finds little
 * left to do. */
bool	file_part_ready(struct file_part *, struct errbuf *err);

/* The bytes are on disk.  The file stays open: its lock is what keeps others
 * from it until it is in its place. */
bool	file_part_sync(struct file_part *, struct errbuf *err);

/* As archive_mark(). */
bool	file_part_mark(struct file_part *, const char *mark);

/* Let go of it: of its file too, unless that is in its place. */
void	file_part_end(struct file_part *, bool in_place);
/* Let go of it; its file stays for file_part_reopen(). */
void	file_part_leave(struct file_part *);
/* Let go of one that did not begin. */
void	file_part_close(struct file_part *);

#endif
