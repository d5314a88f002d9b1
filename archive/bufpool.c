#include <pthread.h>
#include <stdlib.h>

#include "archive/bufpool.h"

struct hold {
	pthread_mutex_t	 lock;
	char		*free[HOLD_MAX];	/* the last used is the next: it
						   may still be in the cache */
	int		 nfree;
	int		 made;			/* free or taken */
};

struct hold *
hold_new(void)
{
	struct hold	*h;

	if ((h = calloc(1, sizeof(*h))) != NULL)
		(void)pthread_mutex_init(&h->lock, NULL);
	return h;
}

void
hold_free(struct hold *h)
{
	if (h == NULL)
		return;
	while (h->nfree > 0)
		free(h->free[--h->nfree]);
	(void)pthread_mutex_destroy(&h->lock);
	free(h);
}

char *
hold_take(struct hold *h)
{
	char	*buf = NULL;

	(void)pthread_mutex_lock(&h->lock);
	if (h->nfree > 0)
		buf = h->free[--h->nfree];
	else if (h->made < HOLD_MAX && (buf = malloc(HOLD_BYTES)) != NULL)
		h->made++;
	(void)pthread_mutex_unlock(&h->lock);
	return buf;
}

bool
hold_is_empty(struct hold *h)
{
	bool	empty;

	(void)pthread_mutex_lock(&h->lock);
	empty = h->nfree == 0 && h->made == HOLD_MAX;
	(void)pthread_mutex_unlock(&h->lock);
	return empty;
}

void
hold_give(struct hold *h, char *buf)
{
	if (buf == NULL)
		return;
	(void)pthread_mutex_lock(&h->lock);
	h->free[h->nfree++] = buf;
	(void)pthread_mutex_unlock(&h->lock);
}
