/* Running statements: prepared where a session is ours to keep, each in a
 * transaction of its own behind a pooler, and sent again after a loss. */
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/db_internal.h"

/* How often a statement is sent: again after a lost connection, and again when
 * what the server still did for the first had not been over. */
#define MAX_SENDS	3

/* Behind a pooler, what has to hold while a statement runs and commits: for
 * its transaction alone. */
static const char transaction_sql[] =
    "select set_config('lock_timeout', '2500ms', true),"
    " set_config('statement_timeout', $1, true),"
    " set_config('synchronous_commit',"
    "     case current_setting('synchronous_commit') when 'off' then 'on'"
    "     else current_setting('synchronous_commit') end, true)";

/* Parameters as libpq takes them. */
struct values {
	const char	*text[DB_MAX_PARAMS];
	int		 lens[DB_MAX_PARAMS];
	int		 formats[DB_MAX_PARAMS];
};

struct db *
db_new(const struct db_options *options)
{
	struct db	*db;

	if ((db = calloc(1, sizeof(*db))) == NULL)
		return NULL;
	db->options = *options;
	db->options.conninfo = NULL;
	if ((db->conninfo = strdup(options->conninfo)) == NULL) {
		free(db);
		return NULL;
	}
	return db;
}

void
db_free(struct db *db)
{
	if (db == NULL)
		return;
	db_disconnect(db);
	free(db->conninfo);
	free(db);
}

const char *
db_statement_timeout(const struct db *db)
{
	return db->options.statement_timeout != NULL ?
	    db->options.statement_timeout : "30s";
}

static void
values_set(struct values *v, const struct db_param *params, int n)
{
	int	i;

	for (i = 0; i < n; i++) {
		v->text[i] = params[i].value;
		v->lens[i] = params[i].len == DB_TEXT ? 0 : params[i].len;
		v->formats[i] = params[i].len == DB_TEXT ? 0 : 1;
	}
}

static PGresult *
send_plain(struct db *db, const struct db_stmt *stmt, const struct values *v,
    int64_t deadline_ms)
{
	if (PQsendQueryParams(db->conn, stmt->sql, stmt->nparam, NULL, v->text,
	    v->lens, v->formats, 0) == 0)
		return NULL;
	return db_await(db->conn, deadline_ms);
}

/*
 * The settings and the statement before one Sync: the server makes one
 * transaction of them, and it costs no second turn.  The commit comes with
 * the Sync, so its result may be the one that tells.
 */
static PGresult *
send_pooled(struct db *db, const struct db_stmt *stmt, const struct values *v,
    int64_t deadline_ms)
{
	enum { SETTINGS, STATEMENT, SYNC, RESULTS };
	const char	*limit = db_statement_timeout(db);
	PGresult	*got[RESULTS] = { NULL }, *res;
	int		 i, tells = STATEMENT;

	if (PQenterPipelineMode(db->conn) == 0 ||
	    PQsendQueryParams(db->conn, transaction_sql, 1, NULL, &limit, NULL,
	    NULL, 0) == 0 ||
	    PQsendQueryParams(db->conn, stmt->sql, stmt->nparam, NULL, v->text,
	    v->lens, v->formats, 0) == 0 || PQpipelineSync(db->conn) == 0)
		return NULL;
	for (i = 0; i < RESULTS; i++)
		if ((got[i] = db_await(db->conn, deadline_ms)) == NULL)
			break;
	for (i = RESULTS - 1; i >= 0; i--)
		if (got[i] == NULL ||
		    PQresultStatus(got[i]) == PGRES_FATAL_ERROR)
			tells = i;
	/* Without an answer to the Sync nobody knows what became of it. */
	if (got[SYNC] != NULL && PQexitPipelineMode(db->conn) == 0)
		tells = RESULTS;
	res = tells < RESULTS ? got[tells] : NULL;
	for (i = 0; i < RESULTS; i++)
		if (i != tells)
			PQclear(got[i]);
	return res;
}

static bool
is_prepared(const struct db *db, const struct db_stmt *stmt)
{
	size_t	i;

	for (i = 0; i < db->nprepared; i++)
		if (db->prepared[i] == stmt)
			return true;
	return false;
}

