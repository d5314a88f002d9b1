/* Send a request, by the same outbox that applications insert into. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/db.h"
#include "lib/log.h"
#include "batch/sweep.h"
#include "cli/cli.h"
#include "cli/param.h"

#define LOOK_EVERY_MS	1000

static const char	insert_sql[] =
    "insert into genhook.requests (provider, model, account, request,"
    " metadata, path, callback, test_mode) values ($1, $2, $3, $4::jsonb,"
    " $5::jsonb, $6, $7::boolean, $8::boolean) returning id";

static const char	request_sql[] =
    "select status, task_id, error, greatest(0, ceil(extract(epoch from"
    " next_attempt_at - now())))::integer from genhook.requests"
    " where id = $1::bigint";

static const char	task_sql[] =
    "select t.status, concat_ws(': ', t.error_code, t.error_message),"
    " o.whole, o.open, o.bad from genhook.tasks t cross join lateral"
    " (select count(*) as whole,"
    " count(*) filter (where status = 'pending') as open,"
    " count(*) filter (where status in ('expired', 'failed')) as bad"
    " from genhook.outputs o where o.provider = t.provider"
    " and o.task_id = t.task_id) as o"
    " where t.provider = $1 and t.task_id = $2";

static const char	outputs_sql[] =
    "select coalesce(location, inline_text, status || ': ' || last_error)"
    " from genhook.outputs where provider = $1 and task_id = $2"
    " order by position";

struct submit_args {
	const char	*provider, *model, *account, *metadata, *path;
	const char	**params;
	int		 nparams;
	bool		 wait, queued, test_mode, no_callback;
};

struct submit {
	const struct conf	*conf;
	const struct submit_args	*args;
	struct db		*db;
	char			 id[24];	/* of the request */
	char			 said[320];	/* the last line of progress */
};

/* --param may stand there often: take it out of the arguments. */
static void
params_take(struct submit_args *w, int *argc, char **argv)
{
	int	i, n = 0;

	for (i = 0; i < *argc; i++)
		if (i > 0 && strcmp(argv[i], "--param") == 0 && i + 1 < *argc)
			w->params[w->nparams++] = argv[++i];
		else
			argv[n++] = argv[i];
	*argc = n;
}

static bool
known(const struct conf *conf, const struct submit_args *w)
{
	const struct provider	*p = provider_find(w->provider);

	if (p == NULL)
		(void)cli_wrong("there is no provider \"%s\"", w->provider);
	else if (conf_account(conf, p, w->account) == NULL)
		(void)cli_wrong("%s: there is no section \"%s %s\"",
		    conf->path, w->provider, w->account);
	else
		return true;
	return false;
}

static bool
queue(struct submit *s)
{
	const struct submit_args	*w = s->args;
	struct db_param		 params[8];
	struct db_rows		*rows = NULL;
	char			*request;
	bool			 ok;

	request = w->nparams > 0 ? param_object(w->params, w->nparams) :
	    param_stdin();
	if (request == NULL)
		return false;
	params[0] = db_text(w->provider);
	params[1] = db_text(w->model);
	params[2] = db_text(w->account);
	params[3] = db_text(request);
	params[4] = db_text(w->metadata);
	params[5] = db_text(w->path);
	params[6] = db_text(w->no_callback ? "false" : "true");
	params[7] = db_text(w->test_mode ? "true" : "false");
	ok = cli_query(s->db, insert_sql, params, 8, &rows);
	if (ok)
		(void)snprintf(s->id, sizeof(s->id), "%s",
		    db_value(rows, 0, 0));
	db_rows_free(rows);
	free(request);
	return ok;
}

/*
 * Send this request, or with an id of NULL all that are due, as a sweep
 * does.  How many were sent; -1: the database does not do it.
 */
static int64_t
send_due(const struct conf *conf, struct db *db, const char *provider,
    const char *id, bool *attention)
{
	struct sweep	sweep = { .conf = conf, .db = db };
	char		host[65] = "";

	if (gethostname(host, sizeof(host) - 1) == -1)
		(void)snprintf(host, sizeof(host), "?");
	(void)snprintf(sweep.owner, sizeof(sweep.owner), "%s:%ld:genhook-%lld",
	    host, (long)getpid(), (long long)clock_ms());
	sweep.provider = provider;
	sweep.request_id = id;
	sweep.started_ms = clock_ms();
	sweep_submits(&sweep);
	*attention = sweep.attention;
	return sweep.broken ? -1 : sweep.counts.submitted;
}

static void
say(struct submit *s, const char *words)
{
	char	line[LOG_LINE_MAX];

	if (strcmp(words, s->said) == 0)
		return;
	(void)snprintf(s->said, sizeof(s->said), "%s", words);
	log_escape(line, sizeof(line), s->said);
	fprintf(stderr, "%s\n", line);
}

static void
rest(struct submit *s, bool listening)
{
	const struct timespec	 a_second = { 1, 0 };
	struct errbuf		 unused;
	char			*message = NULL;

	if (!listening || db_notified(s->db, LOOK_EVERY_MS, &message,
	    &unused) != DB_OK)
		(void)nanosleep(&a_second, NULL);
	free(message);
}

/*
 * Send it, again and again where that is wished and has a point, until it is
 * settled.  The task's id, which the caller frees; NULL: there is none, which
 * has been said.
 */
