/* genhook retry, repoll, cancel: what an operator may do with tasks and their
 * outputs, by the functions of sql/. */
#include "handlers/provider.h"
#include "cli/cli.h"
#include "cli/statements.h"
#include "cli/task.h"

struct task_action {
	const struct db_stmt	*stmt;	/* takes provider, task, status */
	const char		*one, *many;	/* what one row is, and more */
	const char		*needs;	/* why no row may have been fit */
	bool			 all;	/* may go without naming a task */
	bool			 mends;	/* reaches final tasks, by name */
};

/* Is it a task without any output, that is now asked about again? */
static bool
action_mends(struct db *db, const struct db_param task[2])
{
	struct db_rows	*rows = NULL;
	bool		 found;

	found = cli_query(db, DB_MEND_IS_OPEN, task, &rows) &&
	    db_rows_count(rows) > 0;
	db_rows_free(rows);
	return found;
}

static int
action_do(struct db *db, const struct task_action *a, const char *provider,
    const char *task_id, const char *status)
{
	const struct db_param	 params[] = {
		db_text(provider), db_text(task_id), db_text(status)
	};
	struct db_rows		*rows = NULL;
	int			 n;

	if (!cli_query(db, a->stmt, params, &rows))
		return CLI_WRONG;
	if ((n = db_rows_count(rows)) > 0)
		cli_table(rows);
	db_rows_free(rows);
	printf("%d %s\n", n, n == 1 ? a->one : a->many);
	if (task_id != NULL && a->mends && action_mends(db, params)) {
		printf("it has no output: its provider is asked about it "
		    "again; genhook.mends says what came of it\n");
		return CLI_OK;
	}
	if (n == 0 && task_id != NULL)
		return cli_wrong("%s/%s: %s", provider, task_id, a->needs);
	return CLI_OK;
}

/* The word is a provider, a task, or NULL for all. */
static int
action_find(const struct conf *conf, const struct task_action *a,
    const char *word, const char *status)
{
	struct task_name	 t = { NULL, NULL, NULL };
	struct db		*db = cli_database(conf);
	int			 result = CLI_WRONG;

	if (db == NULL)
		return CLI_WRONG;
	if (word == NULL || (a->all && provider_find(word) != NULL))
		result = action_do(db, a, word, NULL, status);
	else if (task_find(db, word, &t))
		result = action_do(db, a, t.provider, t.task_id, status);
	task_name_free(&t);
	db_free(db);
	return result;
}

static int
action_run(const struct conf *conf, const struct task_action *a, int argc,
    char **argv)
{
	bool			 all = false;
	const char		*word = NULL, *status = NULL;
	struct cli_option	 options[] = {
		{ "--all", &all, NULL }, { "--status", NULL, &status },
		{ NULL, NULL, NULL }
	};
	struct cli_option	 none = { NULL, NULL, NULL };
	int			 n;

	n = cli_arguments(argc, argv, a->all ? options : &none, &word, 1);
	if (n == -1)
		return CLI_USAGE;
	/* All there is, only when it is asked for in so many words. */
	if ((n == 1) == all)
		return cli_usage(argv[0]);
	return action_find(conf, a, word, status);
}

int
cli_retry(const struct conf *conf, int argc, char **argv)
{
	static const struct task_action	a = {
		DB_RETRY_OUTPUTS, "output is due now", "outputs are due now",
		"none of its outputs is expired or failed (--status pending "
		"retries those that wait)", true, true
	};

	return action_run(conf, &a, argc, argv);
}

int
cli_repoll(const struct conf *conf, int argc, char **argv)
{
	static const struct task_action	a = {
		DB_REPOLL_TASKS, "task is due now", "tasks are due now",
		"the task is final, and has what it brought", true, true
	};

	return action_run(conf, &a, argc, argv);
}

int
cli_cancel(const struct conf *conf, int argc, char **argv)
{
	static const struct task_action	a = {
		DB_CANCEL_TASKS,
		"task is cancelled here; the provider was told nothing",
		"tasks are cancelled here; the provider was told nothing",
		"the task is neither pending nor lost", false, false
	};

	return action_run(conf, &a, argc, argv);
}
