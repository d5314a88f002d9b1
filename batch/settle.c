#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "settle.h"
#include "thread.h"

#define AT_ONCE		128	/* each holds three file descriptors */
#define CHECKERS_MIN	2
#define CHECKERS_MAX	4

struct queue {
	struct archive_commit	*first, **last;
};

/* A file goes from given to checked to done, or from given to done. */
struct settler {
	struct archive		*archive;
	void			(*wake)(void *);
	void			*arg;
	pthread_t		 threads[CHECKERS_MAX + 1];
	size_t			 nthreads;
	pthread_mutex_t		 lock;
	pthread_cond_t		 to_check, to_commit, settled;
	struct queue		 given, checked;
	struct archive_commit	*done;
	int			 checkers;	/* threads that still check */
	int			 busy;		/* given and not yet done */
	int			 count;		/* the giver's own */
	bool			 ending;
};

static void
push(struct queue *q, struct archive_commit *c)
{
	c->next = NULL;
	*q->last = c;
	q->last = &c->next;
}

static struct archive_commit *
pop(struct queue *q)
{
	struct archive_commit	*c = q->first;

	if (c != NULL && (q->first = c->next) == NULL)
		q->last = &q->first;
	return c;
}

/* With the lock. */
static void
hand_back(struct settler *s, struct archive_commit *c)
{
	c->next = s->done;
	s->done = c;
	s->busy--;
	(void)pthread_cond_signal(&s->settled);
}

/* The last look at a file.  Only what its owner still wants to keep is kept. */
static bool
passes(struct settler *s, struct archive_commit *c)
{
	if ((c->prepare == NULL || c->prepare(c)) &&
	    archive_ready(s->archive, c->part, &c->why))
		return true;
	archive_abort(c->part);
	c->part = NULL;
	c->done = true;
	return false;
}

static void *
check(void *arg)
{
	struct settler		*s = arg;
	struct archive_commit	*c;
	bool			 ok;

	(void)pthread_mutex_lock(&s->lock);
	while ((c = pop(&s->given)) != NULL || !s->ending) {
		if (c == NULL) {
			(void)pthread_cond_wait(&s->to_check, &s->lock);
			continue;
		}
		(void)pthread_mutex_unlock(&s->lock);
		ok = passes(s, c);
		(void)pthread_mutex_lock(&s->lock);
		if (ok) {
			push(&s->checked, c);
			(void)pthread_cond_signal(&s->to_commit);
		} else {
			hand_back(s, c);
			s->wake(s->arg);
		}
	}
	s->checkers--;
	(void)pthread_cond_signal(&s->to_commit);
	(void)pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* Add what waits to the n that are under way, up to AT_ONCE in all.  Returns
 * how many these then are: 0 when the end has come. */
static size_t
fill(struct settler *s, struct archive_commit **batch, size_t n)
{
	(void)pthread_mutex_lock(&s->lock);
	while (n == 0 && s->checked.first == NULL && s->checkers > 0)
		(void)pthread_cond_wait(&s->to_commit, &s->lock);
	while (n < AT_ONCE && s->checked.first != NULL)
		batch[n++] = pop(&s->checked);
	(void)pthread_mutex_unlock(&s->lock);
	return n;
}

/* Give back those that are done.  Returns how many are left in batch. */
static size_t
hand_back_some(struct settler *s, struct archive_commit **batch, size_t n)
{
	size_t	i, left = 0;

	(void)pthread_mutex_lock(&s->lock);
	for (i = 0; i < n; i++) {
		if (batch[i]->done)
			hand_back(s, batch[i]);
		else
			batch[left++] = batch[i];
	}
	(void)pthread_mutex_unlock(&s->lock);
	if (left < n)
		s->wake(s->arg);
	return left;
}

static void *
commit(void *arg)
{
	struct settler		*s = arg;
	struct archive_commit	*batch[AT_ONCE];
	size_t			 n = 0;

	while ((n = fill(s, batch, n)) > 0) {
		archive_commit_some(s->archive, batch, n);
		n = hand_back_some(s, batch, n);
	}
	return NULL;
}

/* They want processors, and now and then a disk. */
static int
checkers_wanted(void)
{
	long	n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < CHECKERS_MIN ? CHECKERS_MIN :
	    n > CHECKERS_MAX ? CHECKERS_MAX : (int)n;
}

/* False: what could be started has to be ended. */
static bool
start(struct settler *s)
{
	int	n = checkers_wanted();

	while (s->checkers < n &&
	    thread_start(&s->threads[s->nthreads], check, s)) {
		s->checkers++;
		s->nthreads++;
	}
	if (s->checkers == 0 ||
	    !thread_start(&s->threads[s->nthreads], commit, s))
		return false;
	s->nthreads++;
	return true;
}

/* End the threads, after what was given. */
static void
stop(struct settler *s)
{
	(void)pthread_mutex_lock(&s->lock);
	s->ending = true;
	(void)pthread_cond_broadcast(&s->to_check);
	(void)pthread_mutex_unlock(&s->lock);
	while (s->nthreads > 0)
		(void)pthread_join(s->threads[--s->nthreads], NULL);
}

struct settler *
settler_new(struct archive *archive, void (*wake)(void *), void *arg)
{
	struct settler	*s;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return NULL;
	s->archive = archive;
	s->wake = wake;
	s->arg = arg;
	s->given.last = &s->given.first;
	s->checked.last = &s->checked.first;
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_cond_init(&s->to_check, NULL);
	(void)pthread_cond_init(&s->to_commit, NULL);
	(void)pthread_cond_init(&s->settled, NULL);
	if (start(s))
		return s;
	settler_free(s);
	return NULL;
}

void
settler_free(struct settler *s)
{
	if (s == NULL)
		return;
	stop(s);
	(void)pthread_mutex_destroy(&s->lock);
	(void)pthread_cond_destroy(&s->to_check);
	(void)pthread_cond_destroy(&s->to_commit);
	(void)pthread_cond_destroy(&s->settled);
	free(s);
}

void
settler_give(struct settler *s, struct archive_commit *c)
{
	s->count++;
	(void)pthread_mutex_lock(&s->lock);
	push(&s->given, c);
	s->busy++;
	(void)pthread_cond_signal(&s->to_check);
	(void)pthread_mutex_unlock(&s->lock);
}

struct archive_commit *
settler_take(struct settler *s, bool all)
{
	struct archive_commit	*done, *c;

	(void)pthread_mutex_lock(&s->lock);
	while (all && s->busy > 0)
		(void)pthread_cond_wait(&s->settled, &s->lock);
	done = s->done;
	s->done = NULL;
	(void)pthread_mutex_unlock(&s->lock);
	for (c = done; c != NULL; c = c->next)
		s->count--;
	return done;
}

int
settler_count(const struct settler *s)
{
	return s->count;
}
