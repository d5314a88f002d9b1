/*
 * The dir driver: outputs in a tree of directories,
 *     PROVIDER/YYYY/MM/DD/TASK/POSITION.EXT
 * A file is written in the root (partial.h), and moved to its place
 * (dir_place.c) when it is whole and on disk (dir_commit.c).
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/pool.h"
#include "archive/dir.h"
#include "archive/file_url.h"

/* NULL: no memory. */
static struct dir_part *
dir_part_new(struct archive *archive, const struct archive_key *key)
{
	struct dir_archive	*a = (struct dir_archive *)archive;
	struct dir_part		*part = calloc(1, sizeof(*part));

	if (part == NULL || !dir_place_init(part, key) ||
	    !partial_init(&part->file, &a->root, key)) {
		free(part);
		return NULL;
	}
	part->base.archive = archive;
	part->dayfd = part->dirfd = -1;
	return part;
}

void
dir_part_free(struct dir_part *part)
{
	partial_end(&part->file, part->moved);
	if (part->dayfd != -1)
		(void)close(part->dayfd);
	if (part->dirfd != -1)
		(void)close(part->dirfd);
	free(part);
}

static struct archive_part *
dir_begin(struct archive *archive, const struct archive_key *key,
    int64_t length, struct errbuf *err)
{
	struct dir_part	*part;

	if (!partial_dir_has_room(&((struct dir_archive *)archive)->root,
	    length, err))
		return NULL;
	if ((part = dir_part_new(archive, key)) == NULL) {
		(void)errbuf_no_memory(err);
		return NULL;
	}
	if (partial_begin(&part->file, length, err))
		return &part->base;
	partial_close(&part->file);
	free(part);
	return NULL;
}

static struct archive_part *
dir_reopen(struct archive *archive, const struct archive_key *key,
    int64_t *bytes, char mark[ARCHIVE_MARK_MAX])
{
	struct dir_part	*part;

	if ((part = dir_part_new(archive, key)) == NULL)
		return NULL;
	if (partial_reopen(&part->file, bytes, mark))
		return &part->base;
	partial_close(&part->file);
	free(part);
	return NULL;
}

static bool
dir_replay(struct archive_part *base, int64_t from, int64_t most,
    void (*each)(void *, const void *, size_t), void *arg, struct errbuf *err)
{
	return partial_replay(&((struct dir_part *)base)->file, from, most,
	    each, arg, err);
}

static bool
dir_write(struct archive_part *base, const void *data, size_t len,
    struct errbuf *err)
{
	return partial_write(&((struct dir_part *)base)->file, data, len, err);
}

static bool
dir_ready(struct archive_part *base, struct errbuf *err)
{
	return partial_ready(&((struct dir_part *)base)->file, err);
}

static bool
dir_mark(struct archive_part *base, const char *mark)
{
	return partial_mark(&((struct dir_part *)base)->file, mark);
}

static void
dir_leave(struct archive_part *base)
{
	partial_leave(&((struct dir_part *)base)->file);
	free(base);
}

static void
dir_abort(struct archive_part *base)
{
	dir_part_free((struct dir_part *)base);
}

int
archive_dir_file(struct archive_part *base, const char *extension,
    char *place, size_t placesz, struct errbuf *err)
{
	struct dir_part	*part = (struct dir_part *)base;

	dir_place(part, extension, place, placesz);
	return partial_spill(&part->file, err) ? part->file.fd : -1;
}

/* More small files would have to go by way of the disk. */
static bool
dir_is_crowded(struct archive *archive)
{
	return partial_dir_is_crowded(&((struct dir_archive *)archive)->root);
}

static long
dir_clean(struct archive *archive, time_t before)
{
	return partial_dir_clean(&((struct dir_archive *)archive)->root,
	    before);
}

static void
dir_close(struct archive *archive)
{
	struct dir_archive	*a = (struct dir_archive *)archive;

	pool_free(a->pool);
	if (a->syncedfd != -1)
		(void)close(a->syncedfd);
	partial_dir_close(&a->root);
	free(a->prefix);
	free(a);
}

static const struct archive_ops dir_ops = {
	.begin	= dir_begin,
	.reopen	= dir_reopen,
	.replay	= dir_replay,
	.write	= dir_write,
	.ready	= dir_ready,
	.commit	= dir_commit,
	.is_crowded = dir_is_crowded,
	.mark	= dir_mark,
	.leave	= dir_leave,
	.abort	= dir_abort,
	.clean	= dir_clean,
	.close	= dir_close,
};

/* NULL: no memory. */
static struct dir_archive *
dir_new(void)
{
	struct dir_archive	*a = calloc(1, sizeof(*a));

	if (a == NULL || (a->pool = pool_new()) == NULL) {
		free(a);
		return NULL;
	}
	a->base.ops = &dir_ops;
	a->syncedfd = a->root.fd = -1;
	return a;
}

/* Open the root that url names.  False with err. */
static bool
dir_open_root(struct dir_archive *a, const char *url, const char *owner,
    struct errbuf *err)
{
	char	*path = file_url_path(url);

	if (path == NULL) {
		errbuf_set(err, "\"%s\" is not file:// and an absolute path",
		    url);
		return false;
	}
	a->prefix = file_url_of(strcmp(path, "/") == 0 ? "" : path);
	if (!partial_dir_open(&a->root, path, owner, err))
		return false;
	return a->prefix != NULL || errbuf_no_memory(err);
}

struct archive *
archive_dir_open(const char *url, const char *owner, struct errbuf *err)
{
	struct dir_archive	*a = dir_new();

	if (a == NULL) {
		(void)errbuf_no_memory(err);
		return NULL;
	}
	if (dir_open_root(a, url, owner, err))
		return &a->base;
	dir_close(&a->base);
	return NULL;
}
