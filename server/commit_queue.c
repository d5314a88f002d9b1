#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "lib/clock.h"
#include "server/commit_queue.h"

/* How many answers one thread takes over at once: the next thread begins
 * while it sends them. */
#define ANSWERS_MAX	16

STAILQ_HEAD(list, commit);

struct queue {
	pthread_mutex_t	 lock;		/* for all below */
	pthread_cond_t	 wake;		/* the committer */
	pthread_cond_t	 known_wake;	/* who answers */
	struct list	 waiting, known;
	bool		 away, ended, settled;
	struct errbuf	 away_why;
};

/* The first, where there is one. */
static struct commit *
list_pop(struct list *l)
{
	struct commit	*c = STAILQ_FIRST(l);

	STAILQ_REMOVE_HEAD(l, next);
	return c;
}

static void
cond_init_monotonic(pthread_cond_t *cond)
{
	pthread_condattr_t	attr;

	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(cond, &attr);
	(void)pthread_condattr_destroy(&attr);
}

static void
cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t at_ms)
{
	struct timespec	ts = { .tv_sec = at_ms / 1000,
			    .tv_nsec = at_ms % 1000 * 1000000 };

	(void)pthread_cond_timedwait(cond, lock, &ts);
}

struct queue *
queue_new(void)
{
	struct queue	*q = calloc(1, sizeof(*q));

	if (q == NULL)
		return NULL;
	(void)pthread_mutex_init(&q->lock, NULL);
	cond_init_monotonic(&q->wake);
	(void)pthread_cond_init(&q->known_wake, NULL);
	STAILQ_INIT(&q->waiting);
	STAILQ_INIT(&q->known);
	return q;
}

void
queue_free(struct queue *q)
{
	if (q == NULL)
		return;
	(void)pthread_cond_destroy(&q->known_wake);
	(void)pthread_cond_destroy(&q->wake);
	(void)pthread_mutex_destroy(&q->lock);
	free(q);
}

bool
queue_put(struct queue *q, struct commit *c)
{
	bool	take;

	c->stored = false;
	c->dequeue_by_ms = clock_ms() + QUEUE_DEADLINE_MS;
	c->deadline_ms = clock_ms() + COMMIT_DEADLINE_MS;
	(void)pthread_mutex_lock(&q->lock);
	if ((take = !q->away || c->delivery == NULL)) {
		if (STAILQ_EMPTY(&q->waiting))
			(void)pthread_cond_signal(&q->wake);
		STAILQ_INSERT_TAIL(&q->waiting, c, next);
	} else
		c->err = q->away_why;
	(void)pthread_mutex_unlock(&q->lock);
	return take;
}

size_t
queue_take(struct queue *q, struct commit **out, size_t max, int64_t until_ms,
    bool *ended)
{
	size_t	n = 0;

	(void)pthread_mutex_lock(&q->lock);
	if (STAILQ_EMPTY(&q->waiting) && !q->ended)
		cond_wait_until(&q->wake, &q->lock, until_ms);
	while (n < max && !STAILQ_EMPTY(&q->waiting))
		out[n++] = list_pop(&q->waiting);
	*ended = q->ended && n == 0;
	(void)pthread_mutex_unlock(&q->lock);
	return n;
}

void
queue_known(struct queue *q, struct commit *const *commits, size_t n)
{
	size_t	i;

	(void)pthread_mutex_lock(&q->lock);
	for (i = 0; i < n; i++)
		STAILQ_INSERT_TAIL(&q->known, commits[i], next);
	(void)pthread_mutex_unlock(&q->lock);
	if (n > 0)
		(void)pthread_cond_signal(&q->known_wake);
}

/*
 * A committer that is stuck: what waits is given up, and whoever comes next
 * would wait as long again.
 */
int64_t
queue_watch(struct queue *q)
{
	int64_t		 now_ms = clock_ms(), next_ms;
	struct commit	*c;

	(void)pthread_mutex_lock(&q->lock);
	while ((c = STAILQ_FIRST(&q->waiting)) != NULL &&
	    c->dequeue_by_ms <= now_ms) {
		c = list_pop(&q->waiting);
		errbuf_set(&c->err, "database: the commit before did not end "
		    "within %d ms", QUEUE_DEADLINE_MS);
		q->away = true;
		q->away_why = c->err;
		STAILQ_INSERT_TAIL(&q->known, c, next);
		(void)pthread_cond_signal(&q->known_wake);
	}
	/* Whoever comes from now on has as long as that. */
	next_ms = c != NULL ? c->dequeue_by_ms : now_ms + QUEUE_DEADLINE_MS;
	(void)pthread_mutex_unlock(&q->lock);
	return next_ms;
}

struct commit *
queue_next(struct queue *q)
{
	struct list	 taken;
	struct commit	*c;
	size_t		 n;

	STAILQ_INIT(&taken);
	(void)pthread_mutex_lock(&q->lock);
	while (STAILQ_EMPTY(&q->known) && !q->settled)
		(void)pthread_cond_wait(&q->known_wake, &q->lock);
	for (n = 0; n < ANSWERS_MAX && !STAILQ_EMPTY(&q->known); n++) {
		c = list_pop(&q->known);
		STAILQ_INSERT_TAIL(&taken, c, next);
	}
	if (!STAILQ_EMPTY(&q->known))
		(void)pthread_cond_signal(&q->known_wake);
	(void)pthread_mutex_unlock(&q->lock);
	return STAILQ_FIRST(&taken);
}

void
queue_set_away(struct queue *q, bool away, const struct errbuf *err)
{
	(void)pthread_mutex_lock(&q->lock);
	q->away = away;
	if (away)
		q->away_why = *err;
	(void)pthread_mutex_unlock(&q->lock);
}

bool
queue_is_away(struct queue *q)
{
	bool	away;

	(void)pthread_mutex_lock(&q->lock);
	away = q->away;
	(void)pthread_mutex_unlock(&q->lock);
	return away;
}

void
queue_end(struct queue *q)
{
	(void)pthread_mutex_lock(&q->lock);
	q->ended = true;
	(void)pthread_cond_signal(&q->wake);
	(void)pthread_mutex_unlock(&q->lock);
}

void
queue_settled(struct queue *q)
{
	(void)pthread_mutex_lock(&q->lock);
	q->settled = true;
	(void)pthread_cond_broadcast(&q->known_wake);
	(void)pthread_mutex_unlock(&q->lock);
}
