/* genhook-sweep --dry-run: what is due, in the order in which a run would take
 * it. */
#include <stdio.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/db.h"
#include "lib/log.h"
#include "net/http.h"
#include "common/spool.h"
#include "batch/dry_run.h"

/* Columns of DB_DUE_REQUESTS, DB_DUE_TASKS, DB_DUE_OUTPUTS and
 * DB_DUE_FORWARDS. */
enum { DUE_PROVIDER, DUE_ID };
enum { DUE_REQUEST_ACCOUNT = 2, DUE_REQUEST_MODEL, DUE_REQUEST_ATTEMPTS,
    DUE_REQUEST_HELD };
enum { DUE_TASK_ACCOUNT = 2, DUE_TASK_WAITING, DUE_TASK_POLLS, DUE_TASK_AGE_S };
enum { DUE_OUTPUT_POSITION = 2, DUE_OUTPUT_KIND, DUE_OUTPUT_TIME_LEFT,
    DUE_OUTPUT_ATTEMPTS, DUE_OUTPUT_URL };
enum { DUE_EVENT_NAME, DUE_EVENT_TYPE, DUE_EVENT_ABOUT, DUE_EVENT_ATTEMPTS,
    DUE_EVENT_HELD };

/* Is this row among those that the command line asks for? */
static bool
dry_run_is_meant(const struct sweep *s, const struct db_rows *rows, int row)
{
	return (s->provider == NULL ||
	    strcmp(s->provider, db_value(rows, row, DUE_PROVIDER)) == 0) &&
	    (s->task_id == NULL ||
	    strcmp(s->task_id, db_value(rows, row, DUE_ID)) == 0);
}

/* Is this task's account one of the settings, and its first wait over? */
static bool
dry_run_is_polled(const struct sweep *s, const struct db_rows *rows, int row)
{
	const struct provider	*p =
	    provider_find(db_value(rows, row, DUE_PROVIDER));
	const struct account	*a = p == NULL ? NULL : conf_account(
				    s->run.conf, p,
				    db_value(rows, row, DUE_TASK_ACCOUNT));
	const char		*age_s = db_value(rows, row, DUE_TASK_AGE_S);

	return a != NULL && dry_run_is_meant(s, rows, row) &&
	    (age_s == NULL || db_number(age_s) >= a->poll_after_s);
}

/* Why the request would not be sent, or NULL. */
static const char *
dry_run_held(const struct sweep *s, const struct db_rows *rows, int row)
{
	const struct provider	*p =
	    provider_find(db_value(rows, row, DUE_PROVIDER));

	if (p == NULL || conf_account(s->run.conf, p,
	    db_value(rows, row, DUE_REQUEST_ACCOUNT)) == NULL)
		return "its account is not in the settings";
	return db_value(rows, row, DUE_REQUEST_HELD);
}

static bool
dry_run_is_sent(const struct sweep *s, const struct db_rows *rows, int row)
{
	return dry_run_is_meant(s, rows, row) &&
	    dry_run_held(s, rows, row) == NULL;
}

static bool
dry_run_is_held(const struct sweep *s, const struct db_rows *rows, int row)
{
	return dry_run_is_meant(s, rows, row) &&
	    dry_run_held(s, rows, row) != NULL;
}

static void
dry_run_print_request(const struct sweep *s, const struct db_rows *rows,
    int row)
{
	const char	*held = dry_run_held(s, rows, row);
	char		 model[600], why[LOG_LINE_MAX];

	log_escape(model, sizeof(model),
	    db_value(rows, row, DUE_REQUEST_MODEL));
	log_escape(why, sizeof(why), held != NULL ? held : "");
	(void)printf("%s request %s (account %s, model %s, attempts %s)%s%s\n",
	    db_value(rows, row, DUE_PROVIDER), db_value(rows, row, DUE_ID),
	    db_value(rows, row, DUE_REQUEST_ACCOUNT), model,
	    db_value(rows, row, DUE_REQUEST_ATTEMPTS),
	    held != NULL ? " waits: " : "", why);
}

static void
dry_run_print_task(const struct sweep *s, const struct db_rows *rows, int row)
{
	char		 task[600];
	const char	*waiting = db_value(rows, row, DUE_TASK_WAITING);

	(void)s;
	log_escape(task, sizeof(task), db_value(rows, row, DUE_ID));
	(void)printf("%s/%s (account %s, pending for %s, polls %s)\n",
	    db_value(rows, row, DUE_PROVIDER), task,
	    db_value(rows, row, DUE_TASK_ACCOUNT),
	    waiting != NULL ? waiting : "?",
	    db_value(rows, row, DUE_TASK_POLLS));
}

