/* The committer: one connection, many deliveries a commit, and its chores. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/thread.h"
#include "common/database.h"
#include "common/drain.h"
#include "common/finished.h"
#include "common/statements.h"
#include "common/store.h"
#include "server/commit_queue.h"
#include "server/committer.h"

/* What one statement carries at most. */
#define BATCH_COMMITS	64

/* How long a database that went away is left alone before the next try; in
 * between, callbacks go to the spool without waiting. */
#define RECONNECT_MS	1000

/* A slice of draining while no request waits, the pause between two batches
 * while some do, and the one between two looks at an empty spool. */
#define DRAIN_SLICE_MS	100
#define DRAIN_BUSY_MS	100
#define DRAIN_EVERY_MS	1000

/* Finished tasks are told to listeners at once, but no more often than this. */
#define NOTIFY_EVERY_MS	50

/* All but the queues, spool, conf and thread is the leader's, whoever that is. */
struct committer {
	const struct conf *conf;
	struct spool	*spool;		/* NULL: none */
	struct drain	*drain;		/* NULL: none, as in plain CGI */
	struct db	*db;		/* the handler's one connection */
	struct commit_queue *queue;	/* in front of the database, */
	struct commit_queue *spooling;	/* and of the spool */
	bool		 threaded;	/* false: plain CGI */
	pthread_t	 thread;	/* of the chores */
	bool		 busy;		/* something came since the last chores */
	/* Times are monotonic. */
	int64_t		 retry_at_ms;	/* not before then to connect, */
	int64_t		 drain_at_ms;	/* to drain (0: at once), */
	int64_t		 notify_at_ms;	/* and to tell who listens of these: */
	struct finished	 finished;
};

/* Logged once each way, however often it is said. */
static void
committer_set_away(struct committer *c, bool away, const struct errbuf *err)
{
	bool	was = commit_queue_is_away(c->queue);

	if (away && !was)
		log_line(LOG_ERROR, "%s; callbacks go to the spool", err->text);
	if (!away && was)
		log_line(LOG_INFO, "database: back");
	commit_queue_set_away(c->queue, away, err);
	c->retry_at_ms = clock_ms() + RECONNECT_MS;
}

/* Their fate is known: stored, with the outcome set, or not, with err. */
static void
commits_conclude(struct commit **commits, size_t n, bool stored,
    const struct errbuf *err)
{
	size_t	i;

	for (i = 0; i < n; i++) {
		commits[i]->stored = stored;
		if (!stored)
			commits[i]->err = *err;
	}
}

/* How long the one that came first may still take. */
static int
commit_time_left_ms(struct commit *const *commits, size_t n)
{
	int64_t	left = COMMIT_DEADLINE_MS, l;
	size_t	i;

	for (i = 0; i < n; i++)
		if ((l = commits[i]->deadline_ms - clock_ms()) < left)
			left = l;
	return left > 0 ? (int)left : 0;
}

/*
 * PostgreSQL refuses this delivery's values.  No retry would mend that, so
 * its bytes are kept as a delivery that nobody understood.
 */
static enum db_verdict
committer_store_unparsed(struct committer *c, struct commit *one,
    int timeout_ms, struct errbuf *err)
{
	struct delivery	*d = one->delivery;

	log_line(LOG_ERROR, "delivery %s refused: %s", d->id, err->text);
	d->outcome = OUTCOME_UNPARSED;
	result_free(&d->result);
	free(d->headers);
	d->headers = NULL;
	if (!delivery_set_note(d, err->text))
		return DB_AWAY;
	return store_deliveries(c->db, c->conf, &d, 1, STORE_AGAIN, timeout_ms,
	    &one->outcome, err);
}

/* Commit n deliveries in one statement; their outcomes on DB_OK. */
static enum db_verdict
committer_store(struct committer *c, struct commit **commits, size_t n,
    enum store_try nth, struct errbuf *err)
{
	struct delivery	*batch[BATCH_COMMITS] = { NULL };
	enum outcome	 outcomes[BATCH_COMMITS];
	enum db_verdict	 v;
	size_t		 i;

	for (i = 0; i < n; i++)
		batch[i] = commits[i]->delivery;
	v = store_deliveries(c->db, c->conf, batch, n, nth,
	    commit_time_left_ms(commits, n), outcomes, err);
	if (v != DB_OK)
		return v;
	for (i = 0; i < n; i++)
		commits[i]->outcome = outcomes[i];
	finished_add(&c->finished, batch, n, outcomes);
	return v;
}

