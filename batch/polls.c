/* Ask the providers about the tasks whose callbacks never came. */
#include <sys/queue.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/db.h"
#include "lib/log.h"
#include "lib/pgarray.h"
#include "lib/utf8.h"
#include "lib/xalloc.h"
#include "net/http.h"
#include "common/delivery.h"
#include "common/finished.h"
#include "common/store.h"
#include "batch/progress.h"
#include "batch/provider_api.h"
#include "batch/sweep.h"

#define RETRY_AFTER_MAX_S	86400
#define STORE_TIMEOUT_MS	8000
#define BATCH_MAX		256
#define GIVE_UP_AT_ONCE		1000
#define TURN_MS			100

/* A task whose poll is claimed and not yet asked for. */
struct claimed {
	char			*task_id, *model;	/* or NULL */
	STAILQ_ENTRY(claimed)	 next;
};

/* An account that is being polled. */
struct poller {
	const struct account	*account;
	STAILQ_HEAD(, claimed)	 queue;		/* claimed ahead */
	int			 queued;	/* so many */
	int			 in_flight;
	bool			 proven;	/* its key has been taken */
	bool			 stopped;	/* key refused, or rate limit */
	bool			 done;		/* nothing more is due */
};

struct polls {
	struct sweep		*sweep;
	struct http_engine	*engine;
	struct poller		*pollers;
	size_t			 npollers;
	size_t			 turn;		/* whose turn it is first */
	struct delivery		*batch[BATCH_MAX];	/* to be stored */
	size_t			 nbatch;
	struct pgarray		 lost;		/* "provider/task_id", to tell */
};

/* A question under way. */
struct poll {
	struct polls	*run;
	struct poller		*poller;
	char			*task_id;
	int64_t			 retry_after_s;
};

static void
poll_free(struct poll *p)
{
	free(p->task_id);
	free(p);
}

static void
task_is_lost(struct polls *r, const struct account *a,
    const char *task_id, const char *words)
{
	char	name[32 + TASK_ID_MAX + 2];

	r->sweep->counts.lost++;
	sweep_warn(r->sweep, "%s/%s: lost: %s", a->provider->name, task_id,
	    words);
	(void)snprintf(name, sizeof(name), "%s/%s", a->provider->name,
	    task_id);
	pgarray_text(&r->lost, name);
}

/* Nobody will bring these a result: let who waits for one know. */
static void
tell_lost(struct polls *r)
{
	struct db_param	param;
	struct errbuf	err;

	if (r->lost.nitems > 0 && !r->sweep->broken && pgarray_end(&r->lost)) {
		param = pgarray_param(&r->lost);
		(void)sweep_run(r->sweep, DB_NOTIFY_FINISHED, &param, NULL,
		    &err);
	}
	pgarray_free(&r->lost);
}

/*
 * Record a poll without a final state.  kind is pending, not_found or error;
 * words may be NULL.  The task rests for wait_s seconds at least.
 */
static void
note_task(struct polls *r, const struct account *a, const char *task_id,
    const char *kind, const char *words, int64_t wait_s)
{
	char		 wait[DB_NUMBER_MAX];
	struct db_param	 params[5];
	struct db_rows	*rows = NULL;
	struct errbuf	 copy, err;
	const char	*status = NULL;

	errbuf_set(&copy, "%s", words != NULL ? words : "");
	utf8_clean(copy.text);
	if (wait_s > RETRY_AFTER_MAX_S)
		wait_s = RETRY_AFTER_MAX_S;
	params[0] = db_text(a->provider->name);
	params[1] = db_text(task_id);
	params[2] = db_text(kind);
	params[3] = db_text(words != NULL ? copy.text : NULL);
	params[4] = wait_s > 0 ? db_interval(wait_s, wait) :
	    db_text(NULL);
	/* No status: a callback was faster. */
	if (sweep_run(r->sweep, DB_NOTE_POLL, params, &rows, &err) == DB_OK &&
	    db_rows_count(rows) == 1)
		status = db_value(rows, 0, 0);
	if (status != NULL && strcmp(status, "lost") == 0)
		task_is_lost(r, a, task_id, copy.text);
	else if (words != NULL)
		log_line(LOG_INFO, "%s/%s: poll: %s", a->provider->name,
		    task_id, copy.text);
	db_rows_free(rows);
}

static void
note_poll(struct poll *p, const char *kind, const char *words)
{
	note_task(p->run, p->poller->account, p->task_id, kind, words,
	    p->retry_after_s);
}

