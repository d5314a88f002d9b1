/* The lists of the newest rows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

#define LIMIT_DEFAULT	"50"
#define LIMIT_MAX	1000000L

/* How long ago, as a person would say it. */
#define AGE(at)								\
	"case when now() - " at " < interval '2 minutes'"		\
	" then greatest(0, extract(epoch from now() - " at ")::int) || 's'" \
	" when now() - " at " < interval '2 hours'"			\
	" then extract(epoch from now() - " at ")::int / 60 || 'm'"	\
	" when now() - " at " < interval '2 days'"			\
	" then extract(epoch from now() - " at ")::int / 3600 || 'h'"	\
	" else extract(epoch from now() - " at ")::bigint / 86400 || 'd' end"

/* The same as all tasks, where only the first ones by that order are wanted;
 * but each part has an index that yields them. */
#define NEWEST_TASKS							\
	"((select * from genhook.tasks where finished_at is not null"	\
	" and ($1::text is null or status = $1)"			\
	" order by finished_at desc limit $2::int) union all"		\
	" (select * from genhook.tasks where status = 'pending'"	\
	" and ($1::text is null or status = $1)"			\
	" order by submitted_at desc limit $2::int)) as t"

/* Columns for the eye stand in the order of their use, since a narrow
 * terminal shows the first ones alone. */
static const struct list {
	const char	*name;
	const char	*columns;
	const char	*json;
	const char	*from;
	const char	*narrow;	/* what the word is compared with */
	const char	*words;		/* that it may be */
	const char	*order;
} lists[] = {
	{ "tasks",
	    "status, provider, task_id, "
	    AGE("coalesce(finished_at, submitted_at)") " as age,"
	    " coalesce(error_code || ': ', '') || coalesce(error_message,"
	    " last_poll_error) as error, model, source, polls, account,"
	    " to_char(submitted_at, 'MM-DD HH24:MI:SS') as submitted,"
	    " to_char(finished_at, 'MM-DD HH24:MI:SS') as finished",
	    "provider, task_id, status, model, account, error_code,"
	    " error_message, is_test, submitted_at, finished_at, source,"
	    " polls, next_poll_at, last_poll_error, metadata",
	    NEWEST_TASKS, "status",
	    "pending succeeded failed cancelled lost",
	    "coalesce(finished_at, submitted_at) desc" },
	{ "outputs",
	    "o.status, provider, task_id, position as n, kind, bytes,"
	    " coalesce(location, left(inline_text, 60), last_error)"
	    " as \"where\", attempts,"
	    " to_char(expires_at, 'MM-DD HH24:MI') as expires",
	    "provider, task_id, position, o.status, kind, url, inline_text,"
	    " expires_at, expires_source, location, bytes, sha256,"
	    " content_type, attempts, next_attempt_at, last_error, stored_at",
	    "genhook.outputs o join genhook.tasks t using (provider, task_id)",
	    "o.status",
	    "pending stored expired failed inline",
	    "t.finished_at desc, position" },
	{ "deliveries",
	    "to_char(received_at, 'MM-DD HH24:MI:SS') as received,"
	    " outcome, provider, task_id, note, source, verdict, account,"
	    " remote_addr, id",
	    "id, received_at, provider, task_id, account, source, outcome,"
	    " verdict, remote_addr, headers, note",
	    "genhook.deliveries", "outcome",
	    "accepted duplicate conflict ignored unparsed stale rejected"
	    " unverified",
	    "received_at desc" },
	{ "requests",
	    "status, id, provider, model, " AGE("queued_at") " as age, error,"
	    " task_id, attempts, account,"
	    " to_char(next_attempt_at, 'MM-DD HH24:MI:SS') as next",
	    "id, provider, model, account, request, metadata, status, task_id,"
	    " error, attempts, queued_at, next_attempt_at, sent_at, settled_at,"
	    " path, callback, test_mode",
	    "genhook.requests", "status",
	    "queued sending submitted refused unknown",
	    "id desc" },
};

static bool
is_one_of(const char *list, const char *word)
{
	size_t	len = strlen(word), n;

	for (; *list != '\0'; list += n + (list[n] != '\0')) {
		n = strcspn(list, " ");
		if (n == len && strncmp(list, word, n) == 0)
			return true;
	}
	return false;
}

/* The statement; $1 is the word or NULL, $2 the limit.  The caller frees. */
static char *
statement(const struct list *l, bool json)
{
	char	*sql = NULL;

	if (asprintf(&sql, "%s select %s from %s where $1::text is null or"
	    " %s = $1 order by %s limit $2::int %s",
	    json ? "select coalesce(json_agg(t), '[]') from (" : "",
	    json ? l->json : l->columns, l->from, l->narrow, l->order,
	    json ? ") as t" : "") == -1)
		return NULL;
	return sql;
}

static int
list_print(const struct conf *conf, const struct list *l, const char *word,
    const char *limit, bool json)
{
	struct db_param	 params[] = { { word, DB_TEXT }, { limit, DB_TEXT } };
	struct db_rows	*rows = NULL;
	struct db	*db = cli_database(conf);
	char		*sql = statement(l, json);
	int		 status = CLI_WRONG;

	if (db != NULL && sql != NULL && cli_query(db, sql, params, 2, &rows)) {
		(json ? cli_document : cli_table)(rows);
		status = CLI_OK;
	}
	db_rows_free(rows);
	free(sql);
	db_free(db);
	return status;
}

static int
list_run(const struct conf *conf, const struct list *l, int argc,
    char **argv)
{
	bool			 json = false;
	const char		*limit = LIMIT_DEFAULT, *word = NULL;
	struct cli_option	 options[] = {
		{ "--json", &json, NULL }, { "--limit", NULL, &limit },
		{ NULL, NULL, NULL }
	};
	char			*end;
	long			 n;

	if (cli_arguments(argc, argv, options, &word, 1) == -1)
		return CLI_USAGE;
	n = strtol(limit, &end, 10);
	if (*end != '\0' || n < 1 || n > LIMIT_MAX) {
		(void)cli_wrong("--limit is \"%s\", not from 1 to %ld", limit,
		    LIMIT_MAX);
		return cli_usage(argv[0]);
	}
	if (word != NULL && !is_one_of(l->words, word)) {
		(void)cli_wrong("%s: there is no \"%s\", but: %s", l->name,
		    word, l->words);
		return cli_usage(argv[0]);
	}
	return list_print(conf, l, word, limit, json);
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

int
cli_requests(const struct conf *conf, int argc, char **argv)
{
	return list_run(conf, &lists[3], argc, argv);
}
