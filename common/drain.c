/* From the spool into the database: lock, list, read, store, remove. */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/log.h"
#include "common/drain.h"
#include "common/drain_lock.h"
#include "common/finished.h"
#include "common/spool_format.h"
#include "common/store.h"

#define REFUSED_DIR	"refused"
#define TMP_MAX_AGE_S	3600

/* A batch is bounded in files and in bytes. */
#define BATCH_FILES	64
#define BATCH_BYTES	(4 << 20)
/* So many files that fail each by itself, one behind the other, are no longer
 * those files' fault. */
#define ALONE_FAILURES	3
/* Longer than the session's lock_timeout; a handler that drains when the
 * database freezes, and is told to end, has to end within 5 s. */
#define BATCH_TIMEOUT_MS 3000

struct names {
	char	**name;
	size_t	  n, room;
};

struct drain {
	const struct spool	*spool;
	int			 dirfd;		/* or -1 */
	int			 lock;		/* or -1 */
	/* What was listed when the lock was taken, in order. */
	struct names		 list;
	size_t			 next;
	size_t			 alone_until;	/* up to here one by one */
};

/* Files that go into the database in one statement. */
struct drain_batch {
	struct delivery	*delivery[BATCH_FILES];
	const char	*name[BATCH_FILES];
	enum outcome	 outcome[BATCH_FILES];
	size_t		 n;
	const struct conf *conf;
};

static bool
drain_dir_open(struct drain *d, struct errbuf *err)
{
	if (d->dirfd == -1)
		d->dirfd = spool_dir_open(d->spool, err);
	return d->dirfd != -1;
}

struct drain *
drain_new(const struct spool *spool)
{
	struct drain	*d = calloc(1, sizeof(*d));
	struct errbuf	 unused;

	if (d == NULL)
		return NULL;
	d->spool = spool;
	d->dirfd = d->lock = -1;
	(void)drain_dir_open(d, &unused);
	return d;
}

/* Forgets what is listed, too. */
void
drain_leave(struct drain *d)
{
	size_t	i;

	for (i = 0; i < d->list.n; i++)
		free(d->list.name[i]);
	free(d->list.name);
	memset(&d->list, 0, sizeof(d->list));
	d->next = d->alone_until = 0;
	if (d->lock != -1)
		(void)close(d->lock);
	d->lock = -1;
}

void
drain_free(struct drain *d)
{
	if (d == NULL)
		return;
	drain_leave(d);
	if (d->dirfd != -1)
		(void)close(d->dirfd);
	free(d);
}

/* ---- the list ----------------------------------------------------------- */

/* One that is being written is young; this one was left by a crash. */
static bool
drain_is_leftover(int dirfd, const char *name)
{
	struct stat	st;

	return strncmp(name, SPOOL_TMP_PREFIX, strlen(SPOOL_TMP_PREFIX)) == 0 &&
	    fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_mtime < time(NULL) - TMP_MAX_AGE_S;
}

static bool
drain_list_add(int dirfd, const char *name, void *arg)
{
	struct names	 *list = arg;
	char		**grown;

	if (drain_is_leftover(dirfd, name))
		(void)unlinkat(dirfd, name, 0);
	if (!spool_is_delivery(name))
		return true;
	if (list->n == list->room) {
		list->room = list->room == 0 ? 64 : list->room * 2;
		grown = realloc(list->name, list->room * sizeof(*grown));
		if (grown == NULL)
			return false;
		list->name = grown;
	}
	if ((list->name[list->n] = strdup(name)) == NULL)
		return false;
	list->n++;
	return true;
}

static int
drain_list_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Does anything wait?  Stops at the first. */
static bool
drain_sees_one(int dirfd, const char *name, void *arg)
{
	(void)dirfd;
	*(bool *)arg = spool_is_delivery(name);
	return !*(bool *)arg;
}

/* Under the lock: list what waits, in order.  That there is something is known
 * before the long look, and with it that we are at it; an idle look writes
 * nothing but what it clears away.  False with errno. */
static bool
drain_list(struct drain *d)
{
	bool	waits = false;

	if (!spool_each_name(d->dirfd, drain_sees_one, &waits))
		return false;
	if (waits)
		drain_lock_beat(d->lock);
	if (!spool_each_name(d->dirfd, drain_list_add, &d->list))
		return false;
	if (d->list.n > 0)
		qsort(d->list.name, d->list.n, sizeof(*d->list.name),
		    drain_list_compare);
	return true;
}

/* Take the lock.  False: another drainer has it, or with *blind and errno it
 * cannot be had. */
static bool
drain_take_lock(struct drain *d, bool *blind)
{
	switch (drain_lock_take(d->dirfd, &d->lock)) {
	case DRAIN_LOCK_TAKEN_OVER:
		log_line(LOG_WARN, "spool: who drained \"%s\" has stood still "
		    "for over %d s: taking over", spool_path(d->spool),
		    DRAIN_LOCK_STALE_S);
		return true;
	case DRAIN_LOCK_OURS:
		return true;
	case DRAIN_LOCK_HELD:
		return false;
	case DRAIN_LOCK_FAILED:
		break;
	}
	*blind = true;
	return false;
}

