/* The step that asks the providers about tasks whose callback never came. */
#include <stdlib.h>
#include <string.h>

#include "lib/db.h"
#include "lib/log.h"
#include "lib/pgarray.h"
#include "lib/utf8.h"
#include "lib/xalloc.h"
#include "common/delivery.h"
#include "common/finished.h"
#include "common/store.h"
#include "batch/accounts.h"
#include "batch/backoff.h"
#include "batch/lost.h"
#include "batch/provider_api.h"
#include "batch/steps.h"

#define STORE_BYTES_A_MS	4096	/* more time for those that hold files */
#define STORE_LARGE_BYTES	(1024 * 1024)	/* at once, not to be kept */
#define STORE_TIMEOUT_MS	8000
#define STORE_AT_ONCE		256
#define TROUBLES_MAX		3	/* in a row, before an account waits */

struct polls {
	struct sweep	*sweep;
	struct accounts	 accounts;
	struct delivery	*finals[STORE_AT_ONCE];	/* to be stored */
	size_t		 nfinals;
	struct lost	 lost;
};

/* A task whose poll is claimed, and then asked for. */
struct poll {
	struct polls		*polls;
	struct account_queue	*queue;
	struct account_link	 link;
	char			*task_id;
	char			*model, *poll_url;	/* or NULL */
	int64_t			 retry_after_s;		/* of the answer */
};

static void
poll_free(struct poll *p)
{
	free(p->task_id);
	free(p->model);
	free(p->poll_url);
	free(p);
}

/*
 * Record a poll without a final state.  kind is pending, not_found or error;
 * words may be NULL.  The task waits for as long as the server asked at least.
 */
static void
poll_note_task(struct polls *polls, const struct account *a,
    const char *task_id, const char *kind, const char *words,
    int64_t retry_after_s)
{
	int64_t		 wait_s = backoff_s(BACKOFF_POLL, 1, retry_after_s);
	char		 wait[DB_NUMBER_MAX];
	struct db_param	 params[5];
	struct db_rows	*rows = NULL;
	struct errbuf	 copy, err;
	const char	*status = NULL;

	errbuf_set(&copy, "%s", words != NULL ? words : "");
	utf8_clean(copy.text);
	params[0] = db_text(a->provider->name);
	params[1] = db_text(task_id);
	params[2] = db_text(kind);
	params[3] = db_text(words != NULL ? copy.text : NULL);
	params[4] = wait_s > 0 ? db_interval(wait_s, wait) : db_text(NULL);
	/* No status: a callback was faster. */
	if (run_query(&polls->sweep->run, DB_NOTE_POLL, params, &rows, &err) ==
	    DB_OK && db_rows_count(rows) == 1)
		status = db_value(rows, 0, 0);
	if (status != NULL && strcmp(status, "lost") == 0)
		lost_add(&polls->lost, a->provider, task_id, copy.text);
	else if (words != NULL)
		log_line(LOG_INFO, "%s/%s: poll: %s", a->provider->name,
		    task_id, copy.text);
	db_rows_free(rows);
}

static void
poll_note(struct poll *p, const char *kind, const char *words)
{
	poll_note_task(p->polls, p->queue->account, p->task_id, kind, words,
	    p->retry_after_s);
}

static int
poll_store_timeout_ms(struct delivery *const *finals, size_t n)
{
	size_t	i, bytes = 0;

	for (i = 0; i < n; i++)
		bytes += finals[i]->bodylen;
	return STORE_TIMEOUT_MS + (int)(bytes / STORE_BYTES_A_MS);
}

/*
 * Store final states.  One delivery that the database refuses must not keep
 * back the others, so then each goes alone.
 */
