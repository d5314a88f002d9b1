/*
 * Outputs in a tree of directories:
 *     PROVIDER/YYYY/MM/DD/TASK/POSITION.EXT
 * A file is written as .part-DIGEST in the root, where the digest is of its
 * key, and moved to its place when it is whole and on disk; a small one stays
 * in memory until it is whole.  Who writes it holds a lock on it.  A part that
 * was left half done has a .part-DIGEST.from beside it, which says since which
 * boot, and of what, it is the beginning: after a crash of the machine nobody
 * knows which bytes came to the disk.
 */
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive.h"
#include "crew.h"
#include "crypto.h"
#include "hold.h"

#define PART_PREFIX	".part-"
#define NOTE_SUFFIX	".from"
#define NOTE_MAX	(BOOT_MAX + ARCHIVE_MARK_MAX + 2)
#define BOOT_MAX	40
#define BOOT_FILE	"/proc/sys/kernel/random/boot_id"
#define REPLAY_BYTES	((size_t)64 * 1024)
#define DIGEST_LETTERS	32
#define PUSH_BYTES	((off_t)8 * 1024 * 1024)
#define DIR_MODE	0750
#define FILE_MODE	0640
#define LEVELS		5
#define PLACE_MAX	(LEVELS * ARCHIVE_NAME_MAX + 64)
#define KEEP_FREE_BYTES	(INT64_C(64) * 1024 * 1024)

struct file_archive {
	struct archive	 base;
	char		*root;		/* absolute path, no slash at the end */
	char		*prefix;	/* the root as a URL */
	int		 rootfd;
	char		 owner[ARCHIVE_NAME_MAX];
	unsigned long	 nparts;
	char		 boot[BOOT_MAX];	/* "": not known */
	struct crew	*crew;		/* to wait for the disk */
	struct hold	*hold;		/* for small files */
	char		 synced[512];	/* the day last known to be on disk */
	int		 syncedfd;	/* its directory, or -1 */
};

struct file_part {
	struct archive_part	 base;
	int			 fd;		/* -1: all of it is held */
	char			*held;		/* in memory, or NULL */
	size_t			 nheld;
	bool			 noted;		/* there may be a note */
	bool			 spare;		/* not the usual file */
	bool			 moved;		/* it is in its place */
	off_t			 written;	/* by this run */
	off_t			 pushed;	/* of these, to the disk */
	int			 dayfd, dirfd;	/* the directories above it */
	char			 day[512];	/* the former's path */
	char			 name[240];	/* in the root */
	char			 level[LEVELS][ARCHIVE_NAME_MAX];
	char			 position[16];
};

static struct file_archive *
archive_of(struct file_part *part)
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
	const char	*p = url + strlen("file://");
	char		*path, *out, hex[3] = "";

	if (strncmp(p, "localhost/", 10) == 0)
		p += 9;
	if (*p != '/' || (path = out = calloc(1, strlen(p) + 1)) == NULL)
		return NULL;
	for (; *p != '\0'; p++) {
		*out = *p;
		if (*p == '%') {
			(void)snprintf(hex, sizeof(hex), "%.2s", p + 1);
			if (strspn(hex, "0123456789abcdefABCDEF") != 2 ||
			    strcmp(hex, "00") == 0) {
				free(path);
				return NULL;
			}
			*out = (char)strtoul(hex, NULL, 16);
			p += 2;
		}
		out++;
	}
	while (out > path + 1 && out[-1] == '/')
		*--out = '\0';
	return path;
}

/* file:// and the path, escaped where RFC 3986 wants it. */
static char *
url_of_path(const char *path)
{
	static const char	 plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._~/";
	char			*url;
	size_t			 size = strlen("file://") + 3 * strlen(path) +
				    1, n;

	if ((url = calloc(1, size)) == NULL)
		return NULL;
	n = (size_t)snprintf(url, size, "file://");
	for (; *path != '\0'; path++)
		n += (size_t)snprintf(url + n, size - n,
		    strchr(plain, *path) != NULL ? "%c" : "%%%02X",
		    (unsigned char)*path);
	return url;
}

