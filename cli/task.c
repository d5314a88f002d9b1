/* Finding a task or a delivery by the name that an operator gives it. */
#include <stdlib.h>
#include <string.h>

#include "handlers/provider.h"
#include "cli/cli.h"
#include "cli/statements.h"
#include "cli/task.h"

/* All providers' names, with blanks between; the caller frees. */
static char *
task_providers(void)
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
task_prefix(const char *word, const char **id)
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
task_lookup(struct db *db, const char *names, const char *id,
    struct db_rows **rows)
{
	const struct db_param	params[] = { db_text(names), db_text(id) };

	return cli_query(db, DB_FIND_TASK, params, rows);
}

static bool
task_take_only(const struct db_rows *rows, const char *word,
    struct task_name *t)
{
	int	i, n = db_rows_count(rows);

	if (n > 1) {
		(void)cli_wrong("several tasks are named %s; choose one:",
		    word);
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
	char			*names = task_providers();
	bool			 ok = false;

	memset(t, 0, sizeof(*t));
	if ((p = task_prefix(word, &id)) != NULL)
		ok = task_lookup(db, p->name, id, &rows);
	else
		ok = names != NULL && task_lookup(db, names, word, &rows);
	ok = ok && task_take_only(rows, word, t);
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

bool
delivery_find(struct db *db, const char *word, char id[DELIVERY_ID_SIZE])
{
	struct db_param	 param = db_text(word);
	struct db_rows	*rows = NULL;
	int		 i, n = -1;

	if (cli_query(db, DB_FIND_DELIVERY, &param, &rows))
		n = db_rows_count(rows);
	if (n == 1)
		(void)snprintf(id, DELIVERY_ID_SIZE, "%s",
		    db_value(rows, 0, 0));
	else if (n == 0)
		(void)cli_wrong("there is no delivery %s", word);
	else if (n > 1)
		(void)cli_wrong("the ids of several deliveries begin with %s; "
		    "choose one:", word);
	for (i = 0; n > 1 && i < n; i++)
		fprintf(stderr, "  %s\n", db_value(rows, i, 0));
	db_rows_free(rows);
	return n == 1;
}