static void
poll_store(struct polls *polls, struct delivery *const *finals, size_t n)
{
	struct run	*run = &polls->sweep->run;
	struct finished	 finished = { .n = 0 };
	enum outcome	 outcomes[STORE_AT_ONCE];
	struct errbuf	 err;
	enum db_verdict	 v;
	size_t		 i;

	if (n == 0 || run->broken)
		return;
	v = store_deliveries(run->db, run->conf, finals, n, STORE_AGAIN,
	    poll_store_timeout_ms(finals, n), outcomes, &err);
	if (v == DB_AWAY || v == DB_BROKEN)
		run_break(run, err.text);
	for (i = 0; i < n && v == DB_OK; i++)
		if (outcomes[i] == OUTCOME_ACCEPTED)
			polls->sweep->counts.finished++;
	if (v == DB_OK) {
		finished_add(&finished, finals, n, outcomes);
		finished_notify(&finished, run->db, STORE_TIMEOUT_MS);
	}
	for (i = 0; i < n && v == DB_REFUSED && n > 1; i++)
		poll_store(polls, &finals[i], 1);
	if (v == DB_REFUSED && n == 1)
		poll_note_task(polls, conf_account(run->conf,
		    finals[0]->provider, finals[0]->account),
		    finals[0]->result.task_id, "error", err.text, 0);
}

static void
poll_store_all(struct polls *polls)
{
	poll_store(polls, polls->finals, polls->nfinals);
	while (polls->nfinals > 0)
		delivery_free(polls->finals[--polls->nfinals]);
}

/* A final state is kept as a delivery, since it says what a callback would. */
static void
poll_keep_final(struct polls *polls, struct api_call *a, struct delivery *d)
{
	d->outcome = OUTCOME_ACCEPTED;
	d->verdict = VERDICT_NONE;
	delivery_set_body(d, a->body, a->len);
	a->body = NULL;
	polls->finals[polls->nfinals++] = d;
	if (polls->nfinals == STORE_AT_ONCE || d->bodylen > STORE_LARGE_BYTES)
		poll_store_all(polls);
}

static void
poll_note_progress(struct poll *p, const struct result *result)
{
	struct errbuf	words;

	if (result->status_known || result->status_word == NULL) {
		poll_note(p, "pending", NULL);
		return;
	}
	errbuf_set(&words, "unknown status \"%s\"", result->status_word);
	poll_note(p, "pending", words.text);
}

/* The answer has a task object: what does it say? */
static void
poll_take_task(struct poll *p, struct api_call *a)
{
	struct delivery		*d;
	struct errbuf		 err = { .text = "" };
	enum parse_verdict	 v;

	d = delivery_new(a->account->provider, a->account->name, SOURCE_POLL);
	if (d == NULL) {
		run_break(&p->polls->sweep->run, "out of memory");
		return;
	}
	v = api_call_parse(a, d->received_at, &d->result, &err);
	if (v == PARSE_FINAL) {
		poll_keep_final(p->polls, a, d);
		return;
	}
	if (v == PARSE_PROGRESS)
		poll_note_progress(p, &d->result);
	else if (v == PARSE_HINT)	/* it ended, and its result is not there yet */
		poll_note(p, "pending", err.text);
	else
		poll_note(p, "error", err.text);
	delivery_free(d);
}

/* What the answer, or that there was none, says of the account. */
static void
poll_take_trouble(struct poll *p, struct api_call *a)
{
	if (a->trouble != API_NONE)
		account_queue_trouble(p->queue, a->trouble, TROUBLES_MAX,
		    a->retry_after_s, a->err.text);
	else if (a->answered && a->verdict != POLL_BAD_KEY)
		account_queue_well(p->queue);
}

static void
poll_take_answer(struct poll *p, struct api_call *a)
{
	switch (a->verdict) {
	case POLL_TASK:
		poll_take_task(p, a);
		break;
	case POLL_NOT_FOUND:
		poll_note(p, "not_found", a->err.text);
		break;
	case POLL_BAD_KEY:
	case POLL_RATE_LIMITED:
		poll_note(p, "error", a->err.text);
		account_queue_stop(p->queue, a->verdict == POLL_BAD_KEY,
		    a->retry_after_s, a->err.text);
		break;
	case POLL_TROUBLE:
		poll_note(p, "error", a->err.text);
		break;
	}
}

