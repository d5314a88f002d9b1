#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "lib/clock.h"
#include "lib/db.h"
#include "lib/log.h"
#include "schema_version.h"

/* Above this many parameters a call would need another look at the stack. */
#define MAX_PARAMS	32

/* How often a statement is sent: again after a lost connection, and again when
 * what the server still did for the first had not been over. */
#define MAX_SENDS	3

/* How many backends that did not answer in time one program leaves behind: with
 * a standby gone, or a disk that stands still, they end when those are back. */
#define STUCK_MAX	3

/* libpq 15 knows some 40 connection options. */
#define MAX_OPTIONS	80

struct db {
	char	*conninfo;
	const char *role;
	bool	 pooler;
	PGconn	*conn;
	size_t	 host;		/* which of conninfo's servers was good */
	bool	 prepared[DB_STMT__MAX];
	int	 stuck[STUCK_MAX];	/* backends that were given up */
	int	 nstuck;
};

/* A PGresult under a name that says what it is to the callers. */
struct db_rows;

/* Every statement the programs send.  What they do is in sql/. */
static const struct {
	const char	*name;
	const char	*sql;
	int		 nparam;
	int		 ncol;
} stmts[] = {
	[DB_SCHEMA_VERSION] = { "schema_version",
	    "select genhook.schema_version()", 0, 1 },
	[DB_RECEIVE] = { "receive",
	    "select genhook.receive($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,"
	    " $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,"
	    " $23, $24, $25, $26, $27, $28)", 28, 1 },
	[DB_NOTIFY_FINISHED] = { "notify_finished",
	    "select genhook.notify_finished($1)", 1, 1 },
	[DB_START_SWEEP] = { "start_sweep",
	    "select genhook.start_sweep($1, $2::int)", 2, 1 },
	[DB_BEAT_SWEEP] = { "beat_sweep",
	    "select genhook.beat_sweep($1::bigint, $2::jsonb, $3,"
	    " $4::interval)", 4, 1 },
	[DB_FINISH_SWEEP] = { "finish_sweep",
	    "select genhook.finish_sweep($1::bigint, $2::jsonb, $3)", 3, 1 },
	[DB_CLAIM_POLLS] = { "claim_polls",
	    "select task_id, model, extract(epoch from submitted_at)"
	    " from genhook.claim_polls($1, $2, $3::interval, $4::interval,"
	    " $5::int, $6, $7::int)", 7, 3 },
	[DB_NOTE_POLL] = { "note_poll",
	    "select genhook.note_poll($1, $2, $3, $4, $5::interval)", 5, 1 },
	[DB_RELEASE_POLLS] = { "release_polls",
	    "select genhook.release_polls($1, $2::text[])", 2, 1 },
	[DB_PAUSE_ACCOUNT] = { "pause_account",
	    "select genhook.pause_account($1, $2, $3::interval, $4)", 4, 1 },
	[DB_GIVE_UP_TASKS] = { "give_up_tasks",
	    "select task_id from genhook.give_up_tasks($1, $2,"
	    " $3::interval, $4::int)", 4, 1 },
	[DB_CLAIM_OUTPUTS] = { "claim_outputs",
	    "select provider, task_id, position, kind, url,"
	    " extract(epoch from expires_at)::bigint, attempts,"
	    " extract(epoch from finished_at)::bigint,"
	    " account, model, outputs, paused"
	    " from genhook.claim_outputs($1, $2::interval, $3::int, $4, $5)",
	    5, 12 },
	[DB_RENEW_OUTPUT] = { "renew_output",
	    "select genhook.renew_output($1, $2, $3::int, $4, $5,"
	    " to_timestamp($6::double precision), $7)", 7, 1 },
	[DB_STORE_OUTPUTS] = { "store_outputs",
	    "select genhook.store_outputs($1, $2::text[], $3::text[],"
	    " $4::int[], $5::text[], $6::text[]::bigint[], $7::text[],"
	    " $8::text[], $9::text[])", 9, 1 },
	[DB_FAIL_OUTPUT] = { "fail_output",
	    "select genhook.fail_output($1, $2, $3::int, $4, $5, $6,"
	    " $7::interval)", 7, 1 },
	[DB_RELEASE_OUTPUTS] = { "release_outputs",
	    "select genhook.release_outputs($1)", 1, 1 },
	[DB_RETAIN_DELIVERIES] = { "retain_deliveries",
	    "select genhook.retain_deliveries($1::int)", 1, 1 },
	[DB_COUNT_TRAFFIC] = { "count_traffic",
	    "select genhook.count_traffic()", 0, 1 },
	[DB_CLAIM_REPLAYS] = { "claim_replays",
	    "select replay_id,"
	    " (extract(epoch from requested_at) * 1000000)::bigint,"
	    " (extract(epoch from received_at) * 1000000)::bigint,"
	    " id, provider, account, outcome, verdict, remote_addr, headers,"
	    " body from genhook.claim_replays($1, $2::interval, $3::int)",
	    3, 11 },
	[DB_FINISH_REPLAYS] = { "finish_replays",
	    "select genhook.finish_replays($1, $2, $3, $4)", 4, 1 },
	[DB_CLAIM_REQUESTS] = { "claim_requests",
	    "select id, model, request, path, callback, test_mode, once_key,"
	    " attempts from genhook.claim_requests($1, $2, $3, $4::interval,"
	    " $5::int, $6::bigint, $7::int)", 7, 8 },
	[DB_FINISH_REQUEST] = { "finish_request",
	    "select genhook.finish_request($1::bigint, $2, $3, $4, $5,"
	    " $6::interval)", 6, 1 },
	[DB_EXPIRE_REQUESTS] = { "expire_requests",
	    "select id, provider, account, status"
	    " from genhook.expire_requests($1, $2, $3::boolean)", 3, 4 },
	[DB_DUE_REQUESTS] = { "due_requests",
	    "select provider, id, account, model, attempts"
	    " from genhook.requests where status = 'queued'"
	    " and next_attempt_at <= now()"
	    " order by next_attempt_at, id limit 1000", 0, 5 },
	[DB_DUE_TASKS] = { "due_tasks",
	    "select provider, task_id, account, waiting, polls,"
	    " case when next_poll_at is null"
	    " then extract(epoch from now() - submitted_at)::bigint end"
	    " from genhook.pending_tasks"
	    " where coalesce(next_poll_at, submitted_at) <= now()"
	    " limit 1000", 0, 6 },
	[DB_DUE_OUTPUTS] = { "due_outputs",
	    "select provider, task_id, position, kind, time_left, attempts,"
	    " url from genhook.due_outputs"
	    " where (next_attempt_at <= now() or attempts = 0)"
	    " and (leased_until is null or leased_until < now())"
	    " limit 1000", 0, 7 },
	[DB_COUNT_DUE] = { "count_due",
	    "select count(*) from (select from genhook.due_outputs"
	    " where (next_attempt_at <= now() or attempts = 0)"
	    " and (leased_until is null or leased_until < now())"
	    " and ($1::text is null or provider = $1)"
	    " and ($2::text is null or task_id = $2) limit 100000) due",
	    2, 1 },
};
_Static_assert(sizeof(stmts) / sizeof(stmts[0]) == DB_STMT__MAX,
    "a statement is missing");

