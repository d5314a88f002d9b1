/* server/committer: who leads at the spool, what goes there and what does not,
 * what one of a batch costs the others, and the chores. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/clock.h"
#include "common/drain.h"
#include "common/spool.h"
#include "common/store.h"
#include "server/commit_queue.h"
#include "server/committer.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"
#include "tests/scratch.h"

/* This test is the database, the spool's disk, and the drain. */
enum db_verdict	__wrap_store_deliveries(struct db *, const struct conf *,
	    struct delivery *const *, size_t, enum store_try, int,
	    enum outcome *, struct errbuf *);
enum db_verdict	__wrap_db_connect(struct db *, int, struct errbuf *);
bool		__wrap_db_is_connected(const struct db *);
enum db_verdict	__wrap_db_run(struct db *, const struct db_stmt *,
	    const struct db_param *, int, struct db_rows **, struct errbuf *);
bool		__wrap_spool_write_all(struct spool *, struct delivery *const *,
	    size_t, bool *, struct errbuf *);
enum db_verdict	__wrap_drain_run(struct drain *, struct db *,
	    const struct conf *, int64_t, struct drain_counts *,
	    struct errbuf *);

#define CALLS_MOST	512

static struct {
	atomic_bool	 reachable;	/* the database can be connected to */
	atomic_bool	 connected;	/* and is */
	atomic_bool	 loses;		/* the connection at the next statement */
	atomic_bool	 stands;	/* a statement gets no answer */
	atomic_int	 waiting;	/* for one, at this moment */
	atomic_int	 runs;		/* statements that store nothing */
	size_t		 stored[CALLS_MOST];	/* how many by each statement, */
	enum store_try	 nth[CALLS_MOST];	/* and as what */
	atomic_size_t	 nstored;
	size_t		 written[CALLS_MOST];	/* likewise into the spool */
	atomic_size_t	 nwritten;
	atomic_int	 writers;	/* at this moment */
	atomic_bool	 two_wrote;
	atomic_bool	 gate_shut;	/* who writes waits */
	atomic_int	 drains;
	atomic_bool	 drain_breaks;
} fake;

static char		 dir[SCRATCH_PATH];
static struct spool	*spool;
static struct conf	 conf;

static void
pause_ms(long ms)
{
	const struct timespec	ts = { ms / 1000, ms % 1000 * 1000000 };

	(void)nanosleep(&ts, NULL);
}

/* A state that comes, or the test fails. */
#define UNTIL(condition) do {						\
	int64_t	by_ms = clock_ms() + 20000;				\
	while (!(condition) && clock_ms() < by_ms)			\
		pause_ms(1);						\
	CU_ASSERT_TRUE(condition);					\
} while (0)

static bool
body_is(const struct delivery *d, const char *words)
{
	return d->bodylen == strlen(words) &&
	    memcmp(d->body, words, d->bodylen) == 0;
}

/* A value that no database takes is in the batch, and the database refuses it;
 * unparsed it takes all but one. */
static bool
batch_is_refused(struct delivery *const *batch, size_t n)
{
	size_t	i;

	for (i = 0; i < n; i++)
		if (body_is(batch[i], "never") || (body_is(batch[i],
		    "refused") && batch[i]->outcome != OUTCOME_UNPARSED))
			return true;
	return false;
}

enum db_verdict
__wrap_store_deliveries(struct db *db, const struct conf *c,
    struct delivery *const *batch, size_t n, enum store_try nth,
    int timeout_ms, enum outcome *outcomes, struct errbuf *err)
{
	size_t	at = atomic_fetch_add(&fake.nstored, 1), i;

	(void)db;
	CU_ASSERT_PTR_EQUAL(c, &conf);
	CU_ASSERT(timeout_ms <= COMMIT_DEADLINE_MS);
	fake.stored[at % CALLS_MOST] = n;
	fake.nth[at % CALLS_MOST] = nth;
	if (atomic_exchange(&fake.loses, false))
		atomic_store(&fake.connected, false);
	errbuf_set(err, "as the test wants it");
	atomic_fetch_add(&fake.waiting, 1);
	while (atomic_load(&fake.stands))
		pause_ms(1);
	atomic_fetch_sub(&fake.waiting, 1);
	if (!atomic_load(&fake.connected))
		return DB_AWAY;
	if (batch_is_refused(batch, n))
		return DB_REFUSED;
	for (i = 0; i < n; i++)
		outcomes[i] = batch[i]->outcome;
	return DB_OK;
}

