/* The fair scheduler of polls and submits, and what stops an account. */
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/utf8.h"
#include "lib/xalloc.h"
#include "batch/accounts.h"
#include "batch/backoff.h"
#include "batch/progress.h"

#define TURN_MS		100

bool
account_is_of(const struct account *a, const char *provider)
{
	return provider == NULL || strcmp(provider, a->provider->name) == 0;
}

void
account_pause(struct run *r, const struct account *a, int64_t retry_after_s,
    const char *words)
{
	char		wait[DB_NUMBER_MAX];
	struct db_param	params[4];
	struct errbuf	copy, err;

	errbuf_set(&copy, "%s", words);
	utf8_clean(copy.text);
	params[0] = db_text(a->provider->name);
	params[1] = db_text(a->name);
	params[2] = db_interval(backoff_s(BACKOFF_ACCOUNT, 1, retry_after_s),
	    wait);
	params[3] = db_text(copy.text);
	(void)run_query(r, DB_PAUSE_ACCOUNT, params, NULL, &err);
	log_line(LOG_INFO, "%s %s: rate limit (%s); the rest waits",
	    a->provider->name, a->name, copy.text);
}

/* Have all runs leave an account alone for a while that grows. */
static void
account_trouble(struct run *r, const struct account *a,
    enum api_trouble trouble, int64_t retry_after_s, const char *words)
{
	static const enum backoff	waits[API_TROUBLE__MAX] = {
		[API_DOWN] = BACKOFF_DOWN, [API_NO_CREDIT] = BACKOFF_NO_CREDIT,
		[API_WALL] = BACKOFF_WALL
	};
	struct backoff_growth		wait;
	char				first[DB_NUMBER_MAX], most[DB_NUMBER_MAX];
	char				asked[DB_NUMBER_MAX];
	struct db_param			params[7];
	struct errbuf			copy, err;

	wait = backoff_growth(waits[trouble], retry_after_s);
	errbuf_set(&copy, "%s", words);
	utf8_clean(copy.text);
	params[0] = db_text(a->provider->name);
	params[1] = db_text(a->name);
	params[2] = db_text(api_trouble_words[trouble]);
	params[3] = db_interval(wait.first_s, first);
	params[4] = db_interval(wait.most_s, most);
	params[5] = db_interval(wait.asked_s, asked);
	params[6] = db_text(copy.text);
	(void)run_query(r, DB_TROUBLE_ACCOUNT, params, NULL, &err);
	/* An outage passes by itself; for the others a person has to see. */
	if (trouble == API_DOWN)
		log_line(LOG_INFO, "%s %s: the API is down (%s); the rest "
		    "waits", a->provider->name, a->name, copy.text);
	else
		run_warn(r, "%s %s: the account is paused: %s (%s)",
		    a->provider->name, a->name, api_trouble_words[trouble],
		    copy.text);
}

void
account_queue_trouble(struct account_queue *q, enum api_trouble trouble,
    int most_in_a_row, int64_t retry_after_s, const char *words)
{
	if (trouble == API_NONE || q->stopped)
		return;
	q->proven = false;
	if (++q->in_a_row < most_in_a_row && !q->on_probation)
		return;
	q->stopped = true;
	account_trouble(q->accounts->run, q->account, trouble, retry_after_s,
	    words);
}

void
account_queue_well(struct account_queue *q)
{
	struct db_param	params[3];
	struct errbuf	err;

	q->in_a_row = 0;
	q->proven = q->was_well = true;
	if (!q->on_probation || q->stopped)
		return;
	q->on_probation = false;
	params[0] = db_text(q->account->provider->name);
	params[1] = db_text(q->account->name);
	params[2] = db_text(q->accounts->are_polls ? "true" : "false");
	(void)run_query(q->accounts->run, DB_ACCOUNT_IS_WELL, params, NULL,
	    &err);
}

void
account_queue_stop(struct account_queue *q, bool key_refused,
    int64_t retry_after_s, const char *words)
{
	const struct account	*a = q->account;

	if (q->stopped)
		return;
	q->stopped = true;
	if (key_refused)
		run_hindered(q->accounts->run, "%s %s: the API key is refused (%s);"
		    " %s", a->provider->name, a->name, words,
		    q->accounts->left);
	else
		account_pause(q->accounts->run, a, retry_after_s, words);
}

