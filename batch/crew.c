#include <pthread.h>
#include <stdatomic.h>

#include "crew.h"

struct crew {
	void		(*work)(void *, size_t);
	void		*arg;
	size_t		 n;
	atomic_size_t	 next;
};

static void *
take_turns(void *arg)
{
	struct crew	*c = arg;
	size_t		 i;

	while ((i = atomic_fetch_add(&c->next, 1)) < c->n)
		c->work(c->arg, i);
	return NULL;
}

void
crew_each(size_t n, void (*work)(void *, size_t), void *arg)
{
	struct crew	c = { .work = work, .arg = arg, .n = n };
	pthread_t	hands[CREW_MAX - 1];
	size_t		started = 0;

	while (started < CREW_MAX - 1 && started + 1 < n &&
	    pthread_create(&hands[started], NULL, take_turns, &c) == 0)
		started++;
	(void)take_turns(&c);
	while (started > 0)
		(void)pthread_join(hands[--started], NULL);
}
