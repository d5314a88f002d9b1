#include <pthread.h>
#include <stdlib.h>

#include "lib/thread.h"
#include "lib/worker.h"

struct worker {
	pthread_t	 thread;
	struct workq	 given;
	pthread_mutex_t	 lock;		/* for every job's out */
	pthread_cond_t	 back;
};

static void *
work(void *arg)
{
	struct worker	*w = arg;
	struct worker_job	*job;

	while ((job = workq_take(&w->given, true)) != NULL) {
		job->run(job);
		(void)pthread_mutex_lock(&w->lock);
		job->out = false;
		(void)pthread_cond_broadcast(&w->back);
		(void)pthread_mutex_unlock(&w->lock);
	}
	return NULL;
}

static void
worker_destroy(struct worker *w)
{
	workq_destroy(&w->given);
	(void)pthread_mutex_destroy(&w->lock);
	(void)pthread_cond_destroy(&w->back);
	free(w);
}

struct worker *
worker_new(struct errbuf *err)
{
	struct worker	*w;

	if ((w = calloc(1, sizeof(*w))) == NULL) {
		(void)errbuf_no_memory(err);
		return NULL;
	}
	workq_init(&w->given);
	(void)pthread_mutex_init(&w->lock, NULL);
	(void)pthread_cond_init(&w->back, NULL);
	if (thread_start(&w->thread, work, w, err))
		return w;
	worker_destroy(w);
	return NULL;
}

void
worker_free(struct worker *w)
{
	if (w == NULL)
		return;
	workq_close(&w->given);
	(void)pthread_join(w->thread, NULL);
	worker_destroy(w);
}

bool
worker_put(struct worker *w, struct worker_job *job)
{
	bool	is_home;

	(void)pthread_mutex_lock(&w->lock);
	is_home = !job->out;
	job->out = true;
	(void)pthread_mutex_unlock(&w->lock);
	if (is_home)
		workq_put(&w->given, &job->link, job);
	return is_home;
}

void
worker_wait(struct worker *w, struct worker_job *job)
{
	(void)pthread_mutex_lock(&w->lock);
	while (job->out)
		(void)pthread_cond_wait(&w->back, &w->lock);
	(void)pthread_mutex_unlock(&w->lock);
}