/* The account is left alone for the rest of the run, with one clear word. */
static void
stop_account(struct poll *p, bool key_refused, const char *words)
{
	const struct account	*a = p->poller->account;
	bool			 first = !p->poller->stopped;

	p->poller->stopped = true;
	note_poll(p, "error", words);
	if (!first)
		return;
	if (key_refused)
		sweep_warn(p->run->sweep, "%s %s: the API key is refused (%s);"
		    " this account is not polled", a->provider->name, a->name,
		    words);
	else
		sweep_pause(p->run->sweep, a, p->retry_after_s, words);
}

/*
 * Store what is in batch.  One delivery that the database refuses must not
 * keep back the others, so then each goes alone.
 */
static void
store_batch(struct polls *r, struct delivery *const *batch, size_t n)
{
	struct finished	finished = { NULL, 0, 0 };
	enum outcome	outcomes[BATCH_MAX];
	struct errbuf	err;
	enum db_verdict	v;
	size_t		i;

	if (n == 0 || r->sweep->broken)
		return;
	v = store_deliveries(r->sweep->db, batch, n, STORE_AGAIN, STORE_TIMEOUT_MS,
	    outcomes, &err);
	if (v == DB_AWAY || v == DB_BROKEN)
		sweep_break(r->sweep, err.text);
	for (i = 0; i < n && v == DB_OK; i++)
		if (outcomes[i] == OUTCOME_ACCEPTED)
			r->sweep->counts.finished++;
	if (v == DB_OK) {
		finished_add(&finished, batch, n, outcomes);
		finished_notify(&finished, r->sweep->db, STORE_TIMEOUT_MS);
	}
	for (i = 0; i < n && v == DB_REFUSED && n > 1; i++)
		store_batch(r, &batch[i], 1);
	if (v == DB_REFUSED && n == 1)
		note_task(r, conf_account(r->sweep->conf, batch[0]->provider,
		    batch[0]->account), batch[0]->result.task_id, "error",
		    err.text, 0);
}

static void
flush(struct polls *r)
{
	store_batch(r, r->batch, r->nbatch);
	while (r->nbatch > 0)
		delivery_free(r->batch[--r->nbatch]);
}

/* A final state: kept as a delivery, since it is one. */
static void
keep_final(struct poll *p, struct api_call *a, struct delivery *d)
{
	d->outcome = OUTCOME_ACCEPTED;
	d->verdict = VERDICT_NONE;
	delivery_set_body(d, a->body, a->len);
	a->body = NULL;
	p->run->batch[p->run->nbatch++] = d;
	if (p->run->nbatch == BATCH_MAX)
		flush(p->run);
}

static void
note_progress(struct poll *p, const struct result *result)
{
	struct errbuf	words;

	if (result->status_known || result->status_word == NULL) {
		note_poll(p, "pending", NULL);
		return;
	}
	errbuf_set(&words, "unknown status \"%s\"", result->status_word);
	note_poll(p, "pending", words.text);
}

/* There is a task object: what does it say? */
static void
take_task(struct poll *p, struct api_call *a)
{
	struct delivery		*d;
	struct errbuf		 err = { .text = "" };
	enum parse_verdict	 v;

	d = delivery_new(a->account->provider, a->account->name, SOURCE_POLL);
	if (d == NULL) {
		sweep_break(p->run->sweep, "out of memory");
		return;
	}
	v = api_call_parse(a, d->received_at, &d->result, &err);
	if (v == PARSE_FINAL) {
		keep_final(p, a, d);
		return;
	}
	if (v == PARSE_PROGRESS)
		note_progress(p, &d->result);
	else
		note_poll(p, "error", err.text);
	delivery_free(d);
}

static void
take_answer(struct poll *p, struct api_call *a)
{
	if (a->verdict != POLL_BAD_KEY)
		p->poller->proven = true;
	switch (a->verdict) {
	case POLL_TASK:
		take_task(p, a);
		break;
	case POLL_NOT_FOUND:
		note_poll(p, "not_found", a->err.text);
		break;
	case POLL_BAD_KEY:
		stop_account(p, true, a->err.text);
		break;
	case POLL_RATE_LIMITED:
		stop_account(p, false, a->err.text);
		break;
	case POLL_TROUBLE:
		note_poll(p, "error", a->err.text);
		break;
	}
}

static void
on_answer(struct api_call *a)
{
	struct poll	*p = a->arg;

	p->poller->in_flight--;
	p->retry_after_s = a->retry_after_s;
	if (a->answered) {
		p->run->sweep->counts.polled++;
		take_answer(p, a);
	} else if (!a->aborted)
		note_poll(p, "error", a->err.text);
	poll_free(p);
}

