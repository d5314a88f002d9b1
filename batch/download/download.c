/* Bring the outputs home before their links end. */
#include <stdio.h>
#include <stdlib.h>

#include "lib/clock.h"
#include "lib/db.h"
#include "lib/xalloc.h"
#include "batch/download/job.h"
#include "batch/progress.h"
#include "batch/steps.h"

#define TURN_MS		100
#define AHEAD		4	/* times as many as may be in flight */
#define SETTLING_MAX	256
#define CLAIM_AGAIN_MS	1000	/* after a claim that brought less than asked */

struct download {
	struct sweep		*sweep;
	struct fetch_run	 fetch;
	struct db_write	 claim;
	struct db_param		 claim_params[5];
	char			 claim_lease[DB_NUMBER_MAX];
	char			 claim_limit[DB_NUMBER_MAX];
	int			 asked;		/* outputs; 0: no claim is made */
	int64_t			 claim_ms;	/* not before */
	bool			 more;		/* the last claim was full */
	int64_t			 due;		/* outputs, for the bar */
};

/*
 * How many outputs to lease: so many that the engine has the next one at once
 * when a transfer ends, also while the claim is under way, and never a few at
 * a time.  None while too many wait for the disk.
 */
static int
room(const struct download *d)
{
	int	most = AHEAD * (int)d->sweep->run.conf->downloads_in_flight;
	bool	crowded = finisher_pending(d->fetch.finisher) > SETTLING_MAX;

	if (d->asked > 0 || d->fetch.full || clock_ms() < d->claim_ms ||
	    crowded || d->fetch.queued > most / 2)
		return 0;
	return most - d->fetch.queued;
}

static void
on_claimed(struct db_write *note)
{
	struct download	*d = note->arg;
	int		 got, i;

	if (note->verdict == DB_OK) {
		got = db_rows_count(note->rows);
		for (i = 0; i < got; i++)
			fetch_queue(&d->fetch, note->rows, i);
		d->more = got == d->asked;
		d->claim_ms = clock_ms() + (d->more ? 0 : CLAIM_AGAIN_MS);
	} else
		run_break(&d->sweep->run, note->err.text);
	db_rows_free(note->rows);
	d->asked = 0;
}

static void
claim(struct download *d, int asked)
{
	struct sweep	*s = d->sweep;

	d->asked = asked;
	d->claim_params[0] = db_text(s->run.owner);
	d->claim_params[1] = db_interval(SWEEP_LEASE_S, d->claim_lease);
	d->claim_params[2] = db_int(asked, d->claim_limit);
	d->claim_params[3] = db_text(s->provider);
	d->claim_params[4] = db_text(s->task_id);
	d->claim.stmt = DB_CLAIM_OUTPUTS;
	d->claim.params = d->claim_params;
	d->claim.on_done = on_claimed;
	d->claim.arg = d;
	db_writer_put(d->fetch.db_writer, &d->claim);
}

static bool
is_idle(const struct download *d)
{
	return http_in_flight(d->fetch.engine) == 0 && d->fetch.queued == 0 &&
	    finisher_pending(d->fetch.finisher) == 0 &&
	    db_writer_pending(d->fetch.db_writer) == 0;
}

/* How much there is to do, where somebody watches. */
static void
count_due(struct download *d)
{
	struct sweep	*s = d->sweep;
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
show(struct download *d)
{
	const struct sweep_counts	*c = &d->sweep->counts;
	struct progress_facts		 f = {
		.what = "downloads",
		.done = c->stored + c->retried + c->expired + c->failed,
		.total = d->due,
		.parts = http_parts(d->fetch.engine) +
		    finisher_pending(d->fetch.finisher),
		.in_flight = http_in_flight(d->fetch.engine),
		.bytes = http_bytes(d->fetch.engine),
	};

	if (f.total > 0 && f.total < f.done + f.in_flight)
		f.total = f.done + f.in_flight;
	progress_show(d->sweep->run.progress, &f);
}

static void
work(struct download *d, int64_t until_ms)
{
	struct sweep	*s = d->sweep;
	int		 asked;

	count_due(d);
	while (run_goes_on(&s->run, until_ms)) {
		if ((asked = room(d)) > 0)
			claim(d, asked);
		if (d->fetch.full)
			fetch_drop(&d->fetch);
		fetch_fill(&d->fetch);
		if (is_idle(d) && (d->fetch.full || !d->more))
			break;
		http_turn(d->fetch.engine, TURN_MS);
		db_writer_reap(d->fetch.db_writer, false);
		fetch_settled(&d->fetch, false);
		run_beat(&s->run);
		show(d);
	}
	archive_hurry(d->fetch.archive);
	fetch_settled(&d->fetch, true);
	fetch_drop(&d->fetch);
}

static void
wake(void *engine)
{
	http_wake(engine);
}

/* What this run claimed and did not come to is anybody's at once. */
static void
release(struct sweep *s)
{
	struct db_param	params[1] = { db_text(s->run.owner) };
	struct errbuf	err;

	if (!s->run.broken)
		(void)run_query(&s->run, DB_RELEASE_OUTPUTS, params, NULL, &err);
}

/* False with err: what could be opened has to be closed. */
static bool
open_all(struct fetch_run *f, struct errbuf *err)
{
	const struct conf	*conf = f->sweep->run.conf;

	STAILQ_INIT(&f->queue);
	STAILQ_INIT(&f->home);
	f->refused = xcalloc(conf->naccounts + 1);
	if ((f->archive = archive_open(conf, f->sweep->run.owner, err)) ==
	    NULL ||
	    (f->mime = mime_open(err)) == NULL)
		return false;
	f->engine = http_engine_new((int)conf->downloads_in_flight,
	    conf->allow_private_networks);
	if (f->engine == NULL)
		return errbuf_no_memory(err);
	return (f->finisher = finisher_new(f->archive, wake, f->engine, err)) !=
	    NULL &&
	    (f->db_writer = db_writer_new(&f->sweep->run, wake,
	    f->engine, err)) != NULL &&
	    (f->worker = worker_new(err)) != NULL;
}

/* The engine after those that wake it, and before what its transfers have. */
static void
close_all(struct fetch_run *f)
{
	db_writer_free(f->db_writer);
	finisher_free(f->finisher);
	http_engine_free(f->engine);
	worker_free(f->worker);
	mime_close(f->mime);
	archive_close(f->archive);
	free(f->refused);
}

void
download_step(struct sweep *s, int64_t until_ms)
{
	struct download	d = { .sweep = s, .fetch.sweep = s };
	struct errbuf	err;

	if (open_all(&d.fetch, &err))
		work(&d, until_ms);
	else
		run_break(&s->run, err.text);
	close_all(&d.fetch);
	release(s);
}