/* Take the lock and list what waits.  False: nothing waits, or another drainer
 * is at it, or with *blind and err it cannot be seen. */
static bool
drain_begin(struct drain *d, bool *blind, struct errbuf *err)
{
	if (d->lock != -1)
		return true;
	if (!drain_dir_open(d, err)) {
		*blind = true;
		return false;
	}
	if (drain_take_lock(d, blind)) {
		if (drain_list(d))
			return d->list.n > 0;
		*blind = true;
	}
	if (*blind)
		errbuf_set(err, "spool: could not list \"%s\": %s",
		    spool_path(d->spool), strerror(errno));
	return false;
}

/* A pass through the directory is over: is it still the one of that name? */
static void
drain_dir_follow(struct drain *d)
{
	if (d->dirfd == -1 || spool_dir_is_current(d->spool, d->dirfd))
		return;
	(void)close(d->dirfd);
	d->dirfd = -1;
}

/* ---- one file ----------------------------------------------------------- */

enum drain_read {
	READ_WHOLE,
	READ_GONE,
	READ_STRANGE,	/* no later try would make more of it */
	READ_LATER	/* its turn comes again */
};

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

/* A whole file's text, which the caller frees. */
static enum drain_read
drain_read_file(int dirfd, const char *name, char **text, size_t *len,
    struct errbuf *err)
{
	struct stat	st;
	int		fd;

	/* No waiting for whoever would write to a named pipe. */
	fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC);
	if (fd == -1 && errno == ENOENT)
		return READ_GONE;
	errbuf_set(err, "not a regular file");
	if (fd == -1 && (errno == ELOOP || errno == ENXIO))
		return READ_STRANGE;
	*text = NULL;
	if (fd != -1 && fstat(fd, &st) == 0) {
		if (!S_ISREG(st.st_mode)) {
			(void)close(fd);
			return READ_STRANGE;
		}
		*text = drain_read_text(fd, (size_t)st.st_size, len);
	}
	if (*text == NULL)
		errbuf_set(err, "spool: could not read \"%s\": %s", name,
		    strerror(errno));
	if (fd != -1)
		(void)close(fd);
	return *text != NULL ? READ_WHOLE : READ_LATER;
}

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

/* The delivery in a file; *len is what was read. */
static enum drain_read
drain_read_delivery(int dirfd, const char *name, const struct conf *conf,
    struct delivery **out, size_t *len, struct errbuf *err)
{
	char		*text;
	enum drain_read	 got = drain_read_file(dirfd, name, &text, len, err);

	if (got != READ_WHOLE)
		return got;
	*out = spool_format_parse(text, *len, err);
	free(text);
	if (*out == NULL)
		return err->class == ERR_NO_MEMORY ? READ_LATER : READ_STRANGE;
	if (drain_judge(*out, conf))
		return READ_WHOLE;
	(void)errbuf_no_memory(err);
	delivery_free(*out);
	return READ_LATER;
}

/* Put a file aside for a person, with the reason beside it. */
static void
drain_set_aside(struct drain *d, const char *name, const char *reason,
    struct drain_counts *counts)
{
	char	path[192], note[192];
	int	fd;

	(void)mkdirat(d->dirfd, REFUSED_DIR, 0700);
	(void)snprintf(path, sizeof(path), "%s/%s", REFUSED_DIR, name);
	(void)snprintf(note, sizeof(note), "%s/%s.reason", REFUSED_DIR, name);
	fd = openat(d->dirfd, note, O_WRONLY | O_CREAT | O_TRUNC |
	    O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd != -1) {
		(void)file_write_all(fd, reason, strlen(reason));
		(void)fsync(fd);
		(void)close(fd);
	}
	if (renameat(d->dirfd, name, d->dirfd, path) == 0) {
		counts->refused++;
		log_line(LOG_ERROR, "spool file %s set aside: %s", name,
		    reason);
	} else {
		counts->passed++;
		log_line(LOG_ERROR, "spool file %s could not be set aside "
		    "(%s): %s", name, strerror(errno), reason);
	}
}

/* ---- one batch ---------------------------------------------------------- */

/* Fill the batch from the next names on; err is of what is passed over. */
static void
drain_batch_fill(struct drain *d, const struct conf *conf,
    struct drain_batch *b, struct drain_counts *counts, struct errbuf *err)
{
	struct delivery	*delivery;
	const char	*name;
	size_t		 len = 0, bytes = 0;
	size_t		 max = d->next < d->alone_until ? 1 : BATCH_FILES;

