/* Connecting: one server after the other, the session that is the same
 * everywhere, and the checks before it is used. */
#include <ctype.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/db_internal.h"
#include "lib/log.h"

/* libpq 15 knows some 40 connection options. */
#define MAX_OPTIONS	80

/* The session is the same whatever the server's or the role's settings. */
static const char session_sql[] =
    "select set_config('role', coalesce((select rolname::text"
    "     from pg_catalog.pg_roles where rolname = $1"
    "     and pg_catalog.pg_has_role(rolname, 'member')),"
    "     current_setting('role')), false),"
    " set_config('search_path', $3, false),"
    " set_config('client_encoding', 'UTF8', false),"
    " set_config('timezone', 'UTC', false),"
    " set_config('bytea_output', 'hex', false),"
    " set_config('lock_timeout', '2500ms', false),"
    " set_config('statement_timeout', $4, false),"
    " set_config('idle_in_transaction_session_timeout', '30s', false),"
    " set_config('jit', 'off', false),"
    " set_config('synchronous_commit',"
    "     case current_setting('synchronous_commit') when 'off' then 'on'"
    "     else current_setting('synchronous_commit') end, false),"
    " set_config('application_name', coalesce($2,"
    "     current_setting('application_name')), false)";

/* One that has done its work finds nobody there and ends. */
static const char stuck_sql[] =
    "select pid from pg_catalog.pg_stat_activity"
    " where pid = any ($1::integer[]) and usename = session_user";

/* One of conninfo's servers, with everything else that conninfo says. */
struct target {
	const char	*keys[MAX_OPTIONS + 1];
	char		*values[MAX_OPTIONS + 1];	/* owned */
	size_t		 n;
};

static void
connect_notice(void *arg, const PGresult *res)
{
	const char	*words = PQresultErrorField(res,
			    PG_DIAG_MESSAGE_PRIMARY);

	(void)arg;
	log_line(LOG_DEBUG, "database notice: %s", words != NULL ? words : "");
}

void
db_disconnect(struct db *db)
{
	PQfinish(db->conn);
	db->conn = NULL;
	db->nprepared = 0;
}

bool
db_is_connected(const struct db *db)
{
	return db->conn != NULL && PQstatus(db->conn) == CONNECTION_OK;
}

/* How many items a comma list has. */
static size_t
list_length(const char *list)
{
	size_t	n = 1;

	for (; list != NULL && *list != '\0'; list++)
		n += *list == ',';
	return n;
}

/* Item i of a comma list; its only one for any i.  The caller frees. */
static char *
list_item(const char *list, size_t i)
{
	if (list_length(list) == 1)
		return strdup(list);
	for (; i > 0 && list != NULL; i--)
		if ((list = strchr(list, ',')) != NULL)
			list++;
	return list != NULL ? strndup(list, strcspn(list, ",")) : strdup("");
}

static bool
option_is_per_host(const char *key)
{
	return strcmp(key, "host") == 0 || strcmp(key, "hostaddr") == 0 ||
	    strcmp(key, "port") == 0;
}

/* The servers that a parsed conninfo names. */
static size_t
options_hosts(const PQconninfoOption *opts)
{
	size_t	n = 1;

	for (; opts->keyword != NULL; opts++)
		if (option_is_per_host(opts->keyword) &&
		    list_length(opts->val) > n)
			n = list_length(opts->val);
	return n;
}

static bool
target_set(struct target *t, const PQconninfoOption *opts, size_t host)
{
	for (t->n = 0; opts->keyword != NULL; opts++) {
		if (opts->val == NULL || t->n == MAX_OPTIONS)
			continue;
		t->keys[t->n] = opts->keyword;
		t->values[t->n] = option_is_per_host(opts->keyword) ?
		    list_item(opts->val, host) : strdup(opts->val);
		if (t->values[t->n] == NULL)
			return false;
		t->n++;
	}
	t->keys[t->n] = NULL;
	t->values[t->n] = NULL;
	return true;
}

