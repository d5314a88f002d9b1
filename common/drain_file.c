/* A file of the spool: read, taken apart, or put aside. */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/file.h"
#include "common/drain_file.h"
#include "common/spool.h"
#include "common/spool_format.h"

#define PATH_ROOM	320

/* ---- reading ------------------------------------------------------------- */

/* The text of an open file of size bytes; NULL with errno. */
static char *
drain_read_text(int fd, size_t size, size_t *len)
{
	char	*text = file_read_all(fd, size, len);

	if (text != NULL && *len != size) {
		free(text);
		text = NULL;
		errno = EIO;	/* it became shorter */
	}
	return text;
}

/* No waiting for whoever would write to a named pipe. */
static int
drain_open(int dirfd, const char *name)
{
	return openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC);
}

enum drain_read
drain_file_open(struct drain_file *f, int dirfd, const char *name,
    struct errbuf *err)
{
	struct stat	st;
	int		fd = drain_open(dirfd, name);

	memset(f, 0, sizeof(*f));
	f->name = name;
	if (fd == -1 && errno == ENOENT)
		return DRAIN_GONE;
	errbuf_set(err, "not a regular file");
	if (fd == -1 && (errno == ELOOP || errno == ENXIO))
		return DRAIN_STRANGE;
	if (fd != -1 && fstat(fd, &st) == 0) {
		if (!S_ISREG(st.st_mode)) {
			(void)close(fd);
			return DRAIN_STRANGE;
		}
		f->text = drain_read_text(fd, (size_t)st.st_size, &f->len);
	}
	if (f->text == NULL)
		errbuf_set(err, "spool: could not read \"%s\": %s", name,
		    strerror(errno));
	if (fd != -1)
		(void)close(fd);
	return f->text != NULL ? DRAIN_WHOLE : DRAIN_LATER;
}

void
drain_file_close(struct drain_file *f)
{
	free(f->text);
	f->text = NULL;
}

/* ---- its deliveries ------------------------------------------------------ */

/*
 * What the handler found is found again, by the parser of today; what it
 * decided about the sender stays.  False: no memory.
 */
static bool
drain_judge(struct delivery *d, const struct conf *conf)
{
	const struct account	*a = conf_account(conf, d->provider,
				    d->account);
	enum outcome		 was = d->outcome;

	if (was == OUTCOME_UNVERIFIED)
		return true;
	if (!delivery_judge(d, a != NULL && a->requery))
		return false;
	if (was == OUTCOME_STALE && d->outcome != OUTCOME_REJECTED)
		d->outcome = OUTCOME_STALE;
	/* Nor is one believed because its account has left the settings. */
	if (was == OUTCOME_REQUERY && d->outcome == OUTCOME_ACCEPTED)
		d->outcome = OUTCOME_REQUERY;
	return true;
}

enum drain_read
drain_file_next(struct drain_file *f, const struct conf *conf,
    struct delivery **out, struct drain_part *part, struct errbuf *err)
{
	size_t	used;

	if (f->begun && f->at == f->len)
		return DRAIN_GONE;
	f->begun = true;
	*out = spool_format_next(f->text + f->at, f->len - f->at, &used, err);
	if (*out == NULL && err->class == ERR_NO_MEMORY)
		return DRAIN_LATER;
	part->at = f->at;
	part->len = used > 0 ? used : f->len - f->at;
	part->is_all = part->len == f->len;
	f->at += part->len;
	if (*out == NULL)
		return DRAIN_STRANGE;
	if (drain_judge(*out, conf))
		return DRAIN_WHOLE;
	(void)errbuf_no_memory(err);
	delivery_free(*out);
	return DRAIN_LATER;
}

/* ---- set aside ----------------------------------------------------------- */

/* A file of these bytes below the spool, whatever was there; false with errno. */
static bool
aside_write(int dirfd, const char *path, const char *data, size_t len)
{
	int	fd = openat(dirfd, path, O_WRONLY | O_CREAT | O_TRUNC |
		    O_NOFOLLOW | O_CLOEXEC, 0600);
	bool	ok;

	if (fd == -1)
		return false;
	ok = file_write_all(fd, data, len) && file_sync(fd);
	return close(fd) == 0 && ok;
}

/* The part's bytes, read anew, since reading has cut the text apart; for the
 * caller to free.  NULL with errno. */
static char *
aside_read(int dirfd, const char *name, const struct drain_part *part)
{
	int	 fd = drain_open(dirfd, name);
	char	*data = fd != -1 ? malloc(part->len) : NULL;
	ssize_t	 n;

	if (data != NULL) {
		errno = EIO;
		n = pread(fd, data, part->len, (off_t)part->at);
		if (n != (ssize_t)part->len) {
			free(data);
			data = NULL;
		}
	}
	if (fd != -1)
		(void)close(fd);
	return data;
}

/* The names below the spool are on disk as well; false with errno. */
static bool
aside_sync(int dirfd)
{
	int	fd = openat(dirfd, DRAIN_REFUSED_DIR, O_RDONLY | O_DIRECTORY |
		    O_CLOEXEC);
	bool	ok;

	if (fd == -1)
		return false;
	ok = file_sync_dir(fd, DRAIN_REFUSED_DIR) &&
	    file_sync_dir(dirfd, "the spool");
	(void)close(fd);
	return ok;
}

/* Copy a part; false with errno. */
static bool
aside_copy(int dirfd, const char *name, const struct drain_part *part,
    const char *path)
{
	char	*data = aside_read(dirfd, name, part);
	char	 tmp[PATH_ROOM];
	bool	 ok;

	if (data == NULL)
		return false;
	(void)snprintf(tmp, sizeof(tmp), "%s/%s%s", DRAIN_REFUSED_DIR,
	    SPOOL_TMP_PREFIX, name);
	ok = aside_write(dirfd, tmp, data, part->len) &&
	    renameat(dirfd, tmp, dirfd, path) == 0 && aside_sync(dirfd);
	free(data);
	return ok;
}

bool
drain_file_set_aside(int dirfd, const char *name,
    const struct drain_part *part, const char *reason, struct errbuf *err)
{
	char	path[PATH_ROOM], note[PATH_ROOM + 8];
	bool	ok;

	(void)mkdirat(dirfd, DRAIN_REFUSED_DIR, 0700);
	if (part->is_all)
		(void)snprintf(path, sizeof(path), "%s/%s", DRAIN_REFUSED_DIR,
		    name);
	else
		(void)snprintf(path, sizeof(path), "%s/%.*s-at-%zu.delivery",
		    DRAIN_REFUSED_DIR, (int)strcspn(name, "."), name, part->at);
	(void)snprintf(note, sizeof(note), "%s.reason", path);
	(void)aside_write(dirfd, note, reason, strlen(reason));
	ok = part->is_all ? renameat(dirfd, name, dirfd, path) == 0 :
	    aside_copy(dirfd, name, part, path);
	if (!ok)
		errbuf_set(err, "%s", strerror(errno));
	return ok;
}