/* The host alone: the rest of a link may be a key to it. */
static void
dry_run_print_output(const struct sweep *s, const struct db_rows *rows, int row)
{
	char		 task[600], host[256], shown[600];
	const char	*left = db_value(rows, row, DUE_OUTPUT_TIME_LEFT);
	const char	*url = db_value(rows, row, DUE_OUTPUT_URL);

	(void)s;
	log_escape(task, sizeof(task), db_value(rows, row, DUE_ID));
	http_host(url != NULL ? url : "", host, sizeof(host));
	log_escape(shown, sizeof(shown), host);
	(void)printf("%s/%s/%s (%s from %s, time left %s, attempts %s)\n",
	    db_value(rows, row, DUE_PROVIDER), task,
	    db_value(rows, row, DUE_OUTPUT_POSITION),
	    db_value(rows, row, DUE_OUTPUT_KIND), shown,
	    left != NULL ? left : "unknown",
	    db_value(rows, row, DUE_OUTPUT_ATTEMPTS));
}

/* Why nobody would be told of it, or NULL. */
static const char *
dry_run_untold(const struct sweep *s, const struct db_rows *rows, int row)
{
	if (conf_forward(s->run.conf, db_value(rows, row, DUE_EVENT_NAME)) ==
	    NULL)
		return "these settings have no such forward";
	return db_value(rows, row, DUE_EVENT_HELD);
}

static bool
dry_run_is_told(const struct sweep *s, const struct db_rows *rows, int row)
{
	return dry_run_untold(s, rows, row) == NULL;
}

static bool
dry_run_is_untold(const struct sweep *s, const struct db_rows *rows, int row)
{
	return dry_run_untold(s, rows, row) != NULL;
}

static void
dry_run_print_event(const struct sweep *s, const struct db_rows *rows, int row)
{
	const char	*held = dry_run_untold(s, rows, row);
	char		 about[600];

	log_escape(about, sizeof(about), db_value(rows, row, DUE_EVENT_ABOUT));
	(void)printf("%s: %s of %s (attempts %s)%s%s\n",
	    db_value(rows, row, DUE_EVENT_NAME),
	    db_value(rows, row, DUE_EVENT_TYPE), about,
	    db_value(rows, row, DUE_EVENT_ATTEMPTS),
	    held != NULL ? " waits: " : "", held != NULL ? held : "");
}

static void
dry_run_print_name(const struct step *step)
{
	(void)printf("%-9s ", step->name);
}

static int64_t
dry_run_rows(struct sweep *s, const struct step *step,
    const struct db_stmt *stmt,
    bool (*is_due)(const struct sweep *, const struct db_rows *, int),
    void (*print)(const struct sweep *, const struct db_rows *, int))
{
	struct db_rows	*rows = NULL;
	struct errbuf	 err;
	int64_t		 n = 0;
	int		 i;

	if (run_query(&s->run, stmt, NULL, &rows, &err) != DB_OK) {
		run_break(&s->run, err.text);
		return 0;
	}
	for (i = 0; i < db_rows_count(rows); i++)
		if (is_due(s, rows, i)) {
			dry_run_print_name(step);
			print(s, rows, i);
			n++;
		}
	db_rows_free(rows);
	return n;
}

int64_t
dry_run_drain(struct sweep *s, const struct step *step)
{
	const struct conf	*conf = s->run.conf;
	struct spool		*spool;
	struct errbuf		 err;
	int64_t			 waiting = 0;

	spool = spool_open(conf->spool_dir, conf->spool_max_bytes, &err);
	if (spool != NULL)
		waiting = spool_count(spool);
	spool_close(spool);
	if (waiting <= 0)
		return 0;
	dry_run_print_name(step);
	(void)printf("%lld %s\n", (long long)waiting, step->due);
	return waiting;
}

int64_t
dry_run_submits(struct sweep *s, const struct step *step)
{
	int64_t	n;

	n = dry_run_rows(s, step, DB_DUE_REQUESTS, dry_run_is_sent,
	    dry_run_print_request);
	(void)dry_run_rows(s, step, DB_DUE_REQUESTS, dry_run_is_held,
	    dry_run_print_request);
	return n;
}

int64_t
dry_run_polls(struct sweep *s, const struct step *step)
{
	return dry_run_rows(s, step, DB_DUE_TASKS, dry_run_is_polled,
	    dry_run_print_task);
}

int64_t
dry_run_downloads(struct sweep *s, const struct step *step)
{
	return dry_run_rows(s, step, DB_DUE_OUTPUTS, dry_run_is_meant,
	    dry_run_print_output);
}

/* A run for one task tells nobody. */
int64_t
dry_run_forwards(struct sweep *s, const struct step *step)
{
	int64_t	n;

	if (s->task_id != NULL)
		return 0;
	n = dry_run_rows(s, step, DB_DUE_FORWARDS, dry_run_is_told,
	    dry_run_print_event);
	(void)dry_run_rows(s, step, DB_DUE_FORWARDS, dry_run_is_untold,
	    dry_run_print_event);
	return n;
}

void
dry_run(struct sweep *s)
{
	const struct step	*step;
	char			 mem[256];
	struct buf		 sums;
	int64_t			 n;

	buf_over(&sums, mem, sizeof(mem));
	for (step = steps; step->name != NULL; step++) {
		if (step->print_due == NULL)
			continue;
		n = step->print_due(s, step);
		buf_printf(&sums, "%s%lld %s", sums.len > 0 ? ", " : "",
		    (long long)n, step->due);
	}
	(void)printf("dry run: %s; nothing was changed\n", sums.data);
}
