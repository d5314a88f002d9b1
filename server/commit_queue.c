/* The queue in front of the database's one connection, and its lead. */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "lib/clock.h"
#include "server/commit_queue.h"

/* Where something waits, somebody leads or stands by, or the worker that has
 * put it in is on its way to. */
struct commit_queue {
	pthread_mutex_t		 lock;		/* for all below */
	pthread_cond_t		 lead_free;	/* wakes who stands by */
	pthread_cond_t		 chores;	/* wakes the thread of chores */
	struct commit_list	 waiting;	/* for a leader */
	bool			 led;		/* somebody has the lead */
	bool			 standing_by;	/* a worker does */
	bool			 chores_wait;	/* for the lead */
	int64_t			 chores_at_ms;	/* monotonic */
	bool			 away;
	struct errbuf		 away_err;	/* why */
	bool			 ended;
	int			 deadline_ms;
};

static void
commit_queue_init_cond(pthread_cond_t *cond)
{
	pthread_condattr_t	attr;

	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(cond, &attr);
	(void)pthread_condattr_destroy(&attr);
}

static void
commit_queue_wait_until(struct commit_queue *q, pthread_cond_t *cond,
    int64_t at_ms)
{
	struct timespec	ts = { .tv_sec = at_ms / 1000,
			    .tv_nsec = at_ms % 1000 * 1000000 };

	(void)pthread_cond_timedwait(cond, &q->lock, &ts);
}

struct commit_queue *
commit_queue_new(int deadline_ms)
{
	struct commit_queue	*q = calloc(1, sizeof(*q));

	if (q == NULL)
		return NULL;
	q->deadline_ms = deadline_ms;
	(void)pthread_mutex_init(&q->lock, NULL);
	commit_queue_init_cond(&q->lead_free);
	commit_queue_init_cond(&q->chores);
	STAILQ_INIT(&q->waiting);
	return q;
}

void
commit_queue_free(struct commit_queue *q)
{
	if (q == NULL)
		return;
	(void)pthread_cond_destroy(&q->chores);
	(void)pthread_cond_destroy(&q->lead_free);
	(void)pthread_mutex_destroy(&q->lock);
	free(q);
}

/* ---- the functions up to the next line are called with the lock held ------ */

static void
commit_queue_take(struct commit_queue *q, struct commit_list *taken,
    size_t max)
{
	struct commit	*c;
	size_t		 n;

	STAILQ_INIT(taken);
	for (n = 0; n < max && (c = STAILQ_FIRST(&q->waiting)) != NULL; n++) {
		STAILQ_REMOVE_HEAD(&q->waiting, next);
		STAILQ_INSERT_TAIL(taken, c, next);
	}
}

/* The leader is stuck.  Whoever comes next would wait as long again, so the
 * database counts as away until a leader says otherwise. */
static void
commit_queue_give_up(struct commit_queue *q, struct commit_list *given_up)
{
	struct commit	*c;

	q->away = true;
	errbuf_set(&q->away_err, "database: the commit before did not end "
	    "within %d ms", q->deadline_ms);
	STAILQ_INIT(given_up);
	STAILQ_CONCAT(given_up, &q->waiting);
	STAILQ_FOREACH(c, given_up, next)
		c->err = q->away_err;
}

/* When the first of those that wait is given up; whoever comes from now on has
 * as long as that. */
static int64_t
commit_queue_overdue_at_ms(struct commit_queue *q)
{
	const struct commit	*c = STAILQ_FIRST(&q->waiting);

	return c != NULL ? c->dequeue_by_ms : clock_ms() + q->deadline_ms;
}

static void
commit_queue_stand_by(struct commit_queue *q)
{
	int64_t	at_ms;

	q->standing_by = true;
	while (q->led && (at_ms = commit_queue_overdue_at_ms(q)) > clock_ms())
		commit_queue_wait_until(q, &q->lead_free, at_ms);
	q->standing_by = false;
}

/* Chores come first: they are few, and callbacks never end. */
static void
commit_queue_release(struct commit_queue *q)
{
	q->led = false;
	if (q->chores_wait)
		(void)pthread_cond_signal(&q->chores);
	else if (q->standing_by)
		(void)pthread_cond_signal(&q->lead_free);
}

/* ---- the workers -------------------------------------------------------- */

