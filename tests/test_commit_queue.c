/* server/commit_queue: callbacks go in and come out in order, in time, and
 * once. */
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "lib/clock.h"
#include "server/commit_queue.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"

static struct delivery	some;

static void
test_order(void)
{
	struct commit_queue	*q = commit_queue_new();
	struct commit	 c[5] = { { .delivery = &some } }, *out[5];
	bool		 ended;
	size_t		 i, n;

	for (i = 0; i < COUNT(c); i++) {
		c[i].delivery = &some;
		CU_ASSERT_TRUE(commit_queue_put(q, &c[i]));
	}
	n = commit_queue_take(q, out, 3, clock_ms(), &ended);
	CU_ASSERT_EQUAL(n, 3);
	CU_ASSERT_FALSE(ended);
	n += commit_queue_take(q, out + 3, 3, clock_ms(), &ended);
	CU_ASSERT_EQUAL(n, 5);
	for (i = 0; i < n; i++)
		CU_ASSERT_PTR_EQUAL(out[i], &c[i]);
	CU_ASSERT_EQUAL(commit_queue_take(q, out, 3, clock_ms() + 20, &ended), 0);
	CU_ASSERT_FALSE(ended);
	commit_queue_hand_back(q, out, n);
	for (i = 0, out[0] = commit_queue_next(q); out[0] != NULL;
	    out[0] = STAILQ_NEXT(out[0], next), i++)
		CU_ASSERT_PTR_EQUAL(out[0], &c[i]);
	CU_ASSERT_EQUAL(i, 5);
	commit_queue_free(q);
}

static void
test_away(void)
{
	struct commit_queue	*q = commit_queue_new();
	struct commit	 c = { .delivery = &some, .stored = true };
	struct commit	 ping = { .delivery = NULL };
	struct errbuf	 err = { .text = "gone fishing" };

	commit_queue_set_away(q, true, &err);
	CU_ASSERT_TRUE(commit_queue_is_away(q));
	CU_ASSERT_FALSE(commit_queue_put(q, &c));
	CU_ASSERT_FALSE(c.stored);
	CU_ASSERT_STRING_EQUAL(c.err.text, "gone fishing");
	CU_ASSERT_TRUE(commit_queue_put(q, &ping));
	commit_queue_set_away(q, false, NULL);
	CU_ASSERT_TRUE(commit_queue_put(q, &c));
	commit_queue_free(q);
}