/* unique_violation: a twin of ours was faster. */
#define TWIN	"23505"

/* What an SQLSTATE means to us, by its first letters; the first row that fits
 * counts, others are DB_AWAY. */
static const struct {
	const char	*prefix;
	enum db_verdict	 verdict;
} sqlstates[] = {
	{ TWIN,		DB_AWAY },	/* sent again, it is seen */
	{ "22",		DB_REFUSED },	/* data exception */
	{ "23",		DB_REFUSED },	/* integrity constraint */
	{ "28",		DB_BROKEN },	/* authorization */
	{ "3D",		DB_BROKEN },	/* no such database */
	{ "3F",		DB_BROKEN },	/* no such schema */
	{ "42",		DB_BROKEN },	/* no right, no such function */
	{ "0A",		DB_BROKEN },	/* not supported by this server */
};

static enum db_verdict
verdict_of(const char *sqlstate)
{
	size_t	i;

	for (i = 0; sqlstate != NULL &&
	    i < sizeof(sqlstates) / sizeof(sqlstates[0]); i++)
		if (strncmp(sqlstate, sqlstates[i].prefix,
		    strlen(sqlstates[i].prefix)) == 0)
			return sqlstates[i].verdict;
	return DB_AWAY;
}

/* An error without SQLSTATE was made on our side of the connection.  A session
 * that began read-only stays so when its server or role no longer is. */
