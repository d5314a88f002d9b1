/* The step that sends what applications have put into genhook.requests; a
 * request may cost money, so nothing is sent twice that may have been taken. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/db.h"
#include "lib/log.h"
#include "lib/pgarray.h"
#include "lib/utf8.h"
#include "lib/xalloc.h"
#include "handlers/submission.h"
#include "batch/accounts.h"
#include "batch/api_headers.h"
#include "batch/backoff.h"
#include "batch/identity.h"
#include "batch/newest_token.h"
#include "batch/provider_api.h"
#include "batch/steps.h"
#include "batch/submits.h"

#define ANSWER_TIMEOUT_S	60
#define LEASE_S			120	/* an answer is written well within */
#define SEND_WITHIN_MS		30000	/* of its claim, or not at all */
#define RESENDS_MAX		5	/* of one whose fate is unknown */
/* Troubles in a row, before the account waits. */
#define TROUBLES_MAX		1
#define TROUBLES_MAX_WELL	2	/* of one that was well in this run */
#define LOST_ANSWERS_MAX	3
#define WRITE_TRIES		20
#define WRITE_AGAIN_MS		500
#define URL_MAX			8192
#define POLL_URL_MAX		2000	/* as sql/ has it */

struct submits {
	const struct submit_run	*want;
	struct run		*run;		/* the same as want's */
	struct accounts		 accounts;
	struct newest_token	*newest;	/* of each account's tokens */
	struct identity		 identity;	/* of the database */
	int64_t			 claims;	/* so far, for their names */
};

/* A request that is claimed, and then sent. */
struct submit {
	struct submits		*submits;
	struct account_queue	*queue;
	struct account_link	 link;
	char			*id;
	int64_t			 attempts;	/* this one counted */
	int64_t			 claimed_ms;
	char			 owner[160];	/* of its lease */
	struct db_rows		*row;		/* as claimed; NULL once sent */
	char			*own_id;	/* of its task, where that is
						   known before; or NULL */
	const char		*poll_url;	/* of its task, as the answer
						   has it; or NULL */
	struct errbuf		 why;		/* its fate is unknown */
};

/* Columns of DB_CLAIM_REQUESTS. */
enum { ROW_ID, ROW_MODEL, ROW_REQUEST, ROW_PATH, ROW_CALLBACK, ROW_TEST,
    ROW_ONCE_KEY, ROW_ATTEMPTS, ROW_SENT };

static const char *
submit_value(const struct submit *m, int col)
{
	return db_value(m->row, 0, col);
}

static void
submit_free(struct submit *m)
{
	db_rows_free(m->row);
	free(m->own_id);
	free(m->id);
	free(m);
}

/*
 * Write down what became of a request.  A task that is paid for must not be
 * forgotten, so a database that is away is waited for a while.
 */
static enum db_verdict
submit_write(struct submit *m, const char *status, const char *task_id,
    const char *words, int64_t wait_s, struct db_rows **rows,
    struct errbuf *err)
{
	const struct timespec	pause = { 0, WRITE_AGAIN_MS * 1000000L };
	char			wait[DB_NUMBER_MAX];
	struct db_param		params[7];
	enum db_verdict		v = DB_AWAY;
	int			tries;

	params[0] = db_text(m->id);
	params[1] = db_text(m->owner);
	params[2] = db_text(status);
	params[3] = db_text(task_id);
	params[4] = db_text(words);
	params[5] = db_interval(wait_s, wait);
	params[6] = db_text(m->poll_url);
	for (tries = 0; tries < WRITE_TRIES && v == DB_AWAY; tries++) {
		if (tries > 0)
			(void)nanosleep(&pause, NULL);
		v = run_query(m->submits->run, DB_FINISH_REQUEST, params, rows,
		    err);
	}
	return v;
}

