#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/db.h"
#include "lib/log.h"
#include "lib/units.h"
#include "lib/utf8.h"
#include "lib/xalloc.h"
#include "common/drain.h"
#include "common/replay.h"
#include "common/spool.h"
#include "archive/archive.h"
#include "batch/progress.h"
#include "batch/sweep.h"

#define DB_TIMEOUT_MS		8000
#define DB_LAST_TIMEOUT_MS	1000	/* once the run is asked to end */
#define BEAT_EVERY_MS		10000
#define TIDY_UP_MS		1500
#define END_WITHIN_S		2
#define PAUSE_S			60	/* after a 429 that names no time */
#define PAUSE_MAX_S		86400

static atomic_int	stopping;	/* any thread may ask */

/* Of the run's one connection. */
static pthread_mutex_t		db_lock = PTHREAD_MUTEX_INITIALIZER;

static void
on_stop(int sig)
{
	(void)sig;
	stopping = 1;
	(void)alarm(END_WITHIN_S);
}

/* Still here: whatever is stuck, a killed run loses nothing. */
static void
on_alarm(int sig)
{
	(void)sig;
	_exit(1);
}

void
sweep_catch_signals(void)
{
	struct sigaction	sa = { 0 };

	(void)sigemptyset(&sa.sa_mask);
	sa.sa_handler = on_stop;
	(void)sigaction(SIGTERM, &sa, NULL);
	(void)sigaction(SIGINT, &sa, NULL);
	sa.sa_handler = on_alarm;
	(void)sigaction(SIGALRM, &sa, NULL);
	sa.sa_handler = SIG_IGN;
	(void)sigaction(SIGPIPE, &sa, NULL);
	/* A limit on file sizes is then an error of write(2). */
	(void)sigaction(SIGXFSZ, &sa, NULL);
}

bool
sweep_stopping(void)
{
	return stopping != 0;
}

int64_t
sweep_moment(const struct sweep *s, int percent)
{
	int64_t	whole = s->conf->max_seconds * 1000;

	if (whole > 4 * TIDY_UP_MS)
		whole -= TIDY_UP_MS;
	return s->started_ms + whole * percent / 100;
}

bool
sweep_goes_on(const struct sweep *s, int64_t until_ms)
{
	return !stopping && !s->broken && clock_ms() < until_ms;
}

void
sweep_break(struct sweep *s, const char *words)
{
	if (s->broken)
		return;
	s->broken = true;
	errbuf_set(&s->error, "%s", words);
	utf8_clean(s->error.text);
	progress_wipe(s->progress);
	log_line(LOG_ERROR, "%s", words);
}

enum db_verdict
sweep_ask(const struct sweep *s, const struct db_stmt *stmt,
    const struct db_param *params, struct db_rows **rows, struct errbuf *err)
{
	enum db_verdict	v;

	(void)pthread_mutex_lock(&db_lock);
	v = db_run(s->db, stmt, params, stopping ? DB_LAST_TIMEOUT_MS :
	    DB_TIMEOUT_MS, rows, err);
	(void)pthread_mutex_unlock(&db_lock);
	return v;
}

enum db_verdict
sweep_run(struct sweep *s, const struct db_stmt *stmt,
    const struct db_param *params, struct db_rows **rows, struct errbuf *err)
{
	enum db_verdict	v;

	v = sweep_ask(s, stmt, params, rows, err);
	if (v == DB_AWAY || v == DB_BROKEN)
		sweep_break(s, err->text);
	return v;
}

void
sweep_warn(struct sweep *s, const char *fmt, ...)
{
	struct errbuf	words;
	va_list		ap;

	va_start(ap, fmt);
	(void)vsnprintf(words.text, sizeof(words.text), fmt, ap);
	va_end(ap);
	s->attention = true;
	progress_wipe(s->progress);
	log_line(LOG_WARN, "%s", words.text);
}

void
sweep_pause(struct sweep *s, const struct account *a, int64_t wait_s,
    const char *words)
{
	char		wait[DB_NUMBER_MAX];
	struct db_param	params[4];
	struct errbuf	copy, err;

	if (wait_s <= 0)
		wait_s = PAUSE_S;
	if (wait_s > PAUSE_MAX_S)
		wait_s = PAUSE_MAX_S;
	errbuf_set(&copy, "%s", words);
	utf8_clean(copy.text);
	params[0] = db_text(a->provider->name);
	params[1] = db_text(a->name);
	params[2] = db_interval(wait_s, wait);
	params[3] = db_text(copy.text);
	(void)sweep_run(s, DB_PAUSE_ACCOUNT, params, NULL, &err);
	log_line(LOG_INFO, "%s %s: rate limit (%s); the rest waits",
	    a->provider->name, a->name, copy.text);
}

static void
counts_json(const struct sweep_counts *c, char *buf, size_t bufsz)
{
	(void)snprintf(buf, bufsz, "{\"drained\":%lld,\"refused\":%lld,"
	    "\"replayed\":%lld,\"submitted\":%lld,"
	    "\"polled\":%lld,\"finished\":%lld,\"lost\":%lld,"
	    "\"stored\":%lld,\"bytes\":%lld,\"retried\":%lld,"
	    "\"expired\":%lld,\"failed\":%lld}",
	    (long long)c->drained, (long long)c->refused,
	    (long long)c->replayed, (long long)c->submitted,
	    (long long)c->polled, (long long)c->finished,
	    (long long)c->lost, (long long)c->stored, (long long)c->bytes,
	    (long long)c->retried, (long long)c->expired,
	    (long long)c->failed);
}