static bool
server_lost(const PGresult *res)
{
	const char	*state = PQresultErrorField(res, PG_DIAG_SQLSTATE);

	return state == NULL || strncmp(state, "08", 2) == 0 ||
	    strncmp(state, "57P", 3) == 0 || strcmp(state, "25006") == 0;
}

/* The first line of libpq's words is the reason. */
static void
set_words(struct errbuf *err, const char *what, const char *words)
{
	size_t	len = strcspn(words, "\n");

	errbuf_set(err, "database: %s: %.*s", what, (int)len,
	    len > 0 ? words : "no answer");
}

static void
notice(void *arg, const PGresult *res)
{
	const char	*words = PQresultErrorField(res,
			    PG_DIAG_MESSAGE_PRIMARY);

	(void)arg;
	log_line(LOG_DEBUG, "database notice: %s", words != NULL ? words : "");
}

struct db *
db_new(const char *conninfo, const char *role, bool pooler)
{
	struct db	*db;

	if ((db = calloc(1, sizeof(*db))) == NULL)
		return NULL;
	if ((db->conninfo = strdup(conninfo)) == NULL) {
		free(db);
		return NULL;
	}
	db->role = role;
	db->pooler = pooler;
	return db;
}

static void
db_disconnect(struct db *db)
{
	PQfinish(db->conn);
	db->conn = NULL;
	memset(db->prepared, 0, sizeof(db->prepared));
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

int
db_schema_version(void)
{
	return SCHEMA_VERSION;
}

bool
db_is_connected(const struct db *db)
{
	return db->conn != NULL && PQstatus(db->conn) == CONNECTION_OK;
}

/* Wait for the socket until the deadline: 1 ready, 0 too late, -1 failed. */
static int
wait_socket(PGconn *conn, short events, int64_t deadline_ms)
{
	struct pollfd	pfd = { .fd = PQsocket(conn), .events = events };
	int64_t		left;
	int		n;

	if (pfd.fd == -1)
		return -1;
	for (;;) {
		left = deadline_ms - clock_ms();
		if (left <= 0)
			return 0;
		n = poll(&pfd, 1, (int)left);
		if (n > 0)
			return 1;
		if (n == 0)
			return 0;
		/* A signal ends the wait early, not the deadline. */
	}
}

static bool
connect_finish(PGconn *conn, int64_t deadline_ms)
{
	PostgresPollingStatusType	st = PGRES_POLLING_WRITING;

	while (st != PGRES_POLLING_OK && st != PGRES_POLLING_FAILED) {
		if (wait_socket(conn, st == PGRES_POLLING_READING ? POLLIN :
		    POLLOUT, deadline_ms) != 1)
			return false;
		st = PQconnectPoll(conn);
	}
	return st == PGRES_POLLING_OK;
}

/*
 * The last result of what was sent, or NULL when the deadline passed or the
 * connection broke without one.
 */
static PGresult *
await_result(PGconn *conn, int64_t deadline_ms)
{
	PGresult	*res, *last = NULL;
	int		 flushed;

	while ((flushed = PQflush(conn)) == 1)
		if (wait_socket(conn, POLLIN | POLLOUT, deadline_ms) != 1 ||
		    PQconsumeInput(conn) == 0)
			return NULL;
	if (flushed == -1)
		return NULL;
	for (;;) {
		while (PQisBusy(conn)) {
			if (wait_socket(conn, POLLIN, deadline_ms) != 1 ||
			    PQconsumeInput(conn) == 0) {
				PQclear(last);
				return NULL;
			}
		}
		if ((res = PQgetResult(conn)) == NULL)
			return last;
		/* The first failure is the one that tells. */
		if (last != NULL && PQresultStatus(last) == PGRES_FATAL_ERROR) {
			PQclear(res);
			continue;
		}
		PQclear(last);
		last = res;
	}
}

/* A backend that still has not answered; the oldest is forgotten for it. */
static void
stuck_add(struct db *db, int pid)
{
	if (db->nstuck == STUCK_MAX)
		memmove(db->stuck, db->stuck + 1,
		    (size_t)--db->nstuck * sizeof(*db->stuck));
	db->stuck[db->nstuck++] = pid;
}

/*
 * What one statement's result means, and may it be sent again at once?  A
 * missing result ends the connection: whatever the server still does with it,
 * nobody waits for it any more.
 */
static enum db_verdict
judge_result(struct db *db, const char *name, PGresult *res, bool *again,
    struct errbuf *err)
{
	const char	*state;

	*again = false;
	if (res == NULL) {
		set_words(err, name, PQerrorMessage(db->conn));
		*again = PQstatus(db->conn) != CONNECTION_OK;
		if (!*again && !db->pooler)
			stuck_add(db, PQbackendPID(db->conn));
		db_disconnect(db);
		return DB_AWAY;
	}
	if (PQresultStatus(res) == PGRES_TUPLES_OK ||
	    PQresultStatus(res) == PGRES_COMMAND_OK)
		return DB_OK;
	state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	set_words(err, name, PQresultErrorMessage(res));
	if (state != NULL) {
		err->class = ERR_SQL;
		(void)snprintf(err->sqlstate, sizeof(err->sqlstate), "%s",
		    state);
	}
	if (server_lost(res)) {
		*again = true;
		db_disconnect(db);
		return DB_AWAY;
	}
	*again = strcmp(state, TWIN) == 0;
	return verdict_of(state);
}

/* The session is the same whatever the server's or the role's settings. */
static const char session_sql[] =
    "select set_config('role', coalesce((select rolname::text"
    "     from pg_catalog.pg_roles where rolname = $1"
    "     and pg_catalog.pg_has_role(rolname, 'member')),"
    "     current_setting('role')), false),"
    " set_config('search_path', 'genhook, pg_temp', false),"
    " set_config('client_encoding', 'UTF8', false),"
    " set_config('timezone', 'UTC', false),"
    " set_config('bytea_output', 'hex', false),"
    " set_config('lock_timeout', '2500ms', false),"
    " set_config('statement_timeout', '30s', false),"
    " set_config('idle_in_transaction_session_timeout', '30s', false),"
    " set_config('jit', 'off', false),"
    " set_config('synchronous_commit',"
    "     case current_setting('synchronous_commit') when 'off' then 'on'"
    "     else current_setting('synchronous_commit') end, false),"
    " set_config('application_name', coalesce($2,"
    "     current_setting('application_name')), false)";

/* Behind a pooler, what has to hold while a statement runs and commits: for
 * its transaction alone. */
static const char transaction_sql[] =
    "select set_config('lock_timeout', '2500ms', true),"
    " set_config('statement_timeout', '30s', true),"
    " set_config('synchronous_commit',"
    "     case current_setting('synchronous_commit') when 'off' then 'on'"
    "     else current_setting('synchronous_commit') end, true)";

static enum db_verdict
session_start(struct db *db, int64_t deadline_ms, struct errbuf *err)
{
	const char	*param[] = { db->role != NULL ? db->role : "",
			    db->role };
	PGresult	*res = NULL;
	enum db_verdict	 v;
	bool		 again;

	if (db->pooler)
		return DB_OK;
	if (PQsendQueryParams(db->conn, session_sql, 2, NULL, param, NULL,
	    NULL, 0) == 1)
		res = await_result(db->conn, deadline_ms);
	v = judge_result(db, "session", res, &again, err);
	PQclear(res);
	return v;
}

/* One that has done its work finds nobody there and ends. */
static const char stuck_sql[] =
    "select pid from pg_catalog.pg_stat_activity"
    " where pid = any ($1::integer[]) and usename = session_user";

/*
 * Are some of the backends that were given up over?  While none is, no more are
 * added: they would take the server's connections one by one, from everybody.
 */
static enum db_verdict
stuck_check(struct db *db, int64_t deadline_ms, struct errbuf *err)
{
	char		 list[STUCK_MAX * sizeof("-2147483648,") + 1];
	const char	*param[] = { list };
	PGresult	*res = NULL;
	enum db_verdict	 v;
	size_t		 len = 0;
	bool		 again;
	int		 i;

	if (db->nstuck < STUCK_MAX)
		return DB_OK;
	for (i = 0; i < STUCK_MAX; i++)
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%c%d",
		    i == 0 ? '{' : ',', db->stuck[i]);
	(void)snprintf(list + len, sizeof(list) - len, "}");
	if (PQsendQueryParams(db->conn, stuck_sql, 1, NULL, param, NULL, NULL,
	    0) == 1)
		res = await_result(db->conn, deadline_ms);
	v = judge_result(db, "stuck backends", res, &again, err);
	if (v == DB_OK) {
		db->nstuck = PQntuples(res);
		for (i = 0; i < db->nstuck; i++)
			db->stuck[i] = (int)strtol(PQgetvalue(res, i, 0),
			    NULL, 10);
		if (db->nstuck == STUCK_MAX) {
			errbuf_set(err, "database: %d backends that did not "
			    "answer in time are still at it", STUCK_MAX);
			v = DB_AWAY;
		}
	}
	PQclear(res);
	return v;
}

