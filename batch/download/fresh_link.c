/* A fresh link for an output whose own has ended: the provider is asked, on the
 * main thread, and the database told before the link is used. */
#include <stdio.h>
#include <stdlib.h>

#include "lib/db.h"
#include "lib/xalloc.h"
#include "batch/accounts.h"
#include "batch/download/fresh_link.h"
#include "batch/download/renew.h"
#include "batch/provider_api.h"

/* The database has to know the link before it is used: whoever takes over
 * from us needs it. */
static bool
fresh_link_write(struct job *j, const struct output *fresh)
{
	struct run	*run = j->downloads->run;
	char		 expires[DB_NUMBER_MAX];
	struct db_param	 params[7];
	struct db_rows	*rows = NULL;
	struct errbuf	 err;
	bool		 ok;

	params[0] = db_text(j->output.provider);
	params[1] = db_text(j->output.task_id);
	params[2] = db_text(j->output.position);
	params[3] = db_text(run->owner);
	params[4] = db_text(fresh->url);
	params[5] = fresh->expires_at != 0 ? db_int(fresh->expires_at /
	    USEC_PER_SEC, expires) : db_text(NULL);
	params[6] = db_text(expires_source_words[fresh->expires_source]);
	ok = run_query(run, DB_RENEW_OUTPUT, params, &rows, &err) == DB_OK &&
	    *db_value(rows, 0, 0) == 't';
	db_rows_free(rows);
	if (ok) {
		free(j->link.url);
		j->link.url = xstrdup(fresh->url);
		j->link.expires_at = fresh->expires_at / USEC_PER_SEC;
	}
	return ok;
}

/* Whether the account's key was refused, in this run. */
static bool *
fresh_link_refused(const struct downloads *d,
    const struct account *account)
{
	return &d->key_refused[account - d->run->conf->accounts];
}

/* What an answer says of the account holds for all that it has here. */
static void
fresh_link_note_account(const struct downloads *d,
    const struct api_call *a)
{
	bool	*refused = fresh_link_refused(d, a->account);

	if (a->verdict == POLL_RATE_LIMITED)
		account_pause(d->run, a->account, a->retry_after_s,
		    a->err.text);
	if (a->verdict != POLL_BAD_KEY || *refused)
		return;
	*refused = true;
	run_hindered(d->run, "%s %s: the API key is refused (%s); it is not "
	    "asked for fresh links", a->account->provider->name,
	    a->account->name, a->err.text);
}

/* What the provider said becomes the job's link, or words why it did not. */
static enum job_link_answer
fresh_link_take(struct job *j, const struct api_call *a)
{
	struct job_link		*link = &j->link;
	struct renew_key	 key = { j->output.position, j->output.kind,
				    j->output.siblings, link->url };
	struct result		 result = { 0 };
	const struct output	*fresh = NULL;
	enum renew_verdict	 v = RENEW_LATER;
	bool			 ok = false;

	if (a->answered)
		v = renew_choose(a, &key, &result, &fresh, &link->why_none);
	else
		errbuf_set(&link->why_none, "%s", a->err.text);
	link->hope = v == RENEW_LATER;
	if (v == RENEW_FRESH) {
		link->why_none.text[0] = '\0';
		ok = fresh_link_write(j, fresh);
	}
	result_free(&result);
	return ok ? JOB_LINK_FRESH : JOB_LINK_NONE;
}

static void
fresh_link_on_answer(struct api_call *a)
{
	struct job	*j = a->arg;

	if (a->aborted) {
		j->on_link(j, JOB_LINK_ABORTED);
		return;
	}
	fresh_link_note_account(j->downloads, a);
	j->on_link(j, fresh_link_take(j, a));
}

/* Is now no time to ask?  Then later is one. */
static bool
fresh_link_has_to_wait(struct job *j)
{
	j->link.hope = j->output.paused ||
	    *fresh_link_refused(j->downloads, j->output.account);
	if (j->link.hope)
		errbuf_set(&j->link.why_none, "%s", j->output.paused ?
		    "the provider wants no questions now" :
		    "the API key is refused");
	return j->link.hope;
}

bool
fresh_link_ask(struct job *j,
    void (*on_end)(struct job *, enum job_link_answer))
{
	const struct account	*account = j->output.account;
	struct api_call		*a;

	j->link.asked = true;
	if (account == NULL || *account->api_key == '\0' ||
	    fresh_link_has_to_wait(j))
		return false;
	j->on_link = on_end;
	a = xcalloc(sizeof(*a));
	a->account = account;
	a->arg = j;
	a->on_answer = fresh_link_on_answer;
	return api_call_get(a, j->downloads->engine, j->output.task_id,
	    j->output.model, j->output.poll_url, &j->link.why_none);
}
