/* Send what applications have put into genhook.requests. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/db.h"
#include "lib/log.h"
#include "lib/utf8.h"
#include "lib/xalloc.h"
#include "net/http.h"
#include "handlers/submission.h"
#include "batch/download/retry.h"
#include "batch/progress.h"
#include "batch/provider_api.h"
#include "batch/sweep.h"

#define ANSWER_TIMEOUT_S	60
#define LEASE_S			120	/* an answer is written well within */
#define SEND_WITHIN_MS		30000	/* of its claim, or not at all */
#define WAIT_MAX_S		3600
#define RESENDS_MAX		5	/* of one whose fate is unknown */
#define WRITE_TRIES		20
#define WRITE_AGAIN_MS		500
#define TURN_MS			100
#define URL_MAX			8192

/* An account whose requests are being sent. */
struct sender {
	const struct account	*account;
	int			 in_flight;
	bool			 proven;	/* its key has been taken */
	bool			 stopped;	/* key refused, or rate limit */
	bool			 done;		/* nothing more is due */
};

struct submits {
	struct sweep		*sweep;
	struct http_engine	*engine;
	struct sender		*senders;
	size_t			 nsenders;
	size_t			 turn;		/* whose turn it is first */
	int64_t			 claims;
};

/* A request under way. */
struct submit {
	struct submits	*run;
	struct sender	*sender;
	char		*id;
	char		 owner[160];		/* of its lease */
	int64_t		 attempts;
};

static void
submit_free(struct submit *l)
{
	free(l->id);
	free(l);
}

/*
 * Write down what became of a request.  A task that is paid for must not be
 * forgotten, so a database that is away is waited for a while.
 */
static enum db_verdict
write_down(struct submit *l, const char *status, const char *task_id,
    const char *words, int64_t wait_s, struct db_rows **rows,
    struct errbuf *err)
{
	const struct timespec	pause = { 0, WRITE_AGAIN_MS * 1000000L };
	char			wait[DB_NUMBER_MAX];
	struct db_param		params[6];
	enum db_verdict		v = DB_AWAY;
	int			tries;

	params[0] = db_text(l->id);
	params[1] = db_text(l->owner);
	params[2] = db_text(status);
	params[3] = db_text(task_id);
	params[4] = db_text(words);
	params[5] = db_interval(wait_s, wait);
	for (tries = 0; tries < WRITE_TRIES && v == DB_AWAY; tries++) {
		if (tries > 0)
			(void)nanosleep(&pause, NULL);
		v = sweep_run(l->run->sweep, DB_FINISH_REQUEST, params, rows,
		    err);
	}
	return v;
}

static void
settle(struct submit *l, const char *status, const char *task_id,
    const char *words, int64_t wait_s)
{
	struct sweep	*s = l->run->sweep;
	const char	*name = l->sender->account->provider->name, *now;
	struct db_rows	*rows = NULL;
	struct errbuf	 copy, err;

	errbuf_set(&copy, "%s", words != NULL ? words : "");
	utf8_clean(copy.text);
	if (write_down(l, status, task_id, words != NULL ? copy.text : NULL,
	    wait_s, &rows, &err) != DB_OK) {
		sweep_warn(s, "request %s to %s is %s%s%s, but that could not"
		    " be written: %s", l->id, name, status,
		    task_id != NULL ? " as task " : "",
		    task_id != NULL ? task_id : "", err.text);
		return;
	}
	now = db_value(rows, 0, 0);
	if (now == NULL || strcmp(now, status) != 0)
		sweep_warn(s, "request %s to %s was taken for %s before its "
		    "answer came: %s%s", l->id, name, now != NULL ? now :
		    "gone", status, task_id != NULL ? ", and its task is "
		    "registered" : "");
	else if (strcmp(status, "unknown") == 0)
		sweep_warn(s, "request %s to %s: its fate is unknown: %s",
		    l->id, name, copy.text);
	else if (task_id == NULL)
		log_line(LOG_INFO, "request %s to %s is %s: %s", l->id, name,
		    status, copy.text);
	db_rows_free(rows);
}

/* Nothing was made: later, perhaps. */
static void
put_back(struct submit *l, const char *words, int64_t retry_after_s)
{
	int64_t	wait_s = retry_backoff_s(l->attempts, WAIT_MAX_S);

	if (retry_after_s > wait_s)
		wait_s = retry_after_s < WAIT_MAX_S ? retry_after_s :
		    WAIT_MAX_S;
	settle(l, "queued", NULL, words, wait_s);
}

/* Nobody can say whether it was taken; to ask twice may mean to pay twice. */
static void
is_unknown(struct submit *l, const char *words)
{
	if (l->sender->account->resend_unknown && l->attempts < RESENDS_MAX)
		put_back(l, words, 0);
	else
		settle(l, "unknown", NULL, words, 0);
}