/* Refuse a schema that this program does not know. */
static enum db_verdict
schema_check(struct db *db, int64_t deadline_ms, struct errbuf *err)
{
	PGresult	*res = NULL;
	enum db_verdict	 v;
	const char	*found;
	char		 want[16];
	bool		 again;

	if (PQsendQueryParams(db->conn, stmts[DB_SCHEMA_VERSION].sql, 0, NULL,
	    NULL, NULL, NULL, 0) == 1)
		res = await_result(db->conn, deadline_ms);
	v = judge_result(db, "schema version", res, &again, err);
	if (v == DB_OK) {
		found = PQgetvalue(res, 0, 0);
		(void)snprintf(want, sizeof(want), "%d", SCHEMA_VERSION);
		if (strcmp(found, want) != 0) {
			errbuf_set(err, "database: schema version is %s, this "
			    "program needs %s: run \"genhook migrate\" of the "
			    "same version", *found != '\0' ? found : "missing",
			    want);
			v = DB_BROKEN;
		}
	}
	PQclear(res);
	return v;
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

/* One of conninfo's servers, with everything else that conninfo says. */
struct target {
	const char	*keys[MAX_OPTIONS + 1];
	char		*values[MAX_OPTIONS + 1];	/* owned */
	size_t		 n;
};

static bool
is_per_host(const char *key)
{
	return strcmp(key, "host") == 0 || strcmp(key, "hostaddr") == 0 ||
	    strcmp(key, "port") == 0;
}

static void
target_free(struct target *t)
{
	size_t	i;

	for (i = 0; i < t->n; i++)
		free(t->values[i]);
}

static bool
target_set(struct target *t, const PQconninfoOption *opts, size_t host)
{
	for (t->n = 0; opts->keyword != NULL; opts++) {
		if (opts->val == NULL || t->n == MAX_OPTIONS)
			continue;
		t->keys[t->n] = opts->keyword;
		t->values[t->n] = is_per_host(opts->keyword) ?
		    list_item(opts->val, host) : strdup(opts->val);
		if (t->values[t->n] == NULL)
			return false;
		t->n++;
	}
	t->keys[t->n] = NULL;
	t->values[t->n] = NULL;
	return true;
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
		errbuf_set(err, "database: out of memory");
		return DB_AWAY;
	}
	PQsetNoticeReceiver(db->conn, notice, NULL);
	if (PQstatus(db->conn) == CONNECTION_BAD ||
	    !connect_finish(db->conn, deadline_ms) ||
	    PQsetnonblocking(db->conn, 1) == -1) {
		set_words(err, "connect", PQerrorMessage(db->conn));
		db_disconnect(db);
		return DB_AWAY;
	}
	return session_start(db, deadline_ms, err);
}