/* One of a batch that failed, or the only one of a plain CGI program. */
static void
committer_commit_alone(struct committer *c, struct commit *one)
{
	struct errbuf	err;
	enum db_verdict	v;

	v = committer_store(c, &one, 1, STORE_AGAIN, &err);
	if (v == DB_REFUSED)
		v = committer_store_unparsed(c, one,
		    commit_time_left_ms(&one, 1), &err);
	commits_conclude(&one, 1, v == DB_OK, &err);
}

static int
commit_compare(const void *a, const void *b)
{
	const struct delivery	*x = (*(struct commit *const *)a)->delivery;
	const struct delivery	*y = (*(struct commit *const *)b)->delivery;
	const char		*x_task = x->result.task_id;
	const char		*y_task = y->result.task_id;
	int			 order;

	order = strcmp(x_task != NULL ? x_task : "",
	    y_task != NULL ? y_task : "");
	/* Ids are in order of time. */
	return order != 0 ? order : strcmp(x->id, y->id);
}

/* Do any two neighbours speak of one task? */
static bool
commits_have_repeats(struct commit *const *commits, size_t n)
{
	const char	*task, *next;
	size_t		 i;

	for (i = 1; i < n; i++) {
		task = commits[i - 1]->delivery->result.task_id;
		next = commits[i]->delivery->result.task_id;
		if (task != NULL && next != NULL && strcmp(task, next) == 0)
			return true;
	}
	return false;
}

static void
committer_commit_batch(struct committer *c, struct commit **commits, size_t n)
{
	struct errbuf	err;
	enum db_verdict	v;
	size_t		i;

	/* Two handlers that insert the same tasks, each in its own order,
	 * would wait for each other. */
	qsort(commits, n, sizeof(*commits), commit_compare);
	v = committer_store(c, commits, n, commits_have_repeats(commits, n) ?
	    STORE_AGAIN : STORE_FIRST, &err);
	if (v == DB_OK) {
		commits_conclude(commits, n, true, &err);
		return;
	}
	if (v == DB_REFUSED || db_is_connected(c->db)) {
		/* One of them is at fault: it must not cost the others. */
		for (i = 0; i < n; i++)
			committer_commit_alone(c, commits[i]);
		return;
	}
	committer_set_away(c, true, &err);
	commits_conclude(commits, n, false, &err);
}

/* Pings are answered, and deliveries left, in the order they came. */
static size_t
committer_answer_pings(struct committer *c, struct commit **commits, size_t n)
{
	struct errbuf	err;
	enum db_verdict	v;
	size_t		i, left = 0;

	for (i = 0; i < n; i++) {
		if (commits[i]->delivery != NULL) {
			commits[left++] = commits[i];
			continue;
		}
		v = db_run(c->db, DB_SCHEMA_VERSION, NULL,
		    commit_time_left_ms(&commits[i], 1), NULL, &err);
		/* Who is told that the database is well may count on it. */
		if (v != DB_OK || commit_queue_is_away(c->queue))
			committer_set_away(c, v != DB_OK, &err);
		commits_conclude(&commits[i], 1, v == DB_OK, &err);
	}
	return left;
}

/* Commit those of the list, at most BATCH_COMMITS. */
static void
committer_commit(struct committer *c, struct commit_list *list)
{
	struct commit	*commits[BATCH_COMMITS], *one;
	size_t		 n = 0;

	STAILQ_FOREACH(one, list, next)
		commits[n++] = one;
	c->busy = true;
	if ((n = committer_answer_pings(c, commits, n)) > 0)
		committer_commit_batch(c, commits, n);
	if (finished_has_news(&c->finished))
		commit_queue_hurry_chores(c->queue, c->notify_at_ms);
}

/* ---- the spool ---------------------------------------------------------- */

/* Is it known not to be stored, and worth keeping?  A forger's deliveries must
 * not fill the disk. */
static bool
commit_wants_spool(const struct commit *one)
{
	return !one->stored && one->delivery != NULL &&
	    one->delivery->outcome != OUTCOME_UNVERIFIED;
}

