/*
 * Outputs in a tree of directories:
 *     PROVIDER/YYYY/MM/DD/TASK/POSITION.EXT
 * A file is written as a part in the root (file_part.h) and moved to its place
 * when it is whole and on disk.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/hex.h"
#include "lib/pool.h"
#include "archive/archive.h"
#include "archive/partial.h"

#define LEVELS		5
#define PLACE_MAX	(LEVELS * ARCHIVE_NAME_MAX + 64)

struct file_archive {
	struct archive	 base;
	struct part_dir	 root;
	char		*prefix;	/* the root as a URL */
	struct pool	*pool;		/* to wait for the disk */
	char		 synced[512];	/* the day last known to be on disk */
	int		 syncedfd;	/* its directory, or -1 */
};

/* A file, and the place that it goes to. */
struct tree_part {
	struct archive_part	 base;
	struct file_part	 file;
	bool			 moved;		/* it is in its place */
	int			 dayfd, dirfd;	/* the directories above it */
	char			 day[512];	/* the former's path */
	char			 level[LEVELS][ARCHIVE_NAME_MAX];
	char			 position[16];
};

static struct file_archive *
archive_of(const struct tree_part *part)
{
	return (struct file_archive *)part->base.archive;
}

/*
 * The path of a file URL with no host or with "localhost" (RFC 8089), its
 * escapes undone.  NULL: not such a URL.
 */
static char *
path_of_url(const char *url)
{
	const char	*p = url + strlen("file://"), *escape;
	struct buf	 path;

	if (strncmp(p, "localhost/", 10) == 0)
		p += 9;
	if (*p != '/')
		return NULL;
	/* A lone '%', or a NUL behind one, is nobody's folder. */
	for (escape = strchr(p, '%'); escape != NULL;
	    escape = strchr(escape + 1, '%'))
		if (hex_read(escape + 1, 2) <= 0)
			return NULL;
	buf_init(&path, SIZE_MAX);
	buf_percent_decoded(&path, p, strlen(p));
	while (buf_ok(&path) && path.len > 1 && path.data[path.len - 1] == '/')
		buf_cut(&path, path.len - 1);
	return buf_take(&path);
}

/* file:// and the path, escaped where RFC 3986 wants it. */
static char *
url_of_path(const char *path)
{
	struct buf	url;

	buf_init(&url, SIZE_MAX);
	buf_text(&url, "file://");
	buf_percent(&url, path, "/");
	return buf_take(&url);
}

static bool
set_levels(struct tree_part *part, const struct archive_key *key)
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

/* NULL: no memory. */
static struct tree_part *
part_new(struct archive *archive, const struct archive_key *key)
{
	struct file_archive	*a = (struct file_archive *)archive;
	struct tree_part	*part = calloc(1, sizeof(*part));

	if (part == NULL || !set_levels(part, key) ||
	    !file_part_init(&part->file, &a->root, key)) {
		free(part);
		return NULL;
	}
	part->base.archive = archive;
	part->dayfd = part->dirfd = -1;
	return part;
}

static struct archive_part *
file_begin(struct archive *archive, const struct archive_key *key,
    int64_t length, struct errbuf *err)
{
	struct tree_part	*part;

	if (!part_dir_has_room(&((struct file_archive *)archive)->root, length,
	    err))
		return NULL;
	if ((part = part_new(archive, key)) == NULL) {
		(void)errbuf_no_memory(err);
		return NULL;
	}
	if (file_part_begin(&part->file, length, err))
		return &part->base;
	file_part_close(&part->file);
	free(part);
	return NULL;
}

static struct archive_part *
file_reopen(struct archive *archive, const struct archive_key *key,
    int64_t *bytes, char mark[ARCHIVE_MARK_MAX])
{
	struct tree_part	*part;

	if ((part = part_new(archive, key)) == NULL)
		return NULL;
	if (file_part_reopen(&part->file, bytes, mark))
		return &part->base;
	file_part_close(&part->file);
	free(part);
	return NULL;
}

static bool
file_replay(struct archive_part *base, int64_t from, int64_t most,
    void (*each)(void *, const void *, size_t), void *arg, struct errbuf *err)
{
	return file_part_replay(&((struct tree_part *)base)->file, from, most,
	    each, arg, err);
}

static bool
file_write(struct archive_part *base, const void *data, size_t len,
    struct errbuf *err)
{
	return file_part_write(&((struct tree_part *)base)->file, data, len,
	    err);
}