void
account_queue_stop_keyless(struct account_queue *q)
{
	const struct account	*a = q->account;

	if (q->stopped || *a->api_key != '\0')
		return;
	q->stopped = true;
	run_hindered(q->accounts->run, "%s %s: %s, but no api_key is set",
	    a->provider->name, a->name, q->accounts->due);
}

void
account_queue_put(struct account_queue *q, struct account_link *link,
    void *item)
{
	link->item = item;
	STAILQ_INSERT_TAIL(&q->claimed, link, next);
	q->nclaimed++;
}

void *
account_queue_take(struct account_queue *q)
{
	struct account_link	*link = STAILQ_FIRST(&q->claimed);

	if (link == NULL)
		return NULL;
	STAILQ_REMOVE_HEAD(&q->claimed, next);
	q->nclaimed--;
	return link->item;
}

void
account_queue_answered(struct account_queue *q)
{
	q->in_flight--;
	q->accounts->in_flight--;
}

void
account_queue_asks_more(struct account_queue *q)
{
	q->in_flight++;
	q->accounts->in_flight++;
}

/* How many may be in flight at once, of all accounts together. */
static int64_t
accounts_slots(const struct accounts *a)
{
	return a->run->conf->polls_in_flight;
}

/* The accounts in their order, beginning with the one whose turn it is. */
static struct account_queue *
accounts_nth(const struct accounts *a, size_t i)
{
	return &a->queues[(a->turn + i) % a->nqueues];
}

static bool
account_queue_may_claim(const struct account_queue *q)
{
	/* One item first: a wrong key is then refused only once. */
	return !q->stopped && !q->done &&
	    (q->proven || q->in_flight + q->nclaimed == 0);
}

/* Send the account's next item, unless the account or all of them have their
 * most in flight. */
static bool
account_queue_send(struct account_queue *q, int64_t most)
{
	struct accounts	*a = q->accounts;
	void		*item;

	if (a->in_flight >= accounts_slots(a) || q->in_flight >= most ||
	    (item = account_queue_take(q)) == NULL)
		return false;
	if (a->send(item)) {
		q->in_flight++;
		a->in_flight++;
	}
	return true;
}

/*
 * How many items to claim of an account now.  Ahead, as many as bring what it
 * has claimed to its share, so that a slot that comes free is not idle while
 * the database is asked; but not a few at a time.
 */
static int64_t
account_queue_limit(const struct account_queue *q, int64_t active)
{
	const struct accounts	*a = q->accounts;
	int64_t			 share;

	if (!account_queue_may_claim(q))
		return 0;
	if (!a->claims_ahead)
		return a->in_flight < accounts_slots(a) ? 1 : 0;
	share = accounts_slots(a) / active;
	if (share < 1 || !q->proven)
		share = 1;
	return q->nclaimed <= share / 2 ? share - q->nclaimed : 0;
}

/* Claim for each account that may.  Returns how many items there were. */
static int64_t
accounts_claim(struct accounts *a)
{
	struct account_queue	*q;
	int64_t			 limit, got, claimed = 0, active = 0;
	size_t			 i;

	for (i = 0; i < a->nqueues; i++)
		active += account_queue_may_claim(&a->queues[i]) ? 1 : 0;
	for (i = 0; i < a->nqueues && !a->run->broken; i++) {
		q = accounts_nth(a, i);
		if ((limit = account_queue_limit(q, active)) == 0)
			continue;
		got = a->claim(q, limit);
		q->done = got < limit;
		claimed += got;
		if (!a->claims_ahead)
			(void)account_queue_send(q, accounts_slots(a));
	}
	return claimed;
}

/* How many one account may have in flight: where others have items waiting as
 * well, one that is slow to answer leaves them room. */
static int64_t
accounts_most(const struct accounts *a)
{
	int64_t	slots = accounts_slots(a);
	size_t	i, waiting = 0;

	for (i = 0; i < a->nqueues; i++)
		waiting += a->queues[i].nclaimed > 0 ? 1 : 0;
	return waiting > 1 ? slots - slots / 4 : slots;
}

/* What is claimed for accounts that were stopped since is given back. */
static void
accounts_release_stopped(struct accounts *a)
{
	size_t	i;

	for (i = 0; i < a->nqueues; i++)
		if (a->queues[i].stopped && a->queues[i].nclaimed > 0)
			a->release(&a->queues[i]);
}

