/* Whose turn it is: the scheduler over accounts that this test makes due, slow
 * and wrong; the wait for the network is where the answers come from. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "batch/accounts.h"
#include "tests/cunit_main.h"
#include "tests/scratch.h"

void	__wrap_http_turn(struct http_engine *, int timeout_ms);
enum db_verdict	__wrap_run_query(struct run *, const struct db_stmt *,
		    const struct db_param *, struct db_rows **,
		    struct errbuf *);

/* What the database says of troubled accounts: that A is one, or none. */
struct db_rows { int n; };

int		 __wrap_db_rows_count(const struct db_rows *);
const char	*__wrap_db_value(const struct db_rows *, int row, int col);
void		 __wrap_db_rows_free(struct db_rows *);

#define MOST		3	/* accounts */
#define SLOTS		8
#define AN_HOUR_MS	3600000
#define LOG_MAX		4096

struct item {
	struct account_queue	*queue;
	struct account_link	 link;
	struct item		*next;		/* in flight */
	int			 turns;		/* until its answer comes */
};

/* What an account is like, and what became of it. */
static struct fake {
	int	due;
	int	turns;		/* that each answer takes; 0: they never come,
				   but for the first one */
	bool	refused;	/* its key is */
	bool	limited;	/* it answers 429, but for the first one */
	int	downs;		/* so many answers in a row are trouble, */
	int	downs_from;	/* from this one on, counted from 0 */
	bool	fails;		/* nothing can be sent */

	int	claims, claimed, sent, answered, released;
	int	most_asked, most_in_flight;
} fakes[MOST];

static struct account		 settings[MOST];
static const struct provider	 owners[2] = {
	{ .name = "alpha" }, { .name = "beta" }
};
static struct conf		 conf;
static struct run		 run;
static struct accounts		 accounts;
static int			 beats;
static struct item		*flying;
static char			 sent_log[LOG_MAX];	/* a letter each */
static int			 turns, waits, on_turns, pauses;
static int			 troubles, wells, most_in_a_row;
static struct db_rows		 troubled_rows;
static int			 stop_after;	/* so many turns; 0: never */
static int64_t			 ndone;

static struct fake *
fake_of(const struct account_queue *q)
{
	return &fakes[q->account - settings];
}

static int64_t
on_claim(struct account_queue *q, int64_t limit)
{
	struct fake	*f = fake_of(q);
	struct item	*item;
	int64_t		 i, got = f->due < limit ? f->due : limit;

	CU_ASSERT(limit > 0);
	CU_ASSERT_FALSE(q->stopped || q->done);
	/* After a trouble one goes alone, until all is well. */
	CU_ASSERT(q->in_a_row == 0 ||
	    (limit == 1 && q->in_flight + q->nclaimed == 0));
	if (!accounts.claims_ahead)
		CU_ASSERT(limit == 1 && accounts.in_flight < SLOTS);
	if (f->most_asked < limit)
		f->most_asked = (int)limit;
	f->claims++;
	for (i = 0; i < got; i++) {
		item = calloc(1, sizeof(*item));
		CU_ASSERT_PTR_NOT_NULL_FATAL(item);
		item->queue = q;
		account_queue_put(q, &item->link, item);
	}
	f->due -= (int)got;
	f->claimed += (int)got;
	return got;
}

static bool
on_send(void *arg)
{
	struct item	*item = arg;
	struct fake	*f = fake_of(item->queue);
	size_t		 n = strlen(sent_log);

	CU_ASSERT_FALSE(item->queue->stopped);
	f->sent++;
	if (n + 1 < sizeof(sent_log))
		sent_log[n] = (char)('A' + (item->queue->account - settings));
	if (f->fails) {
		free(item);
		return false;
	}
	item->turns = f->turns > 0 ? f->turns : f->sent == 1 ? 1 : INT_MAX;
	item->next = flying;
	flying = item;
	return true;
}

static void
on_release(struct account_queue *q)
{
	struct item	*item;

	while ((item = account_queue_take(q)) != NULL) {
		fake_of(q)->released++;
		free(item);
	}
}

static void
on_turn(struct accounts *a)
{
	CU_ASSERT_PTR_EQUAL(a, &accounts);
	on_turns++;
}