/* The servers that a parsed conninfo names. */
static size_t
host_count(const PQconninfoOption *opts)
{
	size_t	n = 1;

	for (; opts->keyword != NULL; opts++)
		if (is_per_host(opts->keyword) && list_length(opts->val) > n)
			n = list_length(opts->val);
	return n;
}

/*
 * The servers in turn, beginning with the one that was good last.  libpq
 * would walk through them by itself, but without a limit on each when it is
 * asked to connect without blocking, so one that does not answer would use
 * up the others' time.
 */
static enum db_verdict
connect_raw(struct db *db, int64_t deadline_ms, struct errbuf *err)
{
	PQconninfoOption	*opts;
	char			*words = NULL;
	enum db_verdict		 v = DB_AWAY;
	size_t			 i, n;
	int64_t			 slice_ms;

	if ((opts = PQconninfoParse(db->conninfo, &words)) == NULL) {
		set_words(err, "conninfo", words != NULL ? words :
		    "out of memory");
		PQfreemem(words);
		return DB_BROKEN;
	}
	n = host_count(opts);
	for (i = 0; i < n && v == DB_AWAY; i++) {
		slice_ms = (deadline_ms - clock_ms()) / (int64_t)(n - i);
		v = connect_host(db, opts, (db->host + i) % n,
		    clock_ms() + slice_ms, err);
		if (v != DB_AWAY)
			db->host = (db->host + i) % n;
	}
	PQconninfoFree(opts);
	return v;
}

