/* The run as a whole: its steps, and when they have to end. */
#include <string.h>

#include "batch/steps.h"
#include "tests/cunit_main.h"
#include "tests/scratch.h"

/* The steps' moments are in order and the last is before the end. */
static void
test_moments(void)
{
	static const int64_t	seconds[] = { 1, 5, 6, 7, 50, 86400 };
	struct conf		conf = { 0 };
	struct sweep		s = { .run.conf = &conf, .started_ms = 1000 };
	size_t			i;

	for (i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		conf.max_seconds = seconds[i];
		CU_ASSERT(sweep_moment(&s, 0) == 1000);
		CU_ASSERT(sweep_moment(&s, 30) > sweep_moment(&s, 0));
		CU_ASSERT(sweep_moment(&s, 60) > sweep_moment(&s, 30));
		CU_ASSERT(sweep_moment(&s, 100) > sweep_moment(&s, 60));
		CU_ASSERT(sweep_moment(&s, 100) <= 1000 + 1000 * seconds[i]);
		CU_ASSERT_EQUAL(sweep_ends_ms(&s), sweep_moment(&s, 100));
	}
}

/* Each step ends when the one before it does or later, the last at the end of
 * the run; each says what it does, and what is due where it shows that. */
static void
test_table(void)
{
	const struct step	*step;
	int			 ends = 1;

	for (step = steps; step->name != NULL; step++) {
		CU_ASSERT(step->ends >= ends && step->ends <= 100);
		CU_ASSERT_PTR_NOT_NULL(step->run);
		CU_ASSERT_PTR_NOT_NULL(step->words);
		CU_ASSERT_EQUAL(step->print_due == NULL, step->due == NULL);
		CU_ASSERT(strlen(step->name) <= strlen("download"));
		ends = step->ends;
	}
	CU_ASSERT_EQUAL(ends, 100);
}

/* A run that is broken, or has no time left, does no more steps: these would
 * crash without a database. */
static void
test_broken(void)
{
	struct conf	conf = { .max_seconds = 50 };
	struct sweep	s = { .run.conf = &conf };
	struct capture	capture;
	char		text[512];

	capture_begin(&capture);
	run_break(&s.run, "for a reason");
	run_break(&s.run, "for another one");
	(void)capture_end(&capture, text, sizeof(text));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "error: for a reason\n"));
	CU_ASSERT_PTR_NULL(strstr(text, "for another one"));
	CU_ASSERT_STRING_EQUAL(s.run.error.text, "for a reason");
	CU_ASSERT_FALSE(run_goes_on(&s.run, INT64_MAX));
	steps_run(&s);
	CU_ASSERT_FALSE(s.run.attention);
}

/* What keeps a run from doing all goes into its row, once each; what a person
 * should see beside that does not. */
static void
test_hindered(void)
{
	struct conf	conf = { .max_seconds = 50 };
	struct sweep	s = { .run.conf = &conf };
	struct capture	capture;
	char		text[2000], long_words[400];

	capture_begin(&capture);
	run_warn(&s.run, "a task is lost");
	CU_ASSERT_STRING_EQUAL(s.run.error.text, "");
	run_hindered(&s.run, "the spool is %s", "full\xff");
	run_hindered(&s.run, "the spool is %s", "full\xff");
	CU_ASSERT_STRING_EQUAL(s.run.error.text, "the spool is full?");
	run_hindered(&s.run, "the key is refused");
	CU_ASSERT_STRING_EQUAL(s.run.error.text,
	    "the spool is full?; the key is refused");
	CU_ASSERT_TRUE(s.run.attention);
	CU_ASSERT_FALSE(s.run.broken);
	run_break(&s.run, "the archive is away");
	CU_ASSERT_STRING_EQUAL(s.run.error.text,
	    "the archive is away; the spool is full?; the key is refused");
	run_hindered(&s.run, "too late");
	CU_ASSERT_PTR_NULL(strstr(s.run.error.text, "too late"));
	memset(long_words, 'x', sizeof(long_words) - 1);
	long_words[sizeof(long_words) - 1] = '\0';
	s.run.broken = false;
	run_hindered(&s.run, "%s", long_words);
	(void)capture_end(&capture, text, sizeof(text));
	CU_ASSERT_PTR_EQUAL(strstr(s.run.error.text, "the archive is away;"),
	    s.run.error.text);
	CU_ASSERT(strlen(s.run.error.text) < sizeof(s.run.error.text));
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "moments", test_moments },
		{ "the table of steps", test_table },
		{ "a broken run", test_broken },
		{ "a run that cannot do all", test_hindered },
		{ NULL, NULL }
	};

	return cunit_run("sweep", tests);
}
