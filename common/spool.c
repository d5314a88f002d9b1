/* The spool's directory: who writes there, and how much waits in it. */
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/file.h"
#include "common/spool.h"
#include "common/spool_census.h"
#include "common/spool_format.h"

#define NAME_SUFFIX	".delivery"
#define NAME_ROOM	128
#define ROOM_LEAST	((int64_t)1 << 20)
/* A file's bodies, unless one alone is larger. */
#define FILE_BYTES	((size_t)1 << 20)

/*
 * The directory is not kept open, so that one moved, removed or mounted over
 * while we run is not written to for ever.
 */
struct spool {
	char		*dir;
	int64_t		 max_bytes;
	pthread_mutex_t	 lock;		/* for all below */
	int64_t		 bytes;
	struct census	 census;
	struct statx	 named;		/* the directory whose own name is
					   known to be on disk, or zeroes */
};

/* ---- the directory ------------------------------------------------------ */

struct spool *
spool_at(const char *dir, int64_t max_bytes)
{
	struct spool	*s;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return NULL;
	if ((s->dir = strdup(dir)) == NULL) {
		free(s);
		return NULL;
	}
	s->max_bytes = max_bytes;
	(void)pthread_mutex_init(&s->lock, NULL);
	return s;
}

struct spool *
spool_open(const char *dir, int64_t max_bytes, struct errbuf *err)
{
	struct spool	*s = spool_at(dir, max_bytes);

	if (s == NULL)
		errbuf_set(err, "spool: out of memory");
	else if (!spool_check(s, err)) {
		spool_close(s);
		s = NULL;
	}
	return s;
}

void
spool_close(struct spool *s)
{
	if (s == NULL)
		return;
	census_free(&s->census);
	(void)pthread_mutex_destroy(&s->lock);
	free(s->dir);
	free(s);
}

const char *
spool_path(const struct spool *s)
{
	return s->dir;
}

int
spool_dir_open(const struct spool *s, struct errbuf *err)
{
	int	fd;

	if (mkdir(s->dir, 0700) == -1 && errno != EEXIST) {
		errbuf_set(err, "spool: could not make \"%s\": %s", s->dir,
		    strerror(errno));
		return -1;
	}
	fd = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) == -1) {
		errbuf_set(err, "spool: could not use \"%s\": %s", s->dir,
		    strerror(errno));
		if (fd != -1)
			(void)close(fd);
		return -1;
	}
	return fd;
}

bool
spool_dir_is_current(const struct spool *s, int dirfd)
{
	struct stat	known, now;

	return fstat(dirfd, &known) == 0 && stat(s->dir, &now) == 0 &&
	    known.st_dev == now.st_dev && known.st_ino == now.st_ino;
}

bool
spool_check(const struct spool *s, struct errbuf *err)
{
	int	fd = spool_dir_open(s, err);

	if (fd != -1)
		(void)close(fd);
	return fd != -1;
}

bool
spool_has_room(const struct spool *s, struct errbuf *err)
{
	struct statvfs	fs;

	if (statvfs(s->dir, &fs) == 0 &&
	    (int64_t)fs.f_bavail * (int64_t)fs.f_frsize >= ROOM_LEAST)
		return true;
	errbuf_set(err, "spool: no room in \"%s\"", s->dir);
	return false;
}

bool
spool_is_delivery(const char *name)
{
	size_t	len = strlen(name), suffix = strlen(NAME_SUFFIX);

	return name[0] != '.' && len > suffix &&
	    strcmp(name + len - suffix, NAME_SUFFIX) == 0;
}

bool
spool_each_name(int dirfd, bool (*fn)(int, const char *, void *), void *arg)
{
	struct dirent	*e;
	DIR		*d;
	int		 fd, failed;

	if ((fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY |
	    O_CLOEXEC)) == -1)
		return false;
	if ((d = fdopendir(fd)) == NULL) {
		(void)close(fd);
		return false;
	}
	while ((errno = 0, e = readdir(d)) != NULL)
		if (!fn(dirfd, e->d_name, arg))
			break;
	failed = e == NULL ? errno : 0;
	(void)closedir(d);
	errno = failed;
	return failed == 0;
}

/* The end of a name: how many deliveries the file holds, unless it is one. */
static void
spool_name_finish(char name[NAME_ROOM], size_t n)
{
	size_t	len = strlen(name);

	if (n > 1)
		(void)snprintf(name + len, NAME_ROOM - len, ".%zu%s", n,
		    NAME_SUFFIX);
	else
		(void)snprintf(name + len, NAME_ROOM - len, "%s", NAME_SUFFIX);
}