static void
answer(struct item *item)
{
	struct account_queue	*q = item->queue;
	struct fake		*f = fake_of(q);

	account_queue_answered(q);
	f->answered++;
	ndone++;
	if (f->answered > f->downs_from &&
	    f->answered <= f->downs_from + f->downs)
		account_queue_trouble(q, API_DOWN, most_in_a_row, 7, "no");
	else if (!f->refused)
		account_queue_well(q);
	if (f->refused || (f->limited && f->answered > 1))
		account_queue_stop(q, f->refused, 5, "no");
	free(item);
}

/* The network: some time goes by, and the answers that are due come. */
void
__wrap_http_turn(struct http_engine *engine, int timeout_ms)
{
	struct item	**at = &flying, *item;
	int64_t		  in_flight = 0;
	size_t		  i;

	CU_ASSERT_PTR_EQUAL(engine, accounts.engine);
	turns++;
	waits += timeout_ms > 0;
	for (i = 0; i < accounts.nqueues; i++) {
		struct fake	*f = fake_of(&accounts.queues[i]);

		in_flight += accounts.queues[i].in_flight;
		if (f->most_in_flight < accounts.queues[i].in_flight)
			f->most_in_flight = (int)accounts.queues[i].in_flight;
	}
	CU_ASSERT_EQUAL(in_flight, accounts.in_flight);
	CU_ASSERT(in_flight <= SLOTS);
	while ((item = *at) != NULL)
		if (--item->turns == 0) {
			*at = item->next;
			answer(item);
		} else
			at = &item->next;
	if (turns == stop_after)
		accounts.until_ms = 0;
	/* What hangs for ever would hang this test. */
	CU_ASSERT_FATAL(turns < 100000);
}

int
__wrap_db_rows_count(const struct db_rows *rows)
{
	return rows->n;
}

const char *
__wrap_db_value(const struct db_rows *rows, int row, int col)
{
	CU_ASSERT(row < rows->n);
	return col == 0 ? "alpha" : "A";
}

void
__wrap_db_rows_free(struct db_rows *rows)
{
	CU_ASSERT_PTR_EQUAL(rows, &troubled_rows);
}

enum db_verdict
__wrap_run_query(struct run *r, const struct db_stmt *stmt,
    const struct db_param *params, struct db_rows **rows, struct errbuf *err)
{
	(void)err;
	CU_ASSERT_PTR_EQUAL(r, &run);
	if (stmt == DB_TROUBLED_ACCOUNTS) {
		CU_ASSERT_STRING_EQUAL(params[0].value,
		    accounts.are_polls ? "true" : "false");
		*rows = &troubled_rows;
		return DB_OK;
	}
	if (stmt == DB_ACCOUNT_IS_WELL) {
		CU_ASSERT_STRING_EQUAL(params[1].value, "A");
		wells++;
		return DB_OK;
	}
	if (stmt == DB_TROUBLE_ACCOUNT) {
		CU_ASSERT_STRING_EQUAL(params[2].value, "down");
		CU_ASSERT_STRING_EQUAL(params[6].value, "no");
		troubles++;
		return DB_OK;
	}
	CU_ASSERT_EQUAL(stmt, DB_PAUSE_ACCOUNT);
	CU_ASSERT_STRING_EQUAL(params[3].value, "no");
	pauses++;
	return DB_OK;
}

static void
on_beat(void *n)
{
	++*(int *)n;
}

/* So many accounts, A, B and C, of which the last is another provider's. */
static void
begin(size_t n, bool ahead)
{
	static char	names[MOST][2] = { "A", "B", "C" }, key[] = "a key";
	size_t		i;

	memset(fakes, 0, sizeof(fakes));
	memset(&run, 0, sizeof(run));
	memset(sent_log, 0, sizeof(sent_log));
	turns = waits = on_turns = pauses = stop_after = beats = 0;
	troubles = wells = troubled_rows.n = 0;
	most_in_a_row = 3;
	ndone = 0;
	flying = NULL;
	for (i = 0; i < MOST; i++) {
		settings[i].provider = &owners[i == MOST - 1];
		settings[i].name = names[i];
		settings[i].api_key = key;
		fakes[i].turns = 1;
	}
	conf.accounts = settings;
	conf.naccounts = n;
	conf.polls_in_flight = SLOTS;
	run.conf = &conf;
	run.beat = on_beat;
	run.beat_arg = &beats;
	accounts = (struct accounts){
		.run = &run, .until_ms = clock_ms() + AN_HOUR_MS,
		.claims_ahead = ahead, .awaits_answers = !ahead,
		.claim = on_claim, .send = on_send,
		.release = ahead ? on_release : NULL, .on_turn = on_turn,
		.what = "tests", .done = &ndone, .due = "tests are due",
		.left = "it is left alone" };
}