static void
stop_sender(struct submit *l, const struct api_call *a, bool key_refused)
{
	const struct account	*account = l->sender->account;
	bool			 first = !l->sender->stopped;

	l->sender->stopped = true;
	put_back(l, a->err.text, a->retry_after_s);
	if (!first)
		return;
	if (key_refused)
		sweep_warn(l->run->sweep, "%s %s: the API key is refused (%s);"
		    " its requests wait", account->provider->name,
		    account->name, a->err.text);
	else
		sweep_pause(l->run->sweep, account, a->retry_after_s,
		    a->err.text);
}

static void
take_answer(struct submit *l, struct api_call *a)
{
	struct sweep		*s = l->run->sweep;
	enum submit_verdict	 v;
	const char		*task_id;

	v = submission_judge(a->account->provider, (int)a->response.status, a->doc,
	    a->body, a->len, &task_id, &a->err);
	if (v != SUBMIT_BAD_KEY)
		l->sender->proven = true;
	switch (v) {
	case SUBMIT_DONE:
		s->counts.submitted++;
		settle(l, "submitted", task_id, NULL, 0);
		break;
	case SUBMIT_REFUSED:
		settle(l, "refused", NULL, a->err.text, 0);
		break;
	case SUBMIT_LATER:
		put_back(l, a->err.text, a->retry_after_s);
		break;
	case SUBMIT_RATE_LIMITED:
	case SUBMIT_BAD_KEY:
		stop_sender(l, a, v == SUBMIT_BAD_KEY);
		break;
	case SUBMIT_UNKNOWN:
		is_unknown(l, a->err.text);
		break;
	case SUBMIT_LOST:
		settle(l, "unknown", NULL, a->err.text, 0);
		break;
	}
}

static void
on_answer(struct api_call *a)
{
	struct submit	*l = a->arg;

	l->sender->in_flight--;
	if (a->answered)
		take_answer(l, a);
	else if (a->response.begun)
		is_unknown(l, a->err.text);
	else
		put_back(l, a->err.text, 0);
	submit_free(l);
}

/* One row of DB_CLAIM_REQUESTS. */
enum { ROW_ID, ROW_MODEL, ROW_REQUEST, ROW_PATH, ROW_CALLBACK, ROW_TEST,
    ROW_ONCE_KEY, ROW_ATTEMPTS };

/* Address and body of what a row asks for; the caller frees body. */
static bool
compose(const struct submits *run, const struct account *a,
    const struct db_rows *rows, int row, struct buf *url, char **body,
    struct errbuf *err)
{
	const char		*base = run->sweep->conf->base_url;
	struct submission	 s = { .api_base = a->api_base };
	char			 mem[1024];
	struct buf		 hook;

	s.path = db_value(rows, row, ROW_PATH);
	s.model = db_value(rows, row, ROW_MODEL);
	s.test_mode = *db_value(rows, row, ROW_TEST) == 't';
	if (*db_value(rows, row, ROW_CALLBACK) == 't' && *base != '\0') {
		buf_over(&hook, mem, sizeof(mem));
		submission_hook(&hook, base, a->provider, a->tokens[0]);
		if (!buf_ok(&hook)) {
			errbuf_set(err, "receiver.base_url is too long");
			return false;
		}
		s.hook = hook.data;
	}
	return submission_url(url, a->provider, &s, err) &&
	    (*body = submission_body(a->provider, &s,
	    db_value(rows, row, ROW_REQUEST), err)) != NULL;
}

static void
send_one(struct submits *run, struct sender *sender, const char *owner,
    const struct db_rows *rows, int row)
{
	const struct account	*account = sender->account;
	const char		*once = account->provider->once_header;
	struct submit		*l = xcalloc(sizeof(*l));
	struct api_call		*a;
	char			 mem[URL_MAX], header[128], *body = NULL;
	struct buf		 url;
	struct errbuf		 err;

	l->run = run;
	l->sender = sender;
	l->id = xstrdup(db_value(rows, row, ROW_ID));
	(void)snprintf(l->owner, sizeof(l->owner), "%s", owner);
	l->attempts = db_number(db_value(rows, row, ROW_ATTEMPTS));
	buf_over(&url, mem, sizeof(mem));
	if (!compose(run, account, rows, row, &url, &body, &err)) {
		settle(l, "refused", NULL, err.text, 0);
		submit_free(l);
		return;
	}
	(void)snprintf(header, sizeof(header), "%s: %s", once != NULL ? once :
	    "", db_value(rows, row, ROW_ONCE_KEY));
	a = xcalloc(sizeof(*a));
	a->account = account;
	a->on_answer = on_answer;
	a->arg = l;
	if (api_call_post(a, run->engine, url.data, body, once != NULL ? header : NULL,
	    ANSWER_TIMEOUT_S, &err)) {
		sender->in_flight++;
	} else {
		if (*account->api_key == '\0' && !sender->stopped)
			sweep_warn(run->sweep, "%s %s: requests are queued, "
			    "but no api_key is set", account->provider->name,
			    account->name);
		sender->stopped = true;
		put_back(l, err.text, 0);
		submit_free(l);
	}
	free(body);
}