static void
target_free(struct target *t)
{
	size_t	i;

	for (i = 0; i < t->n; i++)
		free(t->values[i]);
}

static bool
connect_finish(PGconn *conn, int64_t deadline_ms)
{
	PostgresPollingStatusType	st = PGRES_POLLING_WRITING;

	while (st != PGRES_POLLING_OK && st != PGRES_POLLING_FAILED) {
		if (db_wait(conn, st == PGRES_POLLING_READING ? POLLIN :
		    POLLOUT, deadline_ms) != 1)
			return false;
		st = PQconnectPoll(conn);
	}
	return st == PGRES_POLLING_OK;
}

/*
 * Where the SQLSTATE stands in the words of a server that refused a connection,
 * or NULL.  libpq has no other way to tell it before there is a connection, but
 * with PQERRORS_VERBOSE it writes it behind the severity, in every language:
 * "... failed: FATAL:  28000: role ..." (fe-protocol3.c, pqBuildErrorMessage3).
 */
static const char *
connect_sqlstate(const char *words)
{
	size_t	i;

	for (; (words = strstr(words, ":  ")) != NULL; words++) {
		for (i = 3; i < 8 && (isdigit((unsigned char)words[i]) ||
		    isupper((unsigned char)words[i])); i++)
			;
		if (i == 8 && words[8] == ':')
			return words + 3;
	}
	return NULL;
}

/* Why there is no connection: the server's reason where one gave any (there may
 * be several addresses), without the SQLSTATE in its midst. */
static void
connect_words(struct errbuf *err, PGconn *conn)
{
	const char	*all = PQerrorMessage(conn), *line, *at;
	char		 state[SQLSTATE_SIZE], words[sizeof(err->text)];

	if ((at = connect_sqlstate(all)) == NULL) {
		db_words(err, "connect", all);
		/* What the server would say, had it been asked. */
		db_class(err, PQconnectionNeedsPassword(conn) == 1 ? "28P01" :
		    NULL);
		return;
	}
	(void)snprintf(state, sizeof(state), "%s", at);
	for (line = at; line > all && line[-1] != '\n'; line--)
		;
	(void)snprintf(words, sizeof(words), "%.*s%s", (int)(at - line), line,
	    at + SQLSTATE_SIZE + 1);
	db_words(err, "connect", words);
	db_class(err, state);
}

static enum db_verdict
session_start(struct db *db, int64_t deadline_ms, struct errbuf *err)
{
	const char	*role = db->options.role;
	const char	*values[] = { role != NULL ? role : "", role,
			    db->options.search_path,
			    db_statement_timeout(db) };
	PGresult	*res = NULL;
	enum db_verdict	 v;

	if (db->options.pooler)
		return DB_OK;
	v = db_ask(db, "session", session_sql, 4, values, deadline_ms, &res,
	    err);
	PQclear(res);
	return v;
}

/* Connect to one server and start the session there. */
static enum db_verdict
connect_host(struct db *db, const PQconninfoOption *opts, size_t host,
    int64_t deadline_ms, struct errbuf *err)
{
	struct target	t;
	bool		ok = target_set(&t, opts, host);

	db_disconnect(db);
	if (ok)
		db->conn = PQconnectStartParams(t.keys,
		    (const char *const *)t.values, 0);
	target_free(&t);
	if (db->conn == NULL) {
		(void)errbuf_no_memory(err);
		errbuf_reword(err, "database: out of memory");
		return DB_AWAY;
	}
	PQsetNoticeReceiver(db->conn, connect_notice, NULL);
	(void)PQsetErrorVerbosity(db->conn, PQERRORS_VERBOSE);
	if (PQstatus(db->conn) == CONNECTION_BAD ||
	    !connect_finish(db->conn, deadline_ms) ||
	    PQsetnonblocking(db->conn, 1) == -1) {
		connect_words(err, db->conn);
		db_disconnect(db);
		return DB_AWAY;
	}
	(void)PQsetErrorVerbosity(db->conn, PQERRORS_DEFAULT);
	return session_start(db, deadline_ms, err);
}