long
spool_name_count(const char *name)
{
	const char	*dot = strchr(name, '.');
	char		*end;
	long		 n;

	if (!spool_is_delivery(name))
		return 0;
	if (dot[1] < '1' || dot[1] > '9')
		return 1;
	n = strtol(dot + 1, &end, 10);
	return strcmp(end, NAME_SUFFIX) == 0 && n < SPOOL_COUNT_MOST ? n : 1;
}

static bool
spool_add_to_count(int dirfd, const char *name, void *arg)
{
	(void)dirfd;
	*(long *)arg += spool_name_count(name);
	return true;
}

long
spool_count(const struct spool *s)
{
	struct errbuf	err;
	long		n = 0;
	int		dirfd = spool_dir_open(s, &err);

	if (dirfd == -1)
		return -1;
	if (!spool_each_name(dirfd, spool_add_to_count, &n))
		n = -1;
	(void)close(dirfd);
	return n;
}

/* ---- room ---------------------------------------------------------------- */

/* Take len bytes of what the spool may hold, or false when it is full. */
static bool
spool_reserve(struct spool *s, int dirfd, size_t len)
{
	bool	ok;

	(void)pthread_mutex_lock(&s->lock);
	if (census_count(&s->census, dirfd))
		s->bytes = s->census.bytes;
	ok = s->bytes + (int64_t)len <= s->max_bytes;
	if (ok) {
		s->bytes += (int64_t)len;
		/* The census may see this file as well: counted twice is
		 * better than not at all. */
		s->census.bytes += (int64_t)len;
	}
	(void)pthread_mutex_unlock(&s->lock);
	return ok;
}

/* ---- writing ------------------------------------------------------------ */

/* A temporary file of these bytes, fsynced; false with err: there is none. */
static bool
spool_write_tmp(int dirfd, const char *tmp, const char *data, size_t len,
    struct errbuf *err)
{
	bool	ok;
	int	fd;

	fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
	    O_CLOEXEC, 0600);
	if (fd == -1) {
		errbuf_set(err, "spool: could not create a file: %s",
		    strerror(errno));
		return false;
	}
	ok = file_write_all(fd, data, len) && file_sync(fd);
	if (!ok)
		errbuf_set(err, "spool: could not write: %s", strerror(errno));
	if (close(fd) == -1 && ok) {
		errbuf_set(err, "spool: could not write: %s", strerror(errno));
		ok = false;
	}
	if (!ok)
		(void)unlinkat(dirfd, tmp, 0);
	return ok;
}

/* The directory that the spool's own name is in; -1 with errno. */
static int
spool_parent_open(const struct spool *s)
{
	const char	*slash = strrchr(s->dir, '/');
	char		*parent;
	int		 fd;

	parent = slash == NULL ? strdup(".") :
	    strndup(s->dir, slash == s->dir ? 1 : (size_t)(slash - s->dir));
	if (parent == NULL)
		return -1;
	fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(parent);
	return fd;
}

/* Wait until the spool's own name is on disk.  Where its parent may not be
 * read, all of its file system is waited for.  False with errno. */
static bool
spool_sync_name(const struct spool *s, int dirfd)
{
	int	fd = spool_parent_open(s), failed;
	bool	ok;

	if (fd == -1)
		return errno == EACCES && syncfs(dirfd) == 0;
	ok = file_sync_dir(fd, s->dir);
	failed = errno;
	(void)close(fd);
	errno = failed;
	return ok;
}

/* Numbers of files are used again, times of birth are not. */
static bool
spool_is_same(const struct statx *a, const struct statx *b)
{
	return a->stx_ino == b->stx_ino &&
	    a->stx_dev_major == b->stx_dev_major &&
	    a->stx_dev_minor == b->stx_dev_minor &&
	    a->stx_btime.tv_sec == b->stx_btime.tv_sec &&
	    a->stx_btime.tv_nsec == b->stx_btime.tv_nsec;
}

/*
 * The same, once for each directory of that name: whoever made it, perhaps
 * another process, may have died before it was on disk.  What is written into a
 * directory that a crash takes away is lost.  False with err.
 */
static bool
spool_have_name(struct spool *s, int dirfd, struct errbuf *err)
{
	struct statx	now = { 0 };
	bool		ok;

	ok = statx(dirfd, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME,
	    &now) == 0;
	if (ok) {
		(void)pthread_mutex_lock(&s->lock);
		ok = spool_is_same(&s->named, &now);
		(void)pthread_mutex_unlock(&s->lock);
		if (ok)
			return true;
		ok = spool_sync_name(s, dirfd);
	}
	if (!ok) {
		errbuf_set(err, "spool: could not sync the directory above "
		    "\"%s\": %s", s->dir, strerror(errno));
		return false;
	}
	(void)pthread_mutex_lock(&s->lock);
	s->named = now;
	(void)pthread_mutex_unlock(&s->lock);
	return true;
}

