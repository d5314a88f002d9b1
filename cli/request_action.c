/* genhook request, genhook resume: what an operator may do with requests of the
 * outbox, by the functions of sql/. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/statements.h"

/* What may be done to one request.  All take its id, and one a task's too. */
static const struct request_action {
	const char		*name;
	const struct db_stmt	*stmt;
	int			 words;		/* behind its name */
	const char		*needs;		/* why nothing was done */
} request_actions[] = {
	{ "cancel", DB_CANCEL_REQUEST, 1, "it is not queued any more, or there "
	    "is no such request" },
	{ "requeue", DB_REQUEUE_REQUEST, 1, "it is submitted or being sent, or "
	    "there is no such request" },
	{ "settle", DB_SETTLE_REQUEST, 2, "it is neither unknown nor refused, "
	    "or there is no such request" },
	{ NULL, NULL, 0, NULL }
};

static const struct request_action *
request_action_find(const char *name)
{
	const struct request_action	*a = request_actions;

	while (a->name != NULL && strcmp(a->name, name) != 0)
		a++;
	return a->name != NULL ? a : NULL;
}

/* Run the statement, and show the rows that it changed; how many, or -1. */
static int
request_action_run(const struct conf *conf, const struct db_stmt *stmt,
    const struct db_param *params)
{
	struct db	*db = cli_database(conf);
	struct db_rows	*rows = NULL;
	int		 n = -1;

	if (db != NULL && cli_query(db, stmt, params, &rows)) {
		n = db_rows_count(rows);
		if (n > 0)
			cli_table(rows);
	}
	db_rows_free(rows);
	db_free(db);
	return n;
}

int
cli_request(const struct conf *conf, int argc, char **argv)
{
	const struct cli_option		 none = { NULL, NULL, NULL };
	const struct request_action	*a;
	const char			*words[3] = { NULL, NULL, NULL };
	struct db_param			 params[2];
	int				 n;

	if ((n = cli_arguments(argc, argv, &none, words, 3)) == -1)
		return CLI_USAGE;
	if (n < 2 || (a = request_action_find(words[0])) == NULL ||
	    n != a->words + 1 ||
	    words[1][strspn(words[1], "0123456789")] != '\0')
		return cli_usage(argv[0]);
	params[0] = db_text(words[1]);
	params[1] = db_text(words[2]);
	n = request_action_run(conf, a->stmt, params);
	if (n == 0)
		return cli_wrong("request %s: %s", words[1], a->needs);
	return n > 0 ? CLI_OK : CLI_WRONG;
}

int
cli_resume(const struct conf *conf, int argc, char **argv)
{
	bool			 unknown = false;
	const struct cli_option	 options[] = {
		{ "--unknown", &unknown, NULL }, { NULL, NULL, NULL }
	};
	struct db_param		 param;
	int			 n;

	if (cli_arguments(argc, argv, options, NULL, 0) == -1)
		return CLI_USAGE;
	param = db_text(unknown ? "true" : "false");
	if ((n = request_action_run(conf, DB_RESUME_SENDING, &param)) == -1)
		return CLI_WRONG;
	printf("this database sends its requests; %d %s\n", n, unknown ?
	    "that were queued are of unknown fate" : "had to wait");
	return CLI_OK;
}
