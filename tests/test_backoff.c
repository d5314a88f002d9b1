/* How long polls, requests and accounts wait. */
#include <stdio.h>

#include "batch/backoff.h"
#include "tests/cunit_main.h"

static const struct {
	enum backoff	what;
	int64_t		attempts, retry_after_s;
	int64_t		wait_s;
} cases[] = {
	/* A task has an interval of its own, which servers can but lengthen. */
	{ BACKOFF_POLL, 1, 0, 0 },
	{ BACKOFF_POLL, 1, 7, 7 },
	{ BACKOFF_POLL, 1, 86400, 86400 },
	{ BACKOFF_POLL, 1, 999999, 86400 },
	{ BACKOFF_POLL, 1, -5, 0 },
	/* A request waits longer each time, for an hour at most. */
	{ BACKOFF_SUBMIT, 1, 0, 10 },
	{ BACKOFF_SUBMIT, 2, 0, 20 },
	{ BACKOFF_SUBMIT, 9, 0, 2560 },
	{ BACKOFF_SUBMIT, 10, 0, 3600 },
	{ BACKOFF_SUBMIT, INT64_MAX, 0, 3600 },
	{ BACKOFF_SUBMIT, 1, 5, 10 },
	{ BACKOFF_SUBMIT, 1, 300, 300 },
	{ BACKOFF_SUBMIT, 1, 999999, 3600 },
	{ BACKOFF_SUBMIT, 4, -5, 80 },
	/* An account waits as the server asks, else a minute. */
	{ BACKOFF_ACCOUNT, 1, 0, 60 },
	{ BACKOFF_ACCOUNT, 1, -5, 60 },
	{ BACKOFF_ACCOUNT, 1, 5, 5 },
	{ BACKOFF_ACCOUNT, 1, 3601, 3601 },
	{ BACKOFF_ACCOUNT, 1, 999999, 86400 },
};

static void
test_waits(void)
{
	int64_t	wait_s;
	size_t	i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		wait_s = backoff_s(cases[i].what, cases[i].attempts,
		    cases[i].retry_after_s);
		CU_ASSERT_EQUAL(wait_s, cases[i].wait_s);
		if (wait_s != cases[i].wait_s)
			(void)fprintf(stderr, "\n    row %zu: %lld s\n", i,
			    (long long)wait_s);
	}
}

/* An account in trouble waits longer each time, and at least as long as the
 * server asks. */
static void
test_growth(void)
{
	static const enum backoff	troubles[] = {
		BACKOFF_DOWN, BACKOFF_NO_CREDIT, BACKOFF_WALL
	};
	struct backoff_growth		wait;
	size_t				i;

	for (i = 0; i < sizeof(troubles) / sizeof(troubles[0]); i++) {
		wait = backoff_growth(troubles[i], 0);
		CU_ASSERT(wait.first_s >= 30 && wait.first_s <= 60);
		CU_ASSERT(wait.most_s >= 1800 && wait.most_s <= 3600);
		CU_ASSERT_EQUAL(wait.asked_s, 0);
		CU_ASSERT_EQUAL(backoff_growth(troubles[i], 999).asked_s, 999);
		CU_ASSERT_EQUAL(backoff_growth(troubles[i], 999999).asked_s,
		    86400);
		CU_ASSERT_EQUAL(backoff_s(troubles[i], 1, 0), wait.first_s);
		CU_ASSERT_EQUAL(backoff_s(troubles[i], 20, 0), wait.most_s);
	}
}

static void
test_doubled(void)
{
	static const int64_t	want[] = { 10, 10, 20, 40, 80, 160, 320, 640,
				    1000, 1000 };
	int64_t			i;

	for (i = 0; i < (int64_t)(sizeof(want) / sizeof(want[0])); i++)
		CU_ASSERT_EQUAL(backoff_doubled_s(i, 1000), want[i]);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "waits", test_waits },
		{ "growth", test_growth },
		{ "doubled", test_doubled },
		{ NULL, NULL }
	};

	return cunit_run("backoff", tests);
}
