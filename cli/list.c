/* genhook tasks, outputs, deliveries, requests: the newest rows of each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/statements.h"

#define LIMIT_DEFAULT	"50"
#define LIMIT_MAX	1000000L

/* One list: for the eye, and with every column as one JSON document. */
struct list {
	const struct db_stmt	*table;
	const struct db_stmt	*json;
};

struct list_args {
	const char	*status;	/* those alone; NULL: all */
	const char	*limit;
	bool		 json;
};

/* Is it one of the words that stand between the bars of the list? */
static bool
list_has(const char *bars, const char *word)
{
	size_t	len = strlen(word), n;

	for (; *bars != '\0'; bars += n + (bars[n] != '\0')) {
		n = strcspn(bars, "|");
		if (n == len && strncmp(bars, word, n) == 0)
			return true;
	}
	return false;
}

/* What may stand there is the first row of the command's words. */
static bool
list_arguments(struct list_args *a, int argc, char **argv)
{
	const struct cli_option	 options[] = {
		{ "--json", &a->json, NULL }, { "--limit", NULL, &a->limit },
		{ NULL, NULL, NULL }
	};
	const char		*known = cli_command(argv[0])->words->word;
	char			*end;
	long			 n;

	if (cli_arguments(argc, argv, options, &a->status, 1) == -1)
		return false;
	n = strtol(a->limit, &end, 10);
	if (*end != '\0' || n < 1 || n > LIMIT_MAX)
		(void)cli_wrong("--limit is \"%s\", not a number from 1 to %ld",
		    a->limit, LIMIT_MAX);
	else if (a->status != NULL && !list_has(known, a->status))
		(void)cli_wrong("%s: \"%s\" is not one of %s", argv[0],
		    a->status, known);
	else
		return true;
	(void)cli_usage(argv[0]);
	return false;
}

static int
list_run(const struct conf *conf, const struct list *l, int argc, char **argv)
{
	struct list_args	 a = { .limit = LIMIT_DEFAULT };
	struct db_param		 params[2];
	struct db_rows		*rows = NULL;
	struct db		*db;
	int			 status = CLI_WRONG;

	if (!list_arguments(&a, argc, argv))
		return CLI_USAGE;
	params[0] = db_text(a.status);
	params[1] = db_text(a.limit);
	if ((db = cli_database(conf)) != NULL &&
	    cli_query(db, a.json ? l->json : l->table, params, &rows)) {
		(a.json ? cli_document : cli_table)(rows);
		status = CLI_OK;
	}
	db_rows_free(rows);
	db_free(db);
	return status;
}

int
cli_tasks(const struct conf *conf, int argc, char **argv)
{
	static const struct list	l = {
		DB_LIST_TASKS, DB_LIST_TASKS_JSON
	};

	return list_run(conf, &l, argc, argv);
}

int
cli_outputs(const struct conf *conf, int argc, char **argv)
{
	static const struct list	l = {
		DB_LIST_OUTPUTS, DB_LIST_OUTPUTS_JSON
	};

	return list_run(conf, &l, argc, argv);
}

int
cli_deliveries(const struct conf *conf, int argc, char **argv)
{
	static const struct list	l = {
		DB_LIST_DELIVERIES, DB_LIST_DELIVERIES_JSON
	};

	return list_run(conf, &l, argc, argv);
}

int
cli_requests(const struct conf *conf, int argc, char **argv)
{
	static const struct list	l = {
		DB_LIST_REQUESTS, DB_LIST_REQUESTS_JSON
	};

	return list_run(conf, &l, argc, argv);
}
