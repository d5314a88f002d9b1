#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "log.h"

#define LIST_TIMEOUT_MS	30000
#define CELL_MAX	60

/* The lists, with the word that may narrow them as $1. */
static const struct list {
	const char	*name;
	const char	*sql;
} lists[] = {
	{ "tasks",
	    "select provider, task_id, status, model, account, source, polls,"
	    " to_char(submitted_at, 'MM-DD HH24:MI:SS') as submitted,"
	    " to_char(finished_at, 'MM-DD HH24:MI:SS') as finished,"
	    " coalesce(error_code || ': ', '') || coalesce(error_message,"
	    " last_poll_error) as error from genhook.tasks"
	    " where $1::text is null or status = $1"
	    " order by coalesce(finished_at, submitted_at) desc limit 50" },
	{ "outputs",
	    "select provider, task_id, position as n, status, kind, bytes,"
	    " to_char(expires_at, 'MM-DD HH24:MI') as expires, attempts,"
	    " coalesce(location, left(inline_text, 60), last_error)"
	    " as \"where\" from genhook.outputs"
	    " where $1::text is null or status = $1"
	    " order by stored_at desc nulls first limit 50" },
	{ "deliveries",
	    "select to_char(received_at, 'MM-DD HH24:MI:SS.MS') as received,"
	    " provider, task_id, source, outcome, verdict,"
	    " octet_length(body) as bytes, note from genhook.deliveries"
	    " where $1::text is null or outcome = $1"
	    " order by received_at desc limit 50" },
};

/* A value as it may stand in a cell: escaped, and cut with "...". */
static void
cell_text(const struct db_rows *rows, int row, int col, bool last,
    char out[LOG_LINE_MAX])
{
	const char	*value = db_value(rows, row, col);

	log_escape(out, LOG_LINE_MAX, value != NULL ? value : "");
	if (!last && strlen(out) > CELL_MAX)
		memcpy(out + CELL_MAX - 3, "...", 4);
}

static size_t
column_width(const struct db_rows *rows, int col)
{
	char	cell[LOG_LINE_MAX];
	size_t	width = strlen(db_column_name(rows, col));
	int	row;

	for (row = 0; row < db_rows_count(rows); row++) {
		cell_text(rows, row, col, false, cell);
		if (strlen(cell) > width)
			width = strlen(cell);
	}
	return width;
}

/* Rows as a table that fits a terminal. */
static void
table_print(const struct db_rows *rows)
{
	char	cell[LOG_LINE_MAX];
	int	row, col, ncols = db_columns(rows);
	size_t	width[32];

	for (col = 0; col < ncols && col < 32; col++) {
		width[col] = column_width(rows, col);
		printf("%-*s%s", (int)width[col], db_column_name(rows, col),
		    col == ncols - 1 ? "\n" : "  ");
	}
	for (row = 0; row < db_rows_count(rows); row++)
		for (col = 0; col < ncols && col < 32; col++) {
			cell_text(rows, row, col, col == ncols - 1, cell);
			if (col == ncols - 1)
				printf("%s\n", cell);
			else
				printf("%-*s  ", (int)width[col], cell);
		}
}

static int
list_run(const struct conf *conf, const struct list *list, int argc,
    char **argv)
{
	struct db_param	 param = { argc == 2 ? argv[1] : NULL, DB_TEXT };
	struct db_rows	*rows = NULL;
	struct errbuf	 why = { "out of memory" };
	struct db	*db;
	enum db_verdict	 v = DB_AWAY;

	if (argc > 2) {
		fprintf(stderr, "usage: genhook %s [WORD]\n", list->name);
		return CLI_USAGE;
	}
	if ((db = db_new(conf->conninfo, NULL, conf->pooler)) != NULL)
		v = db_query(db, list->sql, &param, 1, LIST_TIMEOUT_MS, &rows,
		    &why);
	if (v == DB_OK)
		table_print(rows);
	else
		fprintf(stderr, "genhook: %s\n", why.text);
	db_rows_free(rows);
	db_free(db);
	return v == DB_OK ? CLI_OK : CLI_WRONG;
}

int
cli_tasks(const struct conf *conf, int argc, char **argv)
{
	return list_run(conf, &lists[0], argc, argv);
}

int
cli_outputs(const struct conf *conf, int argc, char **argv)
{
	return list_run(conf, &lists[1], argc, argv);
}

int
cli_deliveries(const struct conf *conf, int argc, char **argv)
{
	return list_run(conf, &lists[2], argc, argv);
}
