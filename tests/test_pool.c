/* lib/pool: each turn is taken once, by as many threads as there are. */
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "lib/pool.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"
#include "tests/no_threads.h"

#define MANY	200

static int		runs[MANY];	/* each is one thread's at a time */
static atomic_int	at_work, most;
static int		sleep_us;

static void
work(void *arg, size_t i)
{
	int	now = atomic_fetch_add(&at_work, 1) + 1, seen;

	seen = atomic_load(&most);
	while (now > seen && !atomic_compare_exchange_weak(&most, &seen, now))
		;
	if (sleep_us > 0)
		(void)usleep((useconds_t)sleep_us);
	runs[i] += arg == runs;
	(void)atomic_fetch_sub(&at_work, 1);
}

/* Each of n once, and all of it when pool_each() returns. */
static bool
does_all(struct pool *pool, size_t n)
{
	size_t	i;
	bool	once = true;

	memset(runs, 0, sizeof(runs));
	atomic_store(&most, 0);
	pool_each(pool, n, work, runs);
	for (i = 0; i < MANY; i++)
		once = once && runs[i] == (i < n);
	return once;
}

static const size_t	sizes[] = { 0, 1, 2, 3, POOL_MAX, POOL_MAX + 1, MANY };

static void
test_all(void)
{
	struct pool	*pool = pool_new();
	size_t		 i, round;

	CU_ASSERT_PTR_NOT_NULL_FATAL(pool);
	for (round = 0; round < 20; round++)
		for (i = 0; i < COUNT(sizes); i++)
			CU_ASSERT_TRUE(does_all(pool, sizes[i]));
	pool_free(pool);
	pool_free(NULL);
}

/* Many at once, and no more than POOL_MAX. */
static void
test_bound(void)
{
	struct pool	*pool = pool_new();

	CU_ASSERT_PTR_NOT_NULL_FATAL(pool);
	sleep_us = 5000;
	CU_ASSERT_TRUE(does_all(pool, 3 * POOL_MAX));
	CU_ASSERT_TRUE(atomic_load(&most) > 1);
	CU_ASSERT_TRUE(atomic_load(&most) <= POOL_MAX);
	sleep_us = 0;
	pool_free(pool);
}

/* With no pool, or no threads for it, the caller does it alone; with few
 * threads, these do. */
static void
test_alone(void)
{
	struct pool	*pool = pool_new();

	CU_ASSERT_TRUE(does_all(NULL, MANY));
	CU_ASSERT_EQUAL(atomic_load(&most), 1);
	CU_ASSERT_PTR_NOT_NULL_FATAL(pool);
	threads_left = 0;
	CU_ASSERT_TRUE(does_all(pool, MANY));
	CU_ASSERT_EQUAL(atomic_load(&most), 1);
	threads_left = 1;
	CU_ASSERT_TRUE(does_all(pool, MANY));
	CU_ASSERT_TRUE(atomic_load(&most) <= 2);
	threads_left = INT_MAX;
	pool_free(pool);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "each once", test_all },
		{ "so many at once", test_bound },
		{ "few threads, or none", test_alone },
		{ NULL, NULL }
	};

	return cunit_run("pool", tests);
}
