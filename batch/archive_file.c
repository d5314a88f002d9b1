/*
 * Outputs in a tree of directories:
 *     PROVIDER/YYYY/MM/DD/TASK/POSITION.EXT
 * A file is written as .part-OWNER-NUMBER in the root and moved to its place
 * when it is whole and on disk.
 */
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

#define PART_PREFIX	".part-"
#define DIR_MODE	0750
#define FILE_MODE	0640
#define LEVELS		5
#define KEEP_FREE_BYTES	(INT64_C(64) * 1024 * 1024)

struct file_archive {
	struct archive	 base;
	char		*root;		/* absolute path, no slash at the end */
	char		*prefix;	/* the root as a URL */
	int		 rootfd;
	char		 owner[ARCHIVE_NAME_MAX];
	unsigned long	 nparts;
	char		 synced[512];	/* the day last known to be on disk */
};

struct file_part {
	struct archive_part	 base;
	int			 fd;
	char			 name[256];	/* in the root */
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

static struct archive_part *
file_begin(struct archive *archive, const struct archive_key *key,
    int64_t length, struct errbuf *why)
{
	struct file_archive	*a = (struct file_archive *)archive;
	struct file_part	*part;

	if (!has_room(a, length, why))
		return NULL;
	if ((part = calloc(1, sizeof(*part))) == NULL ||
	    !set_levels(part, key)) {
		errbuf_set(why, "out of memory");
		free(part);
		return NULL;
	}
	part->base.archive = archive;
	(void)snprintf(part->name, sizeof(part->name), PART_PREFIX "%s-%lu",
	    a->owner, ++a->nparts);
	part->fd = openat(a->rootfd, part->name, O_WRONLY | O_CREAT | O_EXCL |
	    O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	if (part->fd == -1) {
		errbuf_set(why, "could not create \"%s/%s\": %s", a->root,
		    part->name, strerror(errno));
		free(part);
		return NULL;
	}
	return &part->base;
}

static bool
file_write(struct archive_part *base, const void *data, size_t len,
    struct errbuf *why)
{
	struct file_part	*part = (struct file_part *)base;
	const char		*p = data;
	ssize_t			 n;

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
	}
	return true;
}

/* Everything of the part goes; unless it was moved away, its file as well. */
static void
part_free(struct file_part *part, bool moved)
{
	if (part->fd != -1)
		(void)close(part->fd);
	if (!moved)
		(void)unlinkat(archive_of(part)->rootfd, part->name, 0);
	free(part);
}

static void
file_abort(struct archive_part *base)
{
	part_free((struct file_part *)base, false);
}

/* The bytes are on disk, or why says what failed. */
static bool
settle_bytes(struct file_part *part, struct errbuf *why)
{
	int	rc, error = 0;

	if (fsync(part->fd) == -1)
		error = errno;
	rc = close(part->fd);
	part->fd = -1;
	if (rc == -1 && error == 0)
		error = errno;
	if (error != 0)
		errbuf_set(why, "could not sync a file in \"%s\": %s",
		    archive_of(part)->root, strerror(error));
	return error == 0;
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
 * Open all levels above the file.  Each directory is synced into its parent,
 * though somebody else may have made it: that run may have died before it
 * came to its own sync.  What was synced once for a day is not again.
 */
static int
open_levels(struct file_part *part, struct errbuf *why)
{
	struct file_archive	*a = archive_of(part);
	char			 day[sizeof(a->synced)];
	int			 i, fd, next;
	bool			 ok = true, known;

	(void)snprintf(day, sizeof(day), "%s/%s/%s/%s", part->level[0],
	    part->level[1], part->level[2], part->level[3]);
	known = strcmp(day, a->synced) == 0;
	if ((fd = dup(a->rootfd)) == -1)
		errbuf_set(why, "could not open \"%s\": %s", a->root,
		    strerror(errno));
	for (i = 0; i < LEVELS && fd != -1 && ok; i++) {
		next = open_level(fd, part->level[i], why);
		if (next != -1 && (!known || i == LEVELS - 1))
			ok = sync_directory(fd, why);
		(void)close(fd);
		fd = next;
	}
	if (fd != -1 && !ok) {
		(void)close(fd);
		fd = -1;
	}
	if (fd != -1)
		memcpy(a->synced, day, sizeof(day));
	return fd;
}

static char *
location_of(const struct file_part *part, const char *file)
{
	const struct file_archive *a =
	    (const struct file_archive *)part->base.archive;
	char	*location = NULL;
	size_t	 size = strlen(a->prefix) + LEVELS * ARCHIVE_NAME_MAX +
		    strlen(file) + 2;

	if ((location = calloc(1, size)) != NULL)
		(void)snprintf(location, size, "%s/%s/%s/%s/%s/%s/%s",
		    a->prefix, part->level[0], part->level[1], part->level[2],
		    part->level[3], part->level[4], file);
	return location;
}

static bool
file_commit(struct archive_part *base, const char *extension,
    char **location, struct errbuf *why)
{
	struct file_part	*part = (struct file_part *)base;
	char			 file[32];
	int			 dir = -1;
	bool			 moved = false, ok = false;

	(void)snprintf(file, sizeof(file), "%s.%s", part->position, extension);
	if ((*location = location_of(part, file)) == NULL) {
		errbuf_set(why, "out of memory");
		goto out;
	}
	if (!settle_bytes(part, why) || (dir = open_levels(part, why)) == -1)
		goto out;
	if (renameat(archive_of(part)->rootfd, part->name, dir, file) == -1) {
		errbuf_set(why, "could not move a file to \"%s\": %s",
		    *location, strerror(errno));
		goto out;
	}
	moved = true;
	/* Until then the new name may still be lost. */
	ok = sync_directory(dir, why);
out:
	if (dir != -1)
		(void)close(dir);
	if (!ok) {
		free(*location);
		*location = NULL;
	}
	part_free(part, moved);
	return ok;
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

	if (a->rootfd != -1)
		(void)close(a->rootfd);
	free(a->root);
	free(a->prefix);
	free(a);
}

static const struct archive_ops file_ops = {
	.begin	= file_begin,
	.write	= file_write,
	.commit	= file_commit,
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

struct archive *
archive_file_open(const struct conf *conf, const char *owner,
    struct errbuf *why)
{
	struct file_archive	*a;

	if ((a = calloc(1, sizeof(*a))) == NULL) {
		errbuf_set(why, "out of memory");
		return NULL;
	}
	a->base.ops = &file_ops;
	a->rootfd = -1;
	if ((a->root = path_of_url(conf->archive_url)) == NULL) {
		errbuf_set(why, "archive.url \"%s\" is not file:// and an"
		    " absolute path", conf->archive_url);
		goto fail;
	}
	if ((a->prefix = url_of_path(strcmp(a->root, "/") == 0 ? "" :
	    a->root)) == NULL || !archive_name(owner, a->owner)) {
		errbuf_set(why, "out of memory");
		goto fail;
	}
	if (open_root(a, why))
		return &a->base;
fail:
	file_close(&a->base);
	return NULL;
}
