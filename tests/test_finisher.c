/* The finisher over an archive that keeps nothing. */
#include <sys/types.h>

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "archive/archive_driver.h"
#include "batch/download/finisher.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"
#include "tests/no_threads.h"

#define MANY		400
#define PATIENCE_MS	20000	/* of a test that would else never end */

/* What is odd about a file. */
enum oddity { NOTHING, NOT_WANTED, NOT_READY, NOT_COMMITTED, SLOW };

struct file {
	struct archive_part	 part;
	struct archive_commit	 commit;
	enum oddity		 oddity;
	int			 turns;		/* of the committer, so far */
	int			 aborted;
	int			 taken;
};

/* An archive that keeps nothing. */
static struct {
	struct archive	 base;
	atomic_bool	 held;		/* the committer waits */
	atomic_int	 looked, committed, woken;
	atomic_int	 wrong;		/* what no thread may see */
	atomic_size_t	 largest;	/* of what was committed together */
	atomic_int	 committers;	/* at it at once */
} store;

static struct file	 files[MANY];
static struct finisher	*finisher;

static struct file *
file_of(struct archive_part *part)
{
	return (struct file *)(void *)part;
}

static bool
prepare(struct archive_commit *c)
{
	struct file	*f = c->arg;

	atomic_fetch_add(&store.looked, 1);
	if (f->oddity == NOT_WANTED)
		errbuf_set(&c->err, "it is not wanted");
	return f->oddity != NOT_WANTED;
}

static bool
store_ready(struct archive_part *part, struct errbuf *err)
{
	if (file_of(part)->oddity != NOT_READY)
		return true;
	errbuf_set(err, "it cannot be read");
	return false;
}

static void
store_abort(struct archive_part *part)
{
	file_of(part)->aborted++;
}

/* Slow ones take three turns. */
static void
store_commit(struct archive *archive, struct archive_commit *const *list,
    size_t n)
{
	int64_t		until_ms = clock_ms() + PATIENCE_MS;
	struct file	*f;
	size_t		 i;

	if (archive != &store.base ||
	    atomic_fetch_add(&store.committers, 1) != 0)
		atomic_fetch_add(&store.wrong, 1);
	while (atomic_load(&store.held) && clock_ms() < until_ms)
		(void)usleep(1000);
	if (n > atomic_load(&store.largest))
		atomic_store(&store.largest, n);
	for (i = 0; i < n; i++) {
		f = list[i]->arg;
		if (list[i]->done)
			atomic_fetch_add(&store.wrong, 1);
		if (++f->turns < 3 && f->oddity == SLOW)
			continue;
		list[i]->ok = f->oddity != NOT_COMMITTED;
		if (!list[i]->ok)
			errbuf_set(&list[i]->err, "the disk is full");
		list[i]->done = true;
		atomic_fetch_add(&store.committed, 1);
	}
	atomic_fetch_sub(&store.committers, 1);
}

static const struct archive_ops	ops = {
	.ready	= store_ready,
	.commit	= store_commit,
	.abort	= store_abort,
};

static void
on_wake(void *arg)
{
	atomic_fetch_add(arg == files ? &store.woken : &store.wrong, 1);
}

