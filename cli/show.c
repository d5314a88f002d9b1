/* genhook show: one task's life as a time line. */
#include <string.h>

#include "cli/cli.h"
#include "cli/statements.h"
#include "cli/task.h"

static void
show_facts(const struct db_rows *rows)
{
	char	text[CLI_TEXT_MAX];
	int	i;

	for (i = 0; i < db_rows_count(rows); i++) {
		(void)cli_text(text, sizeof(text), db_value(rows, i, 1),
		    CLI_WHOLE);
		printf("  %-10s %s\n", db_value(rows, i, 0), text);
	}
}

static void
show_timeline(const struct db_rows *rows)
{
	char		 text[CLI_TEXT_MAX];
	const char	*at, *more, *ahead;
	int		 i;

	for (i = 0; i < db_rows_count(rows); i++) {
		at = db_value(rows, i, 0);
		more = db_value(rows, i, 2);
		ahead = db_value(rows, i, 3);
		(void)cli_text(text, sizeof(text), more != NULL ? more : "",
		    CLI_WHOLE);
		printf("%-23s%s %s%s%s\n", at != NULL ? at : "",
		    ahead != NULL && *ahead == 't' ? " >" : "  ",
		    db_value(rows, i, 1), *text != '\0' ? ": " : "", text);
	}
}

static bool
show_text(struct db *db, const struct task_name *t,
    const struct db_param params[2])
{
	struct db_rows	*facts = NULL, *line = NULL;
	char		 id[CLI_TEXT_MAX];
	bool		 ok;

	ok = cli_query(db, DB_TASK_FACTS, params, &facts) &&
	    cli_query(db, DB_TASK_TIMELINE, params, &line);
	if (ok) {
		(void)cli_text(id, sizeof(id), t->task_id, CLI_WHOLE);
		printf("%s/%s: %s\n", t->provider, id, t->status != NULL ?
		    t->status : "not in genhook.tasks, but callbacks name it");
		show_facts(facts);
		printf("\n(UTC; \">\" has not happened yet)\n");
		show_timeline(line);
	}
	db_rows_free(facts);
	db_rows_free(line);
	return ok;
}

static bool
show_json(struct db *db, const struct db_param params[2])
{
	struct db_rows	*rows = NULL;
	bool		 ok = cli_query(db, DB_TASK_JSON, params, &rows);

	if (ok)
		cli_document(rows);
	db_rows_free(rows);
	return ok;
}

int
cli_show(const struct conf *conf, int argc, char **argv)
{
	bool			 json = false, ok = false;
	const char		*word = NULL;
	struct cli_option	 options[] = {
		{ "--json", &json, NULL }, { NULL, NULL, NULL }
	};
	struct task_name	 t = { NULL, NULL, NULL };
	struct db		*db;
	int			 n;

	if ((n = cli_arguments(argc, argv, options, &word, 1)) != 1)
		return n == -1 ? CLI_USAGE : cli_usage(argv[0]);
	if ((db = cli_database(conf)) != NULL && task_find(db, word, &t)) {
		const struct db_param	params[] = {
			db_text(t.provider), db_text(t.task_id)
		};

		ok = json ? show_json(db, params) : show_text(db, &t, params);
	}
	task_name_free(&t);
	db_free(db);
	return ok ? CLI_OK : CLI_WRONG;
}
