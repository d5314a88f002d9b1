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
take_turns(struct pool *p)
{
	size_t	i;

	p->busy++;
	while (p->next < p->n) {
		i = p->next++;
		(void)pthread_mutex_unlock(&p->lock);
		p->work(p->arg, i);
		(void)pthread_mutex_lock(&p->lock);
	}
	if (--p->busy == 0)
		(void)pthread_cond_signal(&p->done);
}

static void *
be_at_hand(void *arg)
{
	struct pool	*p = arg;

	(void)pthread_mutex_lock(&p->lock);
	while (!p->ending) {
		take_turns(p);
		(void)pthread_cond_wait(&p->called, &p->lock);
	}
	(void)pthread_mutex_unlock(&p->lock);
	return NULL;
}

struct pool *
pool_new(void)
{
	struct pool	*p;

	if ((p = calloc(1, sizeof(*p))) == NULL)
		return NULL;
	(void)pthread_mutex_init(&p->lock, NULL);
	(void)pthread_cond_init(&p->called, NULL);
	(void)pthread_cond_init(&p->done, NULL);
	return p;
}

void
pool_free(struct pool *p)
{
	if (p == NULL)
		return;
	(void)pthread_mutex_lock(&p->lock);
	p->ending = true;
	(void)pthread_cond_broadcast(&p->called);
	(void)pthread_mutex_unlock(&p->lock);
	while (p->nhands > 0)
		(void)pthread_join(p->hands[--p->nhands], NULL);
	(void)pthread_mutex_destroy(&p->lock);
	(void)pthread_cond_destroy(&p->called);
	(void)pthread_cond_destroy(&p->done);
	free(p);
}

void
pool_each(struct pool *p, size_t n, void (*work)(void *, size_t), void *arg)
{
	struct errbuf	err;
	size_t		i;

	for (i = 0; i < n && (p == NULL || n == 1); i++)
		work(arg, i);
	if (p == NULL || n <= 1)
		return;
	while (p->nhands < POOL_MAX - 1 && p->nhands + 1 < n &&
	    thread_start(&p->hands[p->nhands], be_at_hand, p, &err))
		p->nhands++;
	(void)pthread_mutex_lock(&p->lock);
	p->work = work;
	p->arg = arg;
	p->n = n;
	p->next = 0;
	for (i = 1; i < n && i <= p->nhands; i++)
		(void)pthread_cond_signal(&p->called);
	take_turns(p);
	while (p->busy > 0)
		(void)pthread_cond_wait(&p->done, &p->lock);
	(void)pthread_mutex_unlock(&p->lock);
}
