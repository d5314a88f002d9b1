/*
 * Where outputs are kept, as its callers see it: in a tree of directories
 * (archive.url is file://PATH) or in an S3-compatible store (s3://BUCKET/PREFIX).
 * README.md beside this file tells what is on disk at each step of its life.
 *
 * A file is a part (struct archive_part) while it is being written.  Only
 * archive_commit_some() makes it visible, whole and certain to outlive a
 * crash.  One thread at a time may be at a part, except that archive_replay()
 * may run beside archive_write() as it says.
 */
#ifndef GENHOOK_ARCHIVE_H
#define GENHOOK_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "lib/errbuf.h"
#include "lib/workq.h"
#include "common/conf.h"

#define ARCHIVE_MARK_MAX	128	/* bytes of a mark, with the NUL */
#define ARCHIVE_SMALL	((int64_t)1024 * 1024)	/* may not be on disk */
#define ARCHIVE_STALE_S		(36 * 3600)	/* age of a dead run's parts */
#define ARCHIVE_WHOLE		"whole:"	/* a mark: the part is a whole
						   file; its SHA-256 follows */

struct archive;
struct archive_part;

/* Which output a file is of.  The same key always gives the same place. */
struct archive_key {
	const char	*provider;
	const char	*task_id;
	const char	*position;
	time_t		 day;		/* any moment of the UTC day it is under */
};

/*
 * Open the archive that conf->archive_url names; conf has to outlive it.
 * owner marks the parts of this run and is unlike that of any other.  NULL
 * with err when it is of no known kind or cannot be used.
 */
struct archive *archive_open(const struct conf *, const char *owner,
	    struct errbuf *err);
void	archive_close(struct archive *);	/* NULL is fine */

/*
 * Begin a file; key is copied.  length: bytes of the whole file if known,
 * else -1.  NULL with err: there is no room, no right, or no memory.
 */
struct archive_part *archive_begin(struct archive *,
	    const struct archive_key *, int64_t length, struct errbuf *err);

/*
 * What an earlier attempt, of this run or another, left of a file, if it can
 * be trusted: its size, and the mark that it was left with.  NULL: nothing.
 */
struct archive_part *archive_reopen(struct archive *,
	    const struct archive_key *, int64_t *bytes,
	    char mark[ARCHIVE_MARK_MAX]);

/* Pass what is in a part, from that byte on and no more than most bytes, to
 * each(), a piece at a time.  May run beside archive_write() on another thread
 * where a file was begun with more than ARCHIVE_SMALL bytes. */
bool	archive_replay(struct archive_part *, int64_t from, int64_t most,
	    void (*each)(void *arg, const void *, size_t), void *arg,
	    struct errbuf *err);

/* Append.  After false the part can only be aborted. */
bool	archive_write(struct archive_part *, const void *, size_t,
	    struct errbuf *err);

/* A whole file that is to become visible. */
struct archive_commit {
	struct archive_part	*part;
	const char		*extension;
	const char		*content_type;
	const char		*sha256;	/* in lower-case hex */
	/* NULL, or what the finisher has to do first, on any thread.  False with
	 * err: it is no file to keep. */
	bool			(*prepare)(struct archive_commit *);

	/* What became of it. */
	bool			 done;
	bool			 ok;
	bool			 kept;		/* not ok, but archive_reopen()
						   will have the whole file */
	bool			 cut;		/* not ok, for want of time */
	char			*location;	/* its URL, the caller's to free */
	struct errbuf		 err;		/* where it is not ok */

	struct workq_link	 link;		/* the finisher's own */
	void			*arg;		/* the caller's own */
	void			*work;		/* the archive's own */
};

/* The part is whole and will be committed: a chance to begin with what takes
 * long.  False with err: the part can only be aborted.  From any thread. */
bool	archive_ready(struct archive *, struct archive_part *,
	    struct errbuf *err);

/*
 * Go on making n files visible and certain to outlive a crash, until some are
 * done, or for some tenths of a second; to be called again with those that
 * are not.  An older file of the same key is replaced.  Frees the parts of
 * those done in any case; where it is neither ok nor kept nothing of a part
 * is left, or, when only the last sync failed, the whole file.  May run on
 * another thread than the rest (the finisher's committer calls it), but on one
 * at a time.
 */
void	archive_commit_some(struct archive *, struct archive_commit *const *,
	    size_t n);

/* The run's time is up: what is not done in a moment is cut.  From any
 * thread. */
void	archive_hurry(struct archive *);

/* Would another file cost more now than once those that are to be committed
 * are?  From any thread. */
bool	archive_is_crowded(struct archive *);

/* Commit one file, waiting for its end: true with c->location, or false with
 * c->err. */
bool	archive_commit(struct archive *, struct archive_commit *c);

/* Give a part up: nothing of it is left. */
void	archive_abort(struct archive_part *);	/* NULL is fine */

/*
 * Note with a part, should nobody come to do more for it, that what is in it
 * is the beginning of what mark names.  False: it could not be noted.
 */
bool	archive_mark(struct archive_part *, const char *mark);
/* The SHA-256, in hex, of a mark that begins with ARCHIVE_WHOLE; or NULL. */
const char *archive_whole(const char *mark);
/* Leave a part for archive_reopen(), which trusts it as it was marked. */
void	archive_leave(struct archive_part *);	/* NULL is fine */

/* Remove parts that were last written before then, and uploads that were begun
 * before then; returns how many.  Not while another thread commits. */
long	archive_clean(struct archive *, time_t before);

#endif
