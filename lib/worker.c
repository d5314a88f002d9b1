#include <pthread.h>
#include <stdlib.h>

#include "lib/worker.h"
#include "lib/thread.h"

struct worker {
	pthread_t	 thread;
	struct workq	 given;
	pthread_mutex_t	 lock;		/* for every job's out */
	pthread_cond_t	 back;
};

static void *
work(void *arg)
{
	struct worker	*e = arg;
	struct worker_job	*one;

	while ((one = workq_take(&e->given, true)) != NULL) {
		one->run(one);
		(void)pthread_mutex_lock(&e->lock);
		one->out = false;
		(void)pthread_cond_broadcast(&e->back);
		(void)pthread_mutex_unlock(&e->lock);
	}
	return NULL;
}

static void
worker_destroy(struct worker *e)
{
	workq_destroy(&e->given);
	(void)pthread_mutex_destroy(&e->lock);
	(void)pthread_cond_destroy(&e->back);
	free(e);
}

struct worker *
worker_new(struct errbuf *why)
{
	struct worker	*e;

	if ((e = calloc(1, sizeof(*e))) == NULL) {
		errbuf_set(why, "out of memory");
		return NULL;
	}
	workq_init(&e->given);
	(void)pthread_mutex_init(&e->lock, NULL);
	(void)pthread_cond_init(&e->back, NULL);
	if (thread_start(&e->thread, work, e, why))
		return e;
	worker_destroy(e);
	return NULL;
}

void
worker_free(struct worker *e)
{
	if (e == NULL)
		return;
	workq_close(&e->given);
	(void)pthread_join(e->thread, NULL);
	worker_destroy(e);
}

bool
worker_put(struct worker *e, struct worker_job *one)
{
	bool	is_home;

	(void)pthread_mutex_lock(&e->lock);
	is_home = !one->out;
	one->out = true;
	(void)pthread_mutex_unlock(&e->lock);
	if (is_home)
		workq_put(&e->given, &one->link, one);
	return is_home;
}

void
worker_wait(struct worker *e, struct worker_job *one)
{
	(void)pthread_mutex_lock(&e->lock);
	while (one->out)
		(void)pthread_cond_wait(&e->back, &e->lock);
	(void)pthread_mutex_unlock(&e->lock);
}