/* Give the free slots to the accounts that have items waiting, one by one. */
static void
accounts_fill(struct accounts *a)
{
	int64_t	most;
	size_t	i;
	bool	any;

	accounts_release_stopped(a);
	most = accounts_most(a);
	do {
		any = false;
		for (i = 0; i < a->nqueues; i++)
			any = account_queue_send(accounts_nth(a, i), most) ||
			    any;
	} while (any && !a->run->broken);
}

/* Send what there is room for, before and after more is claimed.  Returns how
 * much was claimed. */
static int64_t
accounts_send(struct accounts *a)
{
	int64_t	claimed;

	accounts_fill(a);
	claimed = accounts_claim(a);
	accounts_fill(a);
	return claimed;
}

/*
 * Wait for answers, and let other accounts use the slots of those that came.
 * There is no wait where more can perhaps be claimed and sent at once.  New
 * items go out before on_turn writes anything, so that their answers come
 * meanwhile.
 */
static void
accounts_turn(struct accounts *a, int64_t claimed)
{
	bool	waits = a->in_flight > 0 && (a->claims_ahead || claimed == 0);

	http_turn(a->engine, waits ? TURN_MS : 0);
	accounts_fill(a);
	a->turn++;
	if (a->on_turn != NULL)
		a->on_turn(a);
	run_beat(a->run);
	progress_show(a->run->progress, &(struct progress_facts){
	    .what = a->what, .done = *a->done,
	    .in_flight = (int)a->in_flight, .bytes = -1 });
}

static bool
accounts_are_idle(const struct accounts *a)
{
	size_t	i;

	for (i = 0; i < a->nqueues; i++)
		if (a->queues[i].nclaimed > 0)
			return false;
	return a->in_flight == 0;
}

static void
accounts_work(struct accounts *a)
{
	int64_t	claimed;
	bool	open;

	for (;;) {
		open = run_goes_on(a->run, a->until_ms);
		if (!open && !a->awaits_answers)
			break;
		claimed = open ? accounts_send(a) : 0;
		if (claimed == 0 && accounts_are_idle(a))
			break;
		accounts_turn(a, claimed);
	}
}

static void
accounts_choose(struct accounts *a)
{
	const struct conf	*conf = a->run->conf;
	struct account_queue	*q;
	size_t			 i;

	a->queues = xcalloc((conf->naccounts + 1) * sizeof(*a->queues));
	for (i = 0; i < conf->naccounts; i++) {
		if (!account_is_of(&conf->accounts[i], a->provider))
			continue;
		q = &a->queues[a->nqueues++];
		q->accounts = a;
		q->account = &conf->accounts[i];
		STAILQ_INIT(&q->claimed);
	}
}

/* Which of the accounts were in trouble, by this run or another? */
static void
accounts_ask_troubles(struct accounts *a)
{
	struct db_param		 by_poll = db_text(a->are_polls ? "true" :
				    "false");
	struct db_rows		*rows = NULL;
	struct errbuf		 err;
	const struct account	*of;
	size_t			 i;
	int			 row;

	if (a->nqueues == 0 || run_query(a->run, DB_TROUBLED_ACCOUNTS,
	    &by_poll, &rows, &err) != DB_OK)
		return;
	for (i = 0; i < a->nqueues; i++)
		for (row = 0; row < db_rows_count(rows); row++) {
			of = a->queues[i].account;
			if (strcmp(of->provider->name, db_value(rows, row, 0))
			    == 0 &&
			    strcmp(of->name, db_value(rows, row, 1)) == 0)
				a->queues[i].on_probation = true;
		}
	db_rows_free(rows);
}

void
accounts_run(struct accounts *a)
{
	size_t	i;

	a->engine = http_engine_new((int)accounts_slots(a),
	    a->run->conf->allow_private_networks);
	if (a->engine == NULL) {
		run_break(a->run, "out of memory");
		return;
	}
	accounts_choose(a);
	accounts_ask_troubles(a);
	accounts_work(a);
	http_engine_free(a->engine);
	if (a->on_turn != NULL)
		a->on_turn(a);
	for (i = 0; i < a->nqueues; i++)
		if (a->queues[i].nclaimed > 0)
			a->release(&a->queues[i]);
	free(a->queues);
}
