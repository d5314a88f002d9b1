/* lib/worker: jobs are done in order, and none twice at once. */
#include <string.h>
#include <unistd.h>

#include "lib/worker.h"
#include "tests/cunit_main.h"

enum { MANY = 50 };

struct count {
	struct worker_job	 job;
	struct worker	*thread;
	int		*next;		/* the number of the next to be done */
	int		 number;	/* that this one was done as */
	int		 runs;
};

static void
note(struct worker_job *e)
{
	struct count	*c = e->arg;

	c->number = (*c->next)++;
	c->runs++;
}

/* They are done in order, each once for each time that it was taken. */
static void
test_order(void)
{
	struct errbuf	 err;
	struct worker	*thread = worker_new(&err);
	struct count	 c[MANY];
	int		 i, next = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(thread);
	memset(c, 0, sizeof(c));
	for (i = 0; i < MANY; i++) {
		c[i].job.run = note;
		c[i].job.arg = &c[i];
		c[i].next = &next;
		CU_ASSERT_TRUE(worker_put(thread, &c[i].job));
	}
	worker_wait(thread, &c[MANY - 1].job);
	for (i = 0; i < MANY; i++)
		CU_ASSERT_EQUAL(c[i].number, i);
	CU_ASSERT_TRUE(worker_put(thread, &c[0].job));
	worker_free(thread);
	CU_ASSERT_EQUAL(c[0].runs, 2);
	CU_ASSERT_EQUAL(c[1].runs, 1);
}

static void
give_itself(struct worker_job *e)
{
	struct count	*c = e->arg;

	(void)usleep(10000);
	c->runs += !worker_put(c->thread, e);
}

/* One that is out is not taken a second time, and waited for to its end. */
static void
test_out(void)
{
	struct count	c = { .job.run = give_itself };
	struct errbuf	err;

	c.job.arg = &c;
	CU_ASSERT_PTR_NOT_NULL_FATAL(c.thread = worker_new(&err));
	worker_wait(c.thread, &c.job);
	CU_ASSERT_EQUAL(c.runs, 0);
	CU_ASSERT_TRUE(worker_put(c.thread, &c.job));
	worker_wait(c.thread, &c.job);
	CU_ASSERT_EQUAL(c.runs, 1);
	worker_free(c.thread);
	worker_free(NULL);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "worker are done in order", test_order },
		{ "one that is out stays out", test_out },
		{ NULL, NULL }
	};

	return cunit_run("job", tests);
}