/* Say what became of a request, of which the database now has that status. */
static void
submit_log(const struct submit *m, const char *now, const char *status,
    const char *task_id, const char *words)
{
	struct run	*run = m->submits->run;
	const char	*id = m->id;
	const char	*name = m->queue->account->provider->name;

	if (now == NULL || strcmp(now, status) != 0)
		run_warn(run, "request %s to %s was taken for %s before its "
		    "answer came: %s%s", id, name, now != NULL ? now : "gone",
		    status, task_id != NULL ? ", and its task is registered" :
		    "");
	else if (strcmp(status, "unknown") == 0)
		run_warn(run, "request %s to %s: its fate is unknown: %s", id,
		    name, words);
	else if (task_id == NULL)
		log_line(LOG_INFO, "request %s to %s is %s: %s", id, name,
		    status, words);
}

/* The request has that status from now on: tell the database and the log. */
static void
submit_finish(struct submit *m, const char *status, const char *task_id,
    const char *words, int64_t wait_s)
{
	struct db_rows	*rows = NULL;
	struct errbuf	 copy, err;

	errbuf_set(&copy, "%s", words != NULL ? words : "");
	utf8_clean(copy.text);
	if (submit_write(m, status, task_id, words != NULL ? copy.text : NULL,
	    wait_s, &rows, &err) == DB_OK)
		submit_log(m, db_value(rows, 0, 0), status, task_id, copy.text);
	else
		run_warn(m->submits->run, "request %s to %s is %s%s%s, but "
		    "that could not be written: %s", m->id,
		    m->queue->account->provider->name, status,
		    task_id != NULL ? " as task " : "",
		    task_id != NULL ? task_id : "", err.text);
	db_rows_free(rows);
}

/* No task was made: the request is sent again later. */
static void
submit_put_back(struct submit *m, const char *words, int64_t retry_after_s)
{
	submit_finish(m, "queued", NULL, words, backoff_s(BACKOFF_SUBMIT,
	    m->attempts, retry_after_s));
}

/* Nobody can say whether the request was taken; to send it twice may mean to
 * pay twice. */
static void
submit_is_unknown(struct submit *m, const char *words)
{
	if (m->queue->account->resend_unknown &&
	    m->attempts < RESENDS_MAX)
		submit_put_back(m, words, 0);
	else
		submit_finish(m, "unknown", NULL, words, 0);
}

/* The provider was asked about the task that the request would have made.  That
 * it knows none proves nothing: the request may be on its way still. */
static void
submit_on_asked(struct api_call *a)
{
	struct submit		*m = a->arg;
	struct result		 result = { .state = TASK_PENDING };
	struct errbuf		 unused;
	enum parse_verdict	 v = PARSE_UNKNOWN;

	account_queue_answered(m->queue);
	if (a->answered && a->verdict == POLL_TASK)
		v = api_call_parse(a, time_now(), &result, &unused);
	result_free(&result);
	if (v != PARSE_UNKNOWN) {
		++*m->submits->want->submitted;
		submit_finish(m, "submitted", m->own_id, NULL, 0);
	} else
		submit_is_unknown(m, m->why.text);
	submit_free(m);
}

/* Ask for the task by the id that the request gave it.  False: it has none, or
 * there is nobody to ask. */
static bool
submit_ask(struct submit *m, const char *words)
{
	struct accounts		*accounts = &m->submits->accounts;
	struct api_call		*a;
	struct errbuf		 unused;

	if (m->own_id == NULL)
		return false;
	errbuf_set(&m->why, "%s", words);
	a = xcalloc(sizeof(*a));
	a->account = m->queue->account;
	a->on_answer = submit_on_asked;
	a->arg = m;
	if (!api_call_get(a, accounts->engine, m->own_id, NULL, NULL,
	    &unused))
		return false;
	account_queue_asks_more(m->queue);
	return true;
}

/* Where the answer says that the task's state is told; NULL: it does not, or that
 * is none of the provider's own addresses. */
