/* From the spool into the database: lock, list, read, store, remove. */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/thread.h"
#include "common/drain.h"
#include "common/drain_file.h"
#include "common/drain_lock.h"
#include "common/finished.h"
#include "common/store.h"

#define TMP_MAX_AGE_S	3600

/* A batch takes files until it has so many callbacks or bytes. */
#define BATCH_FULL	256
#define BATCH_BYTES	(4 << 20)
/* So many callbacks that fail each by itself, one behind the other, are no
 * longer those callbacks' fault. */
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
	long			 waiting;	/* callbacks from next on */
};

/* A file of a batch. */
struct drain_source {
	const char	*name;
	long		 stored;	/* of its deliveries */
	bool		 stays;		/* it holds what is not yet done */
};

/* A delivery of a batch. */
struct drain_item {
	struct drain_part	 part;
	size_t			 source;
};

/* What goes into the database in one statement. */
struct drain_batch {
	const struct conf	*conf;
	bool			 alone;		/* each in one of its own */
	struct drain_source	*source;
	size_t			 nsources, sources_room;
	/* Side by side, as the statement wants them: */
	struct delivery		**delivery;
	enum outcome		*outcome;
	struct drain_item	*item;
	size_t			 n, room;
	size_t			 failures;	/* one behind the other */
	size_t			 from;		/* its first name in the list */
	bool			 filled;
	bool			 again;		/* to be tried one by one */
	/* While it was filled; err is of the last of them. */
	struct drain_counts	 counts;
	struct errbuf		 err;
};

/* A batch that a thread fills while another batch is on its way. */
struct drain_ahead {
	struct drain		*drain;
	struct drain_batch	*batch;
	pthread_t		 thread;
	bool			 started;
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
	d->waiting = 0;
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
	size_t	i;

	if (!spool_each_name(d->dirfd, drain_sees_one, &waits))
		return false;
	if (waits)
		drain_lock_beat(d->lock);
	if (!spool_each_name(d->dirfd, drain_list_add, &d->list))
		return false;
	if (d->list.n > 0)
		qsort(d->list.name, d->list.n, sizeof(*d->list.name),
		    drain_list_compare);
	for (i = 0; i < d->list.n; i++)
		d->waiting += spool_name_count(d->list.name[i]);
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

/* ---- a batch ------------------------------------------------------------- */

static void
drain_batch_empty(struct drain_batch *b)
{
	size_t	i;

	for (i = 0; i < b->n; i++)
		delivery_free(b->delivery[i]);
	b->n = b->nsources = 0;
	b->filled = b->again = false;
	memset(&b->counts, 0, sizeof(b->counts));
}

static void
drain_batch_free(struct drain_batch *b)
{
	drain_batch_empty(b);
	free(b->source);
	free(b->delivery);
	free(b->outcome);
	free(b->item);
}

/* Room for one more of size bytes in an array; false: no memory. */
static bool
drain_grow(void *array, size_t size, size_t room)
{
	void	*grown = realloc(*(void **)array, room * size);

	if (grown == NULL)
		return false;
	*(void **)array = grown;
	return true;
}

static bool
drain_batch_have_room(struct drain_batch *b)
{
	size_t	room = b->room == 0 ? BATCH_FULL : b->room * 2;

	if (b->n < b->room)
		return true;
	if (!drain_grow(&b->delivery, sizeof(*b->delivery), room) ||
	    !drain_grow(&b->outcome, sizeof(*b->outcome), room) ||
	    !drain_grow(&b->item, sizeof(*b->item), room))
		return false;
	b->room = room;
	return true;
}

static struct drain_source *
drain_batch_add_source(struct drain_batch *b, const char *name)
{
	size_t	room = b->sources_room == 0 ? BATCH_FULL : b->sources_room * 2;

	if (b->nsources == b->sources_room) {
		if (!drain_grow(&b->source, sizeof(*b->source), room))
			return NULL;
		b->sources_room = room;
	}
	b->source[b->nsources] = (struct drain_source){ .name = name };
	return &b->source[b->nsources++];
}

/* Put a part of a file aside, or let the file stay until that can be done. */
static void
drain_set_aside(const struct drain *d, struct drain_source *source,
    const struct drain_part *part, const char *reason,
    struct drain_counts *counts)
{
	struct errbuf	err;

	if (drain_file_set_aside(d->dirfd, source->name, part, reason, &err)) {
		counts->refused++;
		log_line(LOG_ERROR, "spool file %s set aside%s: %s",
		    source->name, part->is_all ? "" : " in part", reason);
		return;
	}
	counts->passed++;
	source->stays = true;
	log_line(LOG_ERROR, "spool file %s could not be set aside (%s): %s",
	    source->name, err.text, reason);
}

/* Its turn comes again. */
static void
drain_pass_over(struct drain_source *source, struct drain_counts *counts)
{
	source->stays = true;
	counts->passed++;
}

/* The deliveries of an open file go into the batch; err is of what does not. */
static void
drain_batch_add(const struct drain *d, struct drain_batch *b,
    struct drain_file *f, struct drain_source *source,
    struct drain_counts *counts, struct errbuf *err)
{
	struct drain_part	 part;
	struct delivery		*delivery;

