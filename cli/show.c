/* One task's life as a time line. */
#include <string.h>

#include "cli/cli.h"
#include "cli/task.h"

/* $1 and $2 are the task everywhere. */
#define THE_TASK	"provider = $1 and task_id = $2"

/* What is said once, above the line: name and value. */
static const char	facts_sql[] =
    "select f.* from genhook.tasks t, lateral (values"
    " ('model', t.model), ('account', t.account),"
    " ('test', case when t.is_test then 'yes: a mock event' end),"
    " ('error', concat_ws(': ', t.error_code, t.error_message)),"
    " ('polls', nullif(t.polls, 0)::text),"
    " ('last poll', t.last_poll_error),"
    " ('metadata', t.metadata::text)) as f(name, value)"
    " where t.provider = $1 and t.task_id = $2 and f.value <> ''";

/* Every moment that is known: when, what, and more of it.  Without a time
 * stands what is known to have happened and not when. */
static const char	line_sql[] =
    "select to_char(at, 'YYYY-MM-DD HH24:MI:SS.MS'), what, more,"
    " at > now() from ("
    " select r.at, r.n, r.what, r.more from genhook.requests q, lateral"
    " (values (q.queued_at, -2, 'requested', 'request ' || q.id),"
    " (q.sent_at, -1, 'sent', 'attempt ' || q.attempts)) as r(at, n, what,"
    " more) where q.provider = $1 and q.task_id = $2"
    " union all"
    " select submitted_at as at, 0 as n, 'submitted' as what,"
    "     null::text as more from genhook.tasks where " THE_TASK
    " union all"
    " select received_at, 1, case source when 'poll' then 'poll answer'"
    "     else source end, outcome || case when verdict in ('none')"
    "     then '' else ', ' || verdict end || coalesce(', from '"
    "     || host(remote_addr), '') || coalesce(': ' || note, '')"
    "     from genhook.deliveries where " THE_TASK
    " union all"
    " select finished_at, 2, status, concat_ws(': ', error_code,"
    "     error_message) from genhook.tasks where " THE_TASK
    "     and finished_at is not null"
    " union all"
    " select next_poll_at, 5, 'next poll', null from genhook.tasks"
    "     where " THE_TASK " and next_poll_at is not null"
    " union all"
    " select case status when 'stored' then stored_at"
    "     when 'expired' then expires_at"
    "     when 'pending' then coalesce(leased_until, next_attempt_at)"
    "     end, 3 + (status <> 'inline')::int,"
    "     'output ' || position, case"
    "     when status = 'inline' then 'text: ' || left(inline_text, 200)"
    "     when status = 'stored' then format('stored: %s (%s bytes, %s)',"
    "     location, bytes, content_type)"
    "     when lease_owner is not null then"
    "     format('is fetched by %s until then', lease_owner)"
    "     when status = 'pending' then format('is due: attempt %s%s',"
    "     attempts + 1, coalesce(', after ' || last_error, ''))"
    "     else format('%s after %s attempts: %s', status, attempts,"
    "     last_error) end"
    "     from genhook.outputs where " THE_TASK
    " union all"
    " select expires_at, 6, 'output ' || position, 'its link ends'"
    "     from genhook.outputs where " THE_TASK
    "     and status in ('pending', 'failed') and expires_at is not null"
    " ) as line order by at nulls last, n, what";

static const char	json_sql[] =
    "select json_build_object("
    "'task', (select to_json(t) from genhook.tasks t where " THE_TASK "),"
    "'outputs', (select coalesce(json_agg(o order by position), '[]')"
    "     from genhook.outputs o where " THE_TASK "),"
    "'request', (select to_json(r) from genhook.requests r where " THE_TASK "),"
    "'deliveries', (select coalesce(json_agg(d order by received_at), '[]')"
    "     from (select id, received_at, account, source, outcome, verdict,"
    "     remote_addr, headers, note from genhook.deliveries"
    "     where " THE_TASK ") as d))";

static void
facts_print(const struct db_rows *rows)
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
line_print(const struct db_rows *rows)
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

	ok = cli_query(db, facts_sql, params, 2, &facts) &&
	    cli_query(db, line_sql, params, 2, &line);
	if (ok) {
		(void)cli_text(id, sizeof(id), t->task_id, CLI_WHOLE);
		printf("%s/%s: %s\n", t->provider, id, t->status != NULL ?
		    t->status : "not in tasks, but somebody called");
		facts_print(facts);
		printf("\n(UTC; > is yet to come)\n");
		line_print(line);
	}
	db_rows_free(facts);
	db_rows_free(line);
	return ok;
}

static bool
show_json(struct db *db, const struct db_param params[2])
{
	struct db_rows	*rows = NULL;
	bool		 ok = cli_query(db, json_sql, params, 2, &rows);

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
		struct db_param	params[] = { { t.provider, DB_TEXT },
				    { t.task_id, DB_TEXT } };

		ok = json ? show_json(db, params) : show_text(db, &t, params);
	}
	task_name_free(&t);
	db_free(db);
	return ok ? CLI_OK : CLI_WRONG;
}
