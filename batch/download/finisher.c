#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/thread.h"
#include "batch/download/finisher.h"

#define CHECKERS_MIN	2
#define CHECKERS_MAX	4

/* A file goes from given to checked to done, or from given to done. */
struct finisher {
	struct archive	*archive;
	void		(*wake)(void *);
	void		*arg;
	pthread_t	 checkers[CHECKERS_MAX], committer;
	size_t		 ncheckers;
	bool		 commits;	/* there is a committer */
	struct workq	 given, checked, done;
	int		 count;		/* the giver's own */
};

/* The last look at a file.  Only what its owner still wants to keep is kept. */
static bool
passes(struct finisher *s, struct archive_commit *c)
{
	if ((c->prepare == NULL || c->prepare(c)) &&
	    archive_ready(s->archive, c->part, &c->err))
		return true;
	archive_abort(c->part);
	c->part = NULL;
	c->done = true;
	return false;
}

static void *
check(void *arg)
{
	struct finisher		*s = arg;
	struct archive_commit	*c;

	while ((c = workq_take(&s->given, true)) != NULL) {
		if (passes(s, c)) {
			workq_put(&s->checked, &c->link, c);
			continue;
		}
		workq_put(&s->done, &c->link, c);
		s->wake(s->arg);
	}
	return NULL;
}

/* Add what waits to the n that are under way, up to FINISHER_AT_ONCE in all.
 * Returns how many these then are: 0 when the end has come. */
static size_t
fill(struct finisher *s, struct archive_commit **batch, size_t n)
{
	void	*more[FINISHER_AT_ONCE];
	size_t	 i, got;

	got = workq_take_some(&s->checked, more, FINISHER_AT_ONCE - n, n == 0);
	for (i = 0; i < got; i++)
		batch[n++] = more[i];
	return n;
}

/* Give back those that are done.  Returns how many are left in batch. */
static size_t
hand_back(struct finisher *s, struct archive_commit **batch, size_t n)
{
	size_t	i, left = 0;

	for (i = 0; i < n; i++) {
		if (batch[i]->done)
			workq_put(&s->done, &batch[i]->link, batch[i]);
		else
			batch[left++] = batch[i];
	}
	if (left < n)
		s->wake(s->arg);
	return left;
}

static void *
commit(void *arg)
{
	struct finisher		*s = arg;
	struct archive_commit	*batch[FINISHER_AT_ONCE];
	size_t			 n = 0;

	while ((n = fill(s, batch, n)) > 0) {
		archive_commit_some(s->archive, batch, n);
		n = hand_back(s, batch, n);
	}
	return NULL;
}

/* They want processors, and now and then a disk. */
static size_t
checkers_wanted(void)
{
	long	n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < CHECKERS_MIN ? CHECKERS_MIN :
	    n > CHECKERS_MAX ? CHECKERS_MAX : (size_t)n;
}

/* False: what could be started has to be ended. */
static bool
start(struct finisher *s, struct errbuf *err)
{
	size_t	n = checkers_wanted();

	while (s->ncheckers < n &&
	    thread_start(&s->checkers[s->ncheckers], check, s, err))
		s->ncheckers++;
	return s->ncheckers > 0 &&
	    (s->commits = thread_start(&s->committer, commit, s, err));
}

/* End the threads, after what was given. */
static void
stop(struct finisher *s)
{
	workq_close(&s->given);
	while (s->ncheckers > 0)
		(void)pthread_join(s->checkers[--s->ncheckers], NULL);
	workq_close(&s->checked);
	if (s->commits)
		(void)pthread_join(s->committer, NULL);
}

struct finisher *
finisher_new(struct archive *archive, void (*wake)(void *), void *arg,
    struct errbuf *err)
{
	struct finisher	*s;

	if ((s = calloc(1, sizeof(*s))) == NULL) {
		(void)errbuf_no_memory(err);
		return NULL;
	}
	s->archive = archive;
	s->wake = wake;
	s->arg = arg;
	workq_init(&s->given);
	workq_init(&s->checked);
	workq_init(&s->done);
	if (start(s, err))
		return s;
	finisher_free(s);
	return NULL;
}

void
finisher_free(struct finisher *s)
{
	if (s == NULL)
		return;
	stop(s);
	workq_destroy(&s->given);
	workq_destroy(&s->checked);
	workq_destroy(&s->done);
	free(s);
}

void
finisher_put(struct finisher *s, struct archive_commit *c)
{
	s->count++;
	workq_put(&s->given, &c->link, c);
}

struct archive_commit *
finisher_reap(struct finisher *s, bool wait)
{
	struct archive_commit	*c;

	if ((c = workq_take(&s->done, wait && s->count > 0)) != NULL)
		s->count--;
	return c;
}

int
finisher_pending(const struct finisher *s)
{
	return s->count;
}