bool
sweep_begin(struct sweep *s)
{
	char		 host[65] = "", pid[16];
	struct db_param	 params[2];
	struct db_rows	*rows = NULL;
	struct errbuf	 err;

	if (gethostname(host, sizeof(host) - 1) == -1)
		(void)snprintf(host, sizeof(host), "?");
	(void)snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	params[0] = db_text(host);
	params[1] = db_text(pid);
	if (sweep_run(s, DB_START_SWEEP, params, &rows, &err) != DB_OK) {
		sweep_break(s, err.text);
		return false;
	}
	(void)snprintf(s->id, sizeof(s->id), "%s", db_value(rows, 0, 0));
	(void)snprintf(s->owner, sizeof(s->owner), "%s:%s:%s", host, pid,
	    s->id);
	db_rows_free(rows);
	s->beat_ms = clock_ms();
	return true;
}

bool
sweep_finish(struct sweep *s)
{
	char		json[512];
	struct db_param	params[3];
	struct errbuf	err;

	counts_json(&s->counts, json, sizeof(json));
	params[0] = db_text(s->id);
	params[1] = db_text(json);
	params[2] = db_text(s->error.text[0] != '\0' ? s->error.text :
	    NULL);
	return db_run(s->db, DB_FINISH_SWEEP, params, DB_LAST_TIMEOUT_MS, NULL,
	    &err) == DB_OK;
}

void
sweep_beat(struct sweep *s)
{
	char		json[512], lease[DB_NUMBER_MAX];
	struct db_param	params[4];
	struct errbuf	err;
	int64_t		now = clock_ms();

	if (s->broken || now - s->beat_ms < BEAT_EVERY_MS)
		return;
	counts_json(&s->counts, json, sizeof(json));
	params[0] = db_text(s->id);
	params[1] = db_text(json);
	params[2] = db_text(s->owner);
	params[3] = db_interval(SWEEP_LEASE_S, lease);
	if (sweep_run(s, DB_BEAT_SWEEP, params, NULL, &err) == DB_OK)
		s->beat_ms = now;
}

bool
sweep_lease_is_safe(const struct sweep *s)
{
	return clock_ms() - s->beat_ms < (int64_t)SWEEP_LEASE_S * 1000 * 3 / 4;
}

void
sweep_drain(struct sweep *s)
{
	struct drain_counts	 counts = { 0 };
	struct spool		*spool;
	struct drain		*drain = NULL;
	struct errbuf		 err = { .text = "" };
	enum db_verdict		 v;

	spool = spool_open(s->conf->spool_dir, s->conf->spool_max_bytes, &err);
	if (spool != NULL && (drain = drain_new(spool)) == NULL)
		errbuf_set(&err, "spool: out of memory");
	if (drain == NULL) {
		sweep_warn(s, "the spool is not drained: %s", err.text);
		spool_close(spool);
		return;
	}
	v = drain_run(drain, s->db, s->conf, sweep_moment(s, 30), &counts,
	    &err);
	s->counts.drained += counts.drained;
	s->counts.refused += counts.refused;
	if (counts.refused > 0)
		sweep_warn(s, "%ld spool files were set aside: %s",
		    counts.refused, err.text);
	else if (counts.passed > 0)
		sweep_warn(s, "%ld spool files wait: %s", counts.passed,
		    err.text);
	else if (counts.blind)
		sweep_warn(s, "the spool is not drained: %s", err.text);
	if (v == DB_AWAY || v == DB_BROKEN)
		sweep_break(s, err.text);
	drain_free(drain);
	spool_close(spool);
}

void
sweep_replay(struct sweep *s)
{
	struct replay_counts	counts;
	struct errbuf		err = { .text = "" };

	if (!sweep_goes_on(s, sweep_moment(s, 40)))
		return;
	if (replay_run(s->db, s->conf, s->owner, sweep_moment(s, 40),
	    &counts, &err) != DB_OK)
		sweep_break(s, err.text);
	s->counts.replayed += counts.replayed;
	if (counts.refused > 0)
		sweep_warn(s, "%ld replays were refused by the database: see "
		    "genhook.replays", counts.refused);
}

void
sweep_retain(struct sweep *s)
{
	char		 days[DB_NUMBER_MAX];
	struct db_param	 params[1];
	struct archive	*archive;
	struct errbuf	 err;

	if (stopping || s->broken)
		return;
	params[0] = db_int(s->conf->retain_deliveries_days, days);
	if (sweep_run(s, DB_RETAIN_DELIVERIES, params, NULL, &err) ==
	    DB_REFUSED)
		sweep_warn(s, "old deliveries are not dropped: %s", err.text);
	(void)sweep_run(s, DB_COUNT_TRAFFIC, NULL, NULL, &err);
	if ((archive = archive_open(s->conf, s->owner, &err)) != NULL)
		(void)archive_clean(archive, time(NULL) - ARCHIVE_STALE_S);
	archive_close(archive);
}
