/* Bring the outputs home before their links end. */
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "fetch.h"
#include "progress.h"

#define TURN_MS		100
#define CLAIM_AGAIN_MS	1000	/* after a claim that brought less than asked */

struct download {
	struct sweep		*sweep;
	struct fetch_run	 fetch;
	int64_t			 claim_ms;	/* not before */
	bool			 more;		/* the last claim was full */
};

/* Lease as many outputs as there are free slots, and begin them. */
static void
claim(struct download *d)
{
	struct sweep	*s = d->sweep;
	int		 asked = http_free_slots(d->fetch.engine), got, i;
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
		fetch_start(&d->fetch, rows, i);
	db_rows_free(rows);
	d->more = got == asked;
	d->claim_ms = clock_ms() + (d->more ? 0 : CLAIM_AGAIN_MS);
}

static void
work(struct download *d)
{
	struct sweep	*s = d->sweep;
	int64_t		 until = sweep_moment(s, 100);

	while (sweep_goes_on(s, until)) {
		if (!d->fetch.full && http_free_slots(d->fetch.engine) > 0 &&
		    clock_ms() >= d->claim_ms)
			claim(d);
		if (http_in_flight(d->fetch.engine) == 0 && (d->fetch.full || !d->more))
			break;
		http_turn(d->fetch.engine, TURN_MS);
		sweep_beat(s);
		progress_show(s->progress, "downloads", s->counts.stored,
		    http_in_flight(d->fetch.engine), http_bytes(d->fetch.engine));
	}
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
	f->refused = sweep_alloc(s->conf->naccounts + 1);
	f->engine = http_engine_new((int)s->conf->downloads_in_flight,
	    s->conf->allow_private_networks);
	if (f->engine != NULL)
		work(&d);
	else
		sweep_break(s, "out of memory");
	http_engine_free(f->engine);
	free(f->refused);
	archive_close(f->archive);
	release(s);
}