static char *
settle(struct submit *s)
{
	struct db_param	 id = { s->id, DB_TEXT };
	struct db_rows	*rows;
	struct errbuf	 words;
	const char	*status, *error;
	bool		 unused;
	char		*task_id;

	for (;;) {
		if (send_due(s->conf, s->db, s->args->provider, s->id,
		    &unused) == -1)
			return NULL;
		rows = NULL;
		if (!cli_query(s->db, request_sql, &id, 1, &rows))
			return NULL;
		if (db_rows_count(rows) == 0) {
			(void)cli_wrong("request %s was deleted", s->id);
			db_rows_free(rows);
			return NULL;
		}
		status = db_value(rows, 0, 0);
		error = db_value(rows, 0, 2);
		if (strcmp(status, "submitted") == 0) {
			task_id = strdup(db_value(rows, 0, 1));
			db_rows_free(rows);
			return task_id;
		}
		errbuf_set(&words, "request %s is %s: %s", s->id, status,
		    error != NULL ? error : "its answer is awaited");
		if (strcmp(status, "sending") != 0 &&
		    (!s->args->wait || strcmp(status, "queued") != 0))
			break;
		say(s, words.text);
		db_rows_free(rows);
		rest(s, false);
	}
	(void)cli_wrong("%s", words.text);
	if (strcmp(status, "queued") == 0)
		(void)cli_wrong("the sweep will send it; do not submit it "
		    "again (select * from genhook.cancel_requests(%s) "
		    "withdraws it)", s->id);
	db_rows_free(rows);
	return NULL;
}

static void
outputs_print(struct db *db, const struct db_param *key)
{
	struct db_rows	*rows = NULL;
	int		 i;

	if (!cli_query(db, outputs_sql, key, 2, &rows))
		return;
	for (i = 0; i < db_rows_count(rows); i++)
		puts(db_value(rows, i, 0));
	db_rows_free(rows);
}

/* One look at the task: true when it and its outputs are done. */
static bool
look(struct submit *s, const struct db_param *key, int *status)
{
	struct db_rows	*rows = NULL;
	struct errbuf	 words;
	const char	*state;
	bool		 done;

	*status = CLI_WRONG;
	if (!cli_query(s->db, task_sql, key, 2, &rows))
		return true;
	if (db_rows_count(rows) == 0) {
		(void)cli_wrong("the task was deleted");
		db_rows_free(rows);
		return true;
	}
	state = db_value(rows, 0, 0);
	done = strcmp(state, "pending") != 0 &&
	    strcmp(db_value(rows, 0, 3), "0") == 0;
	if (strcmp(state, "succeeded") != 0)
		errbuf_set(&words, "%s%s%s", state,
		    *db_value(rows, 0, 1) != '\0' ? ": " : "",
		    db_value(rows, 0, 1));
	else
		errbuf_set(&words, "succeeded; outputs: %s, to be downloaded: "
		    "%s", db_value(rows, 0, 2), db_value(rows, 0, 3));
	say(s, words.text);
	if (done && strcmp(state, "succeeded") == 0 &&
	    strcmp(db_value(rows, 0, 4), "0") == 0)
		*status = CLI_OK;
	db_rows_free(rows);
	return done;
}

static int
wait_task(struct submit *s, const char *task_id)
{
	struct db_param	 key[2] = {
		db_text(s->args->provider), db_text(task_id)
	};
	struct errbuf	 unused;
	bool		 listening;
	int		 status;

	/* A message only ends a nap early, so it goes without them too. */
	listening = !s->conf->pooler && db_listen(s->db,
	    "genhook_task_finished", CLI_TIMEOUT_MS, &unused) == DB_OK;
	while (!look(s, key, &status))
		rest(s, listening);
	outputs_print(s->db, key);
	return status;
}

static int
submit_one(const struct conf *conf, const struct submit_args *w)
{
	struct submit	 s = { .conf = conf, .args = w };
	char		*task_id = NULL;
	int		 status = CLI_WRONG;

	if (!known(conf, w) || (s.db = cli_database(conf)) == NULL)
		return CLI_WRONG;
	if (queue(&s))
		task_id = settle(&s);
	if (task_id != NULL) {
		puts(task_id);
		(void)fflush(stdout);
		status = w->wait ? wait_task(&s, task_id) : CLI_OK;
	}
	free(task_id);
	db_free(s.db);
	return status;
}

static int
submit_queued(const struct conf *conf)
{
	struct db	*db = cli_database(conf);
	bool		 attention = false;
	int64_t		 sent;

	if (db == NULL)
		return CLI_WRONG;
	sent = send_due(conf, db, NULL, NULL, &attention);
	db_free(db);
	if (sent == -1)
		return CLI_WRONG;
	printf("submitted %lld\n", (long long)sent);
	return attention ? CLI_WRONG : CLI_OK;
}

int
cli_submit(const struct conf *conf, int argc, char **argv)
{
	struct submit_args		 w = { .account = "default" };
	const struct cli_option	 options[] = {
		{ "--account", NULL, &w.account },
		{ "--metadata", NULL, &w.metadata },
		{ "--path", NULL, &w.path },
		{ "--wait", &w.wait, NULL },
		{ "--test-mode", &w.test_mode, NULL },
		{ "--no-callback", &w.no_callback, NULL },
		{ "--queued", &w.queued, NULL },
		{ NULL, NULL, NULL }
	};
	const char		*names[2];
	int			 n, status;

	/* What becomes of the request is said here, and once. */
	log_open("genhook", LOG_WARN);
	if ((w.params = calloc((size_t)argc, sizeof(*w.params))) == NULL)
		return cli_wrong("out of memory");
	params_take(&w, &argc, argv);
	n = cli_arguments(argc, argv, options, names, 2);
	if (n == 2 && !w.queued) {
		w.provider = names[0];
		w.model = names[1];
		status = submit_one(conf, &w);
	} else if (n == 0 && w.queued)
		status = submit_queued(conf);
	else
		status = n == -1 ? CLI_USAGE : cli_usage(argv[0]);
	free(w.params);
	return status;
}