/* Claim up to limit requests of an account and send them. */
static int
claim(struct submits *run, struct sender *sender, int64_t limit)
{
	struct sweep		*s = run->sweep;
	const struct account	*a = sender->account;
	int64_t			 since_ms = clock_ms();
	char			 owner[160], lease[DB_NUMBER_MAX];
	char			 count[DB_NUMBER_MAX], rate[DB_NUMBER_MAX];
	struct db_param		 params[7];
	struct db_rows		*rows = NULL;
	struct errbuf		 err;
	int			 i, got;

	(void)snprintf(owner, sizeof(owner), "%s:%lld", s->owner,
	    (long long)run->claims++);
	params[0] = db_text(a->provider->name);
	params[1] = db_text(a->name);
	params[2] = db_text(owner);
	params[3] = db_interval(LEASE_S, lease);
	params[4] = db_int(limit, count);
	params[5] = db_text(s->request_id);
	params[6] = db_int(a->submits_per_minute, rate);
	if (sweep_run(s, DB_CLAIM_REQUESTS, params, &rows, &err) != DB_OK) {
		sweep_break(s, err.text);
		return 0;
	}
	got = db_rows_count(rows);
	/* A process that slept since then no longer knows whose they are. */
	for (i = 0; i < got && clock_ms() - since_ms < SEND_WITHIN_MS; i++)
		send_one(run, sender, owner, rows, i);
	db_rows_free(rows);
	sender->done = got < limit;
	return got;
}

static bool
may_claim(const struct sender *sender)
{
	/* One request first: a wrong key is then refused only once. */
	return !sender->stopped && !sender->done &&
	    (sender->proven || sender->in_flight == 0);
}

/* A request of each account that has any, beginning with another account
 * each time, while there are slots.  Returns how many were claimed. */
static int
fill(struct submits *run)
{
	struct sender	*sender;
	size_t		 i;
	int		 claimed = 0;

	for (i = 0; i < run->nsenders && !run->sweep->broken &&
	    http_free_slots(run->engine) > 0; i++) {
		sender = &run->senders[(run->turn + i) % run->nsenders];
		if (may_claim(sender))
			claimed += claim(run, sender, 1);
	}
	run->turn++;
	return claimed;
}

/* No new request after its time, but each answer is waited for. */
static void
work(struct submits *run)
{
	struct sweep	*s = run->sweep;
	int64_t		 until = sweep_moment(s, 40);
	int		 claimed;

	for (;;) {
		claimed = sweep_goes_on(s, until) ? fill(run) : 0;
		if (claimed == 0 && http_in_flight(run->engine) == 0)
			break;
		if (http_in_flight(run->engine) > 0)
			http_turn(run->engine, claimed > 0 ? 0 : TURN_MS);
		if (*s->id != '\0')
			sweep_beat(s);
		progress_show(s->progress, &(struct progress_facts){
		    .what = "submits", .done = s->counts.submitted,
		    .in_flight = http_in_flight(run->engine), .bytes = -1 });
	}
}

/* Requests whose senders ended before an answer was written. */
static void
expire(struct sweep *s, const struct account *a)
{
	struct db_param	 params[3] = {
		db_text(a != NULL ? a->provider->name : NULL),
		db_text(a != NULL ? a->name : NULL),
		db_text(a != NULL ? "true" : "false"),
	};
	struct db_rows	*rows = NULL;
	struct errbuf	 err;
	int		 i;

	if (sweep_run(s, DB_EXPIRE_REQUESTS, params, &rows, &err) != DB_OK) {
		sweep_break(s, err.text);
		return;
	}
	for (i = 0; i < db_rows_count(rows); i++)
		sweep_warn(s, "request %s to %s is %s: whoever sent it ended "
		    "before an answer was written", db_value(rows, i, 0),
		    db_value(rows, i, 1), db_value(rows, i, 3));
	db_rows_free(rows);
}

static void
choose_accounts(struct submits *run)
{
	const struct conf	*conf = run->sweep->conf;
	const struct account	*a;
	size_t			 i;

	run->senders = xcalloc((conf->naccounts + 1) *
	    sizeof(*run->senders));
	for (i = 0; i < conf->naccounts; i++) {
		a = &conf->accounts[i];
		if (!run->sweep->broken && a->resend_unknown)
			expire(run->sweep, a);
		if (run->sweep->provider == NULL ||
		    strcmp(run->sweep->provider, a->provider->name) == 0)
			run->senders[run->nsenders++].account = a;
	}
	if (!run->sweep->broken)
		expire(run->sweep, NULL);
}

void
sweep_submits(struct sweep *s)
{
	struct submits	run = { .sweep = s };

	if (s->task_id != NULL || !sweep_goes_on(s, sweep_moment(s, 40)))
		return;
	run.engine = http_engine_new((int)s->conf->polls_in_flight,
	    s->conf->allow_private_networks);
	if (run.engine == NULL) {
		sweep_break(s, "out of memory");
		return;
	}
	choose_accounts(&run);
	work(&run);
	http_engine_free(run.engine);
	free(run.senders);
}
