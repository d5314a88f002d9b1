/* genhook tasks, outputs, deliveries, requests, attention, health, sweeps, stats: the
 * rows of each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/statements.h"

#define LIMIT_DEFAULT	"50"
#define LIMIT_MAX	1000000L

/* One list: for the eye; with every column, as rows and as one JSON document. */
struct list {
	const struct db_stmt	*table;
	const struct db_stmt	*rows;
	const struct db_stmt	*json;
	const struct list	*of_account;	/* what it is of one; or NULL */
};

/* What narrows a list; NULL: not by that. */
struct list_args {
	const char	*status, *provider, *account, *model, *since, *metadata;
	const char	*limit;
	bool		 json, csv;
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

/* A word without an option is a status or a provider; known are the statuses.
 * False: it is neither, or the second of its kind, which has been said. */
static bool
list_take_word(struct list_args *a, const char *command, const char *known,
    const char *word)
{
	const char	**place = list_has(known, word) ? &a->status :
			    provider_find(word) != NULL ? &a->provider : NULL;

	if (place == NULL)
		(void)cli_wrong("%s: \"%s\" is no provider%s%s", command, word,
		    *known != '\0' ? ", and not one of " : "", known);
	else if (*place != NULL)
		(void)cli_wrong("%s: both \"%s\" and \"%s\"", command, *place,
		    word);
	else {
		*place = word;
		return true;
	}
	return false;
}

/* Does the command's table have that word? */
static bool
list_offers(const char *command, const char *word)
{
	const struct cli_word	*w;
	size_t			 len = strlen(word);

	for (w = cli_command(command)->words; w->word != NULL; w++)
		if (strncmp(w->word, word, len) == 0 &&
		    (w->word[len] == '\0' || w->word[len] == ' '))
			return true;
	return false;
}

/* A list is narrowed only by what its rows have: by anything else it would be
 * empty, which says that all is well. */
static bool
list_can_narrow(const struct list_args *a, const char *command)
{
	const struct {
		const char	*value, *option, *word;
	} by[] = {
		{ a->provider, "--provider", "PROVIDER" },
		{ a->account, "--account", "--account" },
		{ a->model, "--model", "--model" },
		{ a->since, "--since", "--since" },
		{ a->metadata, "--metadata", "--metadata" },
	};
	size_t	i;

	for (i = 0; i < sizeof(by) / sizeof(by[0]); i++)
		if (by[i].value != NULL && !list_offers(command, by[i].word)) {
			(void)cli_wrong("%s: its rows have nothing for %s",
			    command, by[i].option);
			return false;
		}
	if (a->provider == NULL || provider_find(a->provider) != NULL)
		return true;
	(void)cli_wrong("%s: \"%s\" is no provider", command, a->provider);
	return false;
}

static bool
list_check(struct list_args *a, const char *command, const char *known,
    const char *const words[2], int n)
{
	char	*end;
	long	 limit = strtol(a->limit, &end, 10);
	int	 i;

	if (*end != '\0' || limit < 1 || limit > LIMIT_MAX) {
		(void)cli_wrong("--limit is \"%s\", not a number from 1 to %ld",
		    a->limit, LIMIT_MAX);
		return false;
	}
	if (a->status != NULL && !list_has(known, a->status)) {
		(void)cli_wrong("%s: \"%s\" is not one of %s", command,
		    a->status, known);
		return false;
	}
	for (i = 0; i < n; i++)
		if (!list_take_word(a, command, known, words[i]))
			return false;
	return list_can_narrow(a, command);
}

/* What may stand there is the first row of the command's words, where its rows
 * have a status. */
static const char *
list_statuses(const char *command)
{
	const char	*first = cli_command(command)->words->word;

	return strchr(first, '|') != NULL ? first : "";
}

static bool
list_arguments(struct list_args *a, int argc, char **argv)
{
	const struct cli_option	 options[] = {
		{ "--json", &a->json, NULL }, { "--csv", &a->csv, NULL },
		{ "--limit", NULL, &a->limit },
		{ "--status", NULL, &a->status },
		{ "--outcome", NULL, &a->status },
		{ "--provider", NULL, &a->provider },
		{ "--account", NULL, &a->account },
		{ "--model", NULL, &a->model },
		{ "--since", NULL, &a->since },
		{ "--metadata", NULL, &a->metadata },
		{ NULL, NULL, NULL }
	};
	const char		*known = list_statuses(argv[0]);
	const char		*words[2];
	int			 n;

	if ((n = cli_arguments(argc, argv, options, words, 2)) == -1)
		return false;
	if (list_check(a, argv[0], known, words, n))
		return true;
	(void)cli_usage(argv[0]);
	return false;
}

static int
list_run(const struct conf *conf, const struct list *l, int argc, char **argv)
{
	struct list_args	 a = { .limit = LIMIT_DEFAULT };
	struct db_param		 params[7];
	struct db_rows		*rows = NULL;
	struct db		*db;
	int			 status = CLI_WRONG;

	if (!list_arguments(&a, argc, argv))
		return CLI_USAGE;
	if (a.account != NULL && l->of_account != NULL)
		l = l->of_account;
	params[0] = db_text(a.status);
	params[1] = db_text(a.limit);
	params[2] = db_text(a.provider);
	params[3] = db_text(a.account);
	params[4] = db_text(a.model);
	params[5] = db_text(a.since);
	params[6] = db_text(a.metadata);
	if ((db = cli_database(conf)) != NULL &&
	    cli_query(db, a.json ? l->json : a.csv ? l->rows : l->table,
	    params, &rows)) {
		(a.json ? cli_document : a.csv ? cli_csv : cli_table)(rows);
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
		DB_LIST_TASKS, DB_LIST_TASKS_ROWS, DB_LIST_TASKS_JSON, NULL
	};

	return list_run(conf, &l, argc, argv);
}

int
cli_outputs(const struct conf *conf, int argc, char **argv)
{
	static const struct list	l = {
		DB_LIST_OUTPUTS, DB_LIST_OUTPUTS_ROWS, DB_LIST_OUTPUTS_JSON, NULL
	};

	return list_run(conf, &l, argc, argv);
}

int
cli_deliveries(const struct conf *conf, int argc, char **argv)
{
	static const struct list	l = {
		DB_LIST_DELIVERIES, DB_LIST_DELIVERIES_ROWS, DB_LIST_DELIVERIES_JSON, NULL
	};

	return list_run(conf, &l, argc, argv);
}

int
cli_requests(const struct conf *conf, int argc, char **argv)
{
	static const struct list	l = {
		DB_LIST_REQUESTS, DB_LIST_REQUESTS_ROWS, DB_LIST_REQUESTS_JSON, NULL
	};

	return list_run(conf, &l, argc, argv);
}

int
cli_forwards(const struct conf *conf, int argc, char **argv)
{
	static const struct list	l = {
		DB_LIST_FORWARDS, DB_LIST_FORWARDS_ROWS, DB_LIST_FORWARDS_JSON, NULL
	};

	return list_run(conf, &l, argc, argv);
}

int
cli_attention(const struct conf *conf, int argc, char **argv)
{
	static const struct list	l = {
		DB_LIST_ATTENTION, DB_LIST_ATTENTION_ROWS, DB_LIST_ATTENTION_JSON, NULL
	};

	return list_run(conf, &l, argc, argv);
}

int
cli_health(const struct conf *conf, int argc, char **argv)
{
	static const struct list	of_account = {
		DB_LIST_ACCOUNTS, DB_LIST_ACCOUNTS_ROWS, DB_LIST_ACCOUNTS_JSON,
		NULL
	}, l = {
		DB_LIST_HEALTH, DB_LIST_HEALTH_ROWS, DB_LIST_HEALTH_JSON,
		&of_account
	};

	return list_run(conf, &l, argc, argv);
}

int
cli_sweeps(const struct conf *conf, int argc, char **argv)
{
	static const struct list	l = {
		DB_LIST_SWEEPS, DB_LIST_SWEEPS_ROWS, DB_LIST_SWEEPS_JSON, NULL
	};

	return list_run(conf, &l, argc, argv);
}

int
cli_stats(const struct conf *conf, int argc, char **argv)
{
	static const struct list	l = {
		DB_LIST_STATS, DB_LIST_STATS_ROWS, DB_LIST_STATS_JSON, NULL
	};

	return list_run(conf, &l, argc, argv);
}