enum db_verdict
__wrap_db_connect(struct db *db, int timeout_ms, struct errbuf *err)
{
	(void)db;
	(void)timeout_ms;
	atomic_store(&fake.connected, atomic_load(&fake.reachable));
	errbuf_set(err, "nobody there");
	return atomic_load(&fake.connected) ? DB_OK : DB_AWAY;
}

bool
__wrap_db_is_connected(const struct db *db)
{
	(void)db;
	return atomic_load(&fake.connected);
}

/* A ping, or a notify; it connects by itself, as the true one does. */
enum db_verdict
__wrap_db_run(struct db *db, const struct db_stmt *stmt,
    const struct db_param *params, int timeout_ms, struct db_rows **rows,
    struct errbuf *err)
{
	(void)stmt;
	(void)params;
	(void)rows;
	atomic_fetch_add(&fake.runs, 1);
	return __wrap_db_connect(db, timeout_ms, err);
}

bool
__wrap_spool_write_all(struct spool *s, struct delivery *const *batch,
    size_t n, bool *written, struct errbuf *err)
{
	size_t	at = atomic_fetch_add(&fake.nwritten, 1), i;

	CU_ASSERT_PTR_EQUAL(s, spool);
	if (atomic_fetch_add(&fake.writers, 1) != 0)
		atomic_store(&fake.two_wrote, true);
	fake.written[at % CALLS_MOST] = n;
	while (atomic_load(&fake.gate_shut))
		pause_ms(1);
	for (i = 0; i < n; i++)
		written[i] = !body_is(batch[i], "no room");
	errbuf_set(err, "no room");
	atomic_fetch_sub(&fake.writers, 1);
	return true;
}

enum db_verdict
__wrap_drain_run(struct drain *d, struct db *db, const struct conf *c,
    int64_t stop_at_ms, struct drain_counts *counts, struct errbuf *err)
{
	(void)d;
	(void)db;
	(void)stop_at_ms;
	CU_ASSERT_PTR_EQUAL(c, &conf);
	memset(counts, 0, sizeof(*counts));
	errbuf_set(err, "lost while draining");
	if (atomic_exchange(&fake.drain_breaks, false)) {
		atomic_store(&fake.connected, false);
		atomic_fetch_add(&fake.drains, 1);
		return DB_AWAY;
	}
	/* More is left after the first slice. */
	counts->drained = counts->left = atomic_fetch_add(&fake.drains, 1) == 0;
	return DB_OK;
}

