/* The table of a sweep's steps, and those of them that are a call or two. */
#include <time.h>

#include "lib/db.h"
#include "common/drain.h"
#include "common/replay.h"
#include "common/spool.h"
#include "archive/archive.h"
#include "batch/dry_run.h"
#include "batch/forward/forward.h"
#include "batch/steps.h"
#include "batch/submits.h"

static void
drain_all(struct sweep *s, struct drain *drain, int64_t until_ms)
{
	struct drain_counts	counts = { 0 };
	struct errbuf		err = { .text = "" };
	enum db_verdict		v;

	v = drain_run(drain, s->run.db, s->run.conf, until_ms, &counts, &err);
	s->counts.drained += counts.drained;
	s->counts.refused += counts.refused;
	if (counts.refused > 0)
		run_hindered(&s->run, "%ld spool files were set aside: %s",
		    counts.refused, err.text);
	else if (counts.passed > 0)
		run_hindered(&s->run, "%ld spool files wait: %s", counts.passed,
		    err.text);
	else if (counts.blind)
		run_hindered(&s->run, "the spool is not drained: %s", err.text);
	if (v == DB_AWAY || v == DB_BROKEN)
		run_break(&s->run, err.text);
}

static void
drain_step(struct sweep *s, int64_t until_ms)
{
	const struct conf	*conf = s->run.conf;
	struct spool		*spool;
	struct drain		*drain = NULL;
	struct errbuf		 err = { .text = "" };

	spool = spool_open(conf->spool_dir, conf->spool_max_bytes, &err);
	if (spool != NULL && (drain = drain_new(spool)) == NULL)
		errbuf_set(&err, "spool: out of memory");
	if (drain == NULL)
		run_hindered(&s->run, "the spool is not drained: %s", err.text);
	else
		drain_all(s, drain, until_ms);
	drain_free(drain);
	spool_close(spool);
}

static void
replay_step(struct sweep *s, int64_t until_ms)
{
	struct replay_counts	counts;
	struct errbuf		err = { .text = "" };

	if (replay_run(s->run.db, s->run.conf, s->run.owner, until_ms, &counts,
	    &err) != DB_OK)
		run_break(&s->run, err.text);
	s->counts.replayed += counts.replayed;
	if (counts.refused > 0)
		run_warn(&s->run, "%ld replays were refused by the database: "
		    "see genhook.replays", counts.refused);
}

/* It is bounded by its statements' timeouts, not by until_ms. */
static void
retain_step(struct sweep *s, int64_t until_ms)
{
	const struct conf	*conf = s->run.conf;
	char			 days[DB_NUMBER_MAX];
	struct db_param		 params[1];
	struct archive		*archive;
	struct errbuf		 err;

	(void)until_ms;
	params[0] = db_int(conf->retain_deliveries_days, days);
	if (run_query(&s->run, DB_RETAIN_DELIVERIES, params, NULL, &err) ==
	    DB_REFUSED)
		run_hindered(&s->run, "old deliveries are not dropped: %s",
		    err.text);
	(void)run_query(&s->run, DB_COUNT_TRAFFIC, NULL, NULL, &err);
	(void)run_query(&s->run, DB_COUNT_DAYS, NULL, NULL, &err);
	archive = archive_open(conf, s->run.owner, &err);
	if (archive != NULL)
		(void)archive_clean(archive, time(NULL) - ARCHIVE_STALE_S);
	archive_close(archive);
}

const struct step steps[] = {
	{ .name = "drain", .ends = 30, .always = true, .run = drain_step,
	    .print_due = dry_run_drain, .due = "spool files",
	    .words = "commit the callbacks that wait in the spool" },
	{ .name = "check", .ends = 30, .always = true, .run = check_step,
	    .words = "see whether spool and archive can be written to" },
	{ .name = "keys", .ends = 40, .not_for_task = true, .run = keys_step,
	    .words = "fetch the keys by which callbacks are verified" },
	{ .name = "replay", .ends = 40, .run = replay_step,
	    .words = "parse anew the deliveries that are to be replayed" },
	{ .name = "submit", .ends = SUBMITS_END, .not_for_task = true,
	    .run = submits_step,
	    .print_due = dry_run_submits, .due = "queued requests",
	    .words = "send the requests that are queued in genhook.requests" },
	{ .name = "poll", .ends = 60, .run = polls_step,
	    .print_due = dry_run_polls, .due = "due polls",
	    .words = "ask providers about tasks whose callback never came" },
	{ .name = "give up", .ends = 70, .always = true, .not_for_task = true,
	    .run = give_up_step,
	    .words = "call tasks lost that were pending for too long" },
	{ .name = "download", .ends = 100, .run = download_step,
	    .print_due = dry_run_downloads, .due = "due outputs",
	    .words = "download outputs, those whose links end first" },
	{ .name = "forward", .ends = 100, .always = true, .not_for_task = true,
	    .run = forward_step,
	    .print_due = dry_run_forwards, .due = "due events",
	    .words = "tell applications what happened" },
	{ .name = "pictures", .ends = 100, .not_for_task = true,
	    .run = thumbs_step,
	    .words = "make small pictures of what is stored, for the page" },
	{ .name = "retain", .ends = 100, .always = true, .run = retain_step,
	    .words = "drop deliveries older than retain_deliveries_days" },
	{ .name = NULL }
};

/* Does the run have that step to do, and time to begin it? */
static bool
step_begins(const struct sweep *s, const struct step *step)
{
	if (s->task_id != NULL && step->not_for_task)
		return false;
	return run_goes_on(&s->run, step->always ? INT64_MAX :
	    sweep_moment(s, step->ends));
}

void
steps_run(struct sweep *s)
{
	const struct step	*step;

	for (step = steps; step->name != NULL; step++)
		if (step_begins(s, step))
			step->run(s, sweep_moment(s, step->ends));
	forward_close(s);
}