/* Those of the list, at most BATCH_COMMITS, go into the spool together. */
static void
committer_spool(struct committer *c, struct commit_list *list)
{
	struct delivery	*batch[BATCH_COMMITS];
	bool		 written[BATCH_COMMITS] = { false };
	struct errbuf	 err = { .text = "no spool" };
	struct commit	*one;
	size_t		 n = 0, i = 0;

	STAILQ_FOREACH(one, list, next)
		batch[n++] = one->delivery;
	if (c->spool != NULL)
		(void)spool_write_all(c->spool, batch, n, written, &err);
	STAILQ_FOREACH(one, list, next) {
		if (!(one->spooled = written[i++]))
			one->spool_err = err;
	}
}

static void
committer_spool_alone(struct committer *c, struct commit *one)
{
	struct commit_list	list;

	one->spooled = false;
	STAILQ_INIT(&list);
	if (commit_wants_spool(one)) {
		STAILQ_INSERT_TAIL(&list, one, next);
		committer_spool(c, &list);
	}
}

/* What the database has not taken, and is worth keeping, waits for the spool. */
static void
committer_queue_spool(struct committer *c, struct commit_list *known)
{
	struct commit_list	list;
	struct commit		*one;

	STAILQ_INIT(&list);
	STAILQ_CONCAT(&list, known);
	while ((one = STAILQ_FIRST(&list)) != NULL) {
		STAILQ_REMOVE_HEAD(&list, next);
		one->spooled = false;
		if (commit_wants_spool(one))
			(void)commit_queue_put(c->spooling, one);
		else
			STAILQ_INSERT_TAIL(known, one, next);
	}
}

/* Write what waits, where nobody else does; known gets more. */
static void
committer_write_spool(struct committer *c, struct commit_list *known)
{
	struct commit_list	taken;

	if (!commit_queue_has_some(c->spooling) ||
	    commit_queue_lead(c->spooling, &taken, BATCH_COMMITS) != LEAD_MINE)
		return;
	do {
		committer_spool(c, &taken);
		STAILQ_CONCAT(known, &taken);
	} while (commit_queue_pass(c->spooling, &taken, BATCH_COMMITS));
}

/* ---- chores ------------------------------------------------------------- */

/*
 * With no connection: make one, where it is time for it.  With one, which a
 * ping may have made, the database is not away.
 */
static void
committer_try_connect(struct committer *c)
{
	struct errbuf	err = { .text = "" };
	bool		connected = db_is_connected(c->db);

	if (!connected && clock_ms() < c->retry_at_ms)
		return;
	if (!connected && db_connect(c->db, COMMIT_DEADLINE_MS, &err) !=
	    DB_OK) {
		committer_set_away(c, true, &err);
		return;
	}
	if (!connected || commit_queue_is_away(c->queue)) {
		committer_set_away(c, false, &err);
		c->drain_at_ms = 0;
	}
}

/* Bring home what the spool holds: slice after slice while nobody comes, a
 * batch now and then while somebody does. */
static void
committer_try_drain(struct committer *c)
{
	int64_t			slice_ms = c->busy ? 0 : DRAIN_SLICE_MS;
	struct drain_counts	counts;
	struct errbuf		err;

	if (c->drain == NULL || clock_ms() < c->drain_at_ms)
		return;
	/* Lost in the middle of it: others may still have one. */
	if (!db_is_connected(c->db)) {
		drain_leave(c->drain);
		return;
	}
	if (drain_run(c->drain, c->db, c->conf, clock_ms() + slice_ms,
	    &counts, &err) != DB_OK && !db_is_connected(c->db))
		committer_set_away(c, true, &err);
	if (counts.drained > 0)
		log_line(LOG_INFO, "spool: drained %ld, %ld left",
		    counts.drained, counts.left);
	/* More of it at once, or soon; else a look now and then, since a
	 * neighbour handler may have spooled and ended. */
	if (counts.drained == 0 || counts.left <= 0)
		c->drain_at_ms = clock_ms() + DRAIN_EVERY_MS;
	else
		c->drain_at_ms = c->busy ? clock_ms() + DRAIN_BUSY_MS : 0;
}

/* After the answers are out. */
static void
committer_try_notify(struct committer *c)
{
	if (!finished_has_news(&c->finished) ||
	    clock_ms() < c->notify_at_ms)
		return;
	finished_notify(&c->finished, c->db, COMMIT_DEADLINE_MS);
	c->notify_at_ms = clock_ms() + NOTIFY_EVERY_MS;
}