/*
 * A name is there with all of its bytes, or not at all: temporary file, fsync,
 * rename, fsync of the directory.
 */
static bool
spool_write_file(const struct spool *s, int dirfd, const char *name,
    const char *data, size_t len, struct errbuf *err)
{
	char	tmp[160];

	(void)snprintf(tmp, sizeof(tmp), "%s%s", SPOOL_TMP_PREFIX, name);
	if (!spool_write_tmp(dirfd, tmp, data, len, err))
		return false;
	if (renameat(dirfd, tmp, dirfd, name) == -1) {
		errbuf_set(err, "spool: could not rename: %s", strerror(errno));
		(void)unlinkat(dirfd, tmp, 0);
		return false;
	}
	if (!file_sync_dir(dirfd, s->dir)) {
		errbuf_set(err, "spool: could not sync the directory: %s",
		    strerror(errno));
		return false;
	}
	return true;
}

bool
spool_try(const struct spool *s, struct errbuf *err)
{
	char	 tmp[64], bytes[4096] = "";
	int	 dirfd;
	bool	 ok;

	if (!spool_has_room(s, err) || (dirfd = spool_dir_open(s, err)) == -1)
		return false;
	(void)snprintf(tmp, sizeof(tmp), SPOOL_TMP_PREFIX "try-%ld",
	    (long)getpid());
	/* A namesake that was killed may have left it. */
	(void)unlinkat(dirfd, tmp, 0);
	ok = spool_write_tmp(dirfd, tmp, bytes, sizeof(bytes), err);
	if (ok && unlinkat(dirfd, tmp, 0) == -1) {
		errbuf_set(err, "spool: could not remove a file: %s",
		    strerror(errno));
		ok = false;
	}
	(void)close(dirfd);
	return ok;
}

/* The texts of n deliveries, one behind the other; false: no memory. */
static bool
spool_print(struct delivery *const *batch, size_t n, struct buf *text)
{
	size_t	i;

	buf_init(text, SIZE_MAX);
	for (i = 0; i < n; i++)
		spool_format_add(text, batch[i]);
	return buf_ok(text);
}

/* One file of n deliveries.  False with err. */
static bool
spool_write_batch(struct spool *s, int dirfd, struct delivery *const *batch,
    size_t n, struct errbuf *err)
{
	struct buf	text;
	char		name[NAME_ROOM];
	bool		ok;

	/* Names are in the order in which the callbacks came. */
	(void)snprintf(name, sizeof(name), "%020" PRId64 "-%s",
	    batch[0]->received_at, batch[0]->id);
	spool_name_finish(name, n);
	if (!(ok = spool_print(batch, n, &text)))
		(void)errbuf_no_memory(err);
	else if (!(ok = spool_reserve(s, dirfd, text.len)))
		errbuf_set(err, "spool: full: over %" PRId64 " bytes",
		    s->max_bytes);
	else
		ok = spool_have_name(s, dirfd, err) && spool_write_file(s,
		    dirfd, name, text.data, text.len, err);
	buf_free(&text);
	return ok;
}

/* How many of n deliveries, one at least, go into one file: what reads it has
 * all of it in memory. */
static size_t
spool_batch_length(struct delivery *const *batch, size_t n)
{
	size_t	i, bytes = batch[0]->bodylen;

	for (i = 1; i < n && i < SPOOL_FILE_MOST; i++)
		if ((bytes += batch[i]->bodylen) > FILE_BYTES)
			break;
	return i;
}

bool
spool_write_all(struct spool *s, struct delivery *const *batch, size_t n,
    bool *written, struct errbuf *err)
{
	size_t	i, from, len;
	bool	ok, all = true;
	int	dirfd;

	memset(written, 0, n * sizeof(*written));
	if ((dirfd = spool_dir_open(s, err)) == -1)
		return false;
	for (from = 0; from < n; from += len) {
		len = spool_batch_length(&batch[from], n - from);
		ok = spool_write_batch(s, dirfd, &batch[from], len, err);
		/* There may be room, or memory, for some of them. */
		for (i = from; i < from + len; i++) {
			written[i] = ok || (len > 1 && spool_write_batch(s,
			    dirfd, &batch[i], 1, err));
			all = all && written[i];
		}
	}
	(void)close(dirfd);
	return all;
}

bool
spool_write(struct spool *s, struct delivery *d, struct errbuf *err)
{
	bool	written;

	return spool_write_all(s, &d, 1, &written, err);
}
