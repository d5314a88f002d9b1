/* A line for each task as it finishes. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

#define CHANNEL		"genhook_task_finished"
#define WAIT_MS		5000
#define AGAIN_S		2	/* between two attempts to connect */

/* A task of the message $1, "PROVIDER/TASK". */
#define BY_MESSAGE	"where t.provider = split_part($1, '/', 1)"	\
			" and t.task_id = substr($1, strpos($1, '/') + 1)"

static const char	text_sql[] =
    "select to_char(now(), 'YYYY-MM-DD HH24:MI:SS') || ' ' || t.provider"
    " || '/' || t.task_id || ' ' || t.status || coalesce(' by ' || t.source,"
    " '') || case when t.status = 'succeeded' then"
    " format(', %s output%s', o.n, case o.n when 1 then '' else 's' end)"
    " else coalesce(': ' || nullif(concat_ws(': ', t.error_code,"
    " t.error_message), ''), '') end"
    " from genhook.tasks t cross join lateral (select count(*) as n"
    " from genhook.outputs o where o.provider = t.provider"
    " and o.task_id = t.task_id) as o " BY_MESSAGE;

static const char	json_sql[] =
    "select to_json(t) from genhook.task_results t " BY_MESSAGE;

/* What finished while nobody listened, since the moment $1. */
static const char	missed_sql[] =
    "select provider || '/' || task_id from ("
    " select provider, task_id from genhook.deliveries"
    " where received_at >= $1::timestamptz and outcome = 'accepted'"
    " union select provider, task_id from genhook.tasks"
    " where finished_at >= $1::timestamptz) as missed";

struct tail {
	struct db	*db;
	const char	*sql;
	char		 since[64];	/* by the server's clock; "": never */
	bool		 listening;
};

/* Ctrl-C is how it ends, and nothing of it needs care. */
static void
on_signal(int number)
{
	(void)number;
	_exit(CLI_OK);
}

static bool
task_print(struct tail *t, const char *message, struct errbuf *err)
{
	struct db_param	 param = { message, DB_TEXT };
	struct db_rows	*rows = NULL;
	char		 line[CLI_TEXT_MAX];
	const char	*text;

	if (db_query(t->db, t->sql, &param, 1, CLI_TIMEOUT_MS, &rows, err) !=
	    DB_OK)
		return false;
	text = db_rows_count(rows) > 0 ? db_value(rows, 0, 0) : message;
	if (t->sql == json_sql)
		puts(text);
	else {
		(void)cli_text(line, sizeof(line), text, CLI_WHOLE);
		puts(line);
	}
	(void)fflush(stdout);
	db_rows_free(rows);
	return true;
}

static bool
missed_print(struct tail *t, struct errbuf *err)
{
	struct db_param	 param = { t->since, DB_TEXT };
	struct db_rows	*rows = NULL;
	bool		 ok;
	int		 i;

	if (t->since[0] == '\0')
		return true;
	ok = db_query(t->db, missed_sql, &param, 1, CLI_TIMEOUT_MS, &rows,
	    err) == DB_OK;
	for (i = 0; ok && i < db_rows_count(rows); i++)
		ok = task_print(t, db_value(rows, i, 0), err);
	db_rows_free(rows);
	return ok;
}

/* Until then nothing was missed. */
static bool
note_time(struct tail *t, struct errbuf *err)
{
	struct db_rows	*rows = NULL;

	if (db_query(t->db, "select now()", NULL, 0, CLI_TIMEOUT_MS, &rows,
	    err) != DB_OK)
		return false;
	(void)snprintf(t->since, sizeof(t->since), "%s", db_value(rows, 0, 0));
	db_rows_free(rows);
	return true;
}

/* Listen, say what was missed, and print what comes: until it breaks. */
static enum db_verdict
listen_once(struct tail *t, struct errbuf *err)
{
	enum db_verdict	 v;
	char		*message;

	if ((v = db_listen(t->db, CHANNEL, CLI_TIMEOUT_MS, err)) != DB_OK)
		return v;
	t->listening = true;
	if (!missed_print(t, err) || !note_time(t, err))
		return DB_AWAY;
	while ((v = db_notified(t->db, WAIT_MS, &message, err)) == DB_OK) {
		/* A server that is gone says so when it is asked. */
		if (message == NULL ? !note_time(t, err) :
		    !task_print(t, message, err))
			v = DB_AWAY;
		free(message);
		if (v != DB_OK)
			break;
	}
	return v;
}

int
cli_tail(const struct conf *conf, int argc, char **argv)
{
	bool			 json = false;
	struct cli_option	 options[] = {
		{ "--json", &json, NULL }, { NULL, NULL, NULL }
	};
	struct tail		 t = { .sql = text_sql };
	struct errbuf		 err;

	if (cli_arguments(argc, argv, options, NULL, 0) == -1)
		return CLI_USAGE;
	if (conf->pooler)
		return cli_wrong("LISTEN does not pass through the pooler: use "
		    "settings that reach PostgreSQL itself");
	if (json)
		t.sql = json_sql;
	(void)signal(SIGINT, on_signal);
	(void)signal(SIGTERM, on_signal);
	if ((t.db = cli_database(conf)) == NULL)
		return CLI_WRONG;
	while (listen_once(&t, &err) == DB_AWAY) {
		if (t.listening)
			(void)cli_wrong("%s; trying again", err.text);
		t.listening = false;
		(void)sleep(AGAIN_S);
	}
	db_free(t.db);
	return cli_wrong("%s", err.text);
}
