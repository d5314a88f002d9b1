#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "committer.h"
#include "log.h"
#include "store.h"

/* What one statement carries at most. */
#define BATCH_JOBS	64

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

struct job {
	struct job	*next;
	struct delivery	*delivery;	/* NULL: only a ping */
	int64_t		 deadline_ms;
	bool		 stored;
	enum outcome	 outcome;
	struct errbuf	 why;
	sem_t		 known;		/* posted when that is filled in */
};

struct committer {
	const struct conf *conf;
	struct spool	*spool;
	struct db	*db;
	bool		 threaded;
	pthread_t	 thread;
	pthread_mutex_t	 lock;		/* for all below */
	pthread_cond_t	 wake;
	struct job	*first, **last;
	bool		 stopping;
	bool		 away;		/* the database: do not wait for it */
	struct errbuf	 away_why;
	/* The committer thread's own. */
	int64_t		 retry_at_ms, drain_at_ms, notify_at_ms;
	struct finished	 finished;
};

static void
cond_init_monotonic(pthread_cond_t *cond)
{
	pthread_condattr_t	attr;

	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(cond, &attr);
	(void)pthread_condattr_destroy(&attr);
}

static struct timespec
timespec_of(int64_t at_ms)
{
	return (struct timespec){ .tv_sec = at_ms / 1000,
	    .tv_nsec = at_ms % 1000 * 1000000 };
}

/* ---- the committer's thread -------------------------------------------- */

static void
set_away(struct committer *c, bool away, const struct errbuf *why)
{
	(void)pthread_mutex_lock(&c->lock);
	if (away && !c->away)
		log_line(LOG_ERROR, "%s; callbacks go to the spool", why->text);
	if (!away && c->away)
		log_line(LOG_INFO, "database: back");
	c->away = away;
	if (away)
		c->away_why = *why;
	(void)pthread_mutex_unlock(&c->lock);
	c->retry_at_ms = clock_ms() + RECONNECT_MS;
}

static void
finish_jobs(struct job **jobs, size_t n, bool stored,
    const struct errbuf *why)
{
	size_t	i;

	/* Without the lock: a taken job is the committer's alone until it is
	 * posted, and its owner's from then on. */
	for (i = 0; i < n; i++) {
		jobs[i]->stored = stored;
		if (!stored)
			jobs[i]->why = *why;
		(void)sem_post(&jobs[i]->known);
	}
}

static int
time_left(struct job *const *jobs, size_t n)
{
	int64_t	left = COMMIT_DEADLINE_MS, l;
	size_t	i;

	for (i = 0; i < n; i++)
		if ((l = jobs[i]->deadline_ms - clock_ms()) < left)
			left = l;
	return left > 0 ? (int)left : 0;
}

/*
 * PostgreSQL refuses this delivery's values.  No retry would mend that, so
 * its bytes are kept as a delivery that nobody understood.
 */
static enum db_verdict
store_as_unparsed(struct db *db, struct job *job, int timeout_ms,
    struct errbuf *why)
{
	struct delivery	*d = job->delivery;

	log_line(LOG_ERROR, "delivery %s refused: %s", d->id, why->text);
	d->outcome = OUTCOME_UNPARSED;
	result_free(&d->result);
	free(d->headers);
	d->headers = NULL;
	if (!delivery_set_note(d, why->text))
		return DB_AWAY;
	return store_deliveries(db, &d, 1, STORE_AGAIN, timeout_ms,
	    &job->outcome, why);
}

static enum db_verdict
store_jobs(struct committer *c, struct job **jobs, size_t n,
    enum store_try nth, struct errbuf *why)
{
	struct delivery	*batch[BATCH_JOBS] = { NULL };
	enum outcome	 outcomes[BATCH_JOBS];
	enum db_verdict	 v;
	size_t		 i;

	for (i = 0; i < n; i++)
		batch[i] = jobs[i]->delivery;
	v = store_deliveries(c->db, batch, n, nth, time_left(jobs, n),
	    outcomes, why);
	if (v != DB_OK)
		return v;
	for (i = 0; i < n; i++)
		jobs[i]->outcome = outcomes[i];
	finished_add(&c->finished, batch, n, outcomes);
	return v;
}

/* One job of a batch that failed, or the only one of plain CGI. */
static void
commit_alone(struct committer *c, struct job *job)
{
	struct errbuf	why;
	enum db_verdict	v;

	v = store_jobs(c, &job, 1, STORE_AGAIN, &why);
	if (v == DB_REFUSED)
		v = store_as_unparsed(c->db, job, time_left(&job, 1), &why);
	finish_jobs(&job, 1, v == DB_OK, &why);
}