static void
ask(struct polls *r, struct poller *poller, const char *task_id,
    const char *model)
{
	const struct account	*account = poller->account;
	struct api_call		*a = xcalloc(sizeof(*a));
	struct poll		*p = xcalloc(sizeof(*p));
	struct errbuf		 err;

	p->run = r;
	p->poller = poller;
	p->task_id = xstrdup(task_id);
	a->account = account;
	a->on_answer = on_answer;
	a->arg = p;
	if (api_call_get(a, r->engine, task_id, model, &err)) {
		poller->in_flight++;
		return;
	}
	if (*account->api_key == '\0' && !poller->stopped) {
		sweep_warn(r->sweep, "%s %s: tasks are due, but no api_key is"
		    " set", account->provider->name, account->name);
		poller->stopped = true;
	}
	note_poll(p, "error", err.text);
	poll_free(p);
}

static void
enqueue(struct poller *poller, const char *task_id, const char *model)
{
	struct claimed	*c = xcalloc(sizeof(*c));

	c->task_id = xstrdup(task_id);
	c->model = xstrdup(model);
	STAILQ_INSERT_TAIL(&poller->queue, c, next);
	poller->queued++;
}

static struct claimed *
dequeue(struct poller *poller)
{
	struct claimed	*c = STAILQ_FIRST(&poller->queue);

	if (c != NULL) {
		STAILQ_REMOVE_HEAD(&poller->queue, next);
		poller->queued--;
	}
	return c;
}

static void
claimed_free(struct claimed *c)
{
	free(c->task_id);
	free(c->model);
	free(c);
}

/* What was claimed and will not be asked in this run is due again. */
static void
release(struct polls *r, struct poller *poller)
{
	struct pgarray	 ids;
	struct db_param	 params[2] = {
		db_text(poller->account->provider->name) };
	struct claimed	*c;
	struct errbuf	 err;

	if (poller->queued == 0)
		return;
	pgarray_begin(&ids, PG_TEXT);
	while ((c = dequeue(poller)) != NULL) {
		pgarray_text(&ids, c->task_id);
		claimed_free(c);
	}
	if (pgarray_end(&ids) && !r->sweep->broken) {
		params[1] = pgarray_param(&ids);
		(void)sweep_run(r->sweep, DB_RELEASE_POLLS, params, NULL,
		    &err);
	}
	pgarray_free(&ids);
}

/* Claim up to limit due tasks of an account. */
static void
claim(struct polls *r, struct poller *poller, int64_t limit)
{
	const struct account	*a = poller->account;
	char			 after[DB_NUMBER_MAX], ceiling[DB_NUMBER_MAX];
	char			 count[DB_NUMBER_MAX], rate[DB_NUMBER_MAX];
	struct db_param		 params[7];
	struct db_rows		*rows = NULL;
	struct errbuf		 err;
	int			 i, got;

	params[0] = db_text(a->provider->name);
	params[1] = db_text(a->name);
	params[2] = db_interval(a->poll_after_s, after);
	params[3] = db_interval(a->poll_every_max_s, ceiling);
	params[4] = db_int(limit, count);
	params[5] = db_text(r->sweep->task_id);
	params[6] = db_int(a->polls_per_minute, rate);
	if (sweep_run(r->sweep, DB_CLAIM_POLLS, params, &rows, &err) !=
	    DB_OK) {
		sweep_break(r->sweep, err.text);
		return;
	}
	got = db_rows_count(rows);
	for (i = 0; i < got; i++)
		enqueue(poller, db_value(rows, i, 0), db_value(rows, i, 1));
	db_rows_free(rows);
	poller->done = got < limit;
}

static bool
may_claim(const struct poller *p)
{
	/* One question first: a wrong key is then refused only once. */
	return !p->stopped && !p->done &&
	    (p->proven || p->in_flight + p->queued == 0);
}

/*
 * Have as many tasks at hand as the account's share of what may be in flight,
 * so that a slot that comes free is not idle while the database is asked.
 */
static void
claim_ahead(struct polls *r)
{
	struct poller	*p;
	size_t		 i, active = 0;
	int64_t		 share;

	for (i = 0; i < r->npollers; i++)
		active += may_claim(&r->pollers[i]) ? 1 : 0;
	for (i = 0; i < r->npollers && !r->sweep->broken; i++) {
		p = &r->pollers[(r->turn + i) % r->npollers];
		if (!may_claim(p))
			continue;
		share = r->sweep->conf->polls_in_flight / (int64_t)active;
		if (share < 1 || !p->proven)
			share = 1;
		if (p->queued <= share / 2)
			claim(r, p, share - p->queued);
	}
}

/* Ask for the next one that is at hand, unless the account has its share. */
static bool
ask_next(struct polls *r, struct poller *p, int64_t cap)
{
	struct claimed	*c;

	if (http_free_slots(r->engine) <= 0 || p->in_flight >= cap ||
	    (c = dequeue(p)) == NULL)
		return false;
	ask(r, p, c->task_id, c->model);
	claimed_free(c);
	return true;
}

