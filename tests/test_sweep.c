/* The run as a whole: when its steps have to end. */
#include "batch/sweep.h"
#include "tests/cunit_main.h"

/* The steps' moments are in order and the last is before the end. */
static void
test_moments(void)
{
	static const int64_t	seconds[] = { 1, 5, 6, 7, 50, 86400 };
	struct conf		conf = { 0 };
	struct sweep		s = { .conf = &conf, .started_ms = 1000 };
	size_t			i;

	for (i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		conf.max_seconds = seconds[i];
		CU_ASSERT(sweep_moment(&s, 0) == 1000);
		CU_ASSERT(sweep_moment(&s, 30) > sweep_moment(&s, 0));
		CU_ASSERT(sweep_moment(&s, 60) > sweep_moment(&s, 30));
		CU_ASSERT(sweep_moment(&s, 100) > sweep_moment(&s, 60));
		CU_ASSERT(sweep_moment(&s, 100) <= 1000 + 1000 * seconds[i]);
	}
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "moments", test_moments },
		{ NULL, NULL }
	};

	return cunit_run("sweep", tests);
}
