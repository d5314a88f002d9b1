/* What a run of batch work has from beginning to end: its end, its statements,
 * and what it has to say. */
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/utf8.h"
#include "batch/progress.h"
#include "batch/run.h"

#define DB_TIMEOUT_MS		8000
#define DB_LAST_TIMEOUT_MS	1000	/* once the run is asked to end */
#define TIDY_UP_MS		1500
#define END_WITHIN_S		2

static atomic_int	run_stop;	/* set by the signal's handler */

/* One statement at a time goes over the run's connection. */
static pthread_mutex_t	run_db_lock = PTHREAD_MUTEX_INITIALIZER;

static void
run_on_stop(int sig)
{
	(void)sig;
	run_stop = 1;
	(void)alarm(END_WITHIN_S);
}

/* The run did not end in time.  Whatever it is stuck in: a killed run loses
 * nothing. */
static void
run_on_alarm(int sig)
{
	(void)sig;
	_exit(1);
}

void
run_catch_signals(void)
{
	struct sigaction	sa = { 0 };

	(void)sigemptyset(&sa.sa_mask);
	sa.sa_handler = run_on_stop;
	(void)sigaction(SIGTERM, &sa, NULL);
	(void)sigaction(SIGINT, &sa, NULL);
	sa.sa_handler = run_on_alarm;
	(void)sigaction(SIGALRM, &sa, NULL);
	sa.sa_handler = SIG_IGN;
	(void)sigaction(SIGPIPE, &sa, NULL);
	/* A limit on file sizes is then an error of write(2). */
	(void)sigaction(SIGXFSZ, &sa, NULL);
}

bool
run_stopping(void)
{
	return run_stop != 0;
}

bool
run_goes_on(const struct run *r, int64_t until_ms)
{
	return !run_stopping() && !r->broken && clock_ms() < until_ms;
}

int64_t
run_share_ms(const struct conf *conf, int percent)
{
	int64_t	whole_ms = conf->max_seconds * 1000;

	if (whole_ms > 4 * TIDY_UP_MS)
		whole_ms -= TIDY_UP_MS;
	return whole_ms * percent / 100;
}

void
run_host(char host[RUN_HOST_MAX])
{
	host[RUN_HOST_MAX - 1] = '\0';
	if (gethostname(host, RUN_HOST_MAX - 1) == -1)
		(void)snprintf(host, RUN_HOST_MAX, "?");
}

void
run_set_owner(struct run *r, const char *id)
{
	char	host[RUN_HOST_MAX];

	run_host(host);
	(void)snprintf(r->owner, sizeof(r->owner), "%s:%ld:%s", host,
	    (long)getpid(), id);
}

void
run_beat(struct run *r)
{
	if (r->beat != NULL && !r->broken)
		r->beat(r->beat_arg);
}

enum db_verdict
run_query_any_thread(const struct run *r, const struct db_stmt *stmt,
    const struct db_param *params, struct db_rows **rows, struct errbuf *err)
{
	enum db_verdict	v;

	(void)pthread_mutex_lock(&run_db_lock);
	v = db_run(r->db, stmt, params, run_stopping() ? DB_LAST_TIMEOUT_MS :
	    DB_TIMEOUT_MS, rows, err);
	(void)pthread_mutex_unlock(&run_db_lock);
	return v;
}

enum db_verdict
run_query(struct run *r, const struct db_stmt *stmt,
    const struct db_param *params, struct db_rows **rows, struct errbuf *err)
{
	enum db_verdict	v;

	v = run_query_any_thread(r, stmt, params, rows, err);
	if (v == DB_AWAY || v == DB_BROKEN)
		run_break(r, err->text);
	return v;
}

static void
run_say(struct run *r, const char *words)
{
	r->attention = true;
	progress_wipe(r->progress);
	log_line(LOG_WARN, "%s", words);
}

void
run_warn(struct run *r, const char *fmt, ...)
{
	struct errbuf	words;
	va_list		ap;

	va_start(ap, fmt);
	(void)vsnprintf(words.text, sizeof(words.text), fmt, ap);
	va_end(ap);
	run_say(r, words.text);
}

void
run_hindered(struct run *r, const char *fmt, ...)
{
	struct errbuf	words, before = r->error;
	va_list		ap;

	va_start(ap, fmt);
	(void)vsnprintf(words.text, sizeof(words.text), fmt, ap);
	va_end(ap);
	run_say(r, words.text);
	utf8_clean(words.text);
	if (!r->broken && before.text[0] == '\0')
		errbuf_set(&r->error, "%s", words.text);
	else if (!r->broken && strstr(before.text, words.text) == NULL)
		errbuf_set(&r->error, "%s; %s", before.text, words.text);
}

void
run_break(struct run *r, const char *words)
{
	struct errbuf	hindered;

	if (r->broken)
		return;
	r->broken = true;
	hindered = r->error;
	errbuf_set(&r->error, "%s%s%s", words,
	    hindered.text[0] != '\0' ? "; " : "", hindered.text);
	utf8_clean(r->error.text);
	progress_wipe(r->progress);
	log_line(LOG_ERROR, "%s", words);
}
