/* Where outputs are kept: one interface, one file for each kind of place. */
#ifndef GENHOOK_ARCHIVE_H
#define GENHOOK_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "lib/errbuf.h"
#include "lib/workq.h"
#include "common/conf.h"

#define ARCHIVE_NAME_MAX	101	/* with the NUL */
#define ARCHIVE_MARK_MAX	128	/* with the NUL */
#define ARCHIVE_SMALL	((int64_t)1024 * 1024)	/* may not be on disk */
#define ARCHIVE_STALE_S		(36 * 3600)	/* age of a dead run's parts */
#define ARCHIVE_WHOLE		"whole:"	/* a mark: the part is a whole
						   file; its SHA-256 follows */

/* Which output a file is of.  The same key always gives the same place. */
struct archive_key {
	const char	*provider;
	const char	*task_id;
	const char	*position;
	time_t		 day;		/* any moment of the UTC day it is under */
};

struct archive;
struct archive_commit;

/* A file that is being written; it becomes visible by commit alone. */
struct archive_part {
	struct archive	*archive;
};

struct archive_ops {
	/* length: of the whole file if known, else -1. */
	struct archive_part *(*begin)(struct archive *,
	    const struct archive_key *, int64_t length, struct errbuf *err);
	struct archive_part *(*reopen)(struct archive *,
	    const struct archive_key *, int64_t *bytes,
	    char mark[ARCHIVE_MARK_MAX]);
	bool	(*replay)(struct archive_part *, int64_t from, int64_t most,
	    void (*each)(void *, const void *, size_t), void *arg,
	    struct errbuf *err);
	bool	(*write)(struct archive_part *, const void *, size_t,
	    struct errbuf *err);
	/* NULL: there is nothing to do. */
	bool	(*ready)(struct archive_part *, struct errbuf *err);
	/* Go on with all that are not done.  Waits for something to happen,
	 * but not for long. */
	void	(*commit)(struct archive *, struct archive_commit *const *,
	    size_t n);
	void	(*hurry)(struct archive *);	/* NULL: there is no need */
	bool	(*is_crowded)(struct archive *);	/* NULL: it never is */
	bool	(*mark)(struct archive_part *, const char *mark);
	void	(*leave)(struct archive_part *);
	void	(*abort)(struct archive_part *);
	long	(*clean)(struct archive *, time_t before);
	void	(*close)(struct archive *);
};

/* What every kind of archive begins with. */
struct archive {
	const struct archive_ops	*ops;
};

/*
 * Open the archive that conf->archive_url names.  owner marks the parts of
 * this run and is unlike that of any other.  NULL with err when it is of no
 * known kind or cannot be used.
 */
struct archive *archive_open(const struct conf *, const char *owner,
	    struct errbuf *err);
void	archive_close(struct archive *);	/* NULL is fine */

/* Begin a file.  key is copied.  NULL with err: no room, or no right. */
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
 * each(), a piece at a time.  May run beside archive_write() where a file was
 * begun with more than ARCHIVE_SMALL bytes. */
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
	void			*arg;
	void			*work;		/* the archive's own */
};

/* All of it is there and will be committed: a chance to begin with what takes
 * long.  False with err: the part can only be aborted.  From any thread. */
bool	archive_ready(struct archive *, struct archive_part *,
	    struct errbuf *err);

/*
 * Go on making n files visible and certain to outlive a crash, until some are
 * done, or for some tenths of a second; to be called again with those that
 * are not.  An older file of the same key is replaced.  Frees the parts of
 * those done in any case; where it is neither ok nor kept nothing of a part
 * is left, or, when only the last sync failed, the whole file.  May run on
 * another thread than the rest, but once at a time.
 */
void	archive_commit_some(struct archive *, struct archive_commit *const *,
	    size_t n);

/* The run's time is up: what is not done in a moment is cut.  From any
 * thread. */
void	archive_hurry(struct archive *);

/* Would another file cost more now than once those that are to be committed
 * are? */
bool	archive_is_crowded(struct archive *);

/* One file, to its end: true with *location, or false with err. */
bool	archive_commit(struct archive *, struct archive_commit *);
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

/* Remove parts that were last written before then; returns how many. */
long	archive_clean(struct archive *, time_t before);

/*
 * A name for id that is safe as one part of a path or object key: itself
 * when it has only letters, digits, '.', '_' and '-', begins with a letter
 * or digit and is short enough; otherwise one that begins with '_'.
 * No two ids share a name.  False: no memory.
 */
bool	archive_name(const char *id, char name[ARCHIVE_NAME_MAX]);

/* The kinds. */
struct archive *archive_file_open(const char *url, const char *owner,
	    struct errbuf *err);
struct archive *archive_s3_open(const struct conf *, const char *owner,
	    struct errbuf *err);

/*
 * For an archive that has its parts in one of files: the descriptor of a
 * part, and its place below the root, which is an object's key as well.  -1
 * with err: it has no file, and none can be made.
 */
int	archive_file_look(struct archive_part *, const char *extension,
	    char *place, size_t placesz, struct errbuf *err);

#endif