static const char *
submit_poll_url(const struct api_call *a)
{
	const char	*path = a->account->provider->poll_url_path;
	const char	*url = path != NULL ? json_string_at(a->doc, path) : NULL;

	return url != NULL && strlen(url) <= POLL_URL_MAX &&
	    api_headers_may_ask(a->account, url) ? url : NULL;
}

/* False: more is asked, and m is still needed. */
static bool
submit_take_answer(struct submit *m, struct api_call *a)
{
	const struct provider	*p = a->account->provider;
	const struct api_answer	 answer = {
		provider_http_status(p, (int)a->response.status, a->doc),
		a->doc, a->body, a->len };
	enum submit_verdict	 v;
	const char		*task_id;

	v = submission_judge(p, &answer, &task_id, &a->trouble, &a->err);
	if (a->trouble == API_NONE && v != SUBMIT_BAD_KEY)
		account_queue_well(m->queue);
	switch (v) {
	case SUBMIT_DONE:
		++*m->submits->want->submitted;
		m->poll_url = submit_poll_url(a);
		submit_finish(m, "submitted", task_id, NULL, 0);
		break;
	case SUBMIT_REFUSED:
		submit_finish(m, "refused", NULL, a->err.text, 0);
		break;
	case SUBMIT_LATER:
		submit_put_back(m, a->err.text, a->retry_after_s);
		break;
	case SUBMIT_RATE_LIMITED:
	case SUBMIT_BAD_KEY:
		submit_put_back(m, a->err.text, a->retry_after_s);
		account_queue_stop(m->queue, v == SUBMIT_BAD_KEY,
		    a->retry_after_s, a->err.text);
		break;
	case SUBMIT_UNKNOWN:
		if (submit_ask(m, a->err.text))
			return false;
		submit_is_unknown(m, a->err.text);
		break;
	case SUBMIT_LOST:
		submit_finish(m, "unknown", NULL, a->err.text, 0);
		break;
	}
	return true;
}

/*
 * Pause the account where no other request of it would fare better.  A single
 * 5xx among answers that are well may be about that request alone.
 */
static void
submit_take_trouble(struct submit *m, const struct api_call *a)
{
	int	most = TROUBLES_MAX;

	if (!a->answered && a->response.begun)
		most = LOST_ANSWERS_MAX;
	else if (a->trouble == API_DOWN && m->queue->was_well)
		most = TROUBLES_MAX_WELL;
	account_queue_trouble(m->queue, a->trouble, most, a->retry_after_s,
	    a->err.text);
}

static void
submit_on_answer(struct api_call *a)
{
	struct submit	*m = a->arg;
	bool		 done = true;

	account_queue_answered(m->queue);
	if (a->answered)
		done = submit_take_answer(m, a);
	else if (!a->response.begun)
		submit_put_back(m, a->err.text, 0);
	else if (!a->aborted && submit_ask(m, a->err.text))
		done = false;
	else
		submit_is_unknown(m, a->err.text);
	submit_take_trouble(m, a);
	if (done)
		submit_free(m);
}

/* Append the address that the provider is to call back at, if at any. */
static bool
submit_hook(const struct submit *m, struct buf *hook, struct errbuf *err)
{
	const struct account	*a = m->queue->account;
	const char		*base = m->submits->run->conf->base_url;

	if (*submit_value(m, ROW_CALLBACK) != 't' || *base == '\0')
		return true;
	submission_hook(hook, base, a->provider,
	    newest_token_of(m->submits->newest, a));
	if (!buf_ok(hook))
		errbuf_set(err, "receiver.base_url is too long");
	return buf_ok(hook);
}

/* Address and body of what the request asks for; the caller frees body. */
static bool
submit_compose(struct submit *m, struct buf *url, char **body,
    struct errbuf *err)
{
	const struct account	*a = m->queue->account;
	struct submission	 s = {
		.api_base = a->api_base,
		.path = submit_value(m, ROW_PATH),
		.model = submit_value(m, ROW_MODEL),
		.test_mode = *submit_value(m, ROW_TEST) == 't',
		.secret = a->secrets != NULL ? a->secrets[0] : NULL,
		.own_id = submit_value(m, ROW_ONCE_KEY),
	};
	char			 mem[1024];
	struct buf		 hook;

