/*
 * The life of one output on its way home, as a machine of named states: this
 * file alone decides which state follows which.  All of it is on the main
 * thread.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/clock.h"
#include "lib/db.h"
#include "lib/units.h"
#include "lib/xalloc.h"
#include "batch/download/fresh_link.h"
#include "batch/download/job_internal.h"
#include "batch/download/payload.h"
#include "batch/download/rows.h"
#include "batch/download/transfer.h"
#include "batch/download/verify.h"

#define RESUMES_MAX	3	/* at once, after cuts, in one attempt */
#define CROWD		16	/* files that the finisher has */

/*
 * Each state has a function that begins what is done in it and returns the
 * state that follows at once, or its own when the job now waits for an event.
 */

/* queue */
static enum job_state	 job_wait_for_room(struct job *);

/* link */
static enum job_state	 job_renew(struct job *);
static void		 job_on_link(struct job *, enum job_link_answer);

/* transfer */
static enum job_state	 job_transfer(struct job *);
static void		 job_on_transfer(struct job *);

/* finish */
static enum job_state	 job_finish(struct job *);
static void		 job_on_finished(struct job *);

/* record */
static enum job_state	 job_record(struct job *);
static enum job_state	 job_record_failure(struct job *);
static void		 job_on_recorded(struct job *, const struct errbuf *);

/* state machine */
static void		 job_enter(struct job *, enum job_state);
static enum job_state	 job_free(struct job *);

static enum job_state (*const job_states[])(struct job *) = {
	[JOB_QUEUED]	   = job_wait_for_room,
	[JOB_RENEWING]	   = job_renew,
	[JOB_TRANSFERRING] = job_transfer,
	[JOB_FINISHING]	   = job_finish,
	[JOB_RECORDING]	   = job_record,
	[JOB_FAILED]	   = job_record_failure,
	[JOB_DONE]	   = job_free,
};
_Static_assert(sizeof(job_states) / sizeof(job_states[0]) == JOB__MAX,
    "a state has no function");

/* j is freed afterwards where that leads to JOB_DONE. */
static void
job_enter(struct job *j, enum job_state next)
{
	enum job_state	now;

	do {
		now = j->state = next;
		next = job_states[now](j);
	} while (next != now);
}

/* --- failures */

static enum job_state
job_fail(struct job *j, enum trouble kind, const char *words)
{
	j->failure.kind = kind;
	errbuf_set(&j->failure.err, "%s", words);
	return JOB_FAILED;
}

static bool
job_link_has_ended(const struct job *j)
{
	return j->link.expires_at != 0 && j->link.expires_at <= time(NULL);
}

static bool
job_has_time(const struct job *j)
{
	const struct downloads	*d = j->downloads;

	return run_goes_on(d->run, sweep_ends_ms(d->sweep));
}

/* A link that is no good, for which there could be a better one. */
static bool
job_may_renew(const struct job *j, enum trouble kind)
{
	long	status = j->transfer.response.status;
	bool	gone = kind == TROUBLE_GONE &&
		    (status == 403 || status == 404 || status == 410);

	return !j->link.asked && (gone || (job_link_has_ended(j) &&
	    (kind == TROUBLE_GONE || kind == TROUBLE_CONTENT))) &&
	    job_has_time(j);
}

/* A failure, unless a fresh link takes its place. */
static enum job_state
job_renew_or_fail(struct job *j, enum trouble kind, const char *words)
{
	transfer_drop(j);
	j->link.tried = true;
	(void)job_fail(j, kind, words);
	return job_may_renew(j, kind) ? JOB_RENEWING : JOB_FAILED;
}

/* --- queue */

static enum job_state
job_wait_for_room(struct job *j)
{
	STAILQ_INSERT_TAIL(&j->downloads->queue, j, next);
	j->downloads->queued++;
	return JOB_QUEUED;
}

