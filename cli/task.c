/* Tasks by name, and what an operator may do with them. */
#include <stdlib.h>
#include <string.h>

#include "handlers/provider.h"
#include "cli/cli.h"
#include "cli/task.h"

/* $1: providers to look at, $2: an id. */
static const char	find_sql[] =
    "select t.provider, t.task_id, t.status"
    " from unnest(string_to_array($1, ' ')) as p(name)"
    " join genhook.tasks t on t.provider = p.name and t.task_id = $2"
    " union all"
    " select distinct d.provider::text, d.task_id::text, null::text"
    " from genhook.deliveries d where d.task_id = $2"
    " and d.provider = any(string_to_array($1, ' '))"
    " and not exists (select from genhook.tasks t"
    "     where t.provider = d.provider and t.task_id = d.task_id)"
    " order by 1";

/* All providers' names, with blanks between; the caller frees. */
static char *
provider_names(void)
{
	char	*names = NULL;
	size_t	 i, size;
	FILE	*fp = open_memstream(&names, &size);

	if (fp == NULL)
		return NULL;
	for (i = 0; providers[i] != NULL; i++)
		fprintf(fp, "%s%s", i > 0 ? " " : "", providers[i]->name);
	return fclose(fp) == 0 ? names : NULL;
}

/* The provider that stands before a slash; *id is what stands behind. */
static const struct provider *
prefix_of(const char *word, const char **id)
{
	const char	*slash = strchr(word, '/');
	size_t		 i, len = slash != NULL ? (size_t)(slash - word) : 0;

	for (i = 0; slash != NULL && providers[i] != NULL; i++)
		if (strlen(providers[i]->name) == len &&
		    strncmp(word, providers[i]->name, len) == 0) {
			*id = slash + 1;
			return providers[i];
		}
	return NULL;
}

static bool
lookup(struct db *db, const char *names, const char *id,
    struct db_rows **rows)
{
	struct db_param	params[] = { { names, DB_TEXT }, { id, DB_TEXT } };

	return cli_query(db, find_sql, params, 2, rows);
}

static bool
take_only(const struct db_rows *rows, const char *word, struct task_name *t)
{
	int	i, n = db_rows_count(rows);

	if (n > 1) {
		(void)cli_wrong("several tasks are called %s; name one:", word);
		for (i = 0; i < n; i++)
			fprintf(stderr, "  %s/%s\n", db_value(rows, i, 0),
			    db_value(rows, i, 1));
	}
	if (n != 1) {
		if (n == 0)
			(void)cli_wrong("there is no task %s", word);
		return false;
	}
	t->provider = strdup(db_value(rows, 0, 0));
	t->task_id = strdup(db_value(rows, 0, 1));
	if (db_value(rows, 0, 2) != NULL)
		t->status = strdup(db_value(rows, 0, 2));
	return t->provider != NULL && t->task_id != NULL;
}

bool
task_find(struct db *db, const char *word, struct task_name *t)
{
	const struct provider	*p;
	struct db_rows		*rows = NULL;
	const char		*id = NULL;
	char			*names = provider_names();
	bool			 ok = false;

	memset(t, 0, sizeof(*t));
	if ((p = prefix_of(word, &id)) != NULL)
		ok = lookup(db, p->name, id, &rows);
	else
		ok = names != NULL && lookup(db, names, word, &rows);
	ok = ok && take_only(rows, word, t);
	db_rows_free(rows);
	free(names);
	return ok;
}

void
task_name_free(struct task_name *t)
{
	free(t->provider);
	free(t->task_id);
	free(t->status);
}

/* What may be done to tasks and outputs, by the functions of sql/. */
static const struct task_action {
	const char	*sql;		/* $1 provider, $2 task, $3 status */
	const char	*one, *many;	/* what one row, and several are */
	const char	*needs;		/* why nothing may have been done */
	bool		 all;		/* may go without naming a task */
} task_actions[] = {
	{ "select provider, task_id, position as n, kind, expires_at, url"
	    " from genhook.retry_outputs($1, $2, $3)",
	    "output is due now", "outputs are due now",
	    "no output of it is expired or failed (--status pending takes"
	    " those that wait)", true },
	{ "select provider, task_id, account, model, polls, submitted_at"
	    " from genhook.repoll_tasks($1, $2, $3)",
	    "task is due now", "tasks are due now",
	    "it is neither pending nor lost", true },
	{ "select provider, task_id, account, model, submitted_at"
	    " from genhook.cancel_tasks($1, $2) where $3::text is null",
	    "task is cancelled here; the provider was told nothing",
	    "tasks are cancelled here; the provider was told nothing",
	    "it is neither pending nor lost", false },
};

static int
task_action_do(struct db *db, const struct task_action *d, const char *provider,
    const char *task_id, const char *status)
{
	struct db_param	 params[] = { { provider, DB_TEXT },
			    { task_id, DB_TEXT }, { status, DB_TEXT } };
	struct db_rows	*rows = NULL;
	int		 n;

	if (!cli_query(db, d->sql, params, 3, &rows))
		return CLI_WRONG;
	if ((n = db_rows_count(rows)) > 0)
		cli_table(rows);
	db_rows_free(rows);
	printf("%d %s\n", n, n == 1 ? d->one : d->many);
	if (n == 0 && task_id != NULL)
		return cli_wrong("%s/%s: %s", provider, task_id, d->needs);
	return CLI_OK;
}

/* The word is a provider, a task, or NULL for all. */
static int
task_action_of(const struct conf *conf, const struct task_action *d, const char *word,
    const char *status)
{
	struct task_name	 t = { NULL, NULL, NULL };
	struct db		*db = cli_database(conf);
	int			 result = CLI_WRONG;

	if (db == NULL)
		return CLI_WRONG;
	if (word == NULL || (d->all && provider_find(word) != NULL))
		result = task_action_do(db, d, word, NULL, status);
	else if (task_find(db, word, &t))
		result = task_action_do(db, d, t.provider, t.task_id, status);
	task_name_free(&t);
	db_free(db);
	return result;
}

static int
task_action_run(const struct conf *conf, const struct task_action *d, int argc, char **argv)
{
	bool			 all = false;
	const char		*word = NULL, *status = NULL;
	struct cli_option	 options[] = {
		{ "--all", &all, NULL }, { "--status", NULL, &status },
		{ NULL, NULL, NULL }
	};
	struct cli_option	 none = { NULL, NULL, NULL };
	int			 n;

	n = cli_arguments(argc, argv, d->all ? options : &none, &word, 1);
	if (n == -1)
		return CLI_USAGE;
	/* All there is, only when it is asked for in so many words. */
	if ((n == 1) == all)
		return cli_usage(argv[0]);
	return task_action_of(conf, d, word, status);
}

int
cli_retry(const struct conf *conf, int argc, char **argv)
{
	return task_action_run(conf, &task_actions[0], argc, argv);
}

int
cli_repoll(const struct conf *conf, int argc, char **argv)
{
	return task_action_run(conf, &task_actions[1], argc, argv);
}

int
cli_cancel(const struct conf *conf, int argc, char **argv)
{
	return task_action_run(conf, &task_actions[2], argc, argv);
}