static int
job_compare(const void *a, const void *b)
{
	const struct delivery	*x = (*(struct job *const *)a)->delivery;
	const struct delivery	*y = (*(struct job *const *)b)->delivery;
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
has_repeats(struct job *const *jobs, size_t n)
{
	const char	*task, *next;
	size_t		 i;

	for (i = 1; i < n; i++) {
		task = jobs[i - 1]->delivery->result.task_id;
		next = jobs[i]->delivery->result.task_id;
		if (task != NULL && next != NULL && strcmp(task, next) == 0)
			return true;
	}
	return false;
}

static void
commit_jobs(struct committer *c, struct job **jobs, size_t n)
{
	struct errbuf	why;
	enum db_verdict	v;
	size_t		i;

	/* Two handlers that insert the same tasks, each in its own order,
	 * would wait for each other. */
	qsort(jobs, n, sizeof(*jobs), job_compare);
	v = store_jobs(c, jobs, n, has_repeats(jobs, n) ? STORE_AGAIN :
	    STORE_FIRST, &why);
	if (v == DB_OK) {
		finish_jobs(jobs, n, true, &why);
		return;
	}
	if (v == DB_REFUSED || db_is_connected(c->db)) {
		/* One of them is at fault: it must not cost the others. */
		for (i = 0; i < n; i++)
			commit_alone(c, jobs[i]);
		return;
	}
	set_away(c, true, &why);
	finish_jobs(jobs, n, false, &why);
}

/* Pings are answered, and deliveries left, in the order they came. */
static size_t
answer_pings(struct committer *c, struct job **jobs, size_t n)
{
	struct errbuf	why;
	enum db_verdict	v;
	size_t		i, left = 0;

	for (i = 0; i < n; i++) {
		if (jobs[i]->delivery != NULL) {
			jobs[left++] = jobs[i];
			continue;
		}
		v = db_run(c->db, DB_SCHEMA_VERSION, NULL,
		    time_left(&jobs[i], 1), NULL, &why);
		if (v != DB_OK)
			set_away(c, true, &why);
		finish_jobs(&jobs[i], 1, v == DB_OK, &why);
	}
	return left;
}

static size_t
take_jobs(struct committer *c, struct job **jobs)
{
	size_t	n = 0;

	while (c->first != NULL && n < BATCH_JOBS) {
		jobs[n++] = c->first;
		c->first = c->first->next;
	}
	if (c->first == NULL)
		c->last = &c->first;
	return n;
}

static bool
is_away(struct committer *c)
{
	bool	away;

	(void)pthread_mutex_lock(&c->lock);
	away = c->away;
	(void)pthread_mutex_unlock(&c->lock);
	return away;
}

/*
 * With no connection: make one, where it is time for it.  With one, which a
 * ping may have made, the database is not away.
 */
static void
try_connect(struct committer *c)
{
	struct errbuf	why = { "" };
	bool		connected = db_is_connected(c->db);

	if (!connected && clock_ms() < c->retry_at_ms)
		return;
	if (!connected && db_connect(c->db, COMMIT_DEADLINE_MS, &why) !=
	    DB_OK) {
		set_away(c, true, &why);
		return;
	}
	if (!connected || is_away(c)) {
		set_away(c, false, &why);
		c->drain_at_ms = 0;
	}
}

/* Bring home what the spool holds: slice after slice while nobody waits, a
 * batch now and then while somebody does. */
static void
try_drain(struct committer *c, bool busy)
{
	int64_t			slice_ms = busy ? 0 : DRAIN_SLICE_MS;
	struct drain_counts	counts;
	struct errbuf		why;

	if (c->spool == NULL || !db_is_connected(c->db) ||
	    clock_ms() < c->drain_at_ms)
		return;
	if (spool_drain(c->spool, c->db, c->conf, clock_ms() + slice_ms,
	    &counts, &why) != DB_OK && !db_is_connected(c->db))
		set_away(c, true, &why);
	if (counts.drained > 0)
		log_line(LOG_INFO, "spool: drained %ld, %ld left",
		    counts.drained, counts.left);
	/* More of it at once, or soon; else a look now and then, since a
	 * neighbour handler may have spooled and ended. */
	if (counts.drained == 0 || counts.left <= 0)
		c->drain_at_ms = clock_ms() + DRAIN_EVERY_MS;
	else
		c->drain_at_ms = busy ? clock_ms() + DRAIN_BUSY_MS : 0;
}

/* After the answers are out. */
static void
try_notify(struct committer *c)
{
	if (c->finished.n == 0 || clock_ms() < c->notify_at_ms)
		return;
	finished_notify(&c->finished, c->db, COMMIT_DEADLINE_MS);
	c->notify_at_ms = clock_ms() + NOTIFY_EVERY_MS;
}

/* With no request to serve, the thread sleeps until then. */
static int64_t
next_chore_ms(const struct committer *c)
{
	int64_t	at = clock_ms() + RECONNECT_MS;

	if (c->drain_at_ms == 0)
		at = clock_ms() + 1;
	if (c->finished.n > 0 && c->notify_at_ms < at)
		at = c->notify_at_ms;
	return at;
}

static void
wait_for_work(struct committer *c)
{
	struct timespec	until = timespec_of(next_chore_ms(c));

	(void)pthread_cond_timedwait(&c->wake, &c->lock, &until);
}

static void *
committer_main(void *arg)
{
	struct committer	*c = arg;
	struct job		*jobs[BATCH_JOBS];
	size_t			 n;
	bool			 stop = false;

	while (!stop) {
		try_connect(c);
		(void)pthread_mutex_lock(&c->lock);
		if (c->first == NULL && !c->stopping)
			wait_for_work(c);
		n = take_jobs(c, jobs);
		stop = c->stopping && n == 0;
		(void)pthread_mutex_unlock(&c->lock);
		if ((n = answer_pings(c, jobs, n)) > 0)
			commit_jobs(c, jobs, n);
		if (!stop)
			try_drain(c, n > 0);
		try_notify(c);
	}
	return NULL;
}

/* ---- the requests' side ------------------------------------------------ */

struct committer *
committer_start(const struct conf *conf, struct spool *spool, bool threads,
    struct errbuf *why)
{
	struct committer	*c;
	const char		*conninfo = *conf->receiver_conninfo != '\0' ?
				    conf->receiver_conninfo : conf->conninfo;

	if ((c = calloc(1, sizeof(*c))) == NULL ||
	    (c->db = db_new(conninfo, "genhook_receiver", conf->pooler)) ==
	    NULL) {
		errbuf_set(why, "out of memory");
		free(c);
		return NULL;
	}
	c->conf = conf;
	c->spool = spool;
	c->last = &c->first;
	(void)pthread_mutex_init(&c->lock, NULL);
	cond_init_monotonic(&c->wake);
	if (threads && pthread_create(&c->thread, NULL, committer_main, c) !=
	    0) {
		errbuf_set(why, "could not start the committer's thread");
		committer_stop(c);
		return NULL;
	}
	c->threaded = threads;
	return c;
}

void
committer_stop(struct committer *c)
{
	if (c == NULL)
		return;
	if (c->threaded) {
		(void)pthread_mutex_lock(&c->lock);
		c->stopping = true;
		(void)pthread_cond_signal(&c->wake);
		(void)pthread_mutex_unlock(&c->lock);
		(void)pthread_join(c->thread, NULL);
	}
	finished_notify(&c->finished, c->db, COMMIT_DEADLINE_MS);
	(void)pthread_cond_destroy(&c->wake);
	(void)pthread_mutex_destroy(&c->lock);
	db_free(c->db);
	free(c);
}

/* Take a job out of the queue again; false when the committer has it. */
static bool
unqueue(struct committer *c, struct job *job)
{
	struct job	**at = &c->first;

	while (*at != NULL && *at != job)
		at = &(*at)->next;
	if (*at == NULL)
		return false;
	*at = job->next;
	if (c->last == &job->next)
		c->last = at;
	return true;
}

/* False, with job->why, when the database is known to be away. */
static bool
queue(struct committer *c, struct job *job)
{
	bool	take;

	(void)pthread_mutex_lock(&c->lock);
	if ((take = !c->away || job->delivery == NULL)) {
		*c->last = job;
		c->last = &job->next;
		(void)pthread_cond_signal(&c->wake);
	} else
		job->why = c->away_why;
	(void)pthread_mutex_unlock(&c->lock);
	return take;
}

/* The deadline has come.  False when the committer has taken the job, and so
 * keeps to the deadline by itself. */
static bool
give_up(struct committer *c, struct job *job)
{
	bool	mine;

	(void)pthread_mutex_lock(&c->lock);
	if ((mine = unqueue(c, job))) {
		errbuf_set(&job->why, "database: no commit within %d ms",
		    COMMIT_DEADLINE_MS);
		/* The committer is stuck: whoever comes next would wait for a
		 * thread, and then as long again. */
		c->away = true;
		c->away_why = job->why;
	}
	(void)pthread_mutex_unlock(&c->lock);
	return mine;
}

static void
queue_and_wait(struct committer *c, struct job *job)
{
	struct timespec	until = timespec_of(job->deadline_ms);

	if (!queue(c, job))
		return;
	while (sem_clockwait(&job->known, CLOCK_MONOTONIC, &until) == -1)
		if (errno == ETIMEDOUT) {
			if (give_up(c, job))
				return;
			while (sem_wait(&job->known) == -1)
				continue;
			return;
		}
}

static void
run_job(struct committer *c, struct job *job)
{
	struct errbuf	why;

	job->deadline_ms = clock_ms() + COMMIT_DEADLINE_MS;
	(void)sem_init(&job->known, 0, 0);
	if (c->threaded)
		queue_and_wait(c, job);
	else if (job->delivery != NULL)
		commit_alone(c, job);
	else {
		job->stored = db_run(c->db, DB_SCHEMA_VERSION, NULL,
		    COMMIT_DEADLINE_MS, NULL, &why) == DB_OK;
		job->why = why;
	}
	(void)sem_destroy(&job->known);
}

bool
committer_store(struct committer *c, struct delivery *d, enum outcome *out,
    struct errbuf *why)
{
	struct job	job = { .delivery = d };

	run_job(c, &job);
	if (job.stored)
		*out = job.outcome;
	else
		*why = job.why;
	return job.stored;
}

bool
committer_ping(struct committer *c, struct errbuf *why)
{
	struct job	job = { .delivery = NULL };

	run_job(c, &job);
	if (!job.stored)
		*why = job.why;
	return job.stored;
}
