#include <pthread.h>
#include <stdlib.h>

#include "errand.h"
#include "thread.h"

struct errands {
	pthread_t	 thread;
	pthread_mutex_t	 lock;
	pthread_cond_t	 given, back;
	struct errand	*first, **last;
	bool		 ending;
};

static void *
work(void *arg)
{
	struct errands	*e = arg;
	struct errand	*one;

	(void)pthread_mutex_lock(&e->lock);
	while ((one = e->first) != NULL || !e->ending) {
		if (one == NULL) {
			(void)pthread_cond_wait(&e->given, &e->lock);
			continue;
		}
		if ((e->first = one->next) == NULL)
			e->last = &e->first;
		(void)pthread_mutex_unlock(&e->lock);
		one->run(one);
		(void)pthread_mutex_lock(&e->lock);
		one->out = false;
		(void)pthread_cond_broadcast(&e->back);
	}
	(void)pthread_mutex_unlock(&e->lock);
	return NULL;
}

struct errands *
errands_new(void)
{
	struct errands	*e;

	if ((e = calloc(1, sizeof(*e))) == NULL)
		return NULL;
	e->last = &e->first;
	(void)pthread_mutex_init(&e->lock, NULL);
	(void)pthread_cond_init(&e->given, NULL);
	(void)pthread_cond_init(&e->back, NULL);
	if (thread_start(&e->thread, work, e))
		return e;
	free(e);
	return NULL;
}

void
errands_free(struct errands *e)
{
	if (e == NULL)
		return;
	(void)pthread_mutex_lock(&e->lock);
	e->ending = true;
	(void)pthread_cond_signal(&e->given);
	(void)pthread_mutex_unlock(&e->lock);
	(void)pthread_join(e->thread, NULL);
	(void)pthread_mutex_destroy(&e->lock);
	(void)pthread_cond_destroy(&e->given);
	(void)pthread_cond_destroy(&e->back);
	free(e);
}

bool
errands_give(struct errands *e, struct errand *one)
{
	bool	free;

	(void)pthread_mutex_lock(&e->lock);
	if ((free = !one->out)) {
		one->out = true;
		one->next = NULL;
		*e->last = one;
		e->last = &one->next;
		(void)pthread_cond_signal(&e->given);
	}
	(void)pthread_mutex_unlock(&e->lock);
	return free;
}

void
errands_wait(struct errands *e, struct errand *one)
{
	(void)pthread_mutex_lock(&e->lock);
	while (one->out)
		(void)pthread_cond_wait(&e->back, &e->lock);
	(void)pthread_mutex_unlock(&e->lock);
}