static int64_t
committer_next_chores_ms(const struct committer *c)
{
	int64_t	at = clock_ms() + RECONNECT_MS;

	if (c->drain != NULL && db_is_connected(c->db) && c->drain_at_ms < at)
		at = c->drain_at_ms;
	if (finished_has_news(&c->finished) && c->notify_at_ms < at)
		at = c->notify_at_ms;
	return at;
}

static void *
committer_main(void *arg)
{
	struct committer	*c = arg;

	while (commit_queue_lead_chores(c->queue)) {
		committer_try_connect(c);
		committer_try_drain(c);
		committer_try_notify(c);
		c->busy = false;
		commit_queue_end_chores(c->queue, committer_next_chores_ms(c));
	}
	return NULL;
}

/* ---- beginning and end -------------------------------------------------- */

struct committer *
committer_start(const struct conf *conf, struct spool *spool, bool threads,
    struct errbuf *err)
{
	struct committer	*c;
	const char		*conninfo = *conf->receiver_conninfo != '\0' ?
				    conf->receiver_conninfo : conf->conninfo;

	if ((c = calloc(1, sizeof(*c))) == NULL ||
	    (c->queue = commit_queue_new(QUEUE_DEADLINE_MS)) == NULL ||
	    (c->spooling = commit_queue_new(QUEUE_PATIENCE_MS)) == NULL ||
	    (c->db = database_new(conninfo, "genhook_receiver",
	    conf->pooler)) == NULL || (threads && spool != NULL &&
	    (c->drain = drain_new(spool)) == NULL)) {
		(void)errbuf_no_memory(err);
		committer_free(c);
		return NULL;
	}
	c->conf = conf;
	c->spool = spool;
	if (threads && !thread_start(&c->thread, committer_main, c, err)) {
		committer_free(c);
		return NULL;
	}
	c->threaded = threads;
	return c;
}

void
committer_free(struct committer *c)
{
	if (c == NULL)
		return;
	if (c->threaded) {
		commit_queue_end(c->queue);
		(void)pthread_join(c->thread, NULL);
	}
	if (c->db != NULL)
		finished_notify(&c->finished, c->db, COMMIT_DEADLINE_MS);
	drain_free(c->drain);
	db_free(c->db);
	commit_queue_free(c->queue);
	commit_queue_free(c->spooling);
	free(c);
}

/* ---- the workers -------------------------------------------------------- */

bool
committer_submit(struct committer *c, struct commit *one)
{
	one->spooled = false;
	if (c->threaded)
		return commit_queue_put(c->queue, one) ||
		    (commit_wants_spool(one) &&
		    commit_queue_put(c->spooling, one));
	one->deadline_ms = clock_ms() + COMMIT_DEADLINE_MS;
	if (one->delivery != NULL)
		committer_commit_alone(c, one);
	else
		(void)committer_answer_pings(c, &one, 1);
	committer_spool_alone(c, one);
	return false;
}

/* Commit what waits, where nobody else does; those whose fate is known. */
static void
committer_lead_database(struct committer *c, struct commit_list *known)
{
	struct commit_list	taken;

	switch (commit_queue_lead(c->queue, &taken, BATCH_COMMITS)) {
	case LEAD_MINE:
		do {
			committer_try_connect(c);
			committer_commit(c, &taken);
			STAILQ_CONCAT(known, &taken);
		} while (commit_queue_pass(c->queue, &taken, BATCH_COMMITS));
		break;
	case LEAD_STUCK:
		STAILQ_CONCAT(known, &taken);
		break;
	case LEAD_OTHER:
		break;
	}
}

bool
committer_wants_leader(struct committer *c)
{
	return commit_queue_wants_leader(c->queue) ||
	    commit_queue_wants_leader(c->spooling);
}

struct commit *
committer_lead_spool(struct committer *c)
{
	struct commit_list	known;

	STAILQ_INIT(&known);
	committer_write_spool(c, &known);
	return STAILQ_FIRST(&known);
}

struct commit *
committer_lead(struct committer *c)
{
	struct commit_list	known;

	STAILQ_INIT(&known);
	committer_lead_database(c, &known);
	committer_queue_spool(c, &known);
	committer_write_spool(c, &known);
	return STAILQ_FIRST(&known);
}
