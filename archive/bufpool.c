/* Memory for small files, lent and given back. */
#include <pthread.h>
#include <stdlib.h>

#include "archive/bufpool.h"

struct bufpool {
	pthread_mutex_t	 lock;
	char		*free[BUFPOOL_MAX];	/* the last used is the next: it
						   may still be in the cache */
	int		 nfree;
	int		 made;			/* free or taken */
};

struct bufpool *
bufpool_new(void)
{
	struct bufpool	*p;

	if ((p = calloc(1, sizeof(*p))) != NULL)
		(void)pthread_mutex_init(&p->lock, NULL);
	return p;
}

void
bufpool_free(struct bufpool *p)
{
	if (p == NULL)
		return;
	while (p->nfree > 0)
		free(p->free[--p->nfree]);
	(void)pthread_mutex_destroy(&p->lock);
	free(p);
}

char *
bufpool_get(struct bufpool *p)
{
	char	*buf = NULL;

	(void)pthread_mutex_lock(&p->lock);
	if (p->nfree > 0)
		buf = p->free[--p->nfree];
	else if (p->made < BUFPOOL_MAX && (buf = malloc(BUFPOOL_BYTES)) != NULL)
		p->made++;
	(void)pthread_mutex_unlock(&p->lock);
	return buf;
}

bool
bufpool_is_empty(struct bufpool *p)
{
	bool	empty;

	(void)pthread_mutex_lock(&p->lock);
	empty = p->nfree == 0 && p->made == BUFPOOL_MAX;
	(void)pthread_mutex_unlock(&p->lock);
	return empty;
}

void
bufpool_put(struct bufpool *p, char *buf)
{
	if (buf == NULL)
		return;
	(void)pthread_mutex_lock(&p->lock);
	p->free[p->nfree++] = buf;
	(void)pthread_mutex_unlock(&p->lock);
}