/* Prepare a statement and run it; or the result that says why it cannot be. */
static PGresult *
send_prepared(struct db *db, const struct db_stmt *stmt, const struct values *v,
    int64_t deadline_ms)
{
	PGresult	*res;

	if (!is_prepared(db, stmt)) {
		if (PQsendPrepare(db->conn, stmt->name, stmt->sql, 0, NULL) ==
		    0 || (res = db_await(db->conn, deadline_ms)) == NULL)
			return NULL;
		if (PQresultStatus(res) != PGRES_COMMAND_OK)
			return res;
		PQclear(res);
		db->prepared[db->nprepared++] = stmt;
	}
	if (PQsendQueryPrepared(db->conn, stmt->name, stmt->nparam, v->text,
	    v->lens, v->formats, 0) == 0)
		return NULL;
	return db_await(db->conn, deadline_ms);
}

static PGresult *
send_stmt(struct db *db, const struct db_stmt *stmt, const struct values *v,
    int64_t deadline_ms)
{
	if (db->options.pooler)
		return send_pooled(db, stmt, v, deadline_ms);
	if (db->nprepared == DB_MAX_PREPARED && !is_prepared(db, stmt))
		return send_plain(db, stmt, v, deadline_ms);
	return send_prepared(db, stmt, v, deadline_ms);
}

/* Hand a judged result to the caller: of the shape that the statement says. */
static enum db_verdict
result_give(const struct db_stmt *stmt, enum db_verdict v, PGresult *res,
    struct db_rows **rows, struct errbuf *err)
{
	if (v == DB_OK && PQnfields(res) != stmt->ncol) {
		errbuf_set(err, "database: %s: %d columns, expected %d",
		    stmt->name, PQnfields(res), stmt->ncol);
		v = DB_BROKEN;
	}
	if (v == DB_OK && rows != NULL)
		*rows = (struct db_rows *)res;
	else
		PQclear(res);
	return v;
}

enum db_verdict
db_run(struct db *db, const struct db_stmt *stmt,
    const struct db_param *params, int timeout_ms, struct db_rows **rows,
    struct errbuf *err)
{
	int64_t		 deadline_ms = clock_ms() + timeout_ms;
	struct values	 values;
	PGresult	*res = NULL;
	enum db_verdict	 v = DB_AWAY;
	bool		 again = false;
	int		 sent;

	errbuf_set(err, "database: %s: no time left", stmt->name);
	if (timeout_ms <= 0)
		return DB_AWAY;
	values_set(&values, params, stmt->nparam);
	for (sent = 0; sent < MAX_SENDS; sent++) {
		v = db_connect(db, (int)(deadline_ms - clock_ms()), err);
		if (v != DB_OK)
			return v;
		res = send_stmt(db, stmt, &values, deadline_ms);
		v = db_judge(db, stmt->name, res, &again, err);
		if (v == DB_OK || !again)
			break;
		PQclear(res);
		res = NULL;
	}
	return result_give(stmt, v, res, rows, err);
}

enum db_verdict
db_run_once(struct db *db, const struct db_stmt *stmt,
    const struct db_param *params, int timeout_ms, struct db_rows **rows,
    struct errbuf *err)
{
	int64_t		 deadline_ms = clock_ms() + timeout_ms;
	struct values	 values;
	PGresult	*res;
	enum db_verdict	 v;
	bool		 again;

	if ((v = db_connect_unchecked(db, deadline_ms, err)) != DB_OK)
		return v;
	values_set(&values, params, stmt->nparam);
	res = send_plain(db, stmt, &values, deadline_ms);
	v = db_judge(db, stmt->name, res, &again, err);
	return result_give(stmt, v, res, rows, err);
}

enum db_verdict
db_script(struct db *db, const char *sql, int timeout_ms, struct errbuf *err)
{
	int64_t		 deadline_ms = clock_ms() + timeout_ms;
	PGresult	*res = NULL;
	enum db_verdict	 v;
	bool		 again;

	if ((v = db_connect_unchecked(db, deadline_ms, err)) != DB_OK)
		return v;
	if (PQsendQuery(db->conn, sql) == 1)
		res = db_await(db->conn, deadline_ms);
	v = db_judge(db, "script", res, &again, err);
	PQclear(res);
	return v;
}

enum db_verdict
db_query(struct db *db, const char *sql, const struct db_param *params,
    int nparams, int timeout_ms, struct db_rows **rows, struct errbuf *err)
{
	int64_t		 deadline_ms = clock_ms() + timeout_ms;
	struct values	 values;
	PGresult	*res;
	enum db_verdict	 v;

	if ((v = db_connect_unchecked(db, deadline_ms, err)) != DB_OK)
		return v;
	values_set(&values, params, nparams);
	v = db_ask(db, "query", sql, nparams, values.text, deadline_ms, &res,
	    err);
	if (v == DB_OK)
		*rows = (struct db_rows *)res;
	return v;
}
