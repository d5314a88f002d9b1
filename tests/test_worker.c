#include <string.h>
#include <unistd.h>

#include "tests/cunit_main.h"
#include "lib/worker.h"

enum { MANY = 50 };

struct count {
	struct errand	 errand;
	struct errands	*thread;
	int		*next;		/* the number of the next to be done */
	int		 number;	/* that this one was done as */
	int		 runs;
};

static void
note(struct errand *e)
{
	struct count	*c = e->arg;

	c->number = (*c->next)++;
	c->runs++;
}

/* They are done in order, each once for each time that it was taken. */
static void
test_order(void)
{
	struct errbuf	 why;
	struct errands	*thread = errands_new(&why);
	struct count	 c[MANY];
	int		 i, next = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(thread);
	memset(c, 0, sizeof(c));
	for (i = 0; i < MANY; i++) {
		c[i].errand.run = note;
		c[i].errand.arg = &c[i];
		c[i].next = &next;
		CU_ASSERT_TRUE(errands_give(thread, &c[i].errand));
	}
	errands_wait(thread, &c[MANY - 1].errand);
	for (i = 0; i < MANY; i++)
		CU_ASSERT_EQUAL(c[i].number, i);
	CU_ASSERT_TRUE(errands_give(thread, &c[0].errand));
	errands_free(thread);
	CU_ASSERT_EQUAL(c[0].runs, 2);
	CU_ASSERT_EQUAL(c[1].runs, 1);
}

static void
give_itself(struct errand *e)
{
	struct count	*c = e->arg;

	(void)usleep(10000);
	c->runs += !errands_give(c->thread, e);
}

/* One that is out is not taken a second time, and waited for to its end. */
static void
test_out(void)
{
	struct count	c = { .errand.run = give_itself };
	struct errbuf	why;

	c.errand.arg = &c;
	CU_ASSERT_PTR_NOT_NULL_FATAL(c.thread = errands_new(&why));
	errands_wait(c.thread, &c.errand);
	CU_ASSERT_EQUAL(c.runs, 0);
	CU_ASSERT_TRUE(errands_give(c.thread, &c.errand));
	errands_wait(c.thread, &c.errand);
	CU_ASSERT_EQUAL(c.runs, 1);
	errands_free(c.thread);
	errands_free(NULL);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "errands are done in order", test_order },
		{ "one that is out stays out", test_out },
		{ NULL, NULL }
	};

	return cunit_run("errand", tests);
}
