/* The place of a file in the tree, and the directories that lead there. */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/file.h"
#include "archive/dir.h"

struct dir_archive *
dir_of(const struct dir_part *part)
{
	return (struct dir_archive *)part->base.archive;
}

bool
dir_place_init(struct dir_part *part, const struct archive_key *key)
{
	struct tm	tm;

	if (gmtime_r(&key->day, &tm) == NULL)
		return false;
	(void)strftime(part->level[1], ARCHIVE_NAME_MAX, "%Y", &tm);
	(void)strftime(part->level[2], ARCHIVE_NAME_MAX, "%m", &tm);
	(void)strftime(part->level[3], ARCHIVE_NAME_MAX, "%d", &tm);
	(void)snprintf(part->position, sizeof(part->position), "%s",
	    key->position);
	return archive_name(key->provider, part->level[0]) &&
	    archive_name(key->task_id, part->level[4]);
}

void
dir_place(const struct dir_part *part, const char *extension, char *place,
    size_t placesz)
{
	(void)snprintf(place, placesz, "%s/%s/%s/%s/%s/%s.%s",
	    part->level[0], part->level[1], part->level[2], part->level[3],
	    part->level[4], part->position, extension);
}

char *
dir_location(const struct dir_part *part, const char *extension)
{
	const char	*prefix = dir_of(part)->prefix;
	char		 place[DIR_PLACE_MAX], *location;
	size_t		 size;

	dir_place(part, extension, place, sizeof(place));
	size = strlen(prefix) + strlen(place) + 2;
	if ((location = calloc(1, size)) != NULL)
		(void)snprintf(location, size, "%s/%s", prefix, place);
	return location;
}

bool
dir_sync(const struct dir_part *part, int fd, struct errbuf *err)
{
	if (file_sync_dir(fd, dir_of(part)->root.path))
		return true;
	errbuf_set(err, "could not sync a directory of the archive: %s",
	    strerror(errno));
	return false;
}

/* The directory of that name in parent, made where it is missing.  -1 with err
 * also for a symbolic link. */
static int
dir_open_level(int parent, const char *name, struct errbuf *err)
{
	int	fd;

	if (mkdirat(parent, name, ARCHIVE_DIR_MODE) == -1 && errno != EEXIST) {
		errbuf_set(err, "could not make directory \"%s\": %s", name,
		    strerror(errno));
		return -1;
	}
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	if (fd == -1)
		errbuf_set(err, "could not open directory \"%s\": %s", name,
		    strerror(errno));
	return fd;
}

/*
 * Open the directory of the file's day.  Each level is synced into its
 * parent, though another run may have made it: that run may have died before
 * it came to its own sync.
 */
static int
dir_open_day(const struct dir_part *part, struct errbuf *err)
{
	const struct partial_dir	*root = &dir_of(part)->root;
	int				 i, fd, next;
	bool				 ok = true;

	if ((fd = fcntl(root->fd, F_DUPFD_CLOEXEC, 0)) == -1)
		errbuf_set(err, "could not open \"%s\": %s", root->path,
		    strerror(errno));
	for (i = 0; i < DIR_LEVELS - 1 && fd != -1 && ok; i++) {
		next = dir_open_level(fd, part->level[i], err);
		if (next != -1)
			ok = dir_sync(part, fd, err);
		(void)close(fd);
		fd = next;
	}
	if (fd != -1 && !ok) {
		(void)close(fd);
		fd = -1;
	}
	return fd;
}

/* Have the day's directory open in the archive: it may be that of the last
 * file still. */
static bool
dir_have_day(struct dir_archive *a, const struct dir_part *part,
    struct errbuf *err)
{
	if (a->syncedfd != -1 && strcmp(part->day, a->synced) == 0)
		return true;
	if (a->syncedfd != -1)
		(void)close(a->syncedfd);
	if ((a->syncedfd = dir_open_day(part, err)) == -1)
		return false;
	memcpy(a->synced, part->day, sizeof(a->synced));
	return true;
}

bool
dir_place_open(struct dir_part *part, struct errbuf *err)
{
	struct dir_archive	*a = dir_of(part);

	(void)snprintf(part->day, sizeof(part->day), "%s/%s/%s/%s",
	    part->level[0], part->level[1], part->level[2], part->level[3]);
	if (!dir_have_day(a, part, err))
		return false;
	part->dirfd = dir_open_level(a->syncedfd, part->level[DIR_LEVELS - 1],
	    err);
	if (part->dirfd != -1 &&
	    (part->dayfd = fcntl(a->syncedfd, F_DUPFD_CLOEXEC, 0)) != -1)
		return true;
	if (part->dirfd != -1)
		errbuf_set(err, "could not open a directory again: %s",
		    strerror(errno));
	/* It may have been removed under our feet: look anew next time. */
	(void)close(a->syncedfd);
	a->syncedfd = -1;
	return false;
}
