/* --dry-run: what is due, in the order in which a run would take it. */
#include <stdio.h>
#include <string.h>

#include "lib/db.h"
#include "lib/log.h"
#include "net/http.h"
#include "common/spool.h"
#include "batch/sweep.h"

/* Is this row among those that the command line asks for? */
static bool
is_meant(const struct sweep *s, const struct db_rows *rows, int row)
{
	return (s->provider == NULL ||
	    strcmp(s->provider, db_value(rows, row, 0)) == 0) &&
	    (s->task_id == NULL ||
	    strcmp(s->task_id, db_value(rows, row, 1)) == 0);
}

/* Is this task's account one of the settings, and its first wait over? */
static bool
is_polled(const struct sweep *s, const struct db_rows *rows, int row)
{
	const struct provider	*p = provider_find(db_value(rows, row, 0));
	const struct account	*a = p == NULL ? NULL :
	    conf_account(s->conf, p, db_value(rows, row, 2));
	const char		*age_s = db_value(rows, row, 5);

	return a != NULL && is_meant(s, rows, row) && (age_s == NULL ||
	    db_number(age_s) >= a->poll_after_s);
}

static void
print_request(const struct db_rows *rows, int row)
{
	char	model[600];

	log_escape(model, sizeof(model), db_value(rows, row, 3));
	(void)printf("submit    %s request %s (account %s, model %s, attempts "
	    "%s)\n", db_value(rows, row, 0), db_value(rows, row, 1),
	    db_value(rows, row, 2), model, db_value(rows, row, 4));
}

static void
print_task(const struct db_rows *rows, int row)
{
	char		 task[600];
	const char	*waiting = db_value(rows, row, 3);

	log_escape(task, sizeof(task), db_value(rows, row, 1));
	(void)printf("poll      %s/%s (account %s, pending for %s, polls %s)\n",
	    db_value(rows, row, 0), task, db_value(rows, row, 2),
	    waiting != NULL ? waiting : "?", db_value(rows, row, 4));
}

/* The host alone: the rest of a link may be a key to it. */
static void
print_output(const struct db_rows *rows, int row)
{
	char		 task[600], host[256], shown[600];
	const char	*left = db_value(rows, row, 4);
	const char	*url = db_value(rows, row, 6);

	log_escape(task, sizeof(task), db_value(rows, row, 1));
	http_host(url != NULL ? url : "", host, sizeof(host));
	log_escape(shown, sizeof(shown), host);
	(void)printf("download  %s/%s/%s (%s from %s, time left %s, "
	    "attempts %s)\n", db_value(rows, row, 0), task,
	    db_value(rows, row, 2), db_value(rows, row, 3), shown,
	    left != NULL ? left : "unknown", db_value(rows, row, 5));
}

static int
print_rows(struct sweep *s, const struct db_stmt *stmt,
    bool (*chosen)(const struct sweep *, const struct db_rows *, int),
    void (*print)(const struct db_rows *, int))
{
	struct db_rows	*rows = NULL;
	struct errbuf	 err;
	int		 i, n = 0;

	if (sweep_run(s, stmt, NULL, &rows, &err) != DB_OK) {
		sweep_break(s, err.text);
		return 0;
	}
	for (i = 0; i < db_rows_count(rows); i++)
		if (chosen(s, rows, i)) {
			print(rows, i);
			n++;
		}
	db_rows_free(rows);
	return n;
}

bool
sweep_print_dry_run(struct sweep *s)
{
	struct spool	*spool;
	struct errbuf	 err;
	long		 waiting = 0;
	int		 submits, polls, downloads;

	spool = spool_open(s->conf->spool_dir, s->conf->spool_max_bytes, &err);
	if (spool != NULL)
		waiting = spool_count(spool);
	spool_close(spool);
	if (waiting > 0)
		(void)printf("drain     %ld spool files\n", waiting);
	submits = print_rows(s, DB_DUE_REQUESTS, is_meant, print_request);
	polls = print_rows(s, DB_DUE_TASKS, is_polled, print_task);
	downloads = print_rows(s, DB_DUE_OUTPUTS, is_meant, print_output);
	(void)printf("dry run: %ld spool files, %d queued requests, %d due "
	    "polls, %d due outputs; nothing was changed\n", waiting < 0 ? 0 :
	    waiting, submits, polls, downloads);
	return !s->broken;
}
