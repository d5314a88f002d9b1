/*
 * The finisher's threads: some checkers, which give each file its last look,
 * and one committer, which has many files made visible at once.  A file goes
 * from the queue given to checked to done, or straight from given to done
 * where it does not pass.
 */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/thread.h"
#include "batch/download/finisher.h"

#define CHECKERS_MIN	2
#define CHECKERS_MAX	4

struct finisher {
	struct archive	*archive;
	void		(*wake)(void *);
	void		*arg;
	pthread_t	 checkers[CHECKERS_MAX], committer;
	size_t		 ncheckers;
	bool		 commits;	/* there is a committer */
	struct workq	 given, checked, done;
	int		 count;		/* of what was given and not yet
					   taken; the giver's own */
};

/* The last look at a file.  False: it is no file to keep, and done. */
static bool
finisher_passes(struct finisher *f, struct archive_commit *c)
{
	if ((c->prepare == NULL || c->prepare(c)) &&
	    archive_ready(f->archive, c->part, &c->err))
		return true;
	archive_abort(c->part);
	c->part = NULL;
	c->done = true;
	return false;
}

/* A checker. */
static void *
finisher_check(void *arg)
{
	struct finisher		*f = arg;
	struct archive_commit	*c;

	while ((c = workq_take(&f->given, true)) != NULL) {
		if (finisher_passes(f, c)) {
			workq_put(&f->checked, &c->link, c);
			continue;
		}
		workq_put(&f->done, &c->link, c);
		f->wake(f->arg);
	}
	return NULL;
}

/* Add what waits to the n that are under way, up to FINISHER_AT_ONCE in all.
 * Returns how many these then are: 0 when the end has come. */
static size_t
finisher_fill(struct finisher *f, struct archive_commit **batch, size_t n)
{
	void	*more[FINISHER_AT_ONCE];
	size_t	 i, got;

	got = workq_take_some(&f->checked, more, FINISHER_AT_ONCE - n, n == 0);
	for (i = 0; i < got; i++)
		batch[n++] = more[i];
	return n;
}

/* Give back those that are done.  Returns how many are left in batch. */
static size_t
finisher_hand_back(struct finisher *f, struct archive_commit **batch, size_t n)
{
	size_t	i, left = 0;

	for (i = 0; i < n; i++) {
		if (batch[i]->done)
			workq_put(&f->done, &batch[i]->link, batch[i]);
		else
			batch[left++] = batch[i];
	}
	if (left < n)
		f->wake(f->arg);
	return left;
}

/* The committer. */
static void *
finisher_commit(void *arg)
{
	struct finisher		*f = arg;
	struct archive_commit	*batch[FINISHER_AT_ONCE];
	size_t			 n = 0;

	while ((n = finisher_fill(f, batch, n)) > 0) {
		archive_commit_some(f->archive, batch, n);
		n = finisher_hand_back(f, batch, n);
	}
	return NULL;
}

/* Checkers want processors, and now and then a disk. */
static size_t
finisher_checkers_wanted(void)
{
	long	n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < CHECKERS_MIN ? CHECKERS_MIN :
	    n > CHECKERS_MAX ? CHECKERS_MAX : (size_t)n;
}

/* False: what could be started has to be ended. */
static bool
finisher_start(struct finisher *f, struct errbuf *err)
{
	size_t	n = finisher_checkers_wanted();

	while (f->ncheckers < n &&
	    thread_start(&f->checkers[f->ncheckers],
	    finisher_check, f, err))
		f->ncheckers++;
	return f->ncheckers > 0 &&
	    (f->commits = thread_start(&f->committer,
	    finisher_commit, f, err));
}

/* End the threads, after what was given. */
static void
finisher_stop(struct finisher *f)
{
	workq_close(&f->given);
	while (f->ncheckers > 0)
		(void)pthread_join(f->checkers[--f->ncheckers], NULL);
	workq_close(&f->checked);
	if (f->commits)
		(void)pthread_join(f->committer, NULL);
}

struct finisher *
finisher_new(struct archive *archive, void (*wake)(void *), void *arg,
    struct errbuf *err)
{
	struct finisher	*f;

	if ((f = calloc(1, sizeof(*f))) == NULL) {
		(void)errbuf_no_memory(err);
		return NULL;
	}
	f->archive = archive;
	f->wake = wake;
	f->arg = arg;
	workq_init(&f->given);
	workq_init(&f->checked);
	workq_init(&f->done);
	if (finisher_start(f, err))
		return f;
	finisher_free(f);
	return NULL;
}

void
finisher_free(struct finisher *f)
{
	if (f == NULL)
		return;
	finisher_stop(f);
	workq_destroy(&f->given);
	workq_destroy(&f->checked);
	workq_destroy(&f->done);
	free(f);
}

void
finisher_put(struct finisher *f, struct archive_commit *c)
{
	f->count++;
	workq_put(&f->given, &c->link, c);
}

struct archive_commit *
finisher_reap(struct finisher *f, bool wait)
{
	struct archive_commit	*c;

	if ((c = workq_take(&f->done, wait && f->count > 0)) != NULL)
		f->count--;
	return c;
}

int
finisher_pending(const struct finisher *f)
{
	return f->count;
}
