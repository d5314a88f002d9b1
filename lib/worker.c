/* A worker: one thread, the queue before it, and who waits for a job. */
#include <pthread.h>
#include <stdlib.h>

#include "lib/thread.h"
#include "lib/worker.h"

struct worker {
	pthread_t	 thread;
	struct workq	 given;
	pthread_mutex_t	 lock;		/* for every job's out */
	pthread_cond_t	 done;		/* some job is out no longer */
};

static void *
worker_thread(void *arg)
{
	struct worker		*w = arg;
	struct worker_job	*job;

	while ((job = workq_take(&w->given, true)) != NULL) {
		job->run(job);
		(void)pthread_mutex_lock(&w->lock);
		job->out = false;
		(void)pthread_cond_broadcast(&w->done);
		(void)pthread_mutex_unlock(&w->lock);
	}
	return NULL;
}

static void
worker_destroy(struct worker *w)
{
	workq_destroy(&w->given);
	(void)pthread_mutex_destroy(&w->lock);
	(void)pthread_cond_destroy(&w->done);
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
	(void)pthread_cond_init(&w->done, NULL);
	if (thread_start(&w->thread, worker_thread, w, err))
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
	bool	ok;

	(void)pthread_mutex_lock(&w->lock);
	ok = !job->out;
	job->out = true;
	(void)pthread_mutex_unlock(&w->lock);
	if (ok)
		workq_put(&w->given, &job->link, job);
	return ok;
}

void
worker_wait(struct worker *w, struct worker_job *job)
{
	(void)pthread_mutex_lock(&w->lock);
	while (job->out)
		(void)pthread_cond_wait(&w->done, &w->lock);
	(void)pthread_mutex_unlock(&w->lock);
}
