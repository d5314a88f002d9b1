#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "lib/pool.h"
#include "lib/thread.h"

struct pool {
	pthread_mutex_t	 lock;
	pthread_cond_t	 called, done;
	void		(*work)(void *, size_t);
	void		*arg;
	size_t		 n, next;	/* of n, the first not yet begun */
	size_t		 busy;		/* hands at work */
	bool		 ending;
	size_t		 nhands;	/* the one caller's own */
	pthread_t	 hands[POOL_MAX - 1];
};

/* Do what nobody has begun.  With the lock, which is open meanwhile. */
static void
take_turns(struct pool *c)
{
	size_t	i;

	c->busy++;
	while (c->next < c->n) {
		i = c->next++;
		(void)pthread_mutex_unlock(&c->lock);
		c->work(c->arg, i);
		(void)pthread_mutex_lock(&c->lock);
	}
	if (--c->busy == 0)
		(void)pthread_cond_signal(&c->done);
}

static void *
be_at_hand(void *arg)
{
	struct pool	*c = arg;

	(void)pthread_mutex_lock(&c->lock);
	while (!c->ending) {
		take_turns(c);
		(void)pthread_cond_wait(&c->called, &c->lock);
	}
	(void)pthread_mutex_unlock(&c->lock);
	return NULL;
}

struct pool *
pool_new(void)
{
	struct pool	*c;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return NULL;
	(void)pthread_mutex_init(&c->lock, NULL);
	(void)pthread_cond_init(&c->called, NULL);
	(void)pthread_cond_init(&c->done, NULL);
	return c;
}

void
pool_free(struct pool *c)
{
	if (c == NULL)
		return;
	(void)pthread_mutex_lock(&c->lock);
	c->ending = true;
	(void)pthread_cond_broadcast(&c->called);
	(void)pthread_mutex_unlock(&c->lock);
	while (c->nhands > 0)
		(void)pthread_join(c->hands[--c->nhands], NULL);
	(void)pthread_mutex_destroy(&c->lock);
	(void)pthread_cond_destroy(&c->called);
	(void)pthread_cond_destroy(&c->done);
	free(c);
}

void
pool_each(struct pool *c, size_t n, void (*work)(void *, size_t), void *arg)
{
	struct errbuf	why;
	size_t		i;

	for (i = 0; i < n && (c == NULL || n == 1); i++)
		work(arg, i);
	if (c == NULL || n <= 1)
		return;
	while (c->nhands < POOL_MAX - 1 && c->nhands + 1 < n &&
	    thread_start(&c->hands[c->nhands], be_at_hand, c, &why))
		c->nhands++;
	(void)pthread_mutex_lock(&c->lock);
	c->work = work;
	c->arg = arg;
	c->n = n;
	c->next = 0;
	for (i = 1; i < n && i <= c->nhands; i++)
		(void)pthread_cond_signal(&c->called);
	take_turns(c);
	while (c->busy > 0)
		(void)pthread_cond_wait(&c->done, &c->lock);
	(void)pthread_mutex_unlock(&c->lock);
}