/* Run, and forget what is in flight, as an engine that is closed does. */
static void
run_them(void)
{
	struct item	*item;

	accounts_run(&accounts);
	while ((item = flying) != NULL) {
		flying = item->next;
		free(item);
	}
}

static size_t
first_of(char letter)
{
	const char	*at = strchr(sent_log, letter);

	CU_ASSERT_PTR_NOT_NULL_FATAL(at);
	return (size_t)(at - sent_log);
}

static size_t
last_of(char letter)
{
	const char	*at = strrchr(sent_log, letter);

	CU_ASSERT_PTR_NOT_NULL_FATAL(at);
	return (size_t)(at - sent_log);
}

/* A has a thousand due and B three: B's are among the first that go out. */
static void
test_fair(void)
{
	int	ahead;

	for (ahead = 0; ahead < 2; ahead++) {
		begin(2, ahead);
		fakes[0].due = 1000;
		fakes[1].due = 3;
		run_them();
		CU_ASSERT_EQUAL(fakes[0].answered, 1000);
		CU_ASSERT_EQUAL(fakes[1].answered, 3);
		CU_ASSERT(last_of('B') < 4 * SLOTS);
		CU_ASSERT_EQUAL(accounts.in_flight, 0);
		CU_ASSERT_EQUAL(fakes[0].released + fakes[1].released, 0);
		CU_ASSERT(on_turns > turns);	/* once more at the end */
		/* The run's leases are held meanwhile. */
		CU_ASSERT_EQUAL(beats, turns);
	}
}

/* A's answers never come: it leaves a quarter of the slots to B, whose answers
 * come at once. */
static void
test_slow(void)
{
	begin(2, true);
	fakes[0].due = fakes[1].due = 1000;
	fakes[0].turns = 0;
	stop_after = 40;
	run_them();
	CU_ASSERT_EQUAL(fakes[0].answered, 1);
	CU_ASSERT(fakes[0].most_in_flight <= SLOTS - SLOTS / 4);
	CU_ASSERT_EQUAL(fakes[0].most_asked, SLOTS / 2);
	CU_ASSERT_EQUAL(fakes[1].most_asked, SLOTS / 2);
	CU_ASSERT(fakes[1].answered >= SLOTS / 4 * (stop_after - 5));
	/* What was claimed ahead and not sent is given back. */
	CU_ASSERT(fakes[0].released > 0);
	CU_ASSERT_EQUAL(fakes[0].claimed, fakes[0].sent + fakes[0].released);
}

/* An account alone may use all slots, and is asked ahead for what it needs. */
static void
test_alone(void)
{
	begin(1, true);
	fakes[0].due = 100;
	run_them();
	CU_ASSERT_EQUAL(fakes[0].answered, 100);
	CU_ASSERT_EQUAL(fakes[0].most_in_flight, SLOTS);
	CU_ASSERT(fakes[0].claims < 30);
	begin(1, false);
	fakes[0].due = 100;
	fakes[0].turns = 30;
	run_them();
	CU_ASSERT_EQUAL(fakes[0].answered, 100);
	CU_ASSERT_EQUAL(fakes[0].most_in_flight, SLOTS);
	/* One at a time, and one question that brought nothing. */
	CU_ASSERT_EQUAL(fakes[0].claims, 101);
	/* No wait while there may be more to send at once. */
	CU_ASSERT(waits > 0 && waits <= turns - 100);
}

/* Until a key has been taken there is one item of its account, no more. */
static void
test_proven(void)
{
	int	ahead;

	for (ahead = 0; ahead < 2; ahead++) {
		begin(2, ahead);
		fakes[0].due = 50;
		fakes[0].turns = 20;
		fakes[1].due = 10;
		stop_after = 19;
		accounts.awaits_answers = false;
		run_them();
		CU_ASSERT_EQUAL(fakes[0].claimed, 1);
		CU_ASSERT_EQUAL(fakes[0].sent, 1);
		CU_ASSERT_EQUAL(fakes[1].answered, 10);
	}
}

