/* lib/workq: items come out in the order they went in, on any threads. */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "lib/workq.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"

/* So that its link is not where it begins. */
struct item {
	int			 number;
	struct workq_link	 link;
	atomic_int		 taken;
};

/* Every lock of a mutex comes here (see the Makefile). */
static atomic_int	locks;

int	__real_pthread_mutex_lock(pthread_mutex_t *);
int	__wrap_pthread_mutex_lock(pthread_mutex_t *);

int
__wrap_pthread_mutex_lock(pthread_mutex_t *mutex)
{
	atomic_fetch_add(&locks, 1);
	return __real_pthread_mutex_lock(mutex);
}

static void
test_order(void)
{
	struct workq	 q;
	struct item	 items[50] = { { 0 } }, *item;
	int		 i;

	workq_init(&q);
	CU_ASSERT_PTR_NULL(workq_take(&q, false));
	for (i = 0; i < (int)COUNT(items); i++) {
		items[i].number = i;
		workq_put(&q, &items[i].link, &items[i]);
	}
	for (i = 0; i < (int)COUNT(items); i++) {
		item = workq_take(&q, i % 2 == 0);
		CU_ASSERT_PTR_NOT_NULL_FATAL(item);
		CU_ASSERT_EQUAL(item->number, i);
	}
	CU_ASSERT_PTR_NULL(workq_take(&q, false));
	/* One that was taken may go in again. */
	workq_put(&q, &items[7].link, &items[7]);
	CU_ASSERT_PTR_EQUAL(workq_take(&q, false), &items[7]);
	workq_destroy(&q);
}

/* As many as there are, or are wanted, for one lock. */
static void
test_some(void)
{
	struct workq	 q;
	struct item	 items[50] = { { 0 } };
	void		*taken[60];
	size_t		 i;

	workq_init(&q);
	CU_ASSERT_EQUAL(workq_take_some(&q, taken, COUNT(taken), false), 0);
	for (i = 0; i < COUNT(items); i++)
		workq_put(&q, &items[i].link, &items[i]);
	CU_ASSERT_EQUAL(workq_take_some(&q, taken, 0, false), 0);
	CU_ASSERT_EQUAL(workq_take_some(&q, taken, 8, true), 8);
	atomic_store(&locks, 0);
	CU_ASSERT_EQUAL(workq_take_some(&q, taken + 8, COUNT(taken) - 8,
	    true), COUNT(items) - 8);
	CU_ASSERT_EQUAL(atomic_load(&locks), 1);
	for (i = 0; i < COUNT(items); i++)
		CU_ASSERT_PTR_EQUAL(taken[i], &items[i]);
	workq_put(&q, &items[3].link, &items[3]);
	workq_close(&q);
	CU_ASSERT_EQUAL(workq_take_some(&q, taken, COUNT(taken), true), 1);
	CU_ASSERT_EQUAL(workq_take_some(&q, taken, COUNT(taken), true), 0);
	workq_destroy(&q);
}

/* What was put in before the end still comes out; then nobody waits. */
static void
test_close(void)
{
	struct workq	q;
	struct item	items[3] = { { 0 } };
	size_t		i;

	workq_init(&q);
	for (i = 0; i < COUNT(items); i++)
		workq_put(&q, &items[i].link, &items[i]);
	workq_close(&q);
	for (i = 0; i < COUNT(items); i++)
		CU_ASSERT_PTR_EQUAL(workq_take(&q, true), &items[i]);
	for (i = 0; i < 3; i++)
		CU_ASSERT_PTR_NULL(workq_take(&q, i == 1));
	workq_destroy(&q);
}

static void *
take_one(void *q)
{
	return workq_take(q, true);
}

/* Who waits gets what comes, or learns that nothing will. */
static void
test_wait(void)
{
	struct workq	 q;
	struct item	 item = { 0 };
	pthread_t	 takers[3];
	void		*got;
	size_t		 i, items = 0, ends = 0;

	workq_init(&q);
	for (i = 0; i < COUNT(takers); i++)
		CU_ASSERT_EQUAL_FATAL(pthread_create(&takers[i], NULL,
		    take_one, &q), 0);
	(void)usleep(20000);
	workq_put(&q, &item.link, &item);
	(void)usleep(20000);
	workq_close(&q);
	for (i = 0; i < COUNT(takers); i++) {
		(void)pthread_join(takers[i], &got);
		items += got == &item;
		ends += got == NULL;
	}
	CU_ASSERT_EQUAL(items, 1);
	CU_ASSERT_EQUAL(ends, COUNT(takers) - 1);
	workq_destroy(&q);
}

/* ---- all at once -------------------------------------------------------- */

#define PUTTERS	4
#define TAKERS	3
#define EACH	2000

static struct workq	busy;
static struct item	items_of[PUTTERS][EACH];
static atomic_int	out_of_order;

static void *
put_all(void *arg)
{
	struct item	*mine = arg;
	int		 i;

	for (i = 0; i < EACH; i++) {
		mine[i].number = i;
		workq_put(&busy, &mine[i].link, &mine[i]);
	}
	return NULL;
}

/* One taker sees what each putter put in the order in which it did. */
static void *
take_all(void *arg)
{
	int		 last[PUTTERS] = { -1, -1, -1, -1 };
	struct item	*item;
	size_t		 whose;

	while ((item = workq_take(&busy, true)) != NULL) {
		whose = (size_t)(item - &items_of[0][0]) / EACH;
		if (item->number <= last[whose])
			atomic_fetch_add(&out_of_order, 1);
		last[whose] = item->number;
		atomic_fetch_add(&item->taken, 1);
	}
	return arg;
}

static void
test_threads(void)
{
	pthread_t	putters[PUTTERS], takers[TAKERS];
	size_t		i, k, once = 0;

	workq_init(&busy);
	for (i = 0; i < TAKERS; i++)
		CU_ASSERT_EQUAL_FATAL(pthread_create(&takers[i], NULL,
		    take_all, NULL), 0);
	for (i = 0; i < PUTTERS; i++)
		CU_ASSERT_EQUAL_FATAL(pthread_create(&putters[i], NULL,
		    put_all, items_of[i]), 0);
	for (i = 0; i < PUTTERS; i++)
		(void)pthread_join(putters[i], NULL);
	workq_close(&busy);
	for (i = 0; i < TAKERS; i++)
		(void)pthread_join(takers[i], NULL);
	for (i = 0; i < PUTTERS; i++)
		for (k = 0; k < EACH; k++)
			once += atomic_load(&items_of[i][k].taken) == 1;
	CU_ASSERT_EQUAL(once, PUTTERS * EACH);
	CU_ASSERT_EQUAL(atomic_load(&out_of_order), 0);
	workq_destroy(&busy);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "order", test_order },
		{ "some", test_some },
		{ "close", test_close },
		{ "wait", test_wait },
		{ "many that put and take", test_threads },
		{ NULL, NULL }
	};

	return cunit_run("workq", tests);
}