	buf_over(&hook, mem, sizeof(mem));
	if (!submit_hook(m, &hook, err))
		return false;
	if (hook.len > 0)
		s.hook = hook.data;
	m->own_id = submission_own_id(a->provider, &s,
	    submit_value(m, ROW_REQUEST));
	return submission_url(url, a->provider, &s, err) &&
	    (*body = submission_body(a->provider, &s,
	    submit_value(m, ROW_REQUEST), err)) != NULL;
}

/* POST the composed request, with the provider's header against doubles. */
static bool
submit_post(struct submit *m, const char *url, const char *body,
    struct errbuf *err)
{
	const struct account	*account = m->queue->account;
	const char		*once = account->provider->once_header;
	struct api_call		*a = xcalloc(sizeof(*a));
	char			 header[128];

	(void)snprintf(header, sizeof(header), "%s: %s", once != NULL ? once :
	    "", submit_value(m, ROW_ONCE_KEY));
	a->account = account;
	a->on_answer = submit_on_answer;
	a->arg = m;
	return api_call_post(a, m->submits->accounts.engine, url, body,
	    once != NULL ? header : NULL, ANSWER_TIMEOUT_S, err);
}

/* Compose the request and post it.  False: it was not sent, and is finished. */
static bool
submit_try(struct submit *m)
{
	char		 mem[URL_MAX], *body;
	struct buf	 url;
	struct errbuf	 err;
	bool		 sent;

	buf_over(&url, mem, sizeof(mem));
	if (!submit_compose(m, &url, &body, &err)) {
		submit_finish(m, "refused", NULL, err.text, 0);
		return false;
	}
	if (!(sent = submit_post(m, url.data, body, &err))) {
		account_queue_stop_keyless(m->queue);
		m->queue->stopped = true;
		submit_put_back(m, err.text, 0);
	}
	free(body);
	return sent;
}

static bool
submit_send(void *item)
{
	struct submit	*m = item;
	bool		 sent;

	/* A process that slept since then no longer knows whose it is. */
	if (clock_ms() - m->claimed_ms >= SEND_WITHIN_MS) {
		submit_put_back(m, "it was claimed, and not sent in time", 0);
		sent = false;
	} else
		sent = submit_try(m);
	if (sent) {
		db_rows_free(m->row);	/* the request may be large */
		m->row = NULL;
	} else
		submit_free(m);
	return sent;
}

static struct submit *
submit_new(struct account_queue *q)
{
	struct submits	*submits = q->accounts->arg;
	struct submit	*m = xcalloc(sizeof(*m));

	m->submits = submits;
	m->queue = q;
	m->claimed_ms = clock_ms();
	(void)snprintf(m->owner, sizeof(m->owner), "%s:%lld",
	    submits->run->owner, (long long)submits->claims++);
	return m;
}

/* Claim a request of an account: limit is 1, since what is claimed has to be
 * sent within SEND_WITHIN_MS. */
static int64_t
submit_claim(struct account_queue *q, int64_t limit)
{
	const struct account	*a = q->account;
	struct submit		*m = submit_new(q);
	char			 lease[DB_NUMBER_MAX], count[DB_NUMBER_MAX];
	char			 rate[DB_NUMBER_MAX];
	struct db_param		 params[7];
	struct errbuf		 err;

	params[0] = db_text(a->provider->name);
	params[1] = db_text(a->name);
	params[2] = db_text(m->owner);
	params[3] = db_interval(LEASE_S, lease);
	params[4] = db_int(limit, count);
	params[5] = db_text(m->submits->want->request_id);
	params[6] = db_int(a->submits_per_minute, rate);
	if (run_query(m->submits->run, DB_CLAIM_REQUESTS, params, &m->row,
	    &err) != DB_OK)
		run_break(m->submits->run, err.text);
	else if (db_rows_count(m->row) == 1) {
		m->id = xstrdup(submit_value(m, ROW_ID));
		m->attempts = db_number(submit_value(m, ROW_ATTEMPTS));
		identity_note(&m->submits->identity,
		    db_number(submit_value(m, ROW_SENT)));
		account_queue_put(q, &m->link, m);
		return 1;
	}
	submit_free(m);
	return 0;
}