static void
until_ms(int64_t at_ms)
{
	struct timespec	ts = { .tv_sec = at_ms / 1000,
			    .tv_nsec = at_ms % 1000 * 1000000 };

	(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

/* What a stuck committer never takes comes out at its time, and the next do
 * not wait. */
static void
test_overdue(void)
{
	struct commit_queue	*q = commit_queue_new();
	struct commit	 c[2] = { { .delivery = &some }, { .delivery = &some } };
	struct commit	 late = { .delivery = &some };
	int64_t		 begin_ms = clock_ms(), next_ms;

	CU_ASSERT(commit_queue_watch(q) >= begin_ms + QUEUE_DEADLINE_MS);
	CU_ASSERT_TRUE(commit_queue_put(q, &c[0]));
	CU_ASSERT_TRUE(commit_queue_put(q, &c[1]));
	while ((next_ms = commit_queue_watch(q)) == c[0].dequeue_by_ms ||
	    next_ms == c[1].dequeue_by_ms)
		until_ms(next_ms);
	CU_ASSERT(clock_ms() >= begin_ms + QUEUE_DEADLINE_MS);
	CU_ASSERT(next_ms >= c[1].dequeue_by_ms + QUEUE_DEADLINE_MS);
	CU_ASSERT_PTR_EQUAL(commit_queue_next(q), &c[0]);
	CU_ASSERT_FALSE(c[0].stored);
	CU_ASSERT_NOT_EQUAL(c[0].err.text[0], '\0');
	CU_ASSERT_TRUE(commit_queue_is_away(q));
	CU_ASSERT_FALSE(commit_queue_put(q, &late));
	CU_ASSERT_STRING_EQUAL(late.err.text, c[0].err.text);
	commit_queue_free(q);
}

static void
test_end(void)
{
	struct commit_queue	*q = commit_queue_new();
	struct commit	 c = { .delivery = &some }, *out[1];
	bool		 ended;

	CU_ASSERT_TRUE(commit_queue_put(q, &c));
	commit_queue_end(q);
	CU_ASSERT_EQUAL(commit_queue_take(q, out, 1, clock_ms() + 60000, &ended), 1);
	CU_ASSERT_FALSE(ended);
	CU_ASSERT_EQUAL(commit_queue_take(q, out + 1, 0, clock_ms() + 60000, &ended),
	    0);
	CU_ASSERT_TRUE(ended);
	commit_queue_hand_back(q, out, 1);
	commit_queue_end_answers(q);
	CU_ASSERT_PTR_EQUAL(commit_queue_next(q), &c);
	CU_ASSERT_PTR_NULL(commit_queue_next(q));
	CU_ASSERT_PTR_NULL(commit_queue_next(q));
	commit_queue_free(q);
}

/* ---- all at once -------------------------------------------------------- */

#define PUTTERS		4
#define ANSWERERS	3
#define EACH		2000

static struct commit_queue	*busy;
static struct commit	 commits[PUTTERS][EACH];
static atomic_int	 times_out[PUTTERS][EACH];
static atomic_bool	 all_in;

static void *
put_all(void *arg)
{
	struct commit	*mine = arg;
	size_t		 i;

	for (i = 0; i < EACH; i++) {
		mine[i].delivery = &some;
		mine[i].owner = &times_out[0][0] + (&mine[i] -
		    &commits[0][0]);
		/* Away: this machine gave the committer no time for long. */
		if (!commit_queue_put(busy, &mine[i]))
			atomic_fetch_add((atomic_int *)mine[i].owner, 1);
	}
	return NULL;
}

static void *
commit_all(void *arg)
{
	struct commit	*out[64];
	bool		 ended = false;
	size_t		 i, n;

	while (!ended) {
		n = commit_queue_take(busy, out, COUNT(out), clock_ms() + 1000,
		    &ended);
		for (i = 0; i < n; i++)
			out[i]->stored = true;
		commit_queue_hand_back(busy, out, n);
		if (commit_queue_is_away(busy))
			commit_queue_set_away(busy, false, NULL);
	}
	commit_queue_end_answers(busy);
	return arg;
}

static void *
answer_all(void *arg)
{
	struct commit	*c, *next;

	while ((c = commit_queue_next(busy)) != NULL)
		for (; c != NULL; c = next) {
			next = STAILQ_NEXT(c, next);
			atomic_fetch_add((atomic_int *)c->owner, 1);
		}
	return arg;
}

static void *
watch_all(void *arg)
{
	while (!atomic_load(&all_in)) {
		(void)commit_queue_watch(busy);
		until_ms(clock_ms() + 1);
	}
	return arg;
}

/* Each is answered once: stored, or given up, or not taken at all. */
static void
test_threads(void)
{
	pthread_t	 putters[PUTTERS], answerers[ANSWERERS], committer, watcher;
	size_t		 i, k, once = 0, stored = 0;

	busy = commit_queue_new();
	for (i = 0; i < ANSWERERS; i++)
		(void)pthread_create(&answerers[i], NULL, answer_all, NULL);
	(void)pthread_create(&committer, NULL, commit_all, NULL);
	(void)pthread_create(&watcher, NULL, watch_all, NULL);
	for (i = 0; i < PUTTERS; i++)
		(void)pthread_create(&putters[i], NULL, put_all, commits[i]);
	for (i = 0; i < PUTTERS; i++)
		(void)pthread_join(putters[i], NULL);
	atomic_store(&all_in, true);
	(void)pthread_join(watcher, NULL);
	commit_queue_end(busy);
	(void)pthread_join(committer, NULL);
	for (i = 0; i < ANSWERERS; i++)
		(void)pthread_join(answerers[i], NULL);
	for (i = 0; i < PUTTERS; i++)
		for (k = 0; k < EACH; k++) {
			once += atomic_load(&times_out[i][k]) == 1;
			stored += commits[i][k].stored;
		}
	CU_ASSERT_EQUAL(once, PUTTERS * EACH);
	CU_ASSERT(stored > 0);
	commit_queue_free(busy);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "order", test_order },
		{ "away", test_away },
		{ "overdue", test_overdue },
		{ "end", test_end },
		{ "threads", test_threads },
		{ NULL, NULL }
	};

	return cunit_run("commit queue", tests);
}