static struct job *
job_unqueue(struct downloads *d)
{
	struct job	*j = STAILQ_FIRST(&d->queue);

	if (j != NULL) {
		STAILQ_REMOVE_HEAD(&d->queue, next);
		d->queued--;
	}
	return j;
}

/* What an attempt begins with. */
static enum job_state
job_first_state(struct job *j)
{
	j->started_ms = clock_ms();
	if (transfer_find_whole(j))
		return JOB_FINISHING;
	if (payload_is_link(j->link.url))
		return payload_load(j) ? JOB_FINISHING : JOB_FAILED;
	return job_link_has_ended(j) || j->link.renew ||
	    !url_is_link(j->link.url) ? JOB_RENEWING : JOB_TRANSFERRING;
}

/* Files come faster than they can be finished: let the processors do that. */
static bool
job_crowd(const struct downloads *d)
{
	return finisher_pending(d->finisher) >= CROWD &&
	    archive_is_crowded(d->archive);
}

void
job_start_queued(struct downloads *d)
{
	struct job	*j;

	while (http_free_slots(d->engine) > 0 && !job_crowd(d) &&
	    (j = job_unqueue(d)) != NULL)
		job_enter(j, job_first_state(j));
}

void
job_drop_queued(struct downloads *d)
{
	struct job	*j;

	while ((j = job_unqueue(d)) != NULL)
		job_enter(j, JOB_DONE);
}

/* --- link */

/* A dead link is tried all the same, when there is no better one: not all that
 * is said of its end is true. */
static enum job_state
job_without_fresh_link(const struct job *j)
{
	return j->link.tried ? JOB_FAILED : JOB_TRANSFERRING;
}

static enum job_state
job_renew(struct job *j)
{
	return fresh_link_ask(j, job_on_link) ? JOB_RENEWING :
	    job_without_fresh_link(j);
}

static void
job_on_link(struct job *j, enum job_link_answer answer)
{
	switch (answer) {
	case JOB_LINK_FRESH:
		job_enter(j, JOB_TRANSFERRING);
		break;
	case JOB_LINK_NONE:
		job_enter(j, job_without_fresh_link(j));
		break;
	case JOB_LINK_ABORTED:
		job_enter(j, JOB_DONE);
		break;
	}
}

/* --- transfer */

static enum job_state
job_transfer(struct job *j)
{
	return transfer_begin(j, job_on_transfer) ? JOB_TRANSFERRING :
	    JOB_FAILED;
}

/* An answer that a part of another size or age would explain. */
static bool
job_part_is_unfit(const struct job *j)
{
	long	status = j->transfer.response.status;

	return j->file.kept > 0 && (status == 206 || status == 416);
}

static enum job_state
job_after_answer(struct job *j)
{
	const struct http_response	*res = &j->transfer.response;

	if (res->is_file)
		return JOB_FINISHING;
	if (job_part_is_unfit(j) && j->transfer.resumes++ < RESUMES_MAX) {
		transfer_discard(j);
		return JOB_TRANSFERRING;
	}
	return job_renew_or_fail(j, http_status_may_pass(res->status) ?
	    TROUBLE_PASSING : TROUBLE_GONE, res->err.text);
}

/* A cut that the next bytes can follow at once; or all of them, where the way
 * that they take is another now. */
static bool
job_may_resume(const struct job *j)
{
	const struct http_response	*res = &j->transfer.response;

	return res->received > 0 &&
	    (j->file.mark[0] != '\0' || res->http2_broke) &&
	    j->transfer.resumes < RESUMES_MAX && !job_link_has_ended(j) &&
	    job_has_time(j);
}

/* Whose trouble is a transfer without a whole answer? */
static enum trouble
job_trouble_of(enum http_fault fault)
{
	static const enum trouble	troubles[] = {
		[HTTP_FAULT_SERVER] = TROUBLE_PASSING,
		[HTTP_FAULT_NETWORK] = TROUBLE_NETWORK,
		[HTTP_FAULT_MACHINE] = TROUBLE_MACHINE,
	};

	return troubles[fault];
}