	for (;;) {
		switch (drain_file_next(f, b->conf, &delivery, &part, err)) {
		case DRAIN_WHOLE:
			break;
		case DRAIN_STRANGE:
			drain_set_aside(d, source, &part, err->text, counts);
			continue;
		case DRAIN_LATER:
			drain_pass_over(source, counts);
			return;
		case DRAIN_GONE:
			return;
		}
		if (!drain_batch_have_room(b)) {
			(void)errbuf_no_memory(err);
			delivery_free(delivery);
			drain_pass_over(source, counts);
			return;
		}
		b->delivery[b->n] = delivery;
		b->item[b->n].part = part;
		b->item[b->n++].source = (size_t)(source - b->source);
	}
}

/* A whole file that cannot even be opened, or not as one. */
static void
drain_batch_refuse(const struct drain *d, struct drain_source *source,
    enum drain_read why, struct drain_counts *counts, const struct errbuf *err)
{
	const struct drain_part	all = { .is_all = true };

	if (why == DRAIN_STRANGE)
		drain_set_aside(d, source, &all, err->text, counts);
	else if (why == DRAIN_LATER)
		drain_pass_over(source, counts);
	/* There is nothing in it to store, and nothing to remove. */
	source->stays = true;
}

/* Put a file's deliveries into the batch; returns its bytes. */
static size_t
drain_batch_add_file(const struct drain *d, struct drain_batch *b,
    const char *name)
{
	struct drain_source	*source;
	struct drain_file	 f;
	enum drain_read		 got;

	if ((source = drain_batch_add_source(b, name)) == NULL) {
		(void)errbuf_no_memory(&b->err);
		b->counts.passed++;
		return 0;
	}
	got = drain_file_open(&f, d->dirfd, name, &b->err);
	if (got != DRAIN_WHOLE) {
		drain_batch_refuse(d, source, got, &b->counts, &b->err);
		return 0;
	}
	drain_batch_add(d, b, &f, source, &b->counts, &b->err);
	drain_file_close(&f);
	return f.len;
}

/* Fill the batch from the next names on. */
static void
drain_batch_fill(struct drain *d, struct drain_batch *b)
{
	const char	*name;
	size_t		 bytes = 0;

	b->filled = true;
	b->from = d->next;
	b->alone = d->next < d->alone_until;
	while (d->next < d->list.n && b->n < BATCH_FULL && bytes < BATCH_BYTES &&
	    (!b->alone || b->nsources == 0)) {
		name = d->list.name[d->next++];
		d->waiting -= spool_name_count(name);
		bytes += drain_batch_add_file(d, b, name);
	}
}

static void *
drain_ahead_main(void *arg)
{
	struct drain_ahead	*a = arg;

	drain_batch_fill(a->drain, a->batch);
	return NULL;
}

/* Let a thread fill the batch.  Until drain_ahead_end() what there is of names
 * is that thread's. */
static void
drain_ahead_begin(struct drain_ahead *a, struct drain *d,
    struct drain_batch *b)
{
	struct errbuf	err;

	a->drain = d;
	a->batch = b;
	/* Without one it is filled when it is wanted. */
	a->started = thread_start(&a->thread, drain_ahead_main, a, &err);
}

static void
drain_ahead_end(struct drain_ahead *a)
{
	if (a->started)
		(void)pthread_join(a->thread, NULL);
	a->started = false;
}

/* ---- into the database --------------------------------------------------- */

/* Commit n of the batch. */
static enum db_verdict
drain_batch_store_some(struct drain *d, struct db *db, struct drain_batch *b,
    size_t from, size_t n, struct errbuf *err)
{
	struct finished	f = { .n = 0 };
	enum db_verdict	v;
	size_t		i;

	drain_lock_beat(d->lock);
	v = store_deliveries(db, b->conf, &b->delivery[from], n, STORE_AGAIN,
	    BATCH_TIMEOUT_MS, &b->outcome[from], err);
	if (v != DB_OK)
		return v;
	b->failures = 0;
	for (i = from; i < from + n; i++)
		b->source[b->item[i].source].stored++;
	finished_add(&f, &b->delivery[from], n, &b->outcome[from]);
	finished_notify(&f, db, BATCH_TIMEOUT_MS);
	return v;
}

/* What is not done with one of the batch, and with those behind it, stays. */
static void
drain_batch_keep(struct drain_batch *b, size_t from)
{
	for (; from < b->n; from++)
		b->source[b->item[from].source].stays = true;
}

/* The database would not have this one: what becomes of it.  False: the trouble
 * is not this one's. */
static bool
drain_batch_give_up(const struct drain *d, struct db *db,
    struct drain_batch *b, size_t i, enum db_verdict v,
    struct drain_counts *counts, const struct errbuf *err)
{
	struct drain_source	*source = &b->source[b->item[i].source];