	b->n = 0;
	while (d->next < d->list.n && b->n < max && bytes < BATCH_BYTES) {
		name = d->list.name[d->next++];
		switch (drain_read_delivery(d->dirfd, name, conf, &delivery,
		    &len, err)) {
		case READ_WHOLE:
			b->delivery[b->n] = delivery;
			b->name[b->n++] = name;
			bytes += len;
			break;
		case READ_GONE:
			break;
		case READ_STRANGE:
			drain_set_aside(d, name, err->text, counts);
			break;
		case READ_LATER:
			counts->passed++;
			break;
		}
	}
}

static void
drain_batch_free(struct drain_batch *b)
{
	size_t	i;

	for (i = 0; i < b->n; i++)
		delivery_free(b->delivery[i]);
}

/* The rows are committed: the files have done their work. */
static void
drain_batch_remove(struct drain *d, struct db *db, const struct drain_batch *b,
    size_t from, size_t n, struct drain_counts *counts)
{
	struct finished	f = { .n = 0 };
	size_t		i;

	finished_add(&f, &b->delivery[from], n, &b->outcome[from]);
	finished_notify(&f, db, BATCH_TIMEOUT_MS);
	for (i = from; i < from + n; i++)
		if (unlinkat(d->dirfd, b->name[i], 0) == 0)
			counts->drained++;
}

/* Commit n files of the batch, and remove them. */
static enum db_verdict
drain_batch_store_some(struct drain *d, struct db *db, struct drain_batch *b,
    size_t from, size_t n, struct drain_counts *counts, struct errbuf *err)
{
	enum db_verdict	v;

	drain_lock_beat(d->lock);
	v = store_deliveries(db, b->conf, &b->delivery[from], n, STORE_AGAIN,
	    BATCH_TIMEOUT_MS, &b->outcome[from], err);
	if (v == DB_OK)
		drain_batch_remove(d, db, b, from, n, counts);
	return v;
}

static enum db_verdict
drain_batch_store(struct drain *d, struct db *db, struct drain_batch *b,
    struct drain_counts *counts, struct errbuf *err)
{
	enum db_verdict	v;
	size_t		i;

	v = drain_batch_store_some(d, db, b, 0, b->n, counts, err);
	if (v != DB_REFUSED)
		return v;
	/* One of them is refused: find it, and let the others through. */
	for (i = 0; i < b->n; i++) {
		v = drain_batch_store_some(d, db, b, i, 1, counts, err);
		if (v == DB_REFUSED)
			drain_set_aside(d, b->name[i], err->text, counts);
		else if (v != DB_OK)
			return v;
	}
	return DB_OK;
}

/*
 * The batch could not be stored, though the database answers: a task of it may
 * be locked for long.  The next attempts are one by one, and what still cannot
 * be stored is passed over, lest all that is behind it has to wait as well.
 */
static enum db_verdict
drain_pass_over(struct drain *d, size_t from, size_t n,
    struct drain_counts *counts, size_t *failures)
{
	if (n > 1) {
		d->alone_until = d->next;
		d->next = from;
		return DB_OK;
	}
	counts->passed++;
	return ++*failures < ALONE_FAILURES ? DB_OK : DB_AWAY;
}

/* ---- all of them -------------------------------------------------------- */

/* At least one batch, however long the list took; then until stop_at_ms.  What
 * another has taken over is no longer ours. */
static enum db_verdict
drain_listed(struct drain *d, struct db *db, const struct conf *conf,
    int64_t stop_at_ms, struct drain_counts *counts, struct errbuf *err)
{
	struct drain_batch	b = { .n = 0, .conf = conf };
	enum db_verdict		v = DB_OK;
	size_t			from, failures = 0;

	do {
		if (!drain_lock_is_ours(d->dirfd, d->lock)) {
			drain_leave(d);
			break;
		}
		from = d->next;
		drain_batch_fill(d, conf, &b, counts, err);
		if (b.n > 0)
			v = drain_batch_store(d, db, &b, counts, err);
		if (v == DB_AWAY && db_is_connected(db))
			v = drain_pass_over(d, from, b.n, counts, &failures);
		else
			failures = 0;
		drain_batch_free(&b);
	} while (v == DB_OK && d->next < d->list.n &&
	    (stop_at_ms == 0 || clock_ms() < stop_at_ms));
	(void)fsync(d->dirfd);
	return v;
}

enum db_verdict
drain_run(struct drain *d, struct db *db, const struct conf *conf,
    int64_t stop_at_ms, struct drain_counts *counts, struct errbuf *err)
{
	enum db_verdict	v = DB_OK;

	memset(counts, 0, sizeof(*counts));
	if (drain_begin(d, &counts->blind, err))
		v = drain_listed(d, db, conf, stop_at_ms, counts, err);
	if (v != DB_OK || d->next == d->list.n) {
		drain_leave(d);
		if (v == DB_OK)
			drain_dir_follow(d);
	}
	counts->left = d->lock != -1 ? (long)(d->list.n - d->next) :
	    spool_count(d->spool);
	return v;
}
