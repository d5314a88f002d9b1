/* What the files of the dir driver share: dir.c, dir_place.c and dir_commit.c
 * alone include this. */
#ifndef GENHOOK_DIR_H
#define GENHOOK_DIR_H

#include "archive/archive_driver.h"
#include "archive/name.h"
#include "archive/partial.h"

#define DIR_LEVELS	5	/* PROVIDER, YYYY, MM, DD, TASK */
#define DIR_PLACE_MAX	(DIR_LEVELS * ARCHIVE_NAME_MAX + 64)

struct dir_archive {
	struct archive		 base;
	struct partial_dir	 root;
	char			*prefix;	/* the root as a URL */
	struct pool		*pool;		/* to wait for the disk */

	/* The thread that commits alone has these. */
	char			 synced[512];	/* the day that is known to be
						   on disk, or "" */
	int			 syncedfd;	/* its directory, or -1 */
};

/* A file, and the place that it goes to. */
struct dir_part {
	struct archive_part	 base;
	struct partial		 file;
	bool			 moved;		/* it is in its place */
	int			 dayfd, dirfd;	/* the directories above it;
						   -1: not open yet */
	char			 day[512];	/* the former's path */
	char			 level[DIR_LEVELS][ARCHIVE_NAME_MAX];
	char			 position[16];
};

/* The archive that a part is of. */
struct dir_archive *dir_of(const struct dir_part *);

/* Set where the file of that key goes.  False: no memory. */
bool	dir_place_init(struct dir_part *, const struct archive_key *key);

/* Write its path below the root: PROVIDER/YYYY/MM/DD/TASK/POSITION.EXT */
void	dir_place(const struct dir_part *, const char *extension, char *place,
	    size_t placesz);

/* The same as a URL, which the caller frees.  NULL: no memory. */
char	*dir_location(const struct dir_part *, const char *extension);

/*
 * Open dirfd and dayfd, making what is missing.  What lies above the day is on
 * disk then; the day and what is below have yet to be synced.  False with err.
 */
bool	dir_place_open(struct dir_part *, struct errbuf *err);

/* Wait until the names in a directory of the tree are on disk, as far as its
 * file system can do that.  False with err. */
bool	dir_sync(const struct dir_part *, int fd, struct errbuf *err);

/* Let go of a part and of its file, unless that is in its place. */
void	dir_part_free(struct dir_part *);

/* The driver's commit. */
void	dir_commit(struct archive *, struct archive_commit *const *, size_t n);

#endif