static enum job_state
job_after_cut(struct job *j)
{
	const struct http_response	*res = &j->transfer.response;
	bool				 again = job_may_resume(j);

	if ((transfer_leave(j) || res->http2_broke) && again) {
		j->transfer.resumes++;
		return JOB_TRANSFERRING;
	}
	return job_fail(j, job_trouble_of(res->fault), res->err.text);
}

/*
 * The run's time is over.  A file of which nothing can be kept, though it had
 * half of a run and more, counts as tried; the others go back as if they had
 * never been claimed.
 */
static enum job_state
job_after_abort(struct job *j)
{
	const struct run	*run = j->downloads->run;
	bool			 kept = transfer_leave(j);
	char			 size[32];

	if (kept || run_stopping() || run->broken || clock_ms() -
	    j->started_ms < run->conf->max_seconds * 500)
		return JOB_DONE;
	units_bytes(j->file.bytes, size);
	j->failure.kind = TROUBLE_PASSING;
	errbuf_set(&j->failure.err, "not complete within the %lld s of a run "
	    "(%s came)", (long long)run->conf->max_seconds, size);
	return JOB_FAILED;
}

static enum job_state
job_after_transfer(struct job *j)
{
	const struct http_response	*res = &j->transfer.response;

	switch (res->verdict) {
	case HTTP_ANSWERED:
		return job_after_answer(j);
	case HTTP_TROUBLE:
		return job_after_cut(j);
	case HTTP_FORBIDDEN:
	case HTTP_TOO_LARGE:
		return job_fail(j, TROUBLE_FINAL, res->err.text);
	case HTTP_STOPPED:
		return job_renew_or_fail(j, j->failure.kind, res->err.text);
	case HTTP_ABORTED:
		break;
	}
	return job_after_abort(j);
}

static void
job_on_transfer(struct job *j)
{
	job_enter(j, job_after_transfer(j));
}

/* --- finish */

static void
job_fill_commit(struct job *j)
{
	memset(&j->commit, 0, sizeof(j->commit));
	j->commit.part = j->file.part;
	j->commit.extension = j->file.media->extension;
	j->commit.content_type = j->file.media->content_type;
	j->commit.sha256 = j->digest.sha256;
	j->commit.prepare = j->digest.later ? verify_digests : NULL;
	j->commit.arg = j;
}

/* The whole file is there. */
static enum job_state
job_finish(struct job *j)
{
	const char	*was = archive_whole(j->file.mark);
	struct errbuf	 err;

	if (!verify_media(j, &err) || !verify_whole(j, &err))
		return job_renew_or_fail(j, TROUBLE_CONTENT, err.text);
	/* Moving our file over one that another sweep has stored meanwhile
	 * would make that one's row wrong. */
	if (!sweep_lease_is_safe(j->downloads->sweep)) {
		rows_lease_lost(j);
		return JOB_DONE;
	}
	job_fill_commit(j);
	if (!j->digest.later && !verify_digests(&j->commit))
		return job_renew_or_fail(j, j->failure.kind,
		    j->commit.err.text);
	if (was != NULL && strcmp(was, j->digest.sha256) != 0) {
		transfer_discard(j);
		return JOB_TRANSFERRING;
	}
	j->file.part = NULL;
	finisher_put(j->downloads->finisher, &j->commit);
	return JOB_FINISHING;
}

static enum job_state
job_after_commit(struct job *j)
{
	const struct archive_commit	*c = &j->commit;

	if (c->ok)
		return JOB_RECORDING;
	if (c->cut)
		return JOB_DONE;
	return job_renew_or_fail(j, c->kept ? TROUBLE_STORE : j->failure.kind,
	    c->err.text);
}

static void
job_on_finished(struct job *j)
{
	job_enter(j, job_after_commit(j));
}

/* --- record */

static enum job_state
job_record(struct job *j)
{
	rows_add(j);
	return JOB_RECORDING;
}

