/* The directory that files are written in until they are whole: opening it,
 * the room that it has, and what dead runs left in it. */
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/partial_dir.h"

#define BOOT_FILE	"/proc/sys/kernel/random/boot_id"
#define KEEP_FREE_BYTES	(INT64_C(64) * 1024 * 1024)

/* Which boot of which machine this is.  Where that cannot be told, no file is
 * trusted but one that is whole (partial_note.c). */
static void
partial_dir_read_boot(struct partial_dir *dir)
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
partial_dir_open(struct partial_dir *dir, char *path, const char *owner,
    struct errbuf *err)
{
	dir->path = path;
	dir->fd = -1;
	if ((dir->bufpool = bufpool_new()) == NULL ||
	    !archive_name(owner, dir->owner))
		return errbuf_no_memory(err);
	partial_dir_read_boot(dir);
	if (mkdir(path, ARCHIVE_DIR_MODE) == -1 && errno != EEXIST) {
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
partial_dir_close(struct partial_dir *dir)
{
	if (dir->fd != -1)
		(void)close(dir->fd);
	bufpool_free(dir->bufpool);
	free(dir->path);
}

bool
partial_dir_is_crowded(const struct partial_dir *dir)
{
	return bufpool_is_empty(dir->bufpool);
}

bool
partial_dir_has_room(const struct partial_dir *dir, int64_t bytes,
    struct errbuf *err)
{
	struct statvfs	vfs;
	int64_t		wanted = bytes > 0 ? bytes : 0, room;

	if (fstatvfs(dir->fd, &vfs) == -1) {
		errbuf_set(err, "could not ask for free space in \"%s\": %s",
		    dir->path, strerror(errno));
		return false;
	}
	room = (int64_t)vfs.f_bavail * (int64_t)vfs.f_frsize -
	    KEEP_FREE_BYTES;
	if (room >= wanted)
		return true;
	errbuf_set(err, "no room in \"%s\": %lld MiB more are needed",
	    dir->path, (long long)(wanted - room) / 1048576 + 1);
	return false;
}

static bool
partial_dir_is_stale(int dir, const char *name, time_t before)
{
	struct stat	st;

	return strncmp(name, PARTIAL_PREFIX, strlen(PARTIAL_PREFIX)) == 0 &&
	    fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode) && st.st_mtime < before;
}

long
partial_dir_clean(const struct partial_dir *dir, time_t before)
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
		if (partial_dir_is_stale(dir->fd, entry->d_name, before) &&
		    unlinkat(dir->fd, entry->d_name, 0) == 0)
			removed++;
	(void)closedir(stream);
	return removed;
}
