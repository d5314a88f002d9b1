/*
 * How files of the tree become visible.  A file comes to dir_commit() twice:
 * the first time its bytes are synced and it is moved to its place, the second
 * time its name is synced.  README.md says what a crash leaves in between.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/pool.h"
#include "archive/dir.h"

static struct dir_part *
dir_part_of(const struct archive_commit *c)
{
	return (struct dir_part *)c->part;
}

static bool
dir_move(struct archive_commit *c)
{
	struct dir_part	*part = dir_part_of(c);
	char		 file[32];

	(void)snprintf(file, sizeof(file), "%s.%s", part->position,
	    c->extension);
	if ((c->location = dir_location(part, c->extension)) == NULL)
		return errbuf_no_memory(&c->err);
	if (!dir_place_open(part, &c->err))
		return false;
	part->moved = renameat(dir_of(part)->root.fd, part->file.name,
	    part->dirfd, file) == 0;
	if (!part->moved)
		errbuf_set(&c->err, "could not move a file to \"%s\": %s",
		    c->location, strerror(errno));
	return part->moved;
}

struct dir_commits {
	struct archive_commit	*const *list;
};

/* On any of the pool's threads.  A file that is not in its place yet needs its
 * bytes on disk; one that is, its name, which until then may still be lost. */
static void
dir_sync_one(void *arg, size_t i)
{
	struct archive_commit	*c = ((struct dir_commits *)arg)->list[i];
	struct dir_part		*part = dir_part_of(c);

	c->ok = part->moved ? dir_sync(part, part->dirfd, &c->err) :
	    partial_sync(&part->file, &c->err);
}

/* The name of the file's own directory, in the day's; once for all files of a
 * day.  All were moved before any of them is synced here. */
static bool
dir_sync_day(struct archive_commit *const *list, size_t i)
{
	struct dir_part	*part = dir_part_of(list[i]), *other;
	size_t		 j;

	for (j = 0; j < i; j++) {
		other = dir_part_of(list[j]);
		if (other->moved && list[j]->ok &&
		    strcmp(other->day, part->day) == 0)
			return true;
	}
	return dir_sync(part, part->dayfd, &list[i]->err);
}

static void
dir_finish(struct archive_commit *c)
{
	if (!c->ok) {
		free(c->location);
		c->location = NULL;
	}
	dir_part_free(dir_part_of(c));
	c->part = NULL;
	c->done = true;
}

/* On the thread that commits.  Files of both kinds are synced at once, on many
 * threads: the disk has less to do for many together. */
void
dir_commit(struct archive *archive, struct archive_commit *const *list,
    size_t n)
{
	struct dir_commits	 all = { list };
	struct dir_part		*part;
	size_t			 i;

	pool_each(((struct dir_archive *)archive)->pool, n, dir_sync_one, &all);
	for (i = 0; i < n; i++)
		if (dir_part_of(list[i])->moved)
			list[i]->ok = list[i]->ok && dir_sync_day(list, i);
	for (i = 0; i < n; i++) {
		part = dir_part_of(list[i]);
		if (part->moved || !list[i]->ok || !dir_move(list[i])) {
			list[i]->ok = list[i]->ok && part->moved;
			dir_finish(list[i]);
		}
	}
}
