/* What becomes of an output after each kind of failure, and when. */
#include <stdio.h>
#include <string.h>

#include "batch/download/retry.h"
#include "tests/cunit_main.h"

#define NOW	1800000000

static const struct {
	struct retry_facts	 facts;
	const char		*status;
	int64_t			 least_s, most_s;	/* the wait */
} cases[] = {
	/* trouble, attempts, expires_at, now, retry_after, hope, finished */
	{ { TROUBLE_PASSING, 1, 0, NOW, 0, false, 0 },		"pending", 8, 12 },
	{ { TROUBLE_PASSING, 2, 0, NOW, 0, false, 0 },		"pending", 16, 24 },
	{ { TROUBLE_PASSING, 11, 0, NOW, 0, false, 0 },		"pending", 2880, 4320 },
	{ { TROUBLE_PASSING, 12, 0, NOW, 0, false, 0 },		"failed", 0, 0 },
	{ { TROUBLE_PASSING, 1, NOW - 1, NOW, 0, false, 0 },	"pending", 8, 12 },
	{ { TROUBLE_PASSING, 12, NOW - 1, NOW, 0, false, 0 },	"expired", 0, 0 },
	{ { TROUBLE_PASSING, 1, 0, NOW, 300, false, 0 },		"pending", 300, 300 },
	{ { TROUBLE_PASSING, 1, 0, NOW, 999999, false, 0 },	"pending", 3600, 3600 },
	{ { TROUBLE_PASSING, 1, 0, NOW, 1, false, 0 },		"pending", 8, 12 },
	{ { TROUBLE_GONE, 1, 0, NOW, 0, false, 0 },		"pending", 8, 12 },
	{ { TROUBLE_GONE, 4, NOW + 1, NOW, 0, false, 0 },		"pending", 64, 96 },
	{ { TROUBLE_GONE, 5, NOW + 1, NOW, 0, false, 0 },		"failed", 0, 0 },
	{ { TROUBLE_GONE, 1, NOW, NOW, 0, false, 0 },		"expired", 0, 0 },
	{ { TROUBLE_GONE, 1, NOW, NOW, 0, true, 0 },	"pending", 8, 12 },
	{ { TROUBLE_GONE, 11, 0, NOW, 0, true, 0 },	"pending", 2880, 4320 },
	{ { TROUBLE_GONE, 12, NOW, NOW, 0, true, 0 },	"expired", 0, 0 },
	{ { TROUBLE_FINAL, 1, NOW, NOW, 0, true, 0 },	"failed", 0, 0 },
	{ { TROUBLE_CONTENT, 5, 0, NOW, 0, false, 0 },		"failed", 0, 0 },
	{ { TROUBLE_CONTENT, 1, NOW - 9, NOW, 0, false, 0 },	"expired", 0, 0 },
	{ { TROUBLE_FINAL, 1, 0, NOW, 0, false, 0 },		"failed", 0, 0 },
	{ { TROUBLE_FINAL, 1, NOW - 1, NOW, 0, false, 0 },	"failed", 0, 0 },
	{ { TROUBLE_OURS, 1, 0, NOW, 0, false, NOW },		"uncounted", 8, 12 },
	{ { TROUBLE_OURS, 9999, NOW - 1, NOW, 0, false, NOW - 9999 }, "uncounted", 480, 720 },
	{ { TROUBLE_OURS, INT64_MAX, 0, NOW, 0, false, NOW - 9999999 }, "uncounted", 480, 720 },
	{ { TROUBLE_STORE, 1, 0, NOW, 0, false, 0 },		"pending", 8, 12 },
	{ { TROUBLE_STORE, INT64_MAX, NOW - 1, NOW, 0, false, 0 }, "pending", 480, 720 },
	/* no number ends it while the link lives; the last tries before its
	 * end come closer */
	{ { TROUBLE_PASSING, 12, NOW + 86400, NOW, 0, false, 0 }, "pending", 2880, 4320 },
	{ { TROUBLE_PASSING, 5000, NOW + 86400, NOW, 0, false, 0 }, "pending", 2880, 4320 },
	{ { TROUBLE_PASSING, 30, NOW + 3000, NOW, 0, false, 0 }, "pending", 1500, 1500 },
	{ { TROUBLE_PASSING, 30, NOW + 20, NOW, 0, false, 0 },	"pending", 10, 10 },
	{ { TROUBLE_PASSING, 30, NOW + 19, NOW, 0, false, 0 },	"pending", 2880, 4320 },
	{ { TROUBLE_PASSING, 1, NOW + 600, NOW, 3600, false, 0 }, "pending", 300, 300 },
	{ { TROUBLE_PASSING, 30, NOW, NOW, 0, false, 0 },	"expired", 0, 0 },
	{ { TROUBLE_GONE, 12, NOW + 86400, NOW, 0, true, 0 },	"pending", 2880, 4320 },
	{ { TROUBLE_GONE, 12, NOW + 86400, NOW, 0, false, 0 },	"failed", 0, 0 },
	/* our network, or name server: not counted, and not for ever */
	{ { TROUBLE_NETWORK, 1, 0, NOW, 0, false, NOW - 4 },	"uncounted", 8, 12 },
	{ { TROUBLE_NETWORK, 9999, 0, NOW, 0, false, NOW - 600 }, "uncounted", 240, 360 },
	{ { TROUBLE_NETWORK, 9999, 0, NOW, 0, false, NOW - 86400 }, "uncounted", 2880, 4320 },
	{ { TROUBLE_NETWORK, 9999, 0, NOW, 0, false, NOW - 604799 }, "uncounted", 2880, 4320 },
	{ { TROUBLE_NETWORK, 1, 0, NOW, 0, false, NOW - 604800 }, "failed", 0, 0 },
	{ { TROUBLE_NETWORK, 1, 0, NOW, 0, false, 0 },		"uncounted", 8, 12 },
	{ { TROUBLE_NETWORK, 1, 0, NOW, 0, false, NOW + 60 },	"uncounted", 8, 12 },
	{ { TROUBLE_NETWORK, 99, NOW + 9, NOW, 0, false, NOW - 999999 }, "uncounted", 2880, 4320 },
	{ { TROUBLE_NETWORK, 99, NOW + 999, NOW, 0, false, NOW - 999999 }, "uncounted", 499, 499 },
	/* the link ended meanwhile: while the provider cannot be asked either;
	 * once it was, and has no other */
	{ { TROUBLE_NETWORK, 99, NOW - 9, NOW, 0, true, NOW - 86400 }, "uncounted", 2880, 4320 },
	{ { TROUBLE_NETWORK, 99, NOW - 9, NOW, 0, true, NOW - 604800 }, "expired", 0, 0 },
	{ { TROUBLE_NETWORK, 1, NOW - 9, NOW, 0, false, NOW - 86400 }, "pending", 8, 12 },
	{ { TROUBLE_NETWORK, 12, NOW - 9, NOW, 0, false, NOW - 86400 }, "expired", 0, 0 },
	/* our machine: never given up */
	{ { TROUBLE_MACHINE, 9999, 0, NOW, 0, false, NOW - 9999999 }, "uncounted", 48, 72 },
	{ { TROUBLE_MACHINE, 9999, NOW - 9, NOW, 0, false, NOW - 9999999 }, "uncounted", 48, 72 },
	{ { TROUBLE_MACHINE, 1, 0, NOW, 0, false, NOW },	"uncounted", 8, 12 },
};