static void
begin(void)
{
	struct errbuf	err;
	size_t		i;

	memset(&store, 0, sizeof(store));
	memset(files, 0, sizeof(files));
	store.base.ops = &ops;
	for (i = 0; i < MANY; i++) {
		files[i].part.archive = &store.base;
		files[i].commit.part = &files[i].part;
		files[i].commit.prepare = prepare;
		files[i].commit.arg = &files[i];
	}
	finisher = finisher_new(&store.base, on_wake, files, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(finisher);
}

static void
give(size_t n)
{
	size_t	i;

	for (i = 0; i < n; i++)
		finisher_put(finisher, &files[i].commit);
}

static void
end(void)
{
	finisher_free(finisher);
	CU_ASSERT_EQUAL(atomic_load(&store.wrong), 0);
}

/* How many came back, each of them once. */
static size_t
take(void)
{
	struct archive_commit	*c;
	struct file		*f;
	size_t			 n = 0;

	while ((c = finisher_reap(finisher, true)) != NULL) {
		f = c->arg;
		CU_ASSERT_TRUE(c->done);
		CU_ASSERT_EQUAL(f->taken++, 0);
		n++;
	}
	CU_ASSERT_EQUAL(finisher_pending(finisher), 0);
	return n;
}

static void
test_all(void)
{
	size_t	i, ok = 0;

	begin();
	CU_ASSERT_PTR_NULL(finisher_reap(finisher, false));
	CU_ASSERT_PTR_NULL(finisher_reap(finisher, true));
	give(MANY);
	CU_ASSERT_EQUAL(finisher_pending(finisher), MANY);
	CU_ASSERT_EQUAL(take(), MANY);
	for (i = 0; i < MANY; i++)
		ok += files[i].commit.ok && files[i].taken == 1;
	CU_ASSERT_EQUAL(ok, MANY);
	CU_ASSERT_EQUAL(atomic_load(&store.looked), MANY);
	end();
	CU_ASSERT_TRUE(atomic_load(&store.woken) > 0);
	finisher_free(NULL);
}

static const struct {
	enum oddity	 oddity;
	const char	*err;
	int		 turns;		/* of the committer */
	int		 aborted;	/* by the finisher */
} odd[] = {
	{ NOT_WANTED,	 "it is not wanted",	0, 1 },
	{ NOT_READY,	 "it cannot be read",	0, 1 },
	{ NOT_COMMITTED, "the disk is full",	1, 0 },
};

/* What keeps one file from its rest is said, and keeps back no other. */
static void
test_failures(void)
{
	struct file	*f;
	size_t		 i;

	begin();
	for (i = 0; i < COUNT(odd); i++)
		files[3 * i].oddity = odd[i].oddity;
	give(20);
	CU_ASSERT_EQUAL(take(), 20);
	for (i = 0; i < 20; i++) {
		f = &files[i];
		CU_ASSERT_EQUAL(f->commit.ok, f->oddity == NOTHING);
	}
	for (i = 0; i < COUNT(odd); i++) {
		f = &files[3 * i];
		CU_ASSERT_STRING_EQUAL(f->commit.err.text, odd[i].err);
		CU_ASSERT_EQUAL(f->turns, odd[i].turns);
		CU_ASSERT_EQUAL(f->aborted, odd[i].aborted);
		CU_ASSERT_EQUAL(f->commit.part == NULL, odd[i].aborted == 1);
	}
	end();
}

/* What is not done in one turn comes again, beside others, so many at once. */
static void
test_turns(void)
{
	size_t	i, turns = 0;

	begin();
	for (i = 0; i < MANY; i += 2)
		files[i].oddity = SLOW;
	atomic_store(&store.held, true);
	give(MANY);
	/* While the committer waits for the disk, the looks go on. */
	for (i = 0; atomic_load(&store.looked) < MANY && i < PATIENCE_MS; i++)
		(void)usleep(1000);
	CU_ASSERT_EQUAL(atomic_load(&store.looked), MANY);
	CU_ASSERT_EQUAL(atomic_load(&store.committed), 0);
	CU_ASSERT_PTR_NULL(finisher_reap(finisher, false));
	atomic_store(&store.held, false);
	CU_ASSERT_EQUAL(take(), MANY);
	for (i = 0; i < MANY; i++)
		turns += (size_t)files[i].turns;
	CU_ASSERT_EQUAL(turns, MANY / 2 + 3 * MANY / 2);
	CU_ASSERT_EQUAL(atomic_load(&store.largest), FINISHER_AT_ONCE);
	end();
}

/* What was given still comes to rest before the threads end. */
static void
test_end(void)
{
	begin();
	give(MANY);
	end();
	CU_ASSERT_EQUAL(atomic_load(&store.committed), MANY);
}

/* Without a committer, or anybody who looks, there is no finisher, and no
 * thread is left behind. */
static void
test_few_threads(void)
{
	struct errbuf	err;
	int		n, started;

	for (n = 0, started = 0; n < 16 && !started; n++) {
		errbuf_set(&err, "%s", "");
		threads_left = n;
		finisher = finisher_new(&store.base, on_wake, files, &err);
		started = finisher != NULL;
		finisher_free(finisher);
		if (!started)
			CU_ASSERT_STRING_EQUAL(err.text, "could not start a "
			    "thread: Resource temporarily unavailable");
	}
	CU_ASSERT_TRUE(n > 2);
	CU_ASSERT_TRUE(started);
	threads_left = INT_MAX;
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "all come to rest", test_all },
		{ "failures", test_failures },
		{ "turns of the committer", test_turns },
		{ "end with files left", test_end },
		{ "few threads", test_few_threads },
		{ NULL, NULL }
	};

	return cunit_run("finisher", tests);
}
