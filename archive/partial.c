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

#include "lib/crypto.h"
#include "lib/file.h"
#include "lib/hex.h"
#include "archive/bufpool.h"
#include "archive/partial.h"

#define PART_PREFIX	".part-"
#define NOTE_SUFFIX	".from"
#define NOTE_MAX	(PART_BOOT_MAX + ARCHIVE_MARK_MAX + 2)
#define BOOT_FILE	"/proc/sys/kernel/random/boot_id"
#define REPLAY_BYTES	((size_t)64 * 1024)
#define DIGEST_LETTERS	32
#define PUSH_BYTES	((off_t)8 * 1024 * 1024)
#define FILE_MODE	0640
#define KEEP_FREE_BYTES	(INT64_C(64) * 1024 * 1024)

/* --- notes */

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
	(void)unlinkat(part->dir->fd, name, 0);
	part->noted = false;
}

static void
note_touch(struct file_part *part)
{
	char	name[256];

	note_name(part, name, sizeof(name));
	(void)utimensat(part->dir->fd, name, NULL, AT_SYMLINK_NOFOLLOW);
}

/* The mark in the note, if it is of this boot, or has a sum to check by. */
static bool
note_read(struct file_part *part, char mark[ARCHIVE_MARK_MAX])
{
	char	 name[256], text[NOTE_MAX + 1], *found;
	ssize_t	 n;
	int	 fd;

	note_name(part, name, sizeof(name));
	fd = openat(part->dir->fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
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
	    (*text != '\0' && strcmp(text, part->dir->boot) == 0);
}

/* --- the file */

/* Of what, in letters: no two keys share a digest. */
static bool
digest_key(const struct archive_key *key, char hex[SHA256_HEX])
{
	struct sha256	*sum = sha256_new();
	unsigned char	 digest[SHA256_BYTES];
	bool		 ok;

	ok = sum != NULL &&
	    sha256_update(sum, key->provider, strlen(key->provider) + 1) &&
	    sha256_update(sum, key->task_id, strlen(key->task_id) + 1) &&
	    sha256_update(sum, key->position, strlen(key->position) + 1);
	ok = sha256_finish(sum, digest) && ok;
	hex_encode(digest, sizeof(digest), hex);
	return ok;
}

bool
file_part_init(struct file_part *part, struct part_dir *dir,
    const struct archive_key *key)
{
	char	hex[SHA256_HEX];

	memset(part, 0, sizeof(*part));
	part->dir = dir;
	part->fd = -1;
	if (!digest_key(key, hex))
		return false;
	(void)snprintf(part->name, sizeof(part->name), PART_PREFIX "%.*s",
	    DIGEST_LETTERS, hex);
	return true;
}

/* Is fd, locked by now, still the file of that name and nobody else's? */
static bool
lock_file(struct file_part *part)
{
	struct stat	here, there;

	return flock(part->fd, LOCK_EX | LOCK_NB) == 0 &&
	    fstat(part->fd, &here) == 0 &&
	    fstatat(part->dir->fd, part->name, &there,
	    AT_SYMLINK_NOFOLLOW) == 0 &&
	    here.st_dev == there.st_dev && here.st_ino == there.st_ino &&
	    S_ISREG(here.st_mode) && here.st_nlink == 1;
}

static bool
open_file(struct file_part *part, int flags)
{
	part->fd = openat(part->dir->fd, part->name, O_RDWR |
	    O_NOFOLLOW | O_CLOEXEC | flags, FILE_MODE);
	return part->fd != -1;
}

static void
close_file(struct file_part *part)
{
	if (part->fd != -1)
		(void)close(part->fd);
	part->fd = -1;
}

void
file_part_close(struct file_part *part)
{
	bufpool_put(part->dir->bufpool, part->held);
	part->held = NULL;
	close_file(part);
}

/*
 * The file to write, empty.  While another run, which then no longer has the
 * lease but does not know it yet, holds the usual one, it is one of our own.
 */
static bool
make_file(struct file_part *part)
{
	size_t	len = strlen(part->name);

	if (open_file(part, O_CREAT) && lock_file(part)) {
		note_remove(part);
		return ftruncate(part->fd, 0) == 0;
	}
	close_file(part);
	part->spare = true;
	(void)snprintf(part->name + len, sizeof(part->name) - len, "-%s-%lu",
	    part->dir->owner, atomic_fetch_add(&part->dir->nspares, 1));
	return open_file(part, O_CREAT | O_EXCL);
}

static bool
begin_file(struct file_part *part, struct errbuf *err)
{
	if (make_file(part))
		return true;
	errbuf_set(err, "could not create \"%s/%s\": %s",
	    part->dir->path, part->name, strerror(errno));
	return false;
}

bool
file_part_begin(struct file_part *part, int64_t length, struct errbuf *err)
{
	if (length >= 0 && length <= (int64_t)BUFPOOL_BYTES)
		part->held = bufpool_get(part->dir->bufpool);
	return part->held != NULL || begin_file(part, err);
}

bool
file_part_reopen(struct file_part *part, int64_t *bytes,
    char mark[ARCHIVE_MARK_MAX])
{
	part->noted = open_file(part, 0) && lock_file(part) &&
	    note_read(part, mark) &&
	    (*bytes = lseek(part->fd, 0, SEEK_END)) > 0;
	return part->noted;
}

bool
file_part_replay(struct file_part *part, int64_t from, int64_t most,
    void (*each)(void *, const void *, size_t), void *arg, struct errbuf *err)
{
	int64_t	 end = from + most;
	char	*buf;
	size_t	 room;
	ssize_t	 n = -1;

	if (part->held != NULL) {
		room = part->nheld - (size_t)from;
		each(arg, part->held + from,
		    most < (int64_t)room ? (size_t)most : room);
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
	errbuf_set(err, "could not read in \"%s\": %s",
	    part->dir->path, strerror(errno));
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
append_all(struct file_part *part, const void *data, size_t len,
    struct errbuf *err)
{
	if (!file_write_all(part->fd, data, len)) {
		errbuf_set(err, "could not write in \"%s\": %s",
		    part->dir->path, strerror(errno));
		return false;
	}
	part->written += (int64_t)len;
	return true;
}

bool
file_part_spill(struct file_part *part, struct errbuf *err)
{
	if (part->held == NULL)
		return true;
	if (!begin_file(part, err) ||
	    !append_all(part, part->held, part->nheld, err))
		return false;
	bufpool_put(part->dir->bufpool, part->held);
	part->held = NULL;
	return true;
}

bool
file_part_write(struct file_part *part, const void *data, size_t len,
    struct errbuf *err)
{
	if (part->held != NULL && len <= BUFPOOL_BYTES - part->nheld) {
		memcpy(part->held + part->nheld, data, len);
		part->nheld += len;
		return true;
	}
	if (!file_part_spill(part, err) || !append_all(part, data, len, err))
		return false;
	push(part);
	return true;
}

void
file_part_end(struct file_part *part, bool in_place)
{
	/* Before the lock on it goes. */
	if (part->noted)
		note_remove(part);
	if (!in_place && part->fd != -1)
		(void)unlinkat(part->dir->fd, part->name, 0);
	file_part_close(part);
}

bool
file_part_mark(struct file_part *part, const char *mark)
{
	char		name[256], text[NOTE_MAX + 1];
	struct errbuf	err;
	int		fd, len;
	bool		ok;

	if (!file_part_spill(part, &err))
		return false;
	len = snprintf(text, sizeof(text), "%s %s\n", part->dir->boot, mark);
	if (part->spare || len >= (int)sizeof(text) ||
	    (part->dir->boot[0] == '\0' && archive_whole(mark) == NULL))
		return false;
	note_name(part, name, sizeof(name));
	fd = openat(part->dir->fd, name, O_WRONLY | O_CREAT | O_TRUNC |
	    O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	if (fd == -1)
		return false;
	part->noted = true;
	ok = write(fd, text, (size_t)len) == len;
	return close(fd) == 0 && ok;
}

void
file_part_leave(struct file_part *part)
{
	/* What is still wanted is not to look stale. */
	(void)futimens(part->fd, NULL);
	if (part->noted)
		note_touch(part);
	file_part_close(part);
}

bool
file_part_sync(struct file_part *part, struct errbuf *err)
{
	if (!file_part_spill(part, err))
		return false;
	if (fsync(part->fd) == 0)
		return true;
	errbuf_set(err, "could not sync a file in \"%s\": %s",
	    part->dir->path, strerror(errno));
	return false;
}

bool
file_part_ready(struct file_part *part, struct errbuf *err)
{
	if (!file_part_spill(part, err))
		return false;
	(void)sync_file_range(part->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	return true;
}

/* --- the directory */

/* Which boot of which machine this is; unknown is no hindrance. */
static void
read_boot(struct part_dir *dir)
{
	ssize_t	n = -1;
	int	fd = open(BOOT_FILE, O_RDONLY | O_CLOEXEC);

	if (fd != -1) {
		n = read(fd, dir->boot, sizeof(dir->boot) - 1);
		(void)close(fd);
	}
	dir->boot[n > 0 ? n : 0] = '\0';
	dir->boot[strcspn(dir->boot, "\n ")] = '\0';
}

bool
part_dir_open(struct part_dir *dir, char *path, const char *owner,
    struct errbuf *err)
{
	dir->path = path;
	dir->fd = -1;
	if ((dir->bufpool = bufpool_new()) == NULL ||
	    !archive_name(owner, dir->owner))
		return errbuf_no_memory(err);
	read_boot(dir);
	if (mkdir(path, PART_DIR_MODE) == -1 && errno != EEXIST) {
		errbuf_set(err, "could not make directory \"%s\": %s", path,
		    strerror(errno));
		return false;
	}
	dir->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir->fd == -1 || faccessat(dir->fd, ".", W_OK | X_OK,
	    AT_EACCESS) == -1) {
		errbuf_set(err, "cannot use the archive \"%s\": %s", path,
		    strerror(errno));
		return false;
	}
	return true;
}

void
part_dir_close(struct part_dir *dir)
{
	if (dir->fd != -1)
		(void)close(dir->fd);
	bufpool_free(dir->bufpool);
	free(dir->path);
}

bool
part_dir_is_crowded(struct part_dir *dir)
{
	return bufpool_is_empty(dir->bufpool);
}

static bool
is_stale(int dir, const char *name, time_t before)
{
	struct stat	st;

	return strncmp(name, PART_PREFIX, strlen(PART_PREFIX)) == 0 &&
	    fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode) && st.st_mtime < before;
}

long
part_dir_clean(struct part_dir *dir, time_t before)
{
	struct dirent	*entry;
	DIR		*stream;
	int		 fd;
	long		 removed = 0;

	fd = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || (stream = fdopendir(fd)) == NULL) {
		if (fd != -1)
			(void)close(fd);
		return 0;
	}
	while ((entry = readdir(stream)) != NULL)
		if (is_stale(dir->fd, entry->d_name, before) &&
		    unlinkat(dir->fd, entry->d_name, 0) == 0)
			removed++;
	(void)closedir(stream);
	return removed;
}

bool
part_dir_has_room(struct part_dir *dir, int64_t bytes, struct errbuf *err)
{
	struct statvfs	vfs;
	int64_t		room;

	if (fstatvfs(dir->fd, &vfs) == -1) {
		errbuf_set(err, "could not ask for free space in \"%s\": %s",
		    dir->path, strerror(errno));
		return false;
	}
	room = (int64_t)vfs.f_bavail * (int64_t)vfs.f_frsize -
	    KEEP_FREE_BYTES;
	if (room >= (bytes > 0 ? bytes : 0))
		return true;
	errbuf_set(err, "no room in \"%s\": %lld MiB more are needed", dir->path,
	    (long long)((bytes > 0 ? bytes : 0) - room) / 1048576 + 1);
	return false;
}