static bool
file_ready(struct archive_part *base, struct errbuf *err)
{
	return file_part_ready(&((struct tree_part *)base)->file, err);
}

static bool
file_mark(struct archive_part *base, const char *mark)
{
	return file_part_mark(&((struct tree_part *)base)->file, mark);
}

static void
file_leave(struct archive_part *base)
{
	file_part_leave(&((struct tree_part *)base)->file);
	free(base);
}

/* In its place, or gone. */
static void
part_free(struct tree_part *part)
{
	file_part_end(&part->file, part->moved);
	if (part->dayfd != -1)
		(void)close(part->dayfd);
	if (part->dirfd != -1)
		(void)close(part->dirfd);
	free(part);
}

static void
file_abort(struct archive_part *base)
{
	part_free((struct tree_part *)base);
}

/*
 * The directory of that name in parent, made where it is missing.  -1 also
 * for a symbolic link.
 */
static int
open_level(int parent, const char *name, struct errbuf *err)
{
	int	fd;

	if (mkdirat(parent, name, PART_DIR_MODE) == -1 && errno != EEXIST) {
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

static bool
sync_directory(int fd, struct errbuf *err)
{
	if (fsync(fd) == 0)
		return true;
	errbuf_set(err, "could not sync a directory of the archive: %s",
	    strerror(errno));
	return false;
}

/*
 * Open the directory of the file's day.  Each level is synced into its
 * parent, though somebody else may have made it: that run may have died
 * before it came to its own sync.
 */
static int
open_day(struct tree_part *part, struct errbuf *err)
{
	int	i, fd, next;
	bool	ok = true;

	if ((fd = fcntl(archive_of(part)->root.fd, F_DUPFD_CLOEXEC, 0)) == -1)
		errbuf_set(err, "could not open \"%s\": %s",
		    archive_of(part)->root.path, strerror(errno));
	for (i = 0; i < LEVELS - 1 && fd != -1 && ok; i++) {
		next = open_level(fd, part->level[i], err);
		if (next != -1)
			ok = sync_directory(fd, err);
		(void)close(fd);
		fd = next;
	}
	if (fd != -1 && !ok) {
		(void)close(fd);
		fd = -1;
	}
	return fd;
}

/* Open the two directories above the file, whose own sync is left to the
 * caller.  The day that the last file had is still at hand. */
static bool
open_levels(struct tree_part *part, struct errbuf *err)
{
	struct file_archive	*a = archive_of(part);

	(void)snprintf(part->day, sizeof(part->day), "%s/%s/%s/%s",
	    part->level[0], part->level[1], part->level[2], part->level[3]);
	if (a->syncedfd == -1 || strcmp(part->day, a->synced) != 0) {
		if (a->syncedfd != -1)
			(void)close(a->syncedfd);
		if ((a->syncedfd = open_day(part, err)) == -1)
			return false;
		memcpy(a->synced, part->day, sizeof(a->synced));
	}
	part->dirfd = open_level(a->syncedfd, part->level[LEVELS - 1], err);
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

static void
place_of(const struct tree_part *part, const char *extension, char *place,
    size_t placesz)
{
	(void)snprintf(place, placesz, "%s/%s/%s/%s/%s/%s.%s",
	    part->level[0], part->level[1], part->level[2], part->level[3],
	    part->level[4], part->position, extension);
}

int
archive_file_look(struct archive_part *base, const char *extension,
    char *place, size_t placesz, struct errbuf *err)
{
	struct tree_part	*part = (struct tree_part *)base;

	place_of(part, extension, place, placesz);
	return file_part_spill(&part->file, err) ? part->file.fd : -1;
}

static char *
location_of(const struct tree_part *part, const char *extension)
{
	const char	*prefix = archive_of(part)->prefix;
	char		 place[PLACE_MAX], *location = NULL;
	size_t		 size;

	place_of(part, extension, place, sizeof(place));
	size = strlen(prefix) + strlen(place) + 2;
	if ((location = calloc(1, size)) != NULL)
		(void)snprintf(location, size, "%s/%s", prefix, place);
	return location;
}

static bool
move_file(struct archive_commit *c)
{
	struct tree_part	*part = (struct tree_part *)c->part;
	char			 file[32];

	(void)snprintf(file, sizeof(file), "%s.%s", part->position,
	    c->extension);
	if ((c->location = location_of(part, c->extension)) == NULL)
		return errbuf_no_memory(&c->err);
	if (!open_levels(part, &c->err))
		return false;
	part->moved = renameat(archive_of(part)->root.fd, part->file.name,
	    part->dirfd, file) == 0;
	if (!part->moved)
		errbuf_set(&c->err, "could not move a file to \"%s\": %s",
		    c->location, strerror(errno));
	return part->moved;
}

struct commits {
	struct archive_commit	*const *list;
};

/* A file that is not in its place yet needs its bytes on disk; one that is,
 * its name, which until then may still be lost. */
static void
sync_one(void *arg, size_t i)
{
	struct archive_commit	*c = ((struct commits *)arg)->list[i];
	struct tree_part	*part = (struct tree_part *)c->part;

	c->ok = part->moved ? sync_directory(part->dirfd, &c->err) :
	    file_part_sync(&part->file, &c->err);
}

/* The directory's own name; once for all files of a day. */
static bool
settle_day(struct archive_commit *const *list, size_t i)
{
	struct tree_part	*part = (struct tree_part *)list[i]->part, *p;
	size_t			 j;

	for (j = 0; j < i; j++) {
		p = (struct tree_part *)list[j]->part;
		if (p->moved && list[j]->ok && strcmp(p->day, part->day) == 0)
			return true;	/* after this one was moved, too */
	}
	return sync_directory(part->dayfd, &list[i]->err);
}

static void
file_finish(struct archive_commit *c)
{
	struct tree_part	*part = (struct tree_part *)c->part;

	if (!c->ok) {
		free(c->location);
		c->location = NULL;
	}
	part_free(part);
	c->part = NULL;
	c->done = true;
}

/*
 * A file comes here twice: first its bytes go to disk and it is moved to its
 * place, then its name does.  Files of both kinds are synced at once, on many
 * threads: the disk has less to do for many together.
 */
static void
file_commit(struct archive *archive, struct archive_commit *const *list,
    size_t n)
{
	struct commits		 all = { list };
	struct tree_part	*part;
	size_t			 i;

	pool_each(((struct file_archive *)archive)->pool, n, sync_one, &all);
	for (i = 0; i < n; i++) {
		part = (struct tree_part *)list[i]->part;
		if (part->moved)
			list[i]->ok = list[i]->ok && settle_day(list, i);
	}
	for (i = 0; i < n; i++) {
		part = (struct tree_part *)list[i]->part;
		if (part->moved || !list[i]->ok || !move_file(list[i])) {
			list[i]->ok = list[i]->ok && part->moved;
			file_finish(list[i]);
		}
	}
}

/* More small files would have to go by way of the disk. */
static bool
file_is_crowded(struct archive *archive)
{
	return part_dir_is_crowded(&((struct file_archive *)archive)->root);
}

static long
file_clean(struct archive *archive, time_t before)
{
	return part_dir_clean(&((struct file_archive *)archive)->root, before);
}

static void
file_close(struct archive *archive)
{
	struct file_archive	*a = (struct file_archive *)archive;

	pool_free(a->pool);
	if (a->syncedfd != -1)
		(void)close(a->syncedfd);
	part_dir_close(&a->root);
	free(a->prefix);
	free(a);
}

static const struct archive_ops file_ops = {
	.begin	= file_begin,
	.reopen	= file_reopen,
	.replay	= file_replay,
	.write	= file_write,
	.ready	= file_ready,
	.commit	= file_commit,
	.is_crowded = file_is_crowded,
	.mark	= file_mark,
	.leave	= file_leave,
	.abort	= file_abort,
	.clean	= file_clean,
	.close	= file_close,
};

struct archive *
archive_file_open(const char *url, const char *owner, struct errbuf *err)
{
	struct file_archive	*a;
	char			*path;

	if ((a = calloc(1, sizeof(*a))) == NULL ||
	    (a->pool = pool_new()) == NULL) {
		(void)errbuf_no_memory(err);
		free(a);
		return NULL;
	}
	a->base.ops = &file_ops;
	a->syncedfd = a->root.fd = -1;
	if ((path = path_of_url(url)) == NULL) {
		errbuf_set(err, "\"%s\" is not file:// and an absolute path",
		    url);
		goto fail;
	}
	a->prefix = url_of_path(strcmp(path, "/") == 0 ? "" : path);
	if (!part_dir_open(&a->root, path, owner, err))
		goto fail;
	if (a->prefix != NULL)
		return &a->base;
	(void)errbuf_no_memory(err);
fail:
	file_close(&a->base);
	return NULL;
}
