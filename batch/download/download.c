/*
 * The step of a run that brings the outputs home before their links end: it
 * claims them, has them begun and waits.  On the main thread; README.md beside
 * this file has the others.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/clock.h"
#include "lib/db.h"
#include "lib/xalloc.h"
#include "batch/download/job.h"
#include "batch/forward/forward.h"
#include "batch/progress.h"
#include "batch/steps.h"

#define TURN_MS		100
#define AHEAD		4	/* times as many as may be in flight */
#define FINISHING_MAX	256
#define CLAIM_AGAIN_MS	1000	/* after a claim that brought less than asked */

/* One statement that leases outputs; the db_writer's while asked is not 0. */
struct download_claim {
	struct db_write		 write;
	struct db_param		 params[5];
	char			 lease[DB_NUMBER_MAX], limit[DB_NUMBER_MAX];
	int			 asked;		/* outputs; 0: none is made */
	int64_t			 not_before_ms;
	bool			 full;		/* the last one brought all that
						   were asked */
};

struct download {
	struct downloads	 shared;	/* with the jobs */
	struct download_claim	 claim;
	int64_t			 due;		/* outputs, for the bar */
};

/*
 * How many outputs to lease: so many that the engine has the next one at once
 * when a transfer ends, also while the claim is under way, and never a few at
 * a time.  None while too many wait for the disk.
 */
static int
download_room(const struct download *d)
{
	const struct downloads	*all = &d->shared;
	int			 most = AHEAD *
				    (int)all->run->conf->downloads_in_flight;
	bool			 crowded = finisher_pending(all->finisher) >
				    FINISHING_MAX;

	if (d->claim.asked > 0 || all->disk_full ||
	    clock_ms() < d->claim.not_before_ms || crowded ||
	    all->queued > most / 2)
		return 0;
	return most - all->queued;
}

static void
download_on_claimed(struct db_write *write)
{
	struct download		*d = write->arg;
	struct download_claim	*c = &d->claim;
	int			 got, i;

	if (write->verdict == DB_OK) {
		got = db_rows_count(write->rows);
		for (i = 0; i < got; i++)
			job_enqueue(&d->shared, write->rows, i);
		c->full = got == c->asked;
		c->not_before_ms = clock_ms() + (c->full ? 0 : CLAIM_AGAIN_MS);
	} else
		run_break(d->shared.run, write->err.text);
	db_rows_free(write->rows);
	c->asked = 0;
}

static void
download_claim(struct download *d, int asked)
{
	struct sweep		*s = d->shared.sweep;
	struct download_claim	*c = &d->claim;

	c->asked = asked;
	c->params[0] = db_text(s->run.owner);
	c->params[1] = db_interval(SWEEP_LEASE_S, c->lease);
	c->params[2] = db_int(asked, c->limit);
	c->params[3] = db_text(s->provider);
	c->params[4] = db_text(s->task_id);
	c->write.stmt = DB_CLAIM_OUTPUTS;
	c->write.params = c->params;
	c->write.on_done = download_on_claimed;
	c->write.arg = d;
	db_writer_put(d->shared.db_writer, &c->write);
}

static bool
download_is_idle(const struct downloads *d)
{
	return http_in_flight(d->engine) == 0 && d->queued == 0 &&
	    finisher_pending(d->finisher) == 0 &&
	    db_writer_pending(d->db_writer) == 0;
}

/* How much there is to do, where somebody watches. */
static void
download_count_due(struct download *d)
{
	struct sweep	*s = d->shared.sweep;
	struct db_param	 params[2] = { db_text(s->provider),
			    db_text(s->task_id) };
	struct db_rows	*rows = NULL;
	struct errbuf	 err;

	if (s->run.progress == NULL)
		return;
	if (run_query(&s->run, DB_COUNT_DUE, params, &rows, &err) == DB_OK)
		d->due = db_number(db_value(rows, 0, 0));
	db_rows_free(rows);
}