static enum job_state
job_record_failure(struct job *j)
{
	rows_write_failure(j);
	return JOB_DONE;
}

static void
job_on_recorded(struct job *j, const struct errbuf *refused)
{
	job_enter(j, refused == NULL ? JOB_DONE :
	    job_fail(j, TROUBLE_OURS, refused->text));
}

/* A broken run writes no more: their leases run out. */
static void
job_drop_unrecorded(struct downloads *d)
{
	struct job	*j;

	while ((j = STAILQ_FIRST(&d->to_record)) != NULL) {
		STAILQ_REMOVE_HEAD(&d->to_record, next);
		job_enter(j, JOB_DONE);
	}
}

void
job_collect(struct downloads *d, bool all)
{
	struct archive_commit	*c;

	while ((c = finisher_reap(d->finisher, all)) != NULL)
		job_on_finished(c->arg);
	rows_write(d, job_on_recorded);
	while (all && db_writer_pending(d->db_writer) > 0) {
		db_writer_reap(d->db_writer, true);
		rows_write(d, job_on_recorded);
	}
	if (all)
		job_drop_unrecorded(d);
}

/* --- the beginning and the end */

/* The columns of DB_CLAIM_OUTPUTS. */
enum { C_PROVIDER, C_TASK_ID, C_POSITION, C_KIND, C_URL, C_EXPIRES,
    C_ATTEMPTS, C_FINISHED, C_ACCOUNT, C_MODEL, C_OUTPUTS, C_PAUSED, C_FRESH,
    C_POLL_URL };

static void
job_fill_output(struct job_output *o, const struct conf *conf,
    const struct db_rows *rows, int row)
{
	const char	*finished = db_value(rows, row, C_FINISHED);
	const char	*account = db_value(rows, row, C_ACCOUNT);
	const char	*paused = db_value(rows, row, C_PAUSED);

	o->provider = xstrdup(db_value(rows, row, C_PROVIDER));
	o->task_id = xstrdup(db_value(rows, row, C_TASK_ID));
	o->position = xstrdup(db_value(rows, row, C_POSITION));
	o->kind = xstrdup(db_value(rows, row, C_KIND));
	o->model = xstrdup(db_value(rows, row, C_MODEL));
	o->poll_url = xstrdup(db_value(rows, row, C_POLL_URL));
	o->attempts = db_number(db_value(rows, row, C_ATTEMPTS));
	o->siblings = db_number(db_value(rows, row, C_OUTPUTS));
	o->paused = paused != NULL && *paused == 't';
	if (account != NULL && provider_find(o->provider) != NULL)
		o->account = conf_account(conf, provider_find(o->provider),
		    account);
	o->key.provider = o->provider;
	o->key.task_id = o->task_id;
	o->key.position = o->position;
	/* The same at each attempt, so that the file's place is the same. */
	o->finished_at = db_number(finished);
	o->key.day = finished != NULL ? (time_t)o->finished_at : time(NULL);
}

void
job_enqueue(struct downloads *d, const struct db_rows *rows, int row)
{
	struct job	*j = xcalloc(sizeof(*j));

	j->downloads = d;
	job_fill_output(&j->output, d->run->conf, rows, row);
	j->link.url = xstrdup(db_value(rows, row, C_URL));
	j->link.expires_at = db_number(db_value(rows, row, C_EXPIRES));
	j->link.renew = *db_value(rows, row, C_FRESH) == 't';
	job_enter(j, JOB_QUEUED);
}

/* Everything that the job has; its part too, unless that is of use to the next
 * attempt or in its place. */
static enum job_state
job_free(struct job *j)
{
	transfer_drop(j);
	digests_free(&j->digest.digests);
	free(j->output.provider);
	free(j->output.task_id);
	free(j->output.position);
	free(j->output.kind);
	free(j->output.model);
	free(j->output.poll_url);
	free(j->link.url);
	free(j->commit.location);
	free(j);
	return JOB_DONE;
}