/* Is there room for that many bytes, and something left for all the rest? */
static bool
has_room(struct file_archive *a, int64_t bytes, struct errbuf *why)
{
	struct statvfs	vfs;
	int64_t		room;

	if (fstatvfs(a->rootfd, &vfs) == -1) {
		errbuf_set(why, "could not ask for free space in \"%s\": %s",
		    a->root, strerror(errno));
		return false;
	}
	room = (int64_t)vfs.f_bavail * (int64_t)vfs.f_frsize -
	    KEEP_FREE_BYTES;
	if (room >= (bytes > 0 ? bytes : 0))
		return true;
	errbuf_set(why, "no room in \"%s\": %lld MiB more are needed", a->root,
	    (long long)((bytes > 0 ? bytes : 0) - room) / 1048576 + 1);
	return false;
}

static bool
set_levels(struct file_part *part, const struct archive_key *key)
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

/* A part that has no file yet.  NULL: no memory. */
static struct file_part *
part_new(struct file_archive *a, const struct archive_key *key)
{
	unsigned char	 digest[SHA256_BYTES];
	char		 hex[SHA256_HEX];
	struct sha256	*sum = sha256_new();
	struct file_part *part = calloc(1, sizeof(*part));

	if (sum == NULL || part == NULL || !set_levels(part, key) ||
	    !sha256_update(sum, key->provider, strlen(key->provider) + 1) ||
	    !sha256_update(sum, key->task_id, strlen(key->task_id) + 1) ||
	    !sha256_update(sum, key->position, strlen(key->position) + 1)) {
		(void)sha256_finish(sum, NULL);
		free(part);
		return NULL;
	}
	part->base.archive = &a->base;
	part->fd = part->dayfd = part->dirfd = -1;
	if (!sha256_finish(sum, digest)) {
		free(part);
		return NULL;
	}
	hex_encode(digest, sizeof(digest), hex);
	(void)snprintf(part->name, sizeof(part->name), PART_PREFIX "%.*s",
	    DIGEST_LETTERS, hex);
	return part;
}

static void
note_name(const struct file_part *part, char *buf, size_t bufsz)
{
	(void)snprintf(buf, bufsz, "%s" NOTE_SUFFIX, part->name);
}

static void
note_remove(struct file_part *part)
{
	char	name[256];

	note_name(part, name, sizeof(name));
	(void)unlinkat(archive_of(part)->rootfd, name, 0);
	part->noted = false;
}

