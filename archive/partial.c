/* A file while it is being written: in memory while it is small, and else in
 * .part-DIGEST. */
#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/crypto.h"
#include "lib/file.h"
#include "lib/hex.h"
#include "archive/partial_note.h"

#define DIGEST_LETTERS	32	/* of a SHA-256 in hex */
#define REPLAY_BYTES	((size_t)64 * 1024)
#define PUSH_BYTES	((off_t)8 * 1024 * 1024)

/* No two keys share a digest: their texts go in with the NULs between them. */
static bool
partial_digest(const struct archive_key *key, char hex[SHA256_HEX])
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
partial_init(struct partial *p, struct partial_dir *dir,
    const struct archive_key *key)
{
	char	hex[SHA256_HEX];

	memset(p, 0, sizeof(*p));
	p->dir = dir;
	p->fd = -1;
	if (!partial_digest(key, hex))
		return false;
	(void)snprintf(p->name, sizeof(p->name), PARTIAL_PREFIX "%.*s",
	    DIGEST_LETTERS, hex);
	return true;
}

/* Lock the file.  False: another run has it, or has moved or removed it
 * meanwhile, or it is no file of ours. */
static bool
partial_lock(struct partial *p)
{
	struct stat	here, there;

	return flock(p->fd, LOCK_EX | LOCK_NB) == 0 &&
	    fstat(p->fd, &here) == 0 &&
	    fstatat(p->dir->fd, p->name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	    here.st_dev == there.st_dev && here.st_ino == there.st_ino &&
	    S_ISREG(here.st_mode) && here.st_nlink == 1;
}

static bool
partial_open_file(struct partial *p, int flags)
{
	p->fd = openat(p->dir->fd, p->name, O_RDWR | O_NOFOLLOW | O_CLOEXEC |
	    flags, PARTIAL_FILE_MODE);
	return p->fd != -1;
}

static void
partial_close_file(struct partial *p)
{
	if (p->fd != -1)
		(void)close(p->fd);
	p->fd = -1;
}

void
partial_close(struct partial *p)
{
	bufpool_put(p->dir->bufpool, p->held);
	p->held = NULL;
	partial_close_file(p);
}

/*
 * The file to write, empty.  Another run may hold a lock on the usual one: it
 * has lost the lease and does not know it yet.  Then this run gets a spare.
 */
static bool
partial_make_file(struct partial *p)
{
	size_t	len = strlen(p->name);

	if (partial_open_file(p, O_CREAT) && partial_lock(p)) {
		partial_note_remove(p);
		return ftruncate(p->fd, 0) == 0;
	}
	partial_close_file(p);
	p->spare = true;
	(void)snprintf(p->name + len, sizeof(p->name) - len, "-%s-%lu",
	    p->dir->owner, atomic_fetch_add(&p->dir->nspares, 1));
	return partial_open_file(p, O_CREAT | O_EXCL);
}

static bool
partial_begin_file(struct partial *p, struct errbuf *err)
{
	if (partial_make_file(p))
		return true;
	errbuf_set(err, "could not create \"%s/%s\": %s",
	    p->dir->path, p->name, strerror(errno));
	return false;
}

bool
partial_begin(struct partial *p, int64_t length, struct errbuf *err)
{
	if (length >= 0 && length <= (int64_t)BUFPOOL_BYTES)
		p->held = bufpool_get(p->dir->bufpool);
	return p->held != NULL || partial_begin_file(p, err);
}

bool
partial_reopen(struct partial *p, int64_t *bytes,
    char mark[ARCHIVE_MARK_MAX])
{
	p->noted = partial_open_file(p, 0) && partial_lock(p) &&
	    partial_note_read(p, mark) &&
	    (*bytes = lseek(p->fd, 0, SEEK_END)) > 0;
	return p->noted;
}

static void
partial_replay_held(const struct partial *p, int64_t from, int64_t most,
    void (*each)(void *, const void *, size_t), void *arg)
{
	size_t	left = p->nheld - (size_t)from;

	each(arg, p->held + from, most < (int64_t)left ? (size_t)most : left);
}

static bool
partial_replay_file(const struct partial *p, int64_t from, int64_t most,
    void (*each)(void *, const void *, size_t), void *arg)
{
	int64_t	 end = from + most;
	char	*buf;
	size_t	 room;
	ssize_t	 n = -1;

	if ((buf = malloc(REPLAY_BYTES)) != NULL)
		do {
			room = end - from < (int64_t)REPLAY_BYTES ?
			    (size_t)(end - from) : REPLAY_BYTES;
			if ((n = pread(p->fd, buf, room, from)) > 0)
				each(arg, buf, (size_t)n);
			from += n;
		} while (n > 0 && from < end);
	free(buf);
	return n >= 0;
}

bool
partial_replay(const struct partial *p, int64_t from, int64_t most,
    void (*each)(void *, const void *, size_t), void *arg, struct errbuf *err)
{
	if (p->held != NULL) {
		partial_replay_held(p, from, most, each, arg);
		return true;
	}
	if (partial_replay_file(p, from, most, each, arg))
		return true;
	errbuf_set(err, "could not read in \"%s\": %s",
	    p->dir->path, strerror(errno));
	return false;
}

/* Let the disk begin with what has come, so that the sync at the end finds
 * little left to do.  A hint: it does not matter whether it works. */
static void
partial_push(struct partial *p)
{
	off_t	end, len = p->written - p->pushed;

	if (len < PUSH_BYTES || (end = lseek(p->fd, 0, SEEK_CUR)) == -1)
		return;
	(void)sync_file_range(p->fd, end - len, len, SYNC_FILE_RANGE_WRITE);
	p->pushed = p->written;
}

static bool
partial_append(struct partial *p, const void *data, size_t len,
    struct errbuf *err)
{
	if (!file_write_all(p->fd, data, len)) {
		errbuf_set(err, "could not write in \"%s\": %s",
		    p->dir->path, strerror(errno));
		return false;
	}
	p->written += (int64_t)len;
	return true;
}

bool
partial_spill(struct partial *p, struct errbuf *err)
{
	if (p->held == NULL)
		return true;
	if (!partial_begin_file(p, err) ||
	    !partial_append(p, p->held, p->nheld, err))
		return false;
	bufpool_put(p->dir->bufpool, p->held);
	p->held = NULL;
	return true;
}

bool
partial_write(struct partial *p, const void *data, size_t len,
    struct errbuf *err)
{
	if (p->held != NULL && len <= BUFPOOL_BYTES - p->nheld) {
		memcpy(p->held + p->nheld, data, len);
		p->nheld += len;
		return true;
	}
	if (!partial_spill(p, err) || !partial_append(p, data, len, err))
		return false;
	partial_push(p);
	return true;
}

void
partial_end(struct partial *p, bool in_place)
{
	/* Before the lock on the file goes: the next one's note is another. */
	if (p->noted)
		partial_note_remove(p);
	if (!in_place && p->fd != -1)
		(void)unlinkat(p->dir->fd, p->name, 0);
	partial_close(p);
}

bool
partial_mark(struct partial *p, const char *mark)
{
	struct errbuf	err;

	return partial_spill(p, &err) && partial_note_write(p, mark);
}

void
partial_leave(struct partial *p)
{
	/* What is still wanted is not to look stale to partial_dir_clean(). */
	(void)futimens(p->fd, NULL);
	if (p->noted)
		partial_note_touch(p);
	partial_close(p);
}

bool
partial_sync(struct partial *p, struct errbuf *err)
{
	if (!partial_spill(p, err))
		return false;
	if (file_sync(p->fd))
		return true;
	errbuf_set(err, "could not sync a file in \"%s\": %s",
	    p->dir->path, strerror(errno));
	return false;
}

bool
partial_ready(struct partial *p, struct errbuf *err)
{
	if (!partial_spill(p, err))
		return false;
	(void)sync_file_range(p->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	return true;
}