bool
commit_queue_has_some(struct commit_queue *q)
{
	bool	some;

	(void)pthread_mutex_lock(&q->lock);
	some = !STAILQ_EMPTY(&q->waiting);
	(void)pthread_mutex_unlock(&q->lock);
	return some;
}

bool
commit_queue_wants_leader(struct commit_queue *q)
{
	bool	wants;

	(void)pthread_mutex_lock(&q->lock);
	wants = !STAILQ_EMPTY(&q->waiting) && !q->standing_by;
	(void)pthread_mutex_unlock(&q->lock);
	return wants;
}

bool
commit_queue_put(struct commit_queue *q, struct commit *c)
{
	bool	take;

	c->stored = false;
	c->dequeue_by_ms = clock_ms() + q->deadline_ms;
	c->deadline_ms = clock_ms() + COMMIT_DEADLINE_MS;
	(void)pthread_mutex_lock(&q->lock);
	if ((take = !q->away || c->delivery == NULL))
		STAILQ_INSERT_TAIL(&q->waiting, c, next);
	else
		c->err = q->away_err;
	(void)pthread_mutex_unlock(&q->lock);
	return take;
}

enum commit_lead
commit_queue_lead(struct commit_queue *q, struct commit_list *taken,
    size_t max)
{
	enum commit_lead	lead = LEAD_OTHER;

	(void)pthread_mutex_lock(&q->lock);
	if (q->led && !q->standing_by && !STAILQ_EMPTY(&q->waiting))
		commit_queue_stand_by(q);
	if (!STAILQ_EMPTY(&q->waiting) && !q->led) {
		q->led = true;
		commit_queue_take(q, taken, max);
		lead = LEAD_MINE;
	} else if (!STAILQ_EMPTY(&q->waiting) && !q->standing_by) {
		commit_queue_give_up(q, taken);
		lead = LEAD_STUCK;
	}
	(void)pthread_mutex_unlock(&q->lock);
	return lead;
}

bool
commit_queue_pass(struct commit_queue *q, struct commit_list *taken,
    size_t max)
{
	bool	on;

	(void)pthread_mutex_lock(&q->lock);
	on = !STAILQ_EMPTY(&q->waiting) && !q->standing_by;
	commit_queue_take(q, taken, on ? max : 0);
	if (!on)
		commit_queue_release(q);
	(void)pthread_mutex_unlock(&q->lock);
	return on;
}

void
commit_queue_set_away(struct commit_queue *q, bool away,
    const struct errbuf *err)
{
	(void)pthread_mutex_lock(&q->lock);
	q->away = away;
	if (away)
		q->away_err = *err;
	(void)pthread_mutex_unlock(&q->lock);
}

bool
commit_queue_is_away(struct commit_queue *q)
{
	bool	away;

	(void)pthread_mutex_lock(&q->lock);
	away = q->away;
	(void)pthread_mutex_unlock(&q->lock);
	return away;
}

/* ---- the thread of chores ------------------------------------------------ */

bool
commit_queue_lead_chores(struct commit_queue *q)
{
	bool	lead;

	(void)pthread_mutex_lock(&q->lock);
	while (!q->ended && clock_ms() < q->chores_at_ms)
		commit_queue_wait_until(q, &q->chores, q->chores_at_ms);
	q->chores_wait = true;
	while (!q->ended && q->led)
		(void)pthread_cond_wait(&q->chores, &q->lock);
	q->chores_wait = false;
	if ((lead = !q->ended))
		q->led = true;
	(void)pthread_mutex_unlock(&q->lock);
	return lead;
}

void
commit_queue_end_chores(struct commit_queue *q, int64_t next_at_ms)
{
	(void)pthread_mutex_lock(&q->lock);
	q->chores_at_ms = next_at_ms;
	commit_queue_release(q);
	(void)pthread_mutex_unlock(&q->lock);
}

void
commit_queue_hurry_chores(struct commit_queue *q, int64_t at_ms)
{
	(void)pthread_mutex_lock(&q->lock);
	if (at_ms < q->chores_at_ms) {
		q->chores_at_ms = at_ms;
		(void)pthread_cond_signal(&q->chores);
	}
	(void)pthread_mutex_unlock(&q->lock);
}

void
commit_queue_end(struct commit_queue *q)
{
	(void)pthread_mutex_lock(&q->lock);
	q->ended = true;
	(void)pthread_cond_signal(&q->chores);
	(void)pthread_mutex_unlock(&q->lock);
}