static void
test_decisions(void)
{
	const char	*status;
	int64_t		 wait_s;
	size_t		 i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned int	before = CU_get_number_of_failures();

		status = retry_decide(&cases[i].facts, &wait_s);
		CU_ASSERT_STRING_EQUAL(status, cases[i].status);
		CU_ASSERT(wait_s >= cases[i].least_s);
		CU_ASSERT(wait_s <= cases[i].most_s);
		if (CU_get_number_of_failures() != before)
			(void)fprintf(stderr, "\n    row %zu: %s, %lld s\n", i,
			    status, (long long)wait_s);
	}
}

static void
test_jitter_spreads(void)
{
	struct retry_facts	f = { TROUBLE_PASSING, 8, 0, NOW, 0, false,
				    0 };
	int64_t			wait_s, least = INT64_MAX, most = 0;
	int			i;

	for (i = 0; i < 1000; i++) {
		CU_ASSERT_STRING_EQUAL(retry_decide(&f, &wait_s), "pending");
		if (wait_s < least)
			least = wait_s;
		if (wait_s > most)
			most = wait_s;
	}
	CU_ASSERT(least >= 1024 && least < 1100);
	CU_ASSERT(most <= 1536 && most > 1450);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "what becomes of an output", test_decisions },
		{ "jitter spreads", test_jitter_spreads },
		{ NULL, NULL }
	};

	return cunit_run("retry", tests);
}