/* A key that is refused stops its account, with one warning, and no other. */
static void
test_refused(void)
{
	struct capture	capture;
	char		text[2000];
	int		ahead;

	for (ahead = 0; ahead < 2; ahead++) {
		begin(3, ahead);
		fakes[0].due = fakes[1].due = fakes[2].due = 20;
		fakes[1].refused = true;
		capture_begin(&capture);
		run_them();
		CU_ASSERT(capture_end(&capture, text, sizeof(text)) > 0);
		CU_ASSERT_PTR_NOT_NULL(strstr(text, "alpha B: the API key is "
		    "refused (no); it is left alone\n"));
		CU_ASSERT_PTR_EQUAL(strchr(text, '\n') + 1, strchr(text, '\0'));
		CU_ASSERT_TRUE(run.attention);
		CU_ASSERT_EQUAL(fakes[1].sent, 1);
		CU_ASSERT_EQUAL(fakes[1].claimed, 1);
		CU_ASSERT_EQUAL(fakes[0].answered, 20);
		CU_ASSERT_EQUAL(fakes[2].answered, 20);
		CU_ASSERT_EQUAL(pauses, 0);
	}
}

/* A rate limit pauses its account for all runs, once, however many of its
 * answers say so; what was claimed ahead is given back. */
static void
test_limited(void)
{
	struct capture	capture;
	char		text[2000];

	begin(2, true);
	fakes[0].due = fakes[1].due = 100;
	fakes[0].limited = true;
	fakes[0].turns = 2;
	capture_begin(&capture);
	run_them();
	CU_ASSERT(capture_end(&capture, text, sizeof(text)) > 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(text,
	    "alpha A: rate limit (no); the rest waits\n"));
	CU_ASSERT_EQUAL(pauses, 1);
	CU_ASSERT_FALSE(run.attention);
	CU_ASSERT(fakes[0].answered > 2);
	CU_ASSERT(fakes[0].released > 0);
	CU_ASSERT_EQUAL(fakes[0].claimed, fakes[0].sent + fakes[0].released);
	CU_ASSERT_EQUAL(fakes[1].answered, 100);
}

/* An account without a key is stopped, with one warning. */
static void
test_keyless(void)
{
	struct account_queue	q = { .accounts = &accounts,
				    .account = &settings[0] };
	struct capture		capture;
	char			text[2000], none[] = "";

	begin(1, true);
	account_queue_stop_keyless(&q);
	CU_ASSERT_FALSE(q.stopped);
	settings[0].api_key = none;
	capture_begin(&capture);
	account_queue_stop_keyless(&q);
	account_queue_stop_keyless(&q);
	CU_ASSERT(capture_end(&capture, text, sizeof(text)) > 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(text,
	    "alpha A: tests are due, but no api_key is set\n"));
	CU_ASSERT_PTR_EQUAL(strchr(text, '\n') + 1, strchr(text, '\0'));
	CU_ASSERT_TRUE(q.stopped);
}

/* Each turn begins with another account, so that nobody is always last. */
static void
test_rotating(void)
{
	int	first[MOST] = { 0 };
	size_t	i;

	begin(3, false);
	conf.polls_in_flight = 1;	/* room for one alone */
	for (i = 0; i < MOST; i++)
		fakes[i].due = 30;
	run_them();
	for (i = 0; i < 30; i++)
		first[sent_log[i] - 'A']++;
	for (i = 0; i < MOST; i++) {
		CU_ASSERT_EQUAL(fakes[i].answered, 30);
		CU_ASSERT(first[i] >= 5 && first[i] <= 15);
	}
}

/* At its end a run that may not repeat itself waits for all answers, and sends
 * nothing new; one that may repeat itself goes. */
static void
test_end(void)
{
	begin(1, false);
	fakes[0].due = 100;
	fakes[0].turns = 5;
	stop_after = 7;
	run_them();
	CU_ASSERT(fakes[0].sent < 100);
	CU_ASSERT(turns > stop_after);
	CU_ASSERT_EQUAL(fakes[0].answered, fakes[0].sent);
	begin(1, true);
	fakes[0].due = 100;
	fakes[0].turns = 5;
	stop_after = 7;
	run_them();
	CU_ASSERT_EQUAL(turns, stop_after);
	CU_ASSERT(fakes[0].answered < fakes[0].sent);
	CU_ASSERT_EQUAL(fakes[0].claimed, fakes[0].sent + fakes[0].released);
	begin(1, true);
	accounts.until_ms = 0;
	fakes[0].due = 1;
	run_them();
	CU_ASSERT_EQUAL(fakes[0].claims, 0);
}

/* What cannot be sent does not end the run while more is due. */
static void
test_unsent(void)
{
	int	ahead;

	for (ahead = 0; ahead < 2; ahead++) {
		begin(2, ahead);
		fakes[0].due = 7;
		fakes[0].fails = true;
		fakes[1].due = 7;
		run_them();
		CU_ASSERT_EQUAL(fakes[0].sent, 7);
		CU_ASSERT_EQUAL(fakes[0].answered, 0);
		CU_ASSERT_EQUAL(fakes[1].answered, 7);
		CU_ASSERT_EQUAL(accounts.in_flight, 0);
	}
}

