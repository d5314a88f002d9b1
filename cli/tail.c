/* genhook tail: a line for each task as it finishes. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/statements.h"

#define WAIT_MS		5000
#define AGAIN_S		2	/* between two attempts to connect */

struct tail {
	struct db	*db;
	bool		 json;
	char		 since[64];	/* by the server's clock; "": never */
	bool		 listening;
};

/* Ctrl-C is how it ends, and nothing of it needs care. */
static void
tail_signal(int number)
{
	(void)number;
	_exit(CLI_OK);
}

static bool
tail_task(struct tail *t, const char *message, struct errbuf *err)
{
	struct db_param	 param = db_text(message);
	struct db_rows	*rows = NULL;
	char		 line[CLI_TEXT_MAX];
	const char	*text;

	if (db_run_once(t->db, t->json ? DB_TAIL_JSON : DB_TAIL_LINE, &param,
	    CLI_TIMEOUT_MS, &rows, err) != DB_OK)
		return false;
	text = db_rows_count(rows) > 0 ? db_value(rows, 0, 0) : message;
	if (t->json)
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
tail_missed(struct tail *t, struct errbuf *err)
{
	struct db_param	 param = db_text(t->since);
	struct db_rows	*rows = NULL;
	bool		 ok;
	int		 i;

	if (t->since[0] == '\0')
		return true;
	ok = db_run_once(t->db, DB_TAIL_MISSED, &param, CLI_TIMEOUT_MS, &rows,
	    err) == DB_OK;
	for (i = 0; ok && i < db_rows_count(rows); i++)
		ok = tail_task(t, db_value(rows, i, 0), err);
	db_rows_free(rows);
	return ok;
}

/* Until then nothing was missed. */
static bool
tail_note_time(struct tail *t, struct errbuf *err)
{
	struct db_rows	*rows = NULL;

	if (db_run_once(t->db, DB_NOW, NULL, CLI_TIMEOUT_MS, &rows, err) !=
	    DB_OK)
		return false;
	(void)snprintf(t->since, sizeof(t->since), "%s", db_value(rows, 0, 0));
	db_rows_free(rows);
	return true;
}

/* Listen, say what was missed, and print what comes: until it breaks. */
static enum db_verdict
tail_listen(struct tail *t, struct errbuf *err)
{
	enum db_verdict	 v;
	char		*message;

	v = db_listen(t->db, CHANNEL_FINISHED, CLI_TIMEOUT_MS, err);
	if (v != DB_OK)
		return v;
	t->listening = true;
	if (!tail_missed(t, err) || !tail_note_time(t, err))
		return DB_AWAY;
	while ((v = db_notified(t->db, WAIT_MS, &message, err)) == DB_OK) {
		/* A server that is gone says so when it is asked. */
		if (message == NULL ? !tail_note_time(t, err) :
		    !tail_task(t, message, err))
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
	struct tail		 t = { .json = false };
	struct cli_option	 options[] = {
		{ "--json", &t.json, NULL }, { NULL, NULL, NULL }
	};
	struct errbuf		 err;

	if (cli_arguments(argc, argv, options, NULL, 0) == -1)
		return CLI_USAGE;
	if (conf->pooler)
		return cli_wrong("database.pooler is yes, and LISTEN does not "
		    "pass through a pooler: use settings (--config FILE) that "
		    "reach PostgreSQL itself");
	(void)signal(SIGINT, tail_signal);
	(void)signal(SIGTERM, tail_signal);
	if ((t.db = cli_database(conf)) == NULL)
		return CLI_WRONG;
	while (tail_listen(&t, &err) == DB_AWAY) {
		if (t.listening)
			(void)cli_wrong("%s; trying again", err.text);
		t.listening = false;
		(void)sleep(AGAIN_S);
	}
	db_free(t.db);
	return cli_wrong("%s", err.text);
}
