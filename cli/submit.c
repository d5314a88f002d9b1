/* genhook submit: send a request by way of genhook.requests, as an application
 * would, but without waiting for the next sweep. */
#include <sys/stat.h>

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/db.h"
#include "lib/log.h"
#include "lib/xalloc.h"
#include "archive/file_url.h"
#include "batch/submits.h"
#include "cli/cli.h"
#include "cli/param.h"
#include "cli/process.h"
#include "cli/statements.h"

#define LOOK_EVERY_MS	1000
#define SWEEP_EVERY_MS	10000	/* where a download has to be tried again */

struct submit_args {
	const char	*provider, *model, *account, *metadata, *path;
	const char	**params;
	int		 nparams;
	bool		 wait, queued, test_mode, no_callback;
};

/* The request of this command. */
struct request {
	const struct conf		*conf;
	const struct submit_args	*args;
	struct db			*db;
	char				 id[24];
	char				 said[320];	/* the last line of
							   progress */
	bool				 open;		/* outputs are to be
							   downloaded */
	int64_t				 sweep_at_ms;	/* when to do that, by
							   clock_ms() */
};

/* --param may stand there often: take it out of the arguments. */
static void
request_take_params(struct submit_args *w, int *argc, char **argv)
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
request_is_known(const struct conf *conf, const struct submit_args *w)
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
request_insert(struct request *r)
{
	const struct submit_args	*w = r->args;
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
	ok = cli_query(r->db, DB_INSERT_REQUEST, params, &rows);
	if (ok)
		(void)snprintf(r->id, sizeof(r->id), "%s",
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
request_send(const struct conf *conf, struct db *db, const char *provider,
    const char *id, bool *attention)
{
	struct run	run = { .conf = conf, .db = db };
	char		name[40];
	int64_t		sent = 0;

	(void)snprintf(name, sizeof(name), "genhook-%lld",
	    (long long)clock_ms());
	run_set_owner(&run, name);
	submits_run(&(struct submit_run){
	    .run = &run, .provider = provider, .request_id = id,
	    .until_ms = clock_ms() + run_share_ms(conf, SUBMITS_END),
	    .submitted = &sent });
	*attention = run.attention;
	return run.broken ? -1 : sent;
}

static void
request_say(struct request *r, const char *words)
{
	char	line[LOG_LINE_MAX];

	if (strcmp(words, r->said) == 0)
		return;
	(void)snprintf(r->said, sizeof(r->said), "%s", words);
	log_escape(line, sizeof(line), r->said);
	fprintf(stderr, "%s\n", line);
}

static void
request_rest(struct request *r, bool listening)
{
	const struct timespec	 a_second = { 1, 0 };
	struct errbuf		 unused;
	char			*message = NULL;

	if (!listening || db_notified(r->db, LOOK_EVERY_MS, &message,
	    &unused) != DB_OK)
		(void)nanosleep(&a_second, NULL);
	free(message);
}

/* Is there still something to wait for?  Says in either case how it stands. */
static bool
request_is_open(struct request *r, const char *status, const char *error)
{
	bool		queued = strcmp(status, "queued") == 0;
	struct errbuf	words;

	errbuf_set(&words, "request %s is %s: %s", r->id, status,
	    error != NULL ? error : "its answer is awaited");
	if (strcmp(status, "sending") == 0 || (queued && r->args->wait)) {
		request_say(r, words.text);
		return true;
	}
	(void)cli_wrong("%s", words.text);
	if (queued)
		(void)cli_wrong("the sweep will send it; do not submit it "
		    "again (genhook request cancel %s withdraws it)", r->id);
	return false;
}

/*
 * Look up how the request stands.  True: it is open.  False: it has a task,
 * whose id the caller frees, or none, with task_id NULL, which has been said.
 */
static bool
request_look_up(struct request *r, char **task_id)
{
	struct db_param	 id = { r->id, DB_TEXT };
	struct db_rows	*rows = NULL;
	const char	*status;
	bool		 open = false;

	*task_id = NULL;
	if (!cli_query(r->db, DB_REQUEST_STATE, &id, &rows))
		return false;
	status = db_rows_count(rows) > 0 ? db_value(rows, 0, 0) : NULL;
	if (status == NULL)
		(void)cli_wrong("request %s was deleted", r->id);
	else if (strcmp(status, "submitted") == 0)
		*task_id = strdup(db_value(rows, 0, 1));
	else
		open = request_is_open(r, status, db_value(rows, 0, 2));
	db_rows_free(rows);
	return open;
}

/*
 * Send the request, again and again where that is wished and has a point,
 * until it is settled.  The task's id, which the caller frees; NULL: there is
 * none, which has been said.
 */
static char *
request_settle(struct request *r)
{
	char	*task_id;
	bool	 unused;

	for (;;) {
		if (request_send(r->conf, r->db, r->args->provider, r->id,
		    &unused) == -1)
			return NULL;
		if (!request_look_up(r, &task_id))
			return task_id;
		request_rest(r, false);
	}
}

static void
request_print_outputs(struct db *db, const struct db_param *key)
{
	struct db_rows	*rows = NULL;
	int		 i;

	if (!cli_query(db, DB_TASK_OUTPUTS, key, &rows))
		return;
	for (i = 0; i < db_rows_count(rows); i++)
		puts(db_value(rows, i, 0));
	db_rows_free(rows);
}

/* One look at the task: true when it and its outputs are done. */
static bool
request_task_done(struct request *r, const struct db_param *key, int *status)
{
	struct db_rows	*rows = NULL;
	struct errbuf	 words;
	const char	*state;
	bool		 done;

	*status = CLI_WRONG;
	if (!cli_query(r->db, DB_TASK_STATE, key, &rows))
		return true;
	if (db_rows_count(rows) == 0) {
		(void)cli_wrong("the task was deleted");
		db_rows_free(rows);
		return true;
	}
	state = db_value(rows, 0, 0);
	r->open = strcmp(db_value(rows, 0, 3), "0") != 0;
	done = strcmp(state, "pending") != 0 && !r->open;
	if (strcmp(state, "succeeded") != 0)
		errbuf_set(&words, "%s%s%s", state,
		    *db_value(rows, 0, 1) != '\0' ? ": " : "",
		    db_value(rows, 0, 1));
	else
		errbuf_set(&words, "succeeded; outputs: %s, to be downloaded: "
		    "%s", db_value(rows, 0, 2), db_value(rows, 0, 3));
	request_say(r, words.text);
	if (done && strcmp(state, "succeeded") == 0 &&
	    strcmp(db_value(rows, 0, 4), "0") == 0)
		*status = CLI_OK;
	db_rows_free(rows);
	return done;
}

/* The folder that downloads are written to; the caller frees, NULL: none. */
static char *
request_archive(const struct conf *conf)
{
	return strncmp(conf->archive_url, "file://", 7) == 0 ?
	    file_url_path(conf->archive_url) : xstrdup(conf->s3_staging_dir);
}

/* The arguments of one run of the sweep. */
struct request_sweep {
	char		 path[PATH_MAX];
	const char	*conf, *provider, *task_id;
};

static int
request_sweep_run(void *arg)
{
	const struct request_sweep	*s = arg;
	const char			*argv[] = { s->path, "--config",
	    s->conf, "--provider", s->provider, "--task", s->task_id, NULL };

	return process_run(argv, true);
}

/*
 * Download this task's outputs now, as the user whose the archive is: files of
 * another one would be in everybody's way.  False: that cannot be done here, and
 * the next sweep does it.
 */
static bool
request_sweep(const struct request *r, const char *task_id)
{
	struct request_sweep	 s = { .provider = r->args->provider,
	    .task_id = task_id };
	char			*dir = request_archive(r->conf);
	char			*conf = realpath(r->conf->path, NULL);
	struct passwd		*owner;
	struct stat		 st;
	int			 status = -1;

	s.conf = conf;
	if (dir != NULL && conf != NULL && stat(dir, &st) == 0 &&
	    process_beside("-sweep", s.path)) {
		if (st.st_uid == geteuid())
			status = request_sweep_run(&s);
		else if (geteuid() == 0 && (owner = getpwuid(st.st_uid)) != NULL)
			status = process_run_as(owner->pw_name,
			    request_sweep_run, &s);
	}
	free(conf);
	free(dir);
	return status == CLI_OK || status == CLI_WRONG;
}

static void
request_download(struct request *r, const char *task_id)
{
	if (request_sweep(r, task_id)) {
		r->sweep_at_ms = clock_ms() + SWEEP_EVERY_MS;
		return;
	}
	r->sweep_at_ms = INT64_MAX;
	request_say(r, "the next sweep downloads them, as its user");
}

static int
request_wait_for_task(struct request *r, const char *task_id)
{
	struct db_param	 key[2] = {
		db_text(r->args->provider), db_text(task_id)
	};
	struct errbuf	 unused;
	bool		 listening;
	int		 status;

	/* A message only ends a nap early, so it goes without them too. */
	listening = !r->conf->pooler && db_listen(r->db,
	    CHANNEL_FINISHED, CLI_TIMEOUT_MS, &unused) == DB_OK;
	while (!request_task_done(r, key, &status))
		if (!r->open || clock_ms() < r->sweep_at_ms)
			request_rest(r, listening);
		else
			request_download(r, task_id);
	request_print_outputs(r->db, key);
	return status;
}

static int
request_submit(const struct conf *conf, const struct submit_args *w)
{
	struct request	 r = { .conf = conf, .args = w };
	char		*task_id = NULL;
	int		 status = CLI_WRONG;

	if (!request_is_known(conf, w) || (r.db = cli_database(conf)) == NULL)
		return CLI_WRONG;
	if (request_insert(&r))
		task_id = request_settle(&r);
	if (task_id != NULL) {
		puts(task_id);
		(void)fflush(stdout);
		status = w->wait ? request_wait_for_task(&r, task_id) : CLI_OK;
	}
	free(task_id);
	db_free(r.db);
	return status;
}

static int
request_submit_queued(const struct conf *conf)
{
	struct db	*db = cli_database(conf);
	bool		 attention = false;
	int64_t		 sent;

	if (db == NULL)
		return CLI_WRONG;
	sent = request_send(conf, db, NULL, NULL, &attention);
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
	request_take_params(&w, &argc, argv);
	n = cli_arguments(argc, argv, options, names, 2);
	if (n == 2 && !w.queued) {
		w.provider = names[0];
		w.model = names[1];
		status = request_submit(conf, &w);
	} else if (n == 0 && w.queued)
		status = request_submit_queued(conf);
	else
		status = n == -1 ? CLI_USAGE : cli_usage(argv[0]);
	free(w.params);
	return status;
}