static void
download_show(const struct download *d)
{
	const struct downloads		*all = &d->shared;
	const struct sweep_counts	*c = &all->sweep->counts;
	struct progress_facts		 f = {
		.what = "downloads",
		.done = c->stored + c->retried + c->expired + c->failed,
		.total = d->due,
		.parts = http_parts(all->engine) +
		    finisher_pending(all->finisher),
		.in_flight = http_in_flight(all->engine),
		.bytes = http_bytes(all->engine),
	};

	if (f.total > 0 && f.total < f.done + f.in_flight)
		f.total = f.done + f.in_flight;
	progress_show(all->run->progress, &f);
}

/* Downloads that take longer are no reason to tell of others late. */
#define TELL_AFTER_MS	1000

/* Until the run's time is over, or there is nothing more to do. */
static void
download_turns(struct download *d, int64_t until_ms)
{
	struct downloads	*all = &d->shared;
	int64_t			 tell_ms = clock_ms() + TELL_AFTER_MS;
	int			 asked;

	while (run_goes_on(all->run, until_ms)) {
		if ((asked = download_room(d)) > 0)
			download_claim(d, asked);
		if (all->disk_full)
			job_drop_queued(all);
		job_start_queued(all);
		if (download_is_idle(all) && (all->disk_full || !d->claim.full))
			break;
		http_turn(all->engine, TURN_MS);
		db_writer_reap(all->db_writer, false);
		job_collect(all, false);
		run_beat(all->run);
		if (clock_ms() >= tell_ms)
			forward_turn(all->sweep);
		download_show(d);
	}
}

static void
download_outputs(struct download *d, int64_t until_ms)
{
	download_count_due(d);
	download_turns(d, until_ms);
	archive_hurry(d->shared.archive);
	job_collect(&d->shared, true);
	job_drop_queued(&d->shared);
}

/* Called by the finisher's threads and the db_writer's. */
static void
download_wake(void *engine)
{
	http_wake(engine);
}

/* What this run claimed and did not come to is anybody's at once. */
static void
download_release(struct run *run)
{
	struct db_param	params[1] = { db_text(run->owner) };
	struct errbuf	err;

	if (!run->broken)
		(void)run_query(run, DB_RELEASE_OUTPUTS, params, NULL, &err);
}

/* As download_open(). */
static bool
download_start_threads(struct downloads *d, struct errbuf *err)
{
	return (d->finisher = finisher_new(d->archive, download_wake,
	    d->engine, err)) != NULL &&
	    (d->db_writer = db_writer_new(d->run, download_wake,
	    d->engine, err)) != NULL &&
	    (d->worker = worker_new(err)) != NULL;
}

/* False with err: what could be opened has to be closed. */
static bool
download_open(struct downloads *d, struct errbuf *err)
{
	const struct conf	*conf = d->run->conf;

	STAILQ_INIT(&d->queue);
	STAILQ_INIT(&d->to_record);
	d->key_refused = xcalloc(conf->naccounts + 1);
	if ((d->archive = archive_open(conf, d->run->owner, err)) == NULL ||
	    (d->mime = mime_open(err)) == NULL)
		return false;
	d->engine = http_engine_new((int)conf->downloads_in_flight,
	    conf->allow_private_networks);
	if (d->engine == NULL)
		return errbuf_no_memory(err);
	return download_start_threads(d, err);
}

/* The engine after those that wake it, and before what its transfers have. */
static void
download_close(struct downloads *d)
{
	db_writer_free(d->db_writer);
	finisher_free(d->finisher);
	http_engine_free(d->engine);
	worker_free(d->worker);
	mime_close(d->mime);
	archive_close(d->archive);
	free(d->key_refused);
}

void
download_step(struct sweep *s, int64_t until_ms)
{
	struct download	d = { .shared = { .sweep = s, .run = &s->run } };
	struct errbuf	err;

	if (download_open(&d.shared, &err))
		download_outputs(&d, until_ms);
	else
		run_break(&s->run, err.text);
	download_close(&d.shared);
	download_release(&s->run);
}
