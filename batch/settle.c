#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "crew.h"
#include "settle.h"

#define AT_ONCE		64	/* each holds three file descriptors */

struct settler {
	struct archive		*archive;
	void			(*wake)(void *);
	void			*arg;
	pthread_t		 thread;
	pthread_mutex_t		 lock;
	pthread_cond_t		 given, settled;
	struct archive_commit	*first, **last;	/* to be done, in order */
	struct archive_commit	*done;
	int			 busy;		/* given and not yet done */
	int			 count;		/* the giver's own */
	bool			 ending;
};

/* Add what waits to the n that are under way, up to AT_ONCE in all.  Returns
 * how many these then are: 0 when the end has come. */
static size_t
fill(struct settler *s, struct archive_commit **batch, size_t n)
{
	(void)pthread_mutex_lock(&s->lock);
	while (n == 0 && s->first == NULL && !s->ending)
		(void)pthread_cond_wait(&s->given, &s->lock);
	while (n < AT_ONCE && s->first != NULL) {
		batch[n++] = s->first;
		if ((s->first = s->first->next) == NULL)
			s->last = &s->first;
	}
	(void)pthread_mutex_unlock(&s->lock);
	return n;
}

/* Give back those that are done.  Returns how many are left in batch. */
static size_t
hand_back(struct settler *s, struct archive_commit **batch, size_t n)
{
	size_t	i, left = 0;

	(void)pthread_mutex_lock(&s->lock);
	for (i = 0; i < n; i++) {
		if (!batch[i]->done) {
			batch[left++] = batch[i];
			continue;
		}
		batch[i]->next = s->done;
		s->done = batch[i];
	}
	s->busy -= (int)(n - left);
	(void)pthread_cond_signal(&s->settled);
	(void)pthread_mutex_unlock(&s->lock);
	if (left < n)
		s->wake(s->arg);
	return left;
}

static void
prepare(void *arg, size_t i)
{
	struct archive_commit	*c = ((struct archive_commit **)arg)[i];

	c->ok = c->prepare == NULL || c->prepare(c);
}

/* Only what its owner still wants to keep after a last look is kept.  The
 * first known of the n have had that. */
static void
settle(struct settler *s, struct archive_commit **batch, size_t known,
    size_t n)
{
	struct archive_commit	*good[AT_ONCE];
	size_t			 i, ngood = 0;

	crew_each(n - known, prepare, batch + known);
	for (i = 0; i < n; i++) {
		if (i < known || batch[i]->ok) {
			batch[i]->ok = false;	/* until it is at rest */
			good[ngood++] = batch[i];
			continue;
		}
		archive_abort(batch[i]->part);
		batch[i]->part = NULL;
		batch[i]->done = true;
	}
	if (ngood > 0)
		archive_commit_some(s->archive, good, ngood);
}

static void *
work(void *arg)
{
	struct settler		*s = arg;
	struct archive_commit	*batch[AT_ONCE];
	size_t			 n = 0, known;

	for (;;) {
		known = n;
		if ((n = fill(s, batch, n)) == 0)
			return NULL;
		settle(s, batch, known, n);
		n = hand_back(s, batch, n);
	}
}

/* Signals are for the thread that has the work to end. */
static bool
start(struct settler *s)
{
	sigset_t	all, old;
	int		error;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(&s->thread, NULL, work, s);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	return error == 0;
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
	s->last = &s->first;
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_cond_init(&s->given, NULL);
	(void)pthread_cond_init(&s->settled, NULL);
	if (start(s))
		return s;
	free(s);
	return NULL;
}

void
settler_free(struct settler *s)
{
	if (s == NULL)
		return;
	(void)pthread_mutex_lock(&s->lock);
	s->ending = true;
	(void)pthread_cond_signal(&s->given);
	(void)pthread_mutex_unlock(&s->lock);
	(void)pthread_join(s->thread, NULL);
	(void)pthread_mutex_destroy(&s->lock);
	(void)pthread_cond_destroy(&s->given);
	(void)pthread_cond_destroy(&s->settled);
	free(s);
}

void
settler_give(struct settler *s, struct archive_commit *c)
{
	c->next = NULL;
	s->count++;
	(void)pthread_mutex_lock(&s->lock);
	*s->last = c;
	s->last = &c->next;
	s->busy++;
	(void)pthread_cond_signal(&s->given);
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