enum db_verdict
db_connect(struct db *db, int timeout_ms, struct errbuf *err)
{
	int64_t		deadline_ms = clock_ms() + timeout_ms;
	enum db_verdict	v;

	if (db_is_connected(db))
		return DB_OK;
	if ((v = connect_raw(db, deadline_ms, err)) == DB_OK &&
	    (v = stuck_check(db, deadline_ms, err)) == DB_OK)
		v = schema_check(db, deadline_ms, err);
	if (v != DB_OK && db->conn != NULL)
		db_disconnect(db);
	return v;
}

/*
 * The settings and the statement before one Sync: the server makes one
 * transaction of them, and it costs no second turn.  The commit comes with
 * the Sync, so its result may be the one that tells.
 */
static PGresult *
send_pooled(struct db *db, enum db_stmt id, const char *const *values,
    const int *lens, const int *formats, int64_t deadline_ms)
{
	enum { SETTINGS, STATEMENT, SYNC, RESULTS };
	PGresult	*got[RESULTS] = { NULL }, *res;
	int		 i, tells = STATEMENT;

	if (PQenterPipelineMode(db->conn) == 0 ||
	    PQsendQueryParams(db->conn, transaction_sql, 0, NULL, NULL, NULL,
	    NULL, 0) == 0 ||
	    PQsendQueryParams(db->conn, stmts[id].sql, stmts[id].nparam, NULL,
	    values, lens, formats, 0) == 0 || PQpipelineSync(db->conn) == 0)
		return NULL;
	for (i = 0; i < RESULTS; i++)
		if ((got[i] = await_result(db->conn, deadline_ms)) == NULL)
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

/* Send a statement, preparing it first where a session is ours to keep. */
static PGresult *
send_stmt(struct db *db, enum db_stmt id, const struct db_param *params,
    int64_t deadline_ms)
{
	const char	*values[MAX_PARAMS];
	int		 lens[MAX_PARAMS], formats[MAX_PARAMS], i;
	PGresult	*res;

	for (i = 0; i < stmts[id].nparam; i++) {
		values[i] = params[i].value;
		lens[i] = params[i].len == DB_TEXT ? 0 : params[i].len;
		formats[i] = params[i].len == DB_TEXT ? 0 : 1;
	}
	if (db->pooler)
		return send_pooled(db, id, values, lens, formats, deadline_ms);
	if (!db->prepared[id]) {
		if (PQsendPrepare(db->conn, stmts[id].name, stmts[id].sql, 0,
		    NULL) == 0 ||
		    (res = await_result(db->conn, deadline_ms)) == NULL)
			return NULL;
		if (PQresultStatus(res) != PGRES_COMMAND_OK)
			return res;
		PQclear(res);
		db->prepared[id] = true;
	}
	if (PQsendQueryPrepared(db->conn, stmts[id].name, stmts[id].nparam,
	    values, lens, formats, 0) == 0)
		return NULL;
	return await_result(db->conn, deadline_ms);
}

enum db_verdict
db_run(struct db *db, enum db_stmt id, const struct db_param *params,
    int timeout_ms, struct db_rows **rows, struct errbuf *err)
{
	int64_t		 deadline_ms = clock_ms() + timeout_ms;
	PGresult	*res = NULL;
	enum db_verdict	 v = DB_AWAY;
	bool		 again = false;
	int		 sent;

	errbuf_set(err, "database: %s: no time left", stmts[id].name);
	if (timeout_ms <= 0)
		return DB_AWAY;
	for (sent = 0; sent < MAX_SENDS; sent++) {
		v = db_connect(db, (int)(deadline_ms - clock_ms()), err);
		if (v != DB_OK)
			return v;
		res = send_stmt(db, id, params, deadline_ms);
		v = judge_result(db, stmts[id].name, res, &again, err);
		if (v == DB_OK || !again)
			break;
		PQclear(res);
		res = NULL;
	}
	if (v == DB_OK && PQnfields(res) != stmts[id].ncol) {
		errbuf_set(err, "database: %s: %d columns, expected %d",
		    stmts[id].name, PQnfields(res), stmts[id].ncol);
		v = DB_BROKEN;
	}
	if (v == DB_OK && rows != NULL)
		*rows = (struct db_rows *)res;
	else
		PQclear(res);
	return v;
}

enum db_verdict
db_script(struct db *db, const char *sql, int timeout_ms, struct errbuf *err)
{
	int64_t		 deadline_ms = clock_ms() + timeout_ms;
	PGresult	*res = NULL;
	enum db_verdict	 v = DB_OK;
	bool		 again;

	if (!db_is_connected(db))
		v = connect_raw(db, deadline_ms, err);
	if (v != DB_OK)
		return v;
	if (PQsendQuery(db->conn, sql) == 1)
		res = await_result(db->conn, deadline_ms);
	v = judge_result(db, "script", res, &again, err);
	PQclear(res);
	return v;
}

enum db_verdict
db_query(struct db *db, const char *sql, const struct db_param *params,
    int nparams, int timeout_ms, struct db_rows **rows, struct errbuf *err)
{
	int64_t		 deadline_ms = clock_ms() + timeout_ms;
	const char	*values[MAX_PARAMS];
	PGresult	*res = NULL;
	enum db_verdict	 v = DB_OK;
	bool		 again;
	int		 i;

	for (i = 0; i < nparams && i < MAX_PARAMS; i++)
		values[i] = params[i].value;
	if (!db_is_connected(db))
		v = connect_raw(db, deadline_ms, err);
	if (v != DB_OK)
		return v;
	if (PQsendQueryParams(db->conn, sql, nparams, NULL, values, NULL,
	    NULL, 0) == 1)
		res = await_result(db->conn, deadline_ms);
	v = judge_result(db, "query", res, &again, err);
	if (v == DB_OK)
		*rows = (struct db_rows *)res;
	else
		PQclear(res);
	return v;
}

enum db_verdict
db_listen(struct db *db, const char *channel, int timeout_ms,
    struct errbuf *err)
{
	char	sql[80];

	(void)snprintf(sql, sizeof(sql), "listen %s", channel);
	return db_script(db, sql, timeout_ms, err);
}

enum db_verdict
db_notified(struct db *db, int timeout_ms, char **message,
    struct errbuf *err)
{
	int64_t		 deadline_ms = clock_ms() + timeout_ms;
	PGnotify	*note;

	*message = NULL;
	while ((note = PQnotifies(db->conn)) == NULL) {
		if (wait_socket(db->conn, POLLIN, deadline_ms) == 0)
			return DB_OK;
		if (PQconsumeInput(db->conn) == 0) {
			set_words(err, "listen", PQerrorMessage(db->conn));
			db_disconnect(db);
			return DB_AWAY;
		}
	}
	if ((*message = strdup(note->extra)) == NULL)
		errbuf_set(err, "database: out of memory");
	PQfreemem(note);
	return *message != NULL ? DB_OK : DB_AWAY;
}

struct db_param
db_text(const char *text)
{
	struct db_param	p = { text, DB_TEXT };

	return p;
}

struct db_param
db_int(int64_t n, char buf[DB_NUMBER_MAX])
{
	(void)snprintf(buf, DB_NUMBER_MAX, "%lld", (long long)n);
	return db_text(buf);
}

struct db_param
db_interval(int64_t seconds, char buf[DB_NUMBER_MAX])
{
	(void)snprintf(buf, DB_NUMBER_MAX, "%lld s", (long long)seconds);
	return db_text(buf);
}

int64_t
db_number(const char *text)
{
	return text == NULL ? 0 : strtoll(text, NULL, 10);
}

int
db_rows_count(const struct db_rows *rows)
{
	return PQntuples((const PGresult *)rows);
}

int
db_columns(const struct db_rows *rows)
{
	return PQnfields((const PGresult *)rows);
}

const char *
db_column_name(const struct db_rows *rows, int col)
{
	return PQfname((const PGresult *)rows, col);
}

const char *
db_value(const struct db_rows *rows, int row, int col)
{
	const PGresult	*res = (const PGresult *)rows;

	if (PQgetisnull(res, row, col))
		return NULL;
	return PQgetvalue(res, row, col);
}

char *
db_bytes(const struct db_rows *rows, int row, int col, size_t *len)
{
	const char	*text = db_value(rows, row, col);
	unsigned char	*raw;
	char		*copy;

	if (text == NULL || (raw = PQunescapeBytea(
	    (const unsigned char *)text, len)) == NULL)
		return NULL;
	if ((copy = malloc(*len + 1)) != NULL) {
		memcpy(copy, raw, *len);
		copy[*len] = '\0';
	}
	PQfreemem(raw);
	return copy;
}

void
db_rows_free(struct db_rows *rows)
{
	PQclear((PGresult *)rows);
}
