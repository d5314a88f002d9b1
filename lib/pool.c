/* A pool of threads that share the turns of one loop. */
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "lib/pool.h"
#include "lib/thread.h"

struct pool {
	pthread_mutex_t	 lock;		/* for all up to ending */
	pthread_cond_t	 called, done;
	void		(*work)(void *, size_t);
	void		*arg;
	size_t		 n, next;	/* of n, the first not yet begun */
	size_t		 busy;		/* threads at work */
	bool		 ending;
	size_t		 nthreads;	/* the caller's alone */
	pthread_t	 threads[POOL_MAX - 1];
};

/* Do what nobody has begun.  Called with the lock, which is open while the
 * caller's function runs. */
static void
pool_take_turns(struct pool *p)
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
pool_thread(void *arg)
{
	struct pool	*p = arg;

	(void)pthread_mutex_lock(&p->lock);
	while (!p->ending) {
		pool_take_turns(p);
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
	while (p->nthreads > 0)
		(void)pthread_join(p->threads[--p->nthreads], NULL);
	(void)pthread_mutex_destroy(&p->lock);
	(void)pthread_cond_destroy(&p->called);
	(void)pthread_cond_destroy(&p->done);
	free(p);
}

/* As many threads as n turns can use, or as can be had. */
static void
pool_start_threads(struct pool *p, size_t n)
{
	struct errbuf	err;

	while (p->nthreads < POOL_MAX - 1 && p->nthreads + 1 < n &&
	    thread_start(&p->threads[p->nthreads], pool_thread, p, &err))
		p->nthreads++;
}

static void
pool_share(struct pool *p, size_t n, void (*work)(void *, size_t), void *arg)
{
	size_t	i;

	pool_start_threads(p, n);
	(void)pthread_mutex_lock(&p->lock);
	p->work = work;
	p->arg = arg;
	p->n = n;
	p->next = 0;
	for (i = 1; i < n && i <= p->nthreads; i++)
		(void)pthread_cond_signal(&p->called);
	pool_take_turns(p);
	while (p->busy > 0)
		(void)pthread_cond_wait(&p->done, &p->lock);
	(void)pthread_mutex_unlock(&p->lock);
}

void
pool_each(struct pool *p, size_t n, void (*work)(void *, size_t), void *arg)
{
	size_t	i;

	if (p != NULL && n > 1) {
		pool_share(p, n, work, arg);
		return;
	}
	for (i = 0; i < n; i++)
		work(arg, i);
}