static struct committer *
begin(bool threads, bool reachable)
{
	struct committer	*c;
	struct errbuf		 err;

	memset(&fake, 0, sizeof(fake));
	atomic_store(&fake.reachable, reachable);
	/* In plain CGI the connection is made by the statement itself. */
	atomic_store(&fake.connected, !threads && reachable);
	c = committer_start(&conf, spool, threads, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	/* The chores have found out how the database is. */
	if (threads && reachable)
		UNTIL(atomic_load(&fake.connected));
	return c;
}

static struct commit
commit_of(const char *body, const char *task, enum outcome outcome)
{
	struct commit	 one = { .delivery = delivery_new(
			    provider_find("novita"), "default",
			    SOURCE_CALLBACK) };
	char		*copy = strdup(body);

	CU_ASSERT_FATAL(one.delivery != NULL && copy != NULL);
	delivery_set_body(one.delivery, copy, strlen(body));
	one.delivery->outcome = outcome;
	CU_ASSERT_TRUE_FATAL(result_set(&one.delivery->result.task_id, task));
	return one;
}

static void
commits_free(struct commit *c, size_t n)
{
	size_t	i;

	for (i = 0; i < n; i++)
		delivery_free(c[i].delivery);
}

static size_t
list_len(const struct commit *c)
{
	size_t	n = 0;

	for (; c != NULL; c = STAILQ_NEXT(c, next))
		n++;
	return n;
}

/* ---- plain CGI ------------------------------------------------------------ */

static void
test_alone(void)
{
	struct committer	*c = begin(false, true);
	struct commit		 one = commit_of("good", "t", OUTCOME_ACCEPTED);
	struct commit		 bad = commit_of("refused", "t", OUTCOME_ACCEPTED);
	struct commit		 ping = { .delivery = NULL };

	CU_ASSERT_FALSE(committer_submit(c, &one));
	CU_ASSERT_TRUE(one.stored && !one.spooled);
	CU_ASSERT_EQUAL(one.outcome, OUTCOME_ACCEPTED);
	/* What PostgreSQL cannot hold is kept as what nobody understood. */
	CU_ASSERT_FALSE(committer_submit(c, &bad));
	CU_ASSERT_TRUE(bad.stored && !bad.spooled);
	CU_ASSERT_EQUAL(bad.outcome, OUTCOME_UNPARSED);
	CU_ASSERT_PTR_NULL(bad.delivery->result.task_id);
	CU_ASSERT_STRING_EQUAL(bad.delivery->note, "as the test wants it");
	CU_ASSERT_FALSE(committer_submit(c, &ping));
	CU_ASSERT_TRUE(ping.stored);
	commits_free(&one, 1);
	commits_free(&bad, 1);
	committer_free(NULL);
	committer_free(c);
	/* At the end it tells of the task. */
	CU_ASSERT_EQUAL(atomic_load(&fake.runs), 2);
}

static const struct {
	const char	*body;
	enum outcome	 outcome;
	bool		 has_spool, spooled;
	const char	*err;		/* of the spool, or NULL */
} away_rows[] = {
	{ "good", OUTCOME_ACCEPTED, true, true, NULL },
	{ "good", OUTCOME_UNPARSED, true, true, NULL },
	{ "good", OUTCOME_STALE, true, true, NULL },
	{ "good", OUTCOME_UNVERIFIED, true, false, NULL },
	{ "no room", OUTCOME_ACCEPTED, true, false, "no room" },
	{ "good", OUTCOME_ACCEPTED, false, false, "no spool" },
};

static void
test_alone_away(void)
{
	struct spool		*kept = spool;
	struct committer	*c;
	struct commit		 one;
	size_t			 i;

	for (i = 0; i < COUNT(away_rows); i++) {
		spool = away_rows[i].has_spool ? kept : NULL;
		c = begin(false, false);
		one = commit_of(away_rows[i].body, "t", away_rows[i].outcome);
		CU_ASSERT_FALSE(committer_submit(c, &one));
		CU_ASSERT_FALSE(one.stored);
		CU_ASSERT_EQUAL(one.spooled, away_rows[i].spooled);
		if (away_rows[i].err != NULL)
			CU_ASSERT_STRING_EQUAL(one.spool_err.text,
			    away_rows[i].err);
		commits_free(&one, 1);
		committer_free(c);
		spool = kept;
	}
}

/* ---- a batch -------------------------------------------------------------- */

static const struct batch_row {
	const char	*bodies[4], *tasks[4];
	bool		 loses;
	size_t		 statements;	/* that stored, or tried to */
	enum store_try	 first;
	size_t		 stored, spooled;
} batch_rows[] = {
	{ { "a", "b", "c", "d" }, { "1", "2", "3", "4" }, false, 1,
	    STORE_FIRST, 4, 0 },
	{ { "a", "b", "c", "d" }, { "1", "2", "1", "4" }, false, 1,
	    STORE_AGAIN, 4, 0 },
	{ { "a", "b", "c", "d" }, { NULL, "2", NULL, "4" }, false, 1,
	    STORE_FIRST, 4, 0 },
	/* One that is refused is tried as it is, and then as unparsed. */
	{ { "a", "refused", "c", "d" }, { "1", "2", "3", "4" }, false, 6,
	    STORE_FIRST, 4, 0 },
	{ { "a", "never", "c", "d" }, { "1", "2", "3", "4" }, false, 6,
	    STORE_FIRST, 3, 1 },
	{ { "a", "b", "no room", "d" }, { "1", "2", "3", "4" }, true, 1,
	    STORE_FIRST, 0, 3 },
};

static void
batch_try(const struct batch_row *row)
{
	struct committer	*c = begin(true, true);
	struct commit		 some[4], *out;
	size_t			 i, n, stored = 0, spooled = 0;

	for (i = 0; i < COUNT(some); i++) {
		some[i] = commit_of(row->bodies[i], row->tasks[i],
		    row->tasks[i] != NULL ? OUTCOME_ACCEPTED :
		    OUTCOME_UNPARSED);
		CU_ASSERT_TRUE(committer_submit(c, &some[i]));
	}
	atomic_store(&fake.loses, row->loses);
	CU_ASSERT_PTR_NULL(committer_lead_spool(c));
	out = committer_lead(c);
	CU_ASSERT_EQUAL(list_len(out), COUNT(some));
	n = atomic_load(&fake.nstored);
	CU_ASSERT_EQUAL(n, row->statements);
	CU_ASSERT_EQUAL(fake.nth[0], row->first);
	for (i = 1; i < n; i++)
		CU_ASSERT(fake.nth[i] == STORE_AGAIN && fake.stored[i] == 1);
	for (; out != NULL; out = STAILQ_NEXT(out, next)) {
		CU_ASSERT_FALSE(out->stored && out->spooled);
		stored += out->stored;
		spooled += out->spooled;
	}
	CU_ASSERT_EQUAL(stored, row->stored);
	CU_ASSERT_EQUAL(spooled, row->spooled);
	commits_free(some, COUNT(some));
	committer_free(c);
}

static void
test_batch(void)
{
	size_t	i;

	for (i = 0; i < COUNT(batch_rows); i++)
		batch_try(&batch_rows[i]);
}

/* A forger's goes nowhere while the database is lost, nor does a ping; the ping
 * that succeeds is believed by those behind it. */
static void
test_not_spooled(void)
{
	struct committer	*c = begin(true, true);
	struct commit		 forged = commit_of("x", NULL, OUTCOME_UNVERIFIED);
	struct commit		 good = commit_of("y", "t", OUTCOME_ACCEPTED);
	struct commit		 ping = { .delivery = NULL };

	CU_ASSERT_TRUE(committer_submit(c, &forged));
	atomic_store(&fake.reachable, false);
	atomic_store(&fake.loses, true);
	CU_ASSERT_EQUAL(list_len(committer_lead(c)), 1);
	CU_ASSERT_FALSE(forged.stored || forged.spooled);
	CU_ASSERT_EQUAL(atomic_load(&fake.nwritten), 0);
	/* It is away from now on: forged ones are answered at once. */
	CU_ASSERT_FALSE(committer_submit(c, &forged));
	atomic_store(&fake.reachable, true);
	CU_ASSERT_TRUE(committer_submit(c, &ping));
	(void)committer_lead_spool(c);
	CU_ASSERT_EQUAL(list_len(committer_lead(c)), 1);
	CU_ASSERT_TRUE(ping.stored);
	CU_ASSERT_TRUE(committer_submit(c, &good));
	CU_ASSERT_PTR_EQUAL(committer_lead(c), &good);
	CU_ASSERT_TRUE(good.stored);
	commits_free(&forged, 1);
	commits_free(&good, 1);
	committer_free(c);
}

static void *
stuck_main(void *arg)
{
	(void)committer_lead(arg);
	return NULL;
}

/* Behind a leader whose statement gets no answer nobody waits for long: what came
 * goes to the spool, and what comes next too, at once. */
static void
test_stuck(void)
{
	struct committer	*c = begin(true, true);
	struct commit		 held = commit_of("held", "t", OUTCOME_ACCEPTED);
	struct commit		 next = commit_of("next", "t", OUTCOME_ACCEPTED);
	struct commit		 last = commit_of("last", "t", OUTCOME_ACCEPTED);
	pthread_t		 thread;

	atomic_store(&fake.stands, true);
	CU_ASSERT_TRUE(committer_submit(c, &held));
	(void)pthread_create(&thread, NULL, stuck_main, c);
	UNTIL(atomic_load(&fake.waiting) > 0);
	CU_ASSERT_FALSE(committer_wants_leader(c));
	CU_ASSERT_TRUE(committer_submit(c, &next));
	CU_ASSERT_TRUE(committer_wants_leader(c));
	CU_ASSERT_PTR_NULL(committer_lead_spool(c));
	CU_ASSERT_PTR_EQUAL(committer_lead(c), &next);
	CU_ASSERT_FALSE(committer_wants_leader(c));
	CU_ASSERT_TRUE(next.spooled && !next.stored);
	CU_ASSERT_TRUE(committer_submit(c, &last));
	/* For the spool, too. */
	CU_ASSERT_TRUE(committer_wants_leader(c));
	CU_ASSERT_PTR_EQUAL(committer_lead_spool(c), &last);
	CU_ASSERT_FALSE(committer_wants_leader(c));
	CU_ASSERT_TRUE(last.spooled && !last.stored);
	atomic_store(&fake.stands, false);
	(void)pthread_join(thread, NULL);
	CU_ASSERT_TRUE(held.stored && !held.spooled);
	commits_free(&held, 1);
	commits_free(&next, 1);
	commits_free(&last, 1);
	committer_free(c);
}

/* ---- the lead at the spool ------------------------------------------------ */

struct leader {
	struct committer	*committer;
	struct commit		*got;
	atomic_bool		 ended;
};

static void *
leader_main(void *arg)
{
	struct leader	*l = arg;

	l->got = committer_lead_spool(l->committer);
	atomic_store(&l->ended, true);
	return NULL;
}

/* Away by the first one's loss, which is in the spool then. */
static void
lose_database(struct committer *c)
{
	struct commit	first = commit_of("first", "t", OUTCOME_ACCEPTED);

	atomic_store(&fake.reachable, false);
	atomic_store(&fake.loses, true);
	CU_ASSERT_TRUE(committer_submit(c, &first));
	CU_ASSERT_PTR_EQUAL(committer_lead(c), &first);
	CU_ASSERT_TRUE(first.spooled);
	commits_free(&first, 1);
	atomic_store(&fake.nwritten, 0);
}

#define MANY	70

/* What came while one wrote, in order, 64 to a file at most. */
static void
many_came_out(const struct commit *out, const struct commit *many)
{
	size_t	i = 0;

	for (; out != NULL; out = STAILQ_NEXT(out, next), i++) {
		CU_ASSERT_PTR_EQUAL(out, &many[i]);
		CU_ASSERT_TRUE(out->spooled && !out->stored);
	}
	CU_ASSERT_EQUAL(i, MANY);
	CU_ASSERT_EQUAL(atomic_load(&fake.nwritten), 3);
	CU_ASSERT_EQUAL(fake.written[0], 1);
	CU_ASSERT_EQUAL(fake.written[1], 64);
	CU_ASSERT_EQUAL(fake.written[2], MANY - 64);
	CU_ASSERT_FALSE(atomic_load(&fake.two_wrote));
}

/* One writes and is held up by the disk; one stands by, and a third goes on at
 * once.  No time gives up what waits: there is nothing else to turn to. */
static void
test_spool_lead(void)
{
	struct committer	*c = begin(true, true);
	struct commit		 one = commit_of("one", "t", OUTCOME_ACCEPTED);
	static struct commit	 many[MANY];
	struct leader		 l[3] = { { .committer = c },
				    { .committer = c }, { .committer = c } };
	pthread_t		 threads[3];
	size_t			 i;
	int			 third;

	lose_database(c);
	CU_ASSERT_PTR_NULL(committer_lead_spool(c));
	atomic_store(&fake.gate_shut, true);
	CU_ASSERT_TRUE(committer_submit(c, &one));
	(void)pthread_create(&threads[0], NULL, leader_main, &l[0]);
	UNTIL(atomic_load(&fake.writers) > 0);
	for (i = 0; i < MANY; i++) {
		many[i] = commit_of("many", "t", OUTCOME_ACCEPTED);
		CU_ASSERT_TRUE(committer_submit(c, &many[i]));
	}
	for (i = 1; i < 3; i++)
		(void)pthread_create(&threads[i], NULL, leader_main, &l[i]);
	UNTIL(atomic_load(&l[1].ended) || atomic_load(&l[2].ended));
	third = atomic_load(&l[1].ended) ? 1 : 2;
	CU_ASSERT_PTR_NULL(l[third].got);
	pause_ms(QUEUE_DEADLINE_MS + 100);
	CU_ASSERT_FALSE(atomic_load(&l[3 - third].ended));
	atomic_store(&fake.gate_shut, false);
	for (i = 0; i < 3; i++)
		(void)pthread_join(threads[i], NULL);
	CU_ASSERT_PTR_EQUAL(l[0].got, &one);
	CU_ASSERT_TRUE(one.spooled);
	many_came_out(l[3 - third].got, many);
	commits_free(&one, 1);
	commits_free(many, MANY);
	committer_free(c);
}

#define WORKERS		4
#define EACH		200

static struct commit	 all[WORKERS][EACH];
static atomic_int	 came_out[WORKERS * EACH];
static struct committer	*busy;

static void
count_out(const struct commit *c)
{
	for (; c != NULL; c = STAILQ_NEXT(c, next))
		if (c->spooled)
			atomic_fetch_add(&came_out[(atomic_int *)c->owner -
			    came_out], 1);
}

static void *
work_main(void *arg)
{
	struct commit	*mine = arg;
	size_t		 i;

	for (i = 0; i < EACH; i++) {
		mine[i] = commit_of("x", "t", OUTCOME_ACCEPTED);
		mine[i].owner = &came_out[&mine[i] - &all[0][0]];
		if (committer_submit(busy, &mine[i])) {
			count_out(committer_lead_spool(busy));
			count_out(committer_lead(busy));
		}
	}
	return NULL;
}

/* Each that was submitted comes out once, and two never write at a time. */
static void
test_spool_threads(void)
{
	pthread_t	threads[WORKERS];
	size_t		i, once = 0;

	busy = begin(true, true);
	lose_database(busy);
	for (i = 0; i < WORKERS; i++)
		(void)pthread_create(&threads[i], NULL, work_main, all[i]);
	for (i = 0; i < WORKERS; i++)
		(void)pthread_join(threads[i], NULL);
	for (i = 0; i < WORKERS * EACH; i++)
		once += atomic_load(&came_out[i]) == 1;
	CU_ASSERT_EQUAL(once, WORKERS * EACH);
	CU_ASSERT_FALSE(atomic_load(&fake.two_wrote));
	CU_ASSERT_PTR_NULL(committer_lead_spool(busy));
	commits_free(&all[0][0], WORKERS * EACH);
	committer_free(busy);
}

/* ---- chores --------------------------------------------------------------- */

/* The database comes back by itself: the spool is drained at once, slice after
 * slice; lost in the middle of it, again after the next connection. */
static void
test_chores(void)
{
	struct committer	*c = begin(true, false);
	struct commit		 one = commit_of("x", "t", OUTCOME_ACCEPTED);
	int			 runs;

	CU_ASSERT_TRUE(committer_submit(c, &one));
	CU_ASSERT_PTR_EQUAL(committer_lead(c), &one);
	CU_ASSERT_TRUE(one.spooled && !one.stored);
	CU_ASSERT_EQUAL(atomic_load(&fake.drains), 0);
	atomic_store(&fake.drain_breaks, true);
	atomic_store(&fake.reachable, true);
	UNTIL(atomic_load(&fake.drains) >= 2);
	CU_ASSERT_TRUE(atomic_load(&fake.connected));
	runs = atomic_load(&fake.runs);
	CU_ASSERT_TRUE(committer_submit(c, &one));
	(void)committer_lead_spool(c);
	CU_ASSERT_PTR_EQUAL(committer_lead(c), &one);
	CU_ASSERT_TRUE(one.stored);
	/* The task is told of soon, by the chores. */
	UNTIL(atomic_load(&fake.runs) > runs);
	commits_free(&one, 1);
	committer_free(c);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "alone", test_alone },
		{ "alone, database away", test_alone_away },
		{ "batch", test_batch },
		{ "not spooled", test_not_spooled },
		{ "stuck", test_stuck },
		{ "lead at the spool", test_spool_lead },
		{ "threads at the spool", test_spool_threads },
		{ "chores", test_chores },
		{ NULL, NULL }
	};
	struct errbuf	err;
	int		status;

	conf.conninfo = (char *)(uintptr_t)"";
	conf.receiver_conninfo = (char *)(uintptr_t)"";
	scratch_make(dir);
	if ((spool = spool_open(dir, 1 << 20, &err)) == NULL)
		return 2;
	status = cunit_run("committer", tests);
	spool_close(spool);
	scratch_remove(dir);
	return status;
}
