/* The queue in front of the committer, and the one behind it. */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "lib/clock.h"
#include "server/commit_queue.h"

/* How many answers one thread takes over at once: the next thread begins
 * while it sends them. */
#define ANSWERS_MAX	16

STAILQ_HEAD(commit_list, commit);

struct commit_queue {
	pthread_mutex_t		 lock;		/* for all below */
	pthread_cond_t		 put;		/* wakes the committer */
	pthread_cond_t		 handed_back;	/* wakes an answerer */
	struct commit_list	 waiting;	/* for the committer */
	struct commit_list	 known;		/* for an answerer */
	bool			 away;
	struct errbuf		 away_err;	/* why */
	bool			 ended;		/* no more is put in */
	bool			 answers_ended;	/* no more is handed back */
};

/* The first, where there is one. */
static struct commit *
commit_pop(struct commit_list *l)
{
	struct commit	*c = STAILQ_FIRST(l);

	STAILQ_REMOVE_HEAD(l, next);
	return c;
}

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
commit_queue_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock,
    int64_t at_ms)
{
	struct timespec	ts = { .tv_sec = at_ms / 1000,
			    .tv_nsec = at_ms % 1000 * 1000000 };

	(void)pthread_cond_timedwait(cond, lock, &ts);
}

struct commit_queue *
commit_queue_new(void)
{
	struct commit_queue	*q = calloc(1, sizeof(*q));

	if (q == NULL)
		return NULL;
	(void)pthread_mutex_init(&q->lock, NULL);
	commit_queue_init_cond(&q->put);
	(void)pthread_cond_init(&q->handed_back, NULL);
	STAILQ_INIT(&q->waiting);
	STAILQ_INIT(&q->known);
	return q;
}

void
commit_queue_free(struct commit_queue *q)
{
	if (q == NULL)
		return;
	(void)pthread_cond_destroy(&q->handed_back);
	(void)pthread_cond_destroy(&q->put);
	(void)pthread_mutex_destroy(&q->lock);
	free(q);
}

bool
commit_queue_put(struct commit_queue *q, struct commit *c)
{
	bool	take;

	c->stored = false;
	c->dequeue_by_ms = clock_ms() + QUEUE_DEADLINE_MS;
	c->deadline_ms = clock_ms() + COMMIT_DEADLINE_MS;
	(void)pthread_mutex_lock(&q->lock);
	if ((take = !q->away || c->delivery == NULL)) {
		if (STAILQ_EMPTY(&q->waiting))
			(void)pthread_cond_signal(&q->put);
		STAILQ_INSERT_TAIL(&q->waiting, c, next);
	} else
		c->err = q->away_err;
	(void)pthread_mutex_unlock(&q->lock);
	return take;
}

size_t
commit_queue_take(struct commit_queue *q, struct commit **out, size_t max,
    int64_t until_ms, bool *ended)
{
	size_t	n = 0;

	(void)pthread_mutex_lock(&q->lock);
	if (STAILQ_EMPTY(&q->waiting) && !q->ended)
		commit_queue_wait_until(&q->put, &q->lock, until_ms);
	while (n < max && !STAILQ_EMPTY(&q->waiting))
		out[n++] = commit_pop(&q->waiting);
	*ended = q->ended && n == 0;
	(void)pthread_mutex_unlock(&q->lock);
	return n;
}

void
commit_queue_hand_back(struct commit_queue *q, struct commit *const *commits,
    size_t n)
{
	size_t	i;

	(void)pthread_mutex_lock(&q->lock);
	for (i = 0; i < n; i++)
		STAILQ_INSERT_TAIL(&q->known, commits[i], next);
	(void)pthread_mutex_unlock(&q->lock);
	if (n > 0)
		(void)pthread_cond_signal(&q->handed_back);
}

/* The committer is stuck.  Whoever comes next would wait as long again, so the
 * database counts as away until the committer says otherwise. */
int64_t
commit_queue_watch(struct commit_queue *q)
{
	int64_t		 now_ms = clock_ms(), next_ms;
	struct commit	*c;

	(void)pthread_mutex_lock(&q->lock);
	while ((c = STAILQ_FIRST(&q->waiting)) != NULL &&
	    c->dequeue_by_ms <= now_ms) {
		c = commit_pop(&q->waiting);
		errbuf_set(&c->err, "database: the commit before did not end "
		    "within %d ms", QUEUE_DEADLINE_MS);
		q->away = true;
		q->away_err = c->err;
		STAILQ_INSERT_TAIL(&q->known, c, next);
		(void)pthread_cond_signal(&q->handed_back);
	}
	/* Whoever comes from now on has as long as that. */
	next_ms = c != NULL ? c->dequeue_by_ms : now_ms + QUEUE_DEADLINE_MS;
	(void)pthread_mutex_unlock(&q->lock);
	return next_ms;
}

struct commit *
commit_queue_next(struct commit_queue *q)
{
	struct commit_list	 taken;
	struct commit		*c;
	size_t			 n;

	STAILQ_INIT(&taken);
	(void)pthread_mutex_lock(&q->lock);
	while (STAILQ_EMPTY(&q->known) && !q->answers_ended)
		(void)pthread_cond_wait(&q->handed_back, &q->lock);
	for (n = 0; n < ANSWERS_MAX && !STAILQ_EMPTY(&q->known); n++) {
		c = commit_pop(&q->known);
		STAILQ_INSERT_TAIL(&taken, c, next);
	}
	if (!STAILQ_EMPTY(&q->known))
		(void)pthread_cond_signal(&q->handed_back);
	(void)pthread_mutex_unlock(&q->lock);
	return STAILQ_FIRST(&taken);
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

void
commit_queue_end(struct commit_queue *q)
{
	(void)pthread_mutex_lock(&q->lock);
	q->ended = true;
	(void)pthread_cond_signal(&q->put);
	(void)pthread_mutex_unlock(&q->lock);
}

void
commit_queue_end_answers(struct commit_queue *q)
{
	(void)pthread_mutex_lock(&q->lock);
	q->answers_ended = true;
	(void)pthread_cond_broadcast(&q->handed_back);
	(void)pthread_mutex_unlock(&q->lock);
}