	if (v == DB_REFUSED) {
		drain_set_aside(d, source, &b->item[i].part, err->text, counts);
		return true;
	}
	if (v != DB_AWAY || !db_is_connected(db))
		return false;
	/* Its task may be locked for long. */
	drain_pass_over(source, counts);
	return ++b->failures < ALONE_FAILURES;
}

/* One by one, so that what is behind a bad one goes through. */
static enum db_verdict
drain_batch_store_each(struct drain *d, struct db *db, struct drain_batch *b,
    struct drain_counts *counts, struct errbuf *err)
{
	enum db_verdict	v;
	size_t		i;

	for (i = 0; i < b->n; i++) {
		v = drain_batch_store_some(d, db, b, i, 1, err);
		if (v == DB_OK)
			continue;
		if (!drain_batch_give_up(d, db, b, i, v, counts, err)) {
			drain_batch_keep(b, i);
			return v;
		}
	}
	return DB_OK;
}

/* The rows are committed: the files have done their work. */
static void
drain_batch_remove(const struct drain *d, const struct drain_batch *b,
    struct drain_counts *counts)
{
	size_t	i;

	for (i = 0; i < b->nsources; i++)
		if (!b->source[i].stays && unlinkat(d->dirfd,
		    b->source[i].name, 0) == 0)
			counts->drained += b->source[i].stored;
}

/* The names of this batch are tried again, each by itself, and then those of the
 * one that was filled behind it. */
static void
drain_batch_try_again(struct drain *d, const struct drain_batch *b,
    struct drain_batch *behind)
{
	size_t	i;

	d->alone_until = behind->filled ? behind->from : d->next;
	for (i = b->from; i < d->next; i++)
		d->waiting += spool_name_count(d->list.name[i]);
	d->next = b->from;
	drain_batch_empty(behind);
}

/* Of what was met while the batch was filled: add one of its counts to the sum. */
static void
drain_count(long *sum, long *of_batch, const struct drain_batch *b,
    struct errbuf *err)
{
	if (*of_batch > 0)
		*err = b->err;
	*sum += *of_batch;
	*of_batch = 0;
}

/* Commit the batch.  What the database, which answers, did not store at once is
 * tried one by one. */
static enum db_verdict
drain_batch_store(struct drain *d, struct db *db, struct drain_batch *b,
    struct drain_counts *counts, struct errbuf *err)
{
	enum db_verdict	v = DB_REFUSED;

	if (!b->alone && b->n > 1)
		v = drain_batch_store_some(d, db, b, 0, b->n, err);
	if (v == DB_REFUSED)
		return drain_batch_store_each(d, db, b, counts, err);
	if (v != DB_OK)
		drain_batch_keep(b, 0);
	if (v != DB_AWAY || !db_is_connected(db))
		return v;
	b->again = true;
	return DB_OK;
}

/* ---- all of them -------------------------------------------------------- */

/* Store a batch, while a thread fills the one behind it where there is time for
 * that one. */
static enum db_verdict
drain_pass(struct drain *d, struct db *db, struct drain_batch *b,
    struct drain_batch *behind, bool goes_on, struct drain_counts *counts,
    struct errbuf *err)
{
	struct drain_ahead	ahead = { .started = false };
	enum db_verdict		v = DB_OK;

	if (!b->filled)
		drain_batch_fill(d, b);
	drain_count(&counts->refused, &b->counts.refused, b, err);
	drain_count(&counts->passed, &b->counts.passed, b, err);
	if (goes_on && !b->alone && d->next < d->list.n)
		drain_ahead_begin(&ahead, d, behind);
	if (b->n > 0)
		v = drain_batch_store(d, db, b, counts, err);
	drain_ahead_end(&ahead);
	/* Set aside is set aside; what it passed over it may meet again. */
	drain_count(&counts->refused, &behind->counts.refused, behind, err);
	if (b->again)
		drain_batch_try_again(d, b, behind);
	drain_batch_remove(d, b, counts);
	drain_batch_empty(b);
	return v;
}

static bool
drain_has_time(int64_t stop_at_ms)
{
	return stop_at_ms == 0 || clock_ms() < stop_at_ms;
}

/* At least one batch, however long the list took; then until stop_at_ms, and
 * what was begun by then.  What another has taken over is no longer ours. */
static enum db_verdict
drain_listed(struct drain *d, struct db *db, const struct conf *conf,
    int64_t stop_at_ms, struct drain_counts *counts, struct errbuf *err)
{
	struct drain_batch	two[2] = { { .conf = conf }, { .conf = conf } };
	struct drain_batch	*b = &two[0], *behind = &two[1], *done;
	enum db_verdict		v = DB_OK;

	do {
		if (!drain_lock_is_ours(d->dirfd, d->lock)) {
			drain_leave(d);
			break;
		}
		v = drain_pass(d, db, b, behind, drain_has_time(stop_at_ms),
		    counts, err);
		if (behind->filled) {
			done = b;
			b = behind;
			behind = done;
		}
	} while (v == DB_OK && (b->filled || (d->next < d->list.n &&
	    drain_has_time(stop_at_ms))));
	drain_batch_free(&two[0]);
	drain_batch_free(&two[1]);
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
	counts->left = d->lock != -1 ? d->waiting : spool_count(d->spool);
	return v;
}