/* The mark in the note, if it is of this boot, or has a sum to check by. */
static bool
note_read(struct file_part *part, char mark[ARCHIVE_MARK_MAX])
{
	struct file_archive	*a = archive_of(part);
	char			 name[256], text[NOTE_MAX + 1], *found;
	ssize_t			 n;
	int			 fd;

	note_name(part, name, sizeof(name));
	fd = openat(a->rootfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return false;
	n = read(fd, text, NOTE_MAX);
	(void)close(fd);
	/* A note that was not written to its end has no newline. */
	if (n < 2 || text[n - 1] != '\n')
		return false;
	text[n - 1] = '\0';
	if ((found = strchr(text, ' ')) == NULL ||
	    strlen(found + 1) >= ARCHIVE_MARK_MAX)
		return false;
	*found++ = '\0';
	(void)snprintf(mark, ARCHIVE_MARK_MAX, "%s", found);
	return archive_whole(mark) != NULL ||
	    (*text != '\0' && strcmp(text, a->boot) == 0);
}

/* Is fd, locked by now, still the file of that name and nobody else's? */
static bool
part_lock(struct file_part *part)
{
	struct stat	here, there;

	return flock(part->fd, LOCK_EX | LOCK_NB) == 0 &&
	    fstat(part->fd, &here) == 0 &&
	    fstatat(archive_of(part)->rootfd, part->name, &there,
	    AT_SYMLINK_NOFOLLOW) == 0 &&
	    here.st_dev == there.st_dev && here.st_ino == there.st_ino &&
	    S_ISREG(here.st_mode) && here.st_nlink == 1;
}

static bool
part_open(struct file_part *part, int flags)
{
	part->fd = openat(archive_of(part)->rootfd, part->name, O_RDWR |
	    O_NOFOLLOW | O_CLOEXEC | flags, FILE_MODE);
	return part->fd != -1;
}

static void
part_close(struct file_part *part)
{
	hold_give(archive_of(part)->hold, part->held);
	part->held = NULL;
	if (part->dayfd != -1)
		(void)close(part->dayfd);
	if (part->dirfd != -1)
		(void)close(part->dirfd);
	if (part->fd != -1)
		(void)close(part->fd);
	part->fd = part->dayfd = part->dirfd = -1;
}

/*
 * The file to write, empty.  While another run, which then no longer has the
 * lease but does not know it yet, holds the usual one, it is one of our own.
 */
static bool
part_make(struct file_part *part)
{
	struct file_archive	*a = archive_of(part);
	size_t			 len = strlen(part->name);

	if (part_open(part, O_CREAT) && part_lock(part)) {
		note_remove(part);
		return ftruncate(part->fd, 0) == 0;
	}
	part_close(part);
	part->spare = true;
	(void)snprintf(part->name + len, sizeof(part->name) - len, "-%s-%lu",
	    a->owner, ++a->nparts);
	return part_open(part, O_CREAT | O_EXCL);
}

/* The part's file, for more to be written to it. */
static bool
part_begin(struct file_part *part, struct errbuf *why)
{
	if (part_make(part))
		return true;
	errbuf_set(why, "could not create \"%s/%s\": %s",
	    archive_of(part)->root, part->name, strerror(errno));
	return false;
}

static struct archive_part *
file_begin(struct archive *archive, const struct archive_key *key,
    int64_t length, struct errbuf *why)
{
	struct file_archive	*a = (struct file_archive *)archive;
	struct file_part	*part;

	if (!has_room(a, length, why))
		return NULL;
	if ((part = part_new(a, key)) == NULL) {
		errbuf_set(why, "out of memory");
		return NULL;
	}
	if (length >= 0 && length <= (int64_t)HOLD_BYTES)
		part->held = hold_take(a->hold);
	if (part->held == NULL && !part_begin(part, why)) {
		part_close(part);
		free(part);
		return NULL;
	}
	return &part->base;
}

static struct archive_part *
file_reopen(struct archive *archive, const struct archive_key *key,
    int64_t *bytes, char mark[ARCHIVE_MARK_MAX])
{
	struct file_part	*part;
	off_t			 size;

	part = part_new((struct file_archive *)archive, key);
	if (part == NULL)
		return NULL;
	if (part_open(part, 0) && part_lock(part) && note_read(part, mark) &&
	    (size = lseek(part->fd, 0, SEEK_END)) > 0) {
		*bytes = size;
		part->noted = true;
		return &part->base;
	}
	part_close(part);
	free(part);
	return NULL;
}

static bool
file_replay(struct archive_part *base, int64_t from, int64_t most,
    void (*each)(void *, const void *, size_t), void *arg, struct errbuf *why)
{
	struct file_part	*part = (struct file_part *)base;
	int64_t			 end = from + most;
	char			*buf;
	size_t			 room;
	ssize_t			 n = -1;

	if (part->held != NULL) {
		each(arg, part->held + from, part->nheld - (size_t)from);
		return true;
	}
	if ((buf = malloc(REPLAY_BYTES)) != NULL)
		do {
			room = end - from < (int64_t)REPLAY_BYTES ?
			    (size_t)(end - from) : REPLAY_BYTES;
			if ((n = pread(part->fd, buf, room, from)) > 0)
				each(arg, buf, (size_t)n);
			from += n;
		} while (n > 0 && from < end);
	free(buf);
	if (n >= 0)
		return true;
	errbuf_set(why, "could not read in \"%s\": %s",
	    archive_of(part)->root, strerror(errno));
	return false;
}

/* Let the disk begin with what has come, so that the sync at the end finds
 * little left to do.  A hint: it does not matter whether it works. */
static void
push(struct file_part *part)
{
	off_t	end, len = part->written - part->pushed;

	if (len < PUSH_BYTES ||
	    (end = lseek(part->fd, 0, SEEK_CUR)) == -1)
		return;
	(void)sync_file_range(part->fd, end - len, len,
	    SYNC_FILE_RANGE_WRITE);
	part->pushed = part->written;
}

static bool
write_all(struct file_part *part, const void *data, size_t len,
    struct errbuf *why)
{
	const char	*p = data;
	ssize_t		 n;

	while (len > 0) {
		n = write(part->fd, p, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0) {
			errbuf_set(why, "could not write in \"%s\": %s",
			    archive_of(part)->root,
			    n == 0 ? "nothing was taken" : strerror(errno));
			return false;
		}
		p += n;
		len -= (size_t)n;
		part->written += n;
	}
	return true;
}

/* What is held in memory goes to a file. */
static bool
part_spill(struct file_part *part, struct errbuf *why)
{
	if (part->held == NULL)
		return true;
	if (!part_begin(part, why) ||
	    !write_all(part, part->held, part->nheld, why))
		return false;
	hold_give(archive_of(part)->hold, part->held);
	part->held = NULL;
	return true;
}

static bool
file_write(struct archive_part *base, const void *data, size_t len,
    struct errbuf *why)
{
	struct file_part	*part = (struct file_part *)base;

	if (part->held != NULL && len <= HOLD_BYTES - part->nheld) {
		memcpy(part->held + part->nheld, data, len);
		part->nheld += len;
		return true;
	}
	if (!part_spill(part, why) || !write_all(part, data, len, why))
		return false;
	push(part);
	return true;
}

/*
 * Everything of the part goes; unless it was moved away, its file as well,
 * and before the lock on it does.
 */
static void
part_free(struct file_part *part, bool moved)
{
	if (part->noted)
		note_remove(part);
	if (!moved && part->fd != -1)
		(void)unlinkat(archive_of(part)->rootfd, part->name, 0);
	part_close(part);
	free(part);
}

static bool
file_mark(struct archive_part *base, const char *mark)
{
	struct file_part	*part = (struct file_part *)base;
	struct file_archive	*a = archive_of(part);
	char			 name[256], text[NOTE_MAX + 1];
	struct errbuf		 why;
	int			 fd, len;
	bool			 ok;

	if (!part_spill(part, &why))
		return false;
	len = snprintf(text, sizeof(text), "%s %s\n", a->boot, mark);
	if (part->spare || len >= (int)sizeof(text) ||
	    (a->boot[0] == '\0' && archive_whole(mark) == NULL))
		return false;
	note_name(part, name, sizeof(name));
	fd = openat(a->rootfd, name, O_WRONLY | O_CREAT | O_TRUNC |
	    O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	if (fd == -1)
		return false;
	part->noted = true;
	ok = write(fd, text, (size_t)len) == len;
	return close(fd) == 0 && ok;
}

static void
file_leave(struct archive_part *base)
{
	/* What is still wanted is not to look stale. */
	(void)futimens(((struct file_part *)base)->fd, NULL);
	part_close((struct file_part *)base);
	free(base);
}

static void
file_abort(struct archive_part *base)
{
	part_free((struct file_part *)base, false);
}

/* The bytes are on disk, or why says what failed.  The file stays open: its
 * lock is what keeps others from it until it is in its place. */
static bool
settle_bytes(struct file_part *part, struct errbuf *why)
{
	if (!part_spill(part, why))
		return false;
	if (fsync(part->fd) == 0)
		return true;
	errbuf_set(why, "could not sync a file in \"%s\": %s",
	    archive_of(part)->root, strerror(errno));
	return false;
}

/*
 * The directory of that name in parent, made where it is missing.  -1 also
 * for a symbolic link.
 */
static int
open_level(int parent, const char *name, struct errbuf *why)
{
	int	fd;

	if (mkdirat(parent, name, DIR_MODE) == -1 && errno != EEXIST) {
		errbuf_set(why, "could not make directory \"%s\": %s", name,
		    strerror(errno));
		return -1;
	}
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	if (fd == -1)
		errbuf_set(why, "could not open directory \"%s\": %s", name,
		    strerror(errno));
	return fd;
}

static bool
sync_directory(int fd, struct errbuf *why)
{
	if (fsync(fd) == 0)
		return true;
	errbuf_set(why, "could not sync a directory of the archive: %s",
	    strerror(errno));
	return false;
}

/*
 * Open the directory of the file's day.  Each level is synced into its
 * parent, though somebody else may have made it: that run may have died
 * before it came to its own sync.
 */
static int
open_day(struct file_part *part, struct errbuf *why)
{
	int	i, fd, next;
	bool	ok = true;

	if ((fd = fcntl(archive_of(part)->rootfd, F_DUPFD_CLOEXEC, 0)) == -1)
		errbuf_set(why, "could not open \"%s\": %s",
		    archive_of(part)->root, strerror(errno));
	for (i = 0; i < LEVELS - 1 && fd != -1 && ok; i++) {
		next = open_level(fd, part->level[i], why);
		if (next != -1)
			ok = sync_directory(fd, why);
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
open_levels(struct file_part *part, struct errbuf *why)
{
	struct file_archive	*a = archive_of(part);

	(void)snprintf(part->day, sizeof(part->day), "%s/%s/%s/%s",
	    part->level[0], part->level[1], part->level[2], part->level[3]);
	if (a->syncedfd == -1 || strcmp(part->day, a->synced) != 0) {
		if (a->syncedfd != -1)
			(void)close(a->syncedfd);
		if ((a->syncedfd = open_day(part, why)) == -1)
			return false;
		memcpy(a->synced, part->day, sizeof(a->synced));
	}
	part->dirfd = open_level(a->syncedfd, part->level[LEVELS - 1], why);
	if (part->dirfd != -1 &&
	    (part->dayfd = fcntl(a->syncedfd, F_DUPFD_CLOEXEC, 0)) != -1)
		return true;
	if (part->dirfd != -1)
		errbuf_set(why, "could not open a directory again: %s",
		    strerror(errno));
	/* It may have been removed under our feet: look anew next time. */
	(void)close(a->syncedfd);
	a->syncedfd = -1;
	return false;
}

static void
place_of(const struct file_part *part, const char *extension, char *place,
    size_t placesz)
{
	(void)snprintf(place, placesz, "%s/%s/%s/%s/%s/%s.%s",
	    part->level[0], part->level[1], part->level[2], part->level[3],
	    part->level[4], part->position, extension);
}

int
archive_file_look(struct archive_part *base, const char *extension,
    char *place, size_t placesz, struct errbuf *why)
{
	struct file_part	*part = (struct file_part *)base;

	place_of(part, extension, place, placesz);
	return part_spill(part, why) ? part->fd : -1;
}

static char *
location_of(const struct file_part *part, const char *extension)
{
	const struct file_archive *a =
	    (const struct file_archive *)part->base.archive;
	char	 place[PLACE_MAX], *location = NULL;
	size_t	 size;

	place_of(part, extension, place, sizeof(place));
	size = strlen(a->prefix) + strlen(place) + 2;
	if ((location = calloc(1, size)) != NULL)
		(void)snprintf(location, size, "%s/%s", a->prefix, place);
	return location;
}

static bool
move_file(struct archive_commit *c)
{
	struct file_part	*part = (struct file_part *)c->part;
	char			 file[32];

	(void)snprintf(file, sizeof(file), "%s.%s", part->position,
	    c->extension);
	if ((c->location = location_of(part, c->extension)) == NULL) {
		errbuf_set(&c->why, "out of memory");
		return false;
	}
	if (!open_levels(part, &c->why))
		return false;
	part->moved = renameat(archive_of(part)->rootfd, part->name,
	    part->dirfd, file) == 0;
	if (!part->moved)
		errbuf_set(&c->why, "could not move a file to \"%s\": %s",
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
	struct file_part	*part = (struct file_part *)c->part;

	c->ok = part->moved ? sync_directory(part->dirfd, &c->why) :
	    settle_bytes(part, &c->why);
}

/* The directory's own name; once for all files of a day. */
static bool
settle_day(struct archive_commit *const *list, size_t i)
{
	struct file_part	*part = (struct file_part *)list[i]->part, *p;
	size_t			 j;

	for (j = 0; j < i; j++) {
		p = (struct file_part *)list[j]->part;
		if (p->moved && list[j]->ok && strcmp(p->day, part->day) == 0)
			return true;	/* after this one was moved, too */
	}
	return sync_directory(part->dayfd, &list[i]->why);
}

static void
file_finish(struct archive_commit *c)
{
	struct file_part	*part = (struct file_part *)c->part;

	if (!c->ok) {
		free(c->location);
		c->location = NULL;
	}
	part_free(part, part->moved);
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
	struct file_part	*part;
	size_t			 i;

	crew_each(((struct file_archive *)archive)->crew, n, sync_one, &all);
	for (i = 0; i < n; i++) {
		part = (struct file_part *)list[i]->part;
		if (part->moved)
			list[i]->ok = list[i]->ok && settle_day(list, i);
	}
	for (i = 0; i < n; i++) {
		part = (struct file_part *)list[i]->part;
		if (part->moved || !list[i]->ok || !move_file(list[i])) {
			list[i]->ok = list[i]->ok && part->moved;
			file_finish(list[i]);
		}
	}
}

/* The sync is to find little left to do. */
static bool
file_ready(struct archive_part *base, struct errbuf *why)
{
	struct file_part	*part = (struct file_part *)base;

	if (!part_spill(part, why))
		return false;
	(void)sync_file_range(part->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	return true;
}

/* More small files would have to go by way of the disk. */
static bool
file_is_crowded(struct archive *archive)
{
	return hold_is_empty(((struct file_archive *)archive)->hold);
}

static bool
is_stale(int dir, const char *name, time_t before)
{
	struct stat	st;

	return strncmp(name, PART_PREFIX, strlen(PART_PREFIX)) == 0 &&
	    fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode) && st.st_mtime < before;
}

static long
file_clean(struct archive *archive, time_t before)
{
	struct file_archive	*a = (struct file_archive *)archive;
	struct dirent		*entry;
	DIR			*dir;
	int			 fd;
	long			 removed = 0;

	fd = openat(a->rootfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || (dir = fdopendir(fd)) == NULL) {
		if (fd != -1)
			(void)close(fd);
		return 0;
	}
	while ((entry = readdir(dir)) != NULL)
		if (is_stale(a->rootfd, entry->d_name, before) &&
		    unlinkat(a->rootfd, entry->d_name, 0) == 0)
			removed++;
	(void)closedir(dir);
	return removed;
}

static void
file_close(struct archive *archive)
{
	struct file_archive	*a = (struct file_archive *)archive;

	crew_free(a->crew);
	hold_free(a->hold);
	if (a->syncedfd != -1)
		(void)close(a->syncedfd);
	if (a->rootfd != -1)
		(void)close(a->rootfd);
	free(a->root);
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

/* Open the root, making it where only itself is missing. */
static bool
open_root(struct file_archive *a, struct errbuf *why)
{
	if (mkdir(a->root, DIR_MODE) == -1 && errno != EEXIST) {
		errbuf_set(why, "could not make directory \"%s\": %s", a->root,
		    strerror(errno));
		return false;
	}
	a->rootfd = open(a->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (a->rootfd == -1 || faccessat(a->rootfd, ".", W_OK | X_OK,
	    AT_EACCESS) == -1) {
		errbuf_set(why, "cannot use the archive \"%s\": %s", a->root,
		    strerror(errno));
		return false;
	}
	return true;
}

/* Which boot of which machine this is; unknown is no hindrance. */
static void
read_boot(struct file_archive *a)
{
	ssize_t	n = -1;
	int	fd = open(BOOT_FILE, O_RDONLY | O_CLOEXEC);

	if (fd != -1) {
		n = read(fd, a->boot, sizeof(a->boot) - 1);
		(void)close(fd);
	}
	a->boot[n > 0 ? n : 0] = '\0';
	a->boot[strcspn(a->boot, "\n ")] = '\0';
}

struct archive *
archive_file_open(const char *url, const char *owner, struct errbuf *why)
{
	struct file_archive	*a;

	if ((a = calloc(1, sizeof(*a))) == NULL) {
		errbuf_set(why, "out of memory");
		return NULL;
	}
	a->base.ops = &file_ops;
	a->rootfd = a->syncedfd = -1;
	if ((a->crew = crew_new()) == NULL || (a->hold = hold_new()) == NULL) {
		errbuf_set(why, "out of memory");
		goto fail;
	}
	if ((a->root = path_of_url(url)) == NULL) {
		errbuf_set(why, "\"%s\" is not file:// and an absolute path",
		    url);
		goto fail;
	}
	if ((a->prefix = url_of_path(strcmp(a->root, "/") == 0 ? "" :
	    a->root)) == NULL || !archive_name(owner, a->owner)) {
		errbuf_set(why, "out of memory");
		goto fail;
	}
	read_boot(a);
	if (open_root(a, why))
		return &a->base;
fail:
	file_close(&a->base);
	return NULL;
}
