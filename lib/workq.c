/* A work queue: a list under a lock. */
#include "lib/workq.h"

void
workq_init(struct workq *q)
{
	(void)pthread_mutex_init(&q->lock, NULL);
	(void)pthread_cond_init(&q->changed, NULL);
	STAILQ_INIT(&q->links);
	q->closed = false;
}

void
workq_destroy(struct workq *q)
{
	(void)pthread_cond_destroy(&q->changed);
	(void)pthread_mutex_destroy(&q->lock);
}

void
workq_put(struct workq *q, struct workq_link *link, void *item)
{
	link->item = item;
	(void)pthread_mutex_lock(&q->lock);
	STAILQ_INSERT_TAIL(&q->links, link, next);
	(void)pthread_cond_signal(&q->changed);
	(void)pthread_mutex_unlock(&q->lock);
}

size_t
workq_take_some(struct workq *q, void **items, size_t most, bool wait)
{
	struct workq_link	*link;
	size_t			 n;

	(void)pthread_mutex_lock(&q->lock);
	while (wait && STAILQ_EMPTY(&q->links) && !q->closed)
		(void)pthread_cond_wait(&q->changed, &q->lock);
	for (n = 0; n < most && (link = STAILQ_FIRST(&q->links)) != NULL; n++) {
		STAILQ_REMOVE_HEAD(&q->links, next);
		items[n] = link->item;
	}
	(void)pthread_mutex_unlock(&q->lock);
	return n;
}

void *
workq_take(struct workq *q, bool wait)
{
	void	*item;

	return workq_take_some(q, &item, 1, wait) == 1 ? item : NULL;
}

void
workq_close(struct workq *q)
{
	(void)pthread_mutex_lock(&q->lock);
	q->closed = true;
	(void)pthread_cond_broadcast(&q->changed);
	(void)pthread_mutex_unlock(&q->lock);
}