/*
 * Requests whose senders ended before an answer was written: those of an
 * account that may send again, or with NULL all others.
 */
static void
submit_expire(struct run *run, const struct account *a)
{
	struct db_param	 params[3] = {
		db_text(a != NULL ? a->provider->name : NULL),
		db_text(a != NULL ? a->name : NULL),
		db_text(a != NULL ? "true" : "false"),
	};
	struct db_rows	*rows = NULL;
	struct errbuf	 err;
	int		 i;

	if (run->broken)
		return;
	if (run_query(run, DB_EXPIRE_REQUESTS, params, &rows, &err) != DB_OK) {
		run_break(run, err.text);
		return;
	}
	for (i = 0; i < db_rows_count(rows); i++)
		run_warn(run, "request %s to %s is %s: whoever sent it ended "
		    "before an answer was written", db_value(rows, i, 0),
		    db_value(rows, i, 1), db_value(rows, i, 3));
	db_rows_free(rows);
}

static void
submit_expire_all(struct run *run)
{
	const struct conf	*conf = run->conf;
	size_t			 i;

	for (i = 0; i < conf->naccounts; i++)
		if (conf->accounts[i].resend_unknown)
			submit_expire(run, &conf->accounts[i]);
	submit_expire(run, NULL);
}

/* Have the requests of accounts that are not in the settings say so. */
static void
submit_note_strays(struct run *run)
{
	const struct conf	*conf = run->conf;
	struct pgarray		 owners, names;
	struct db_param		 params[2];
	struct db_rows		*rows = NULL;
	struct errbuf		 err;
	size_t			 i;
	int			 row;

	pgarray_begin(&owners, PG_TEXT);
	pgarray_begin(&names, PG_TEXT);
	for (i = 0; i < conf->naccounts; i++) {
		pgarray_text(&owners, conf->accounts[i].provider->name);
		pgarray_text(&names, conf->accounts[i].name);
	}
	if (pgarray_end(&owners) && pgarray_end(&names)) {
		params[0] = pgarray_param(&owners);
		params[1] = pgarray_param(&names);
		(void)run_query(run, DB_NOTE_STRAY_REQUESTS, params, &rows,
		    &err);
	}
	for (row = 0; row < db_rows_count(rows); row++)
		if (db_value(rows, row, 3) != NULL)
			run_warn(run, "request %s is not sent: %s",
			    db_value(rows, row, 0), db_value(rows, row, 3));
	db_rows_free(rows);
	pgarray_free(&owners);
	pgarray_free(&names);
}

void
submits_run(const struct submit_run *want)
{
	struct submits	submits = { .want = want, .run = want->run };

	submits.accounts = (struct accounts){
		.run = want->run,
		.provider = want->provider,
		.until_ms = want->until_ms,
		.claims_ahead = false,
		.awaits_answers = true,	/* a request may have been paid for */
		.claim = submit_claim,
		.send = submit_send,
		.arg = &submits,
		.what = "submits",
		.done = want->submitted,
		.due = "requests are queued",
		.left = "its requests wait",
	};
	submit_expire_all(want->run);
	if (!identity_check(&submits.identity, want->run))
		return;
	submit_note_strays(want->run);
	if ((submits.newest = newest_token_load(want->run)) == NULL)
		return;
	accounts_run(&submits.accounts);
	newest_token_free(submits.newest);
}

void
submits_step(struct sweep *s, int64_t until_ms)
{
	submits_run(&(struct submit_run){
	    .run = &s->run, .provider = s->provider, .until_ms = until_ms,
	    .submitted = &s->counts.submitted });
}
