#include <pthread.h>
#include <stdlib.h>

#include "lib/worker.h"
#include "lib/thread.h"

struct errands {
	pthread_t	 thread;
	struct workq	 given;
	pthread_mutex_t	 lock;		/* for every errand's out */
	pthread_cond_t	 back;
};

static void *
work(void *arg)
{
	struct errands	*e = arg;
	struct errand	*one;

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
errands_destroy(struct errands *e)
{
	workq_destroy(&e->given);
	(void)pthread_mutex_destroy(&e->lock);
	(void)pthread_cond_destroy(&e->back);
	free(e);
}

struct errands *
errands_new(struct errbuf *why)
{
	struct errands	*e;

	if ((e = calloc(1, sizeof(*e))) == NULL) {
		errbuf_set(why, "out of memory");
		return NULL;
	}
	workq_init(&e->given);
	(void)pthread_mutex_init(&e->lock, NULL);
	(void)pthread_cond_init(&e->back, NULL);
	if (thread_start(&e->thread, work, e, why))
		return e;
	errands_destroy(e);
	return NULL;
}

void
errands_free(struct errands *e)
{
	if (e == NULL)
		return;
	workq_close(&e->given);
	(void)pthread_join(e->thread, NULL);
	errands_destroy(e);
}

bool
errands_give(struct errands *e, struct errand *one)
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
errands_wait(struct errands *e, struct errand *one)
{
	(void)pthread_mutex_lock(&e->lock);
	while (one->out)
		(void)pthread_cond_wait(&e->back, &e->lock);
	(void)pthread_mutex_unlock(&e->lock);
}