static void
poll_on_answer(struct api_call *a)
{
	struct poll	*p = a->arg;

	account_queue_answered(p->queue);
	p->retry_after_s = a->retry_after_s;
	poll_take_trouble(p, a);
	if (a->answered) {
		p->polls->sweep->counts.polled++;
		poll_take_answer(p, a);
	} else if (!a->aborted)
		poll_note(p, "error", a->err.text);
	poll_free(p);
}

static bool
poll_send(void *item)
{
	struct poll		*p = item;
	struct account_queue	*q = p->queue;
	struct api_call		*a = xcalloc(sizeof(*a));
	struct errbuf		 err;

	a->account = q->account;
	a->on_answer = poll_on_answer;
	a->arg = p;
	if (api_call_get(a, q->accounts->engine, p->task_id, p->model,
	    p->poll_url, &err))
		return true;
	account_queue_stop_keyless(q);
	poll_note(p, "error", err.text);
	poll_free(p);
	return false;
}

/* Have a claimed task wait for its turn. */
static void
poll_put(struct account_queue *q, const char *task_id, const char *model,
    const char *poll_url)
{
	struct poll	*p = xcalloc(sizeof(*p));

	p->polls = q->accounts->arg;
	p->queue = q;
	p->task_id = xstrdup(task_id);
	p->model = xstrdup(model);
	p->poll_url = xstrdup(poll_url);
	account_queue_put(q, &p->link, p);
}

/* Columns of DB_CLAIM_POLLS. */
enum { CLAIM_TASK_ID, CLAIM_MODEL, CLAIM_SUBMITTED, CLAIM_POLL_URL };

static int64_t
poll_claim(struct account_queue *q, int64_t limit)
{
	struct polls		*polls = q->accounts->arg;
	const struct account	*a = q->account;
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
	params[5] = db_text(polls->sweep->task_id);
	params[6] = db_int(a->polls_per_minute, rate);
	if (run_query(&polls->sweep->run, DB_CLAIM_POLLS, params, &rows,
	    &err) != DB_OK) {
		run_break(&polls->sweep->run, err.text);
		return 0;
	}
	got = db_rows_count(rows);
	for (i = 0; i < got; i++)
		poll_put(q, db_value(rows, i, CLAIM_TASK_ID),
		    db_value(rows, i, CLAIM_MODEL),
		    db_value(rows, i, CLAIM_POLL_URL));
	db_rows_free(rows);
	return got;
}

/* What was claimed and will not be asked in this run is due again. */
static void
poll_release(struct account_queue *q)
{
	struct polls	*polls = q->accounts->arg;
	struct run	*run = &polls->sweep->run;
	struct db_param	 params[2] = { db_text(q->account->provider->name) };
	struct pgarray	 ids;
	struct poll	*p;
	struct errbuf	 err;

	pgarray_begin(&ids, PG_TEXT);
	while ((p = account_queue_take(q)) != NULL) {
		pgarray_text(&ids, p->task_id);
		poll_free(p);
	}
	if (pgarray_end(&ids) && !run->broken) {
		params[1] = pgarray_param(&ids);
		(void)run_query(run, DB_RELEASE_POLLS, params, NULL, &err);
	}
	pgarray_free(&ids);
}

static void
poll_on_turn(struct accounts *a)
{
	poll_store_all(a->arg);
}

void
polls_step(struct sweep *s, int64_t until_ms)
{
	struct polls	polls = { .sweep = s };

	polls.accounts = (struct accounts){
		.run = &s->run,
		.provider = s->provider,
		.until_ms = until_ms,
		.claims_ahead = true,	/* a poll may be asked again */
		.awaits_answers = false,
		.are_polls = true,
		.claim = poll_claim,
		.send = poll_send,
		.release = poll_release,
		.on_turn = poll_on_turn,
		.arg = &polls,
		.what = "polls",
		.done = &s->counts.polled,
		.due = "tasks are due",
		.left = "this account is not polled",
	};
	lost_begin(&polls.lost, s);
	accounts_run(&polls.accounts);
	lost_tell(&polls.lost);
}