/*
 * The servers in turn, beginning with the one that was good last.  libpq
 * would walk through them by itself, but without a limit on each when it is
 * asked to connect without blocking, so one that does not answer would use
 * up the others' time.
 */
static enum db_verdict
connect_hosts(struct db *db, const PQconninfoOption *opts, int64_t deadline_ms,
    struct errbuf *err)
{
	enum db_verdict	v = DB_AWAY;
	size_t		i, n = options_hosts(opts);
	int64_t		slice_ms;

	for (i = 0; i < n && v == DB_AWAY; i++) {
		slice_ms = (deadline_ms - clock_ms()) / (int64_t)(n - i);
		v = connect_host(db, opts, (db->host + i) % n,
		    clock_ms() + slice_ms, err);
		if (v != DB_AWAY)
			db->host = (db->host + i) % n;
	}
	return v;
}

enum db_verdict
db_connect_unchecked(struct db *db, int64_t deadline_ms, struct errbuf *err)
{
	PQconninfoOption	*opts;
	char			*words = NULL;
	enum db_verdict		 v;

	if (db_is_connected(db))
		return DB_OK;
	if ((opts = PQconninfoParse(db->conninfo, &words)) == NULL) {
		db_words(err, "conninfo", words != NULL ? words :
		    "out of memory");
		err->class = ERR_SETTING;
		PQfreemem(words);
		return DB_BROKEN;
	}
	v = connect_hosts(db, opts, deadline_ms, err);
	PQconninfoFree(opts);
	return v;
}

/* The list of them, as PostgreSQL writes an array. */
static void
stuck_list(const struct db *db, char *list, size_t size)
{
	size_t	len = 0;
	int	i;

	for (i = 0; i < db->nstuck; i++)
		len += (size_t)snprintf(list + len, size - len, "%c%d",
		    i == 0 ? '{' : ',', db->stuck[i]);
	(void)snprintf(list + len, size - len, "}");
}

/*
 * Are some of the backends that were given up over?  While none is, no more are
 * added: they would take the server's connections one by one, from everybody.
 */
static enum db_verdict
stuck_check(struct db *db, int64_t deadline_ms, struct errbuf *err)
{
	char		 list[DB_MAX_STUCK * sizeof("-2147483648,") + 1];
	const char	*values[] = { list };
	PGresult	*res;
	enum db_verdict	 v;
	int		 i;

	if (db->nstuck < DB_MAX_STUCK)
		return DB_OK;
	stuck_list(db, list, sizeof(list));
	v = db_ask(db, "stuck backends", stuck_sql, 1, values, deadline_ms,
	    &res, err);
	if (v != DB_OK)
		return v;
	db->nstuck = PQntuples(res);
	for (i = 0; i < db->nstuck; i++)
		db->stuck[i] = (int)db_number(PQgetvalue(res, i, 0));
	PQclear(res);
	if (db->nstuck < DB_MAX_STUCK)
		return DB_OK;
	errbuf_set(err, "database: %d backends that did not answer in time "
	    "are still at it", DB_MAX_STUCK);
	db_class(err, NULL);
	return DB_AWAY;
}

enum db_verdict
db_connect(struct db *db, int timeout_ms, struct errbuf *err)
{
	int64_t		deadline_ms = clock_ms() + timeout_ms;
	enum db_verdict	v;

	if (db_is_connected(db))
		return DB_OK;
	if ((v = db_connect_unchecked(db, deadline_ms, err)) == DB_OK &&
	    (v = stuck_check(db, deadline_ms, err)) == DB_OK &&
	    db->options.check != NULL)
		v = db->options.check(db, (int)(deadline_ms - clock_ms()), err);
	if (v != DB_OK && db->conn != NULL)
		db_disconnect(db);
	return v;
}
