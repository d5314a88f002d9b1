/* server/commit_queue: callbacks go in and come out in order, in time, and
 * once; one worker leads, one stands by, and chores get their turn. */
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "lib/clock.h"
#include "server/commit_queue.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"

static struct delivery	some;

static void
pause_ms(long ms)
{
	const struct timespec	ts = { ms / 1000, ms % 1000 * 1000000 };

	(void)nanosleep(&ts, NULL);
}

static size_t
list_len(const struct commit_list *l)
{
	const struct commit	*c;
	size_t			 n = 0;

	STAILQ_FOREACH(c, l, next)
		n++;
	return n;
}

static void
test_order(void)
{
	struct commit_queue	*q = commit_queue_new(QUEUE_DEADLINE_MS);
	struct commit		 c[5] = { { .delivery = &some } }, *one;
	struct commit_list	 taken;
	size_t			 i;

	CU_ASSERT_FALSE(commit_queue_wants_leader(q));
	for (i = 0; i < COUNT(c); i++) {
		c[i].delivery = &some;
		CU_ASSERT_TRUE(commit_queue_put(q, &c[i]));
		CU_ASSERT_TRUE(commit_queue_wants_leader(q));
	}
	CU_ASSERT_EQUAL(commit_queue_lead(q, &taken, 3), LEAD_MINE);
	CU_ASSERT_EQUAL(list_len(&taken), 3);
	i = 0;
	STAILQ_FOREACH(one, &taken, next)
		CU_ASSERT_PTR_EQUAL(one, &c[i++]);
	/* Nobody stands by for the others. */
	CU_ASSERT_TRUE(commit_queue_pass(q, &taken, 3));
	CU_ASSERT_EQUAL(list_len(&taken), 2);
	STAILQ_FOREACH(one, &taken, next)
		CU_ASSERT_PTR_EQUAL(one, &c[i++]);
	CU_ASSERT_FALSE(commit_queue_pass(q, &taken, 3));
	CU_ASSERT_TRUE(STAILQ_EMPTY(&taken));
	CU_ASSERT_FALSE(commit_queue_wants_leader(q));
	CU_ASSERT_EQUAL(commit_queue_lead(q, &taken, 3), LEAD_OTHER);
	commit_queue_free(q);
}