/* So many troubles in a row stop an account, and the pause is asked for once;
 * fewer do not, and then one goes alone. */
static void
test_down(void)
{
	begin(2, false);
	fakes[0].due = fakes[1].due = 20;
	fakes[0].downs = 2;
	run_them();
	CU_ASSERT_EQUAL(fakes[0].answered, 20);
	CU_ASSERT_EQUAL(troubles, 0);
	begin(2, false);
	fakes[0].due = fakes[1].due = 20;
	fakes[0].downs = 20;
	run_them();
	CU_ASSERT_EQUAL(fakes[0].sent, 3);
	CU_ASSERT_EQUAL(fakes[0].most_in_flight, 1);
	CU_ASSERT_EQUAL(fakes[1].answered, 20);
	CU_ASSERT_EQUAL(troubles, 1);
	/* What was claimed ahead of it is given back. */
	begin(1, true);
	fakes[0].due = 100;
	fakes[0].downs_from = 10;
	fakes[0].downs = 90;
	run_them();
	CU_ASSERT(fakes[0].sent < 10 + 3 * SLOTS);
	CU_ASSERT_EQUAL(fakes[0].claimed, fakes[0].sent + fakes[0].released);
	CU_ASSERT_EQUAL(troubles, 1);
	/* One in the middle of many. */
	begin(1, false);
	fakes[0].due = 60;
	fakes[0].turns = 3;
	fakes[0].downs_from = 20;
	fakes[0].downs = 2;
	run_them();
	CU_ASSERT_EQUAL(fakes[0].answered, 60);
	CU_ASSERT_EQUAL(troubles, 0);
	/* With one alone it is the first. */
	begin(1, false);
	fakes[0].due = 20;
	fakes[0].downs = 1;
	most_in_a_row = 1;
	run_them();
	CU_ASSERT_EQUAL(fakes[0].sent, 1);
	CU_ASSERT_EQUAL(troubles, 1);
}

/* Of an account that was in trouble one goes first: the others once it is
 * well, which the database is told, or none. */
static void
test_probation(void)
{
	int	polls;

	for (polls = 0; polls < 2; polls++) {
		begin(2, polls);
		accounts.are_polls = polls;
		fakes[0].due = fakes[1].due = 20;
		fakes[0].turns = 5;
		troubled_rows.n = 1;
		run_them();
		CU_ASSERT_EQUAL(fakes[0].answered, 20);
		CU_ASSERT_EQUAL(wells, 1);
		CU_ASSERT_EQUAL(troubles, 0);
		begin(2, polls);
		accounts.are_polls = polls;
		fakes[0].due = fakes[1].due = 20;
		fakes[0].downs = 1;
		troubled_rows.n = 1;
		run_them();
		CU_ASSERT_EQUAL(fakes[0].sent, 1);
		CU_ASSERT_EQUAL(fakes[1].answered, 20);
		CU_ASSERT_EQUAL(wells, 0);
		CU_ASSERT_EQUAL(troubles, 1);
	}
}

/* Another provider's accounts are left alone. */
static void
test_provider(void)
{
	begin(3, true);
	fakes[0].due = fakes[1].due = fakes[2].due = 5;
	accounts.provider = "beta";
	run_them();
	CU_ASSERT_EQUAL(fakes[0].claims + fakes[1].claims, 0);
	CU_ASSERT_EQUAL(fakes[2].answered, 5);
	CU_ASSERT_EQUAL(first_of('C'), 0);
}

/* Where there is no account nothing happens. */
static void
test_none(void)
{
	begin(0, true);
	run_them();
	CU_ASSERT_EQUAL(turns, 0);
	CU_ASSERT_FALSE(run.broken);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "fair", test_fair },
		{ "slow", test_slow },
		{ "alone", test_alone },
		{ "one question first", test_proven },
		{ "a refused key", test_refused },
		{ "a rate limit", test_limited },
		{ "no key", test_keyless },
		{ "down", test_down },
		{ "on probation", test_probation },
		{ "rotating turn", test_rotating },
		{ "the end", test_end },
		{ "what cannot be sent", test_unsent },
		{ "one provider", test_provider },
		{ "no account", test_none },
		{ NULL, NULL }
	};

	return cunit_run("accounts", tests);
}
