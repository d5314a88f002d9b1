/*
 * What a kind of archive is made of, for the kinds alone: dir.c keeps outputs
 * in a tree of directories, s3.c in an S3-compatible store.
 */
#ifndef GENHOOK_ARCHIVE_DRIVER_H
#define GENHOOK_ARCHIVE_DRIVER_H

#include "archive/archive.h"

/*
 * A kind's functions: each does what archive_NAME() of archive.h says.  ready,
 * hurry and is_crowded may be NULL, where a kind has nothing to do there.  A
 * part's functions are those of its own archive: the S3 driver, whose parts are
 * the dir driver's, has none.
 */
struct archive_ops {
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
	bool	(*ready)(struct archive_part *, struct errbuf *err);
	/* archive_commit_some() */
	void	(*commit)(struct archive *, struct archive_commit *const *,
	    size_t n);
	void	(*hurry)(struct archive *);
	bool	(*is_crowded)(struct archive *);
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

/* What every kind of part begins with: the archive whose ops are called for
 * it. */
struct archive_part {
	struct archive	*archive;
};

/* Open an archive of one kind; as archive_open(). */
struct archive *archive_dir_open(const char *url, const char *owner,
	    struct errbuf *err);
struct archive *archive_s3_open(const struct conf *, const char *owner,
	    struct errbuf *err);

/*
 * For the S3 driver, whose parts are those of an archive_dir_open(), and for
 * no part of another kind: the descriptor of the part's file, which stays the
 * part's, and its place below the root, which is the object's key as well.
 * -1 with err: the part is in memory, and cannot be written to a file.
 */
int	archive_dir_file(struct archive_part *, const char *extension,
	    char *place, size_t placesz, struct errbuf *err);

#endif
