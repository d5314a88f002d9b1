/* One run of genhook-sweep: its row in the database, with a sign of life every
 * few seconds, and its time. */
#include <stdio.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/db.h"
#include "lib/pgarray.h"
#include "batch/sweep.h"

#define BEAT_EVERY_MS		10000
#define FINISH_TIMEOUT_MS	1000
#define ACCOUNT_MAX		128	/* provider, blank and name */

int64_t
sweep_moment(const struct sweep *s, int percent)
{
	return s->started_ms + run_share_ms(s->run.conf, percent);
}

int64_t
sweep_ends_ms(const struct sweep *s)
{
	return sweep_moment(s, 100);
}

static void
sweep_counts_json(const struct sweep_counts *c, char *buf, size_t bufsz)
{
	(void)snprintf(buf, bufsz, "{\"drained\":%lld,\"refused\":%lld,"
	    "\"replayed\":%lld,\"submitted\":%lld,"
	    "\"polled\":%lld,\"finished\":%lld,\"lost\":%lld,"
	    "\"stored\":%lld,\"bytes\":%lld,\"retried\":%lld,"
	    "\"expired\":%lld,\"failed\":%lld,"
	    "\"told\":%lld,\"untold\":%lld}",
	    (long long)c->drained, (long long)c->refused,
	    (long long)c->replayed, (long long)c->submitted,
	    (long long)c->polled, (long long)c->finished,
	    (long long)c->lost, (long long)c->stored, (long long)c->bytes,
	    (long long)c->retried, (long long)c->expired,
	    (long long)c->failed, (long long)c->told,
	    (long long)c->untold);
}

/* The run's sign of life, which also prolongs its leases of outputs. */
static void
sweep_beat(void *arg)
{
	char		 json[512], lease[DB_NUMBER_MAX];
	struct sweep	*s = arg;
	struct db_param	 params[4];
	struct errbuf	 err;
	int64_t		 now = clock_ms();

	if (now - s->beat_ms < BEAT_EVERY_MS)
		return;
	sweep_counts_json(&s->counts, json, sizeof(json));
	params[0] = db_text(s->id);
	params[1] = db_text(json);
	params[2] = db_text(s->run.owner);
	params[3] = db_interval(SWEEP_LEASE_S, lease);
	if (run_query(&s->run, DB_BEAT_SWEEP, params, NULL, &err) == DB_OK)
		s->beat_ms = now;
}

/* Tell the database which accounts there are: whose tasks it has besides,
 * nobody will ask about. */
static void
sweep_note_settings(struct sweep *s, const char *host)
{
	const struct conf	*conf = s->run.conf;
	struct db_param		 params[3];
	struct pgarray		 accounts;
	struct errbuf		 err;
	char			 name[ACCOUNT_MAX];
	size_t			 i;

	pgarray_begin(&accounts, PG_TEXT);
	for (i = 0; i < conf->naccounts; i++) {
		(void)snprintf(name, sizeof(name), "%s %s",
		    conf->accounts[i].provider->name, conf->accounts[i].name);
		pgarray_text(&accounts, name);
	}
	if (pgarray_end(&accounts)) {
		params[0] = db_text(host);
		params[1] = db_text(conf->path);
		params[2] = pgarray_param(&accounts);
		(void)run_query(&s->run, DB_NOTE_SETTINGS, params, NULL, &err);
	}
	pgarray_free(&accounts);
}

bool
sweep_begin(struct sweep *s)
{
	char		 host[RUN_HOST_MAX], pid[16];
	struct db_param	 params[2];
	struct db_rows	*rows = NULL;
	struct errbuf	 err;

	run_host(host);
	(void)snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	params[0] = db_text(host);
	params[1] = db_text(pid);
	if (run_query(&s->run, DB_START_SWEEP, params, &rows, &err) != DB_OK) {
		run_break(&s->run, err.text);
		return false;
	}
	(void)snprintf(s->id, sizeof(s->id), "%s", db_value(rows, 0, 0));
	db_rows_free(rows);
	sweep_note_settings(s, host);
	run_set_owner(&s->run, s->id);
	s->beat_ms = clock_ms();
	s->run.beat = sweep_beat;
	s->run.beat_arg = s;
	return true;
}

bool
sweep_finish(struct sweep *s)
{
	char		json[512];
	struct db_param	params[3];
	struct errbuf	err;

	sweep_counts_json(&s->counts, json, sizeof(json));
	params[0] = db_text(s->id);
	params[1] = db_text(json);
	params[2] = db_text(s->run.error.text[0] != '\0' ?
	    s->run.error.text : NULL);
	return db_run(s->run.db, DB_FINISH_SWEEP, params, FINISH_TIMEOUT_MS,
	    NULL, &err) == DB_OK;
}

bool
sweep_lease_is_safe(const struct sweep *s)
{
	return clock_ms() - s->beat_ms < (int64_t)SWEEP_LEASE_S * 1000 * 3 / 4;
}