static void
test_away(void)
{
	struct commit_queue	*q = commit_queue_new(QUEUE_DEADLINE_MS);
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

/* ---- a leader, and who stands by ---------------------------------------- */

/* What a worker that comes while another leads is given. */
struct second {
	struct commit_queue	*queue;
	struct commit		 commit;
	enum commit_lead	 lead;
	size_t			 ntaken;
	atomic_bool		 ended;
};

static void *
second_main(void *arg)
{
	struct second		*s = arg;
	struct commit_list	 taken;

	STAILQ_INIT(&taken);
	s->commit.delivery = &some;
	if (commit_queue_put(s->queue, &s->commit)) {
		s->lead = commit_queue_lead(s->queue, &taken, 64);
		s->ntaken = list_len(&taken);
		if (s->lead == LEAD_MINE)
			while (commit_queue_pass(s->queue, &taken, 64))
				s->ntaken += list_len(&taken);
	}
	atomic_store(&s->ended, true);
	return NULL;
}

/* One leads; the next one stands by until the lead is free and then has what
 * came in between; a third goes on at once. */
static void
test_stand_by(void)
{
	struct commit_queue	*q = commit_queue_new(QUEUE_DEADLINE_MS);
	struct commit		 c[2] = { { .delivery = &some }, { .delivery = &some } };
	struct second		 s = { .queue = q };
	struct commit_list	 taken, none;
	enum commit_lead	 third;
	pthread_t		 thread;
	bool			 wants;

	CU_ASSERT_TRUE(commit_queue_put(q, &c[0]));
	CU_ASSERT_EQUAL(commit_queue_lead(q, &taken, 64), LEAD_MINE);
	(void)pthread_create(&thread, NULL, second_main, &s);
	pause_ms(100);
	CU_ASSERT_FALSE(atomic_load(&s.ended));
	CU_ASSERT_TRUE(commit_queue_put(q, &c[1]));
	/* Who stands by takes it. */
	wants = commit_queue_wants_leader(q);
	third = commit_queue_lead(q, &none, 64);
	/* On a machine that gave the other none of its time, this one stood by. */
	CU_ASSERT(third == LEAD_OTHER || third == LEAD_STUCK);
	CU_ASSERT_FALSE(commit_queue_pass(q, &taken, 64));
	(void)pthread_join(thread, NULL);
	if (third == LEAD_OTHER) {
		CU_ASSERT_FALSE(wants);
		CU_ASSERT_EQUAL(s.lead, LEAD_MINE);
		CU_ASSERT_EQUAL(s.ntaken, 2);
	}
	commit_queue_free(q);
}

/* What a stuck leader's successor waits for comes out at its time, and the next
 * do not wait. */
static void
test_stuck(void)
{
	struct commit_queue	*q = commit_queue_new(QUEUE_DEADLINE_MS);
	struct commit		 c = { .delivery = &some };
	struct commit		 late = { .delivery = &some };
	struct second		 s = { .queue = q };
	struct commit_list	 taken;
	int64_t			 begin_ms = clock_ms();
	pthread_t		 thread;

	CU_ASSERT_TRUE(commit_queue_put(q, &c));
	CU_ASSERT_EQUAL(commit_queue_lead(q, &taken, 64), LEAD_MINE);
	(void)pthread_create(&thread, NULL, second_main, &s);
	(void)pthread_join(thread, NULL);
	CU_ASSERT(clock_ms() >= begin_ms + QUEUE_DEADLINE_MS);
	CU_ASSERT_EQUAL(s.lead, LEAD_STUCK);
	CU_ASSERT_EQUAL(s.ntaken, 1);
	CU_ASSERT_FALSE(s.commit.stored);
	CU_ASSERT_NOT_EQUAL(s.commit.err.text[0], '\0');
	CU_ASSERT_TRUE(commit_queue_is_away(q));
	CU_ASSERT_FALSE(commit_queue_put(q, &late));
	CU_ASSERT_STRING_EQUAL(late.err.text, s.commit.err.text);
	CU_ASSERT_FALSE(commit_queue_pass(q, &taken, 64));
	commit_queue_free(q);
}

/* ---- chores ------------------------------------------------------------- */

static atomic_int	chores_done;

/* Due again an hour later, unless somebody hurries. */
static void *
chores_main(void *arg)
{
	struct commit_queue	*q = arg;

	while (commit_queue_lead_chores(q)) {
		atomic_fetch_add(&chores_done, 1);
		commit_queue_end_chores(q, clock_ms() + 3600000);
	}
	return NULL;
}

static void
chores_until(int n)
{
	int64_t	by_ms = clock_ms() + 20000;

	while (atomic_load(&chores_done) < n && clock_ms() < by_ms)
		pause_ms(1);
	CU_ASSERT(atomic_load(&chores_done) >= n);
}

static void
test_chores(void)
{
	struct commit_queue	*q = commit_queue_new(QUEUE_DEADLINE_MS);
	struct commit		 c = { .delivery = &some };
	struct commit_list	 taken;
	pthread_t		 thread;

	atomic_store(&chores_done, 0);
	(void)pthread_create(&thread, NULL, chores_main, q);
	chores_until(1);
	CU_ASSERT_TRUE(commit_queue_put(q, &c));
	CU_ASSERT_EQUAL(commit_queue_lead(q, &taken, 64), LEAD_MINE);
	commit_queue_hurry_chores(q, clock_ms());
	pause_ms(50);
	CU_ASSERT_EQUAL(atomic_load(&chores_done), 1);
	CU_ASSERT_FALSE(commit_queue_pass(q, &taken, 64));
	chores_until(2);
	commit_queue_end(q);
	(void)pthread_join(thread, NULL);
	CU_ASSERT_EQUAL(atomic_load(&chores_done), 2);
	commit_queue_free(q);
}

/* ---- all at once -------------------------------------------------------- */

#define WORKERS		6
#define EACH		2000

static struct commit_queue	*busy;
static struct commit		 commits[WORKERS][EACH];
static atomic_int		 times_out[WORKERS][EACH];
static atomic_int		 leaders;	/* at this moment */
static atomic_bool		 two_led;

static void
answer(const struct commit_list *l)
{
	const struct commit	*c;

	STAILQ_FOREACH(c, l, next)
		atomic_fetch_add((atomic_int *)c->owner, 1);
}

static void
commit_all(struct commit_list *taken)
{
	struct commit	*c;

	if (atomic_fetch_add(&leaders, 1) != 0)
		atomic_store(&two_led, true);
	STAILQ_FOREACH(c, taken, next)
		c->stored = true;
	if (commit_queue_is_away(busy))
		commit_queue_set_away(busy, false, NULL);
	commit_queue_hurry_chores(busy, clock_ms() + 1);
	atomic_fetch_sub(&leaders, 1);
}

static void
work(void)
{
	struct commit_list	taken, known;

	STAILQ_INIT(&known);
	switch (commit_queue_lead(busy, &taken, 4)) {
	case LEAD_MINE:
		do {
			commit_all(&taken);
			STAILQ_CONCAT(&known, &taken);
		} while (commit_queue_pass(busy, &taken, 4));
		break;
	case LEAD_STUCK:
		STAILQ_CONCAT(&known, &taken);
		break;
	case LEAD_OTHER:
		break;
	}
	answer(&known);
}

static void *
work_all(void *arg)
{
	struct commit	*mine = arg;
	size_t		 i;

	for (i = 0; i < EACH; i++) {
		mine[i].delivery = &some;
		mine[i].owner = &times_out[0][0] + (&mine[i] -
		    &commits[0][0]);
		/* Away: this machine gave the leader no time for long. */
		if (commit_queue_put(busy, &mine[i]))
			work();
		else
			atomic_fetch_add((atomic_int *)mine[i].owner, 1);
	}
	return NULL;
}

static void *
chores_all(void *arg)
{
	while (commit_queue_lead_chores(busy)) {
		if (atomic_fetch_add(&leaders, 1) != 0)
			atomic_store(&two_led, true);
		atomic_fetch_add(&chores_done, 1);
		commit_queue_set_away(busy, false, NULL);
		atomic_fetch_sub(&leaders, 1);
		commit_queue_end_chores(busy, clock_ms() + 3600000);
	}
	return arg;
}

/* Each is answered once: stored, or given up, or not taken at all; two never
 * lead at a time; and when all workers have ended nothing is left. */
static void
test_threads(void)
{
	pthread_t		 workers[WORKERS], chores;
	struct commit_list	 taken;
	size_t			 i, k, once = 0, stored = 0;

	busy = commit_queue_new(QUEUE_DEADLINE_MS);
	atomic_store(&chores_done, 0);
	(void)pthread_create(&chores, NULL, chores_all, NULL);
	for (i = 0; i < WORKERS; i++)
		(void)pthread_create(&workers[i], NULL, work_all, commits[i]);
	for (i = 0; i < WORKERS; i++)
		(void)pthread_join(workers[i], NULL);
	chores_until(2);
	CU_ASSERT_EQUAL(commit_queue_lead(busy, &taken, 1), LEAD_OTHER);
	commit_queue_end(busy);
	(void)pthread_join(chores, NULL);
	for (i = 0; i < WORKERS; i++)
		for (k = 0; k < EACH; k++) {
			once += atomic_load(&times_out[i][k]) == 1;
			stored += commits[i][k].stored;
		}
	CU_ASSERT_EQUAL(once, WORKERS * EACH);
	CU_ASSERT(stored > 0);
	CU_ASSERT_FALSE(atomic_load(&two_led));
	commit_queue_free(busy);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "order", test_order },
		{ "away", test_away },
		{ "stand by", test_stand_by },
		{ "stuck", test_stuck },
		{ "chores", test_chores },
		{ "threads", test_threads },
		{ NULL, NULL }
	};

	return cunit_run("commit queue", tests);
}
