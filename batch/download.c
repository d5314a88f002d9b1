/* Bring the outputs home before their links end. */
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "fetch.h"
#include "progress.h"

#define TURN_MS		100
#define AHEAD		3	/* times as many as may be in flight */
#define SETTLING_MAX	256
#define CLAIM_AGAIN_MS	1000	/* after a claim that brought less than asked */

struct download {
	struct sweep		*sweep;
	struct fetch_run	 fetch;
	int64_t			 claim_ms;	/* not before */
	bool			 more;		/* the last claim was full */
	int64_t			 due;		/* outputs, for the bar */
};

/*
 * How many outputs to lease: so many that the engine has the next one at once
 * when a transfer ends, and never a few at a time.  None while too many wait
 * for the disk.
 */
static int
room(const struct download *d)
{
	int	most = (int)d->sweep->conf->downloads_in_flight;
	bool	crowded = settler_count(d->fetch.settler) > SETTLING_MAX;

	if (d->fetch.full || clock_ms() < d->claim_ms || crowded ||
	    d->fetch.queued > most / 2)
		return 0;
	return AHEAD * most - d->fetch.queued;
}

static void
claim(struct download *d, int asked)
{
	struct sweep	*s = d->sweep;
	int		 got, i;
	char		 lease[32], limit[16];
	struct db_param	 params[5];
	struct db_rows	*rows = NULL;
	struct errbuf	 why;

	(void)snprintf(lease, sizeof(lease), "%d s", SWEEP_LEASE_S);
	(void)snprintf(limit, sizeof(limit), "%d", asked);
	params[0] = sweep_text(s->owner);
	params[1] = sweep_text(lease);
	params[2] = sweep_text(limit);
	params[3] = sweep_text(s->provider);
	params[4] = sweep_text(s->task_id);
	if (sweep_run(s, DB_CLAIM_OUTPUTS, params, &rows, &why) != DB_OK) {
		sweep_break(s, why.text);
		return;
	}
	got = db_rows_count(rows);
	for (i = 0; i < got; i++)
		fetch_queue(&d->fetch, rows, i);
	db_rows_free(rows);
	d->more = got == asked;
	d->claim_ms = clock_ms() + (d->more ? 0 : CLAIM_AGAIN_MS);
}

static bool
is_idle(const struct download *d)
{
	return http_in_flight(d->fetch.engine) == 0 && d->fetch.queued == 0 &&
	    settler_count(d->fetch.settler) == 0;
}

/* How much there is to do, where somebody watches. */
static void
count_due(struct download *d)
{
	struct sweep	*s = d->sweep;
	struct db_param	 params[2] = { sweep_text(s->provider),
			    sweep_text(s->task_id) };
	struct db_rows	*rows = NULL;
	struct errbuf	 why;

	if (s->progress == NULL)
		return;
	if (sweep_run(s, DB_COUNT_DUE, params, &rows, &why) == DB_OK)
		d->due = sweep_number(db_value(rows, 0, 0));
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
		    settler_count(d->fetch.settler),
		.in_flight = http_in_flight(d->fetch.engine),
		.bytes = http_bytes(d->fetch.engine),
	};

	if (f.total > 0 && f.total < f.done + f.in_flight)
		f.total = f.done + f.in_flight;
	progress_show(d->sweep->progress, &f);
}

static void
work(struct download *d)
{
	struct sweep	*s = d->sweep;
	int64_t		 until = sweep_moment(s, 100);
	int		 asked;

	count_due(d);
	while (sweep_goes_on(s, until)) {
		if ((asked = room(d)) > 0)
			claim(d, asked);
		if (d->fetch.full)
			fetch_drop(&d->fetch);
		fetch_fill(&d->fetch);
		if (is_idle(d) && (d->fetch.full || !d->more))
			break;
		http_turn(d->fetch.engine, TURN_MS);
		fetch_settled(&d->fetch, false);
		sweep_beat(s);
		show(d);
	}
	archive_hurry(d->fetch.archive);
	fetch_settled(&d->fetch, true);
	fetch_drop(&d->fetch);
}

static void
on_settled(void *engine)
{
	http_wake(engine);
}

/* What this run claimed and did not come to is anybody's at once. */
static void
release(struct sweep *s)
{
	struct db_param	params[1] = { sweep_text(s->owner) };
	struct errbuf	why;

	if (!s->broken)
		(void)sweep_run(s, DB_RELEASE_OUTPUTS, params, NULL, &why);
}

void
sweep_download(struct sweep *s)
{
	struct download		 d = { .sweep = s, .fetch.sweep = s };
	struct fetch_run	*f = &d.fetch;
	struct errbuf		 why;

	if (!sweep_goes_on(s, sweep_moment(s, 100)))
		return;
	if ((f->archive = archive_open(s->conf, s->owner, &why)) == NULL) {
		sweep_break(s, why.text);
		return;
	}
	if ((f->sniffer = sniffer_open(&why)) == NULL) {
		sweep_break(s, why.text);
		archive_close(f->archive);
		return;
	}
	f->refused = sweep_alloc(s->conf->naccounts + 1);
	f->engine = http_engine_new((int)s->conf->downloads_in_flight,
	    s->conf->allow_private_networks);
	if (f->engine != NULL)
		f->settler = settler_new(f->archive, on_settled, f->engine);
	if (f->settler != NULL)
		work(&d);
	else
		sweep_break(s, "out of memory");
	settler_free(f->settler);
	http_engine_free(f->engine);
	free(f->refused);
	sniffer_close(f->sniffer);
	archive_close(f->archive);
	release(s);
}
