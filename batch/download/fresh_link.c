/* A fresh link for an output whose own has ended: the provider is asked. */
#include <stdio.h>
#include <stdlib.h>

#include "lib/db.h"
#include "lib/xalloc.h"
#include "batch/accounts.h"
#include "batch/download/job_state.h"
#include "batch/download/renew.h"
#include "batch/provider_api.h"

/* The database has to know the link before it is used: whoever takes over
 * from us needs it. */
static bool
write_link(struct job *j, const struct output *fresh)
{
	struct sweep	*s = j->run->sweep;
	char		 expires[DB_NUMBER_MAX];
	struct db_param	 params[7];
	struct db_rows	*rows = NULL;
	struct errbuf	 err;
	bool		 ok;

	params[0] = db_text(j->provider);
	params[1] = db_text(j->task_id);
	params[2] = db_text(j->position);
	params[3] = db_text(s->run.owner);
	params[4] = db_text(fresh->url);
	params[5] = fresh->expires_at != 0 ? db_int(fresh->expires_at /
	    USEC_PER_SEC, expires) : db_text(NULL);
	params[6] = db_text(expires_source_words[fresh->expires_source]);
	ok = run_query(&s->run, DB_RENEW_OUTPUT, params, &rows, &err) ==
	    DB_OK &&
	    *db_value(rows, 0, 0) == 't';
	db_rows_free(rows);
	if (ok) {
		free(j->url);
		j->url = xstrdup(fresh->url);
		j->expires_at = fresh->expires_at / USEC_PER_SEC;
	}
	return ok;
}

/* What an answer says of the account holds for all that it has here. */
static void
note_account(struct job *j, const struct api_call *a)
{
	struct sweep	*s = j->run->sweep;
	bool		*refused = &j->run->refused[a->account -
			    s->run.conf->accounts];

	if (a->verdict == POLL_RATE_LIMITED)
		account_pause(&s->run, a->account, a->retry_after_s,
		    a->err.text);
	if (a->verdict != POLL_BAD_KEY || *refused)
		return;
	*refused = true;
	run_warn(&s->run, "%s %s: the API key is refused (%s); it is not asked "
	    "for fresh links", a->account->provider->name, a->account->name,
	    a->err.text);
}

static void
on_answer(struct api_call *a)
{
	struct job		*j = a->arg;
	struct renew_key	 key = { j->position, j->kind, j->outputs,
				    j->url };
	struct result		 result = { 0 };
	const struct output	*fresh = NULL;
	enum renew_verdict	 v = RENEW_LATER;

	if (a->aborted) {
		job_free(j);
		return;
	}
	note_account(j, a);
	if (a->answered)
		v = renew_choose(a, &key, &result, &fresh, &j->asked_why);
	else
		errbuf_set(&j->asked_why, "%s", a->err.text);
	j->hope = v == RENEW_LATER;
	if (v == RENEW_FRESH) {
		j->asked_why.text[0] = '\0';
		if (!write_link(j, fresh))
			v = RENEW_LATER;
	}
	result_free(&result);
	if (v == RENEW_FRESH || !j->tried) {
		if (!job_download(j))
			job_free(j);
		return;
	}
	job_fail(j, j->lacked, j->lacks.text);
	job_free(j);
}

bool
job_ask(struct job *j)
{
	struct fetch_run	*run = j->run;
	struct api_call		*a;

	j->asked = true;
	if (j->account == NULL || *j->account->api_key == '\0')
		return false;
	j->hope = j->paused ||
	    run->refused[j->account - run->sweep->run.conf->accounts];
	if (j->hope) {
		errbuf_set(&j->asked_why, "%s", j->paused ?
		    "the provider wants no questions now" :
		    "the API key is refused");
		return false;
	}
	a = xcalloc(sizeof(*a));
	a->account = j->account;
	a->arg = j;
	a->on_answer = on_answer;
	return api_call_get(a, run->engine, j->task_id, j->model, &j->asked_why);
}