/*
 * Give the free slots to the accounts that have tasks at hand, one at a time,
 * beginning with another account each time.
 */
static void
fill(struct polls *r)
{
	size_t	i, active = 0;
	int64_t	cap = r->sweep->conf->polls_in_flight;
	bool	any;

	for (i = 0; i < r->npollers; i++) {
		if (r->pollers[i].stopped)
			release(r, &r->pollers[i]);
		active += r->pollers[i].queued > 0 ? 1 : 0;
	}
	/* One account that is slow to answer leaves room for those that have
	 * tasks due as well. */
	if (active > 1)
		cap -= cap / 4;
	do {
		any = false;
		for (i = 0; i < r->npollers; i++)
			any = ask_next(r, &r->pollers[(r->turn + i) %
			    r->npollers], cap) || any;
	} while (any && !r->sweep->broken);
	r->turn++;
}

static bool
is_idle(const struct polls *r)
{
	size_t	i;

	for (i = 0; i < r->npollers; i++)
		if (r->pollers[i].queued > 0)
			return false;
	return http_in_flight(r->engine) == 0;
}

static void
work(struct polls *r)
{
	struct sweep	*s = r->sweep;
	int64_t		 until = sweep_moment(s, 60);

	/* Questions go out before anything is written, and what is written
	 * costs no slot: its time is that of the next answers. */
	while (sweep_goes_on(s, until)) {
		fill(r);
		claim_ahead(r);
		fill(r);
		if (is_idle(r))
			break;
		http_turn(r->engine, TURN_MS);
		fill(r);
		flush(r);
		sweep_beat(s);
		progress_show(s->progress, &(struct progress_facts){
		    .what = "polls", .done = s->counts.polled,
		    .in_flight = http_in_flight(r->engine), .bytes = -1 });
	}
}

/* Call some of what has been pending for too long lost.  True: more is left. */
static bool
give_up_some(struct polls *r, const struct account *a)
{
	char		 after[DB_NUMBER_MAX], limit[DB_NUMBER_MAX];
	struct db_param	 params[4];
	struct db_rows	*rows = NULL;
	struct errbuf	 err;
	int		 i, got;

	params[0] = db_text(a->provider->name);
	params[1] = db_text(a->name);
	params[2] = db_interval(a->give_up_after_s, after);
	params[3] = db_int(GIVE_UP_AT_ONCE, limit);
	if (sweep_run(r->sweep, DB_GIVE_UP_TASKS, params, &rows, &err) !=
	    DB_OK)
		return false;
	got = db_rows_count(rows);
	for (i = 0; i < got; i++)
		task_is_lost(r, a, db_value(rows, i, 0),
		    "no final state came in time");
	db_rows_free(rows);
	return got == GIVE_UP_AT_ONCE;
}

/* Some in any case, and all if that takes no more than a tenth of the run:
 * the downloads wait. */
static void
give_up(struct polls *r, const struct account *a)
{
	int64_t	until = sweep_moment(r->sweep, 70);

	while (give_up_some(r, a) && sweep_goes_on(r->sweep, until))
		sweep_beat(r->sweep);
}

static void
choose_accounts(struct polls *r)
{
	const struct conf	*conf = r->sweep->conf;
	const struct account	*a;
	size_t			 i;

	r->pollers = xcalloc((conf->naccounts + 1) * sizeof(*r->pollers));
	for (i = 0; i < conf->naccounts; i++) {
		a = &conf->accounts[i];
		if (r->sweep->provider != NULL &&
		    strcmp(r->sweep->provider, a->provider->name) != 0)
			continue;
		r->pollers[r->npollers].account = a;
		STAILQ_INIT(&r->pollers[r->npollers].queue);
		r->npollers++;
	}
}

void
sweep_polls(struct sweep *s)
{
	struct polls	r = { .sweep = s };
	size_t			i;

	if (!sweep_goes_on(s, sweep_moment(s, 60)))
		return;
	r.engine = http_engine_new((int)s->conf->polls_in_flight,
	    s->conf->allow_private_networks);
	if (r.engine == NULL) {
		sweep_break(s, "out of memory");
		return;
	}
	pgarray_begin(&r.lost, PG_TEXT);
	choose_accounts(&r);
	work(&r);
	http_engine_free(r.engine);
	flush(&r);
	for (i = 0; i < r.npollers; i++)
		release(&r, &r.pollers[i]);
	for (i = 0; i < r.npollers && s->task_id == NULL &&
	    !s->broken && !sweep_stopping(); i++)
		give_up(&r, r.pollers[i].account);
	tell_lost(&r);
	free(r.pollers);
}
