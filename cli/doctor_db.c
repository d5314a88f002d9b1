/* What doctor sees in the database. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/database.h"
#include "cli/doctor.h"

#define CLOCK_MAX_S	5
#define SWEEP_MAX_S	3600
#define DRIFT_TOLD	5	/* differences of the schema: a mail is short */
#define LATE		"interval '15 minutes'"	/* behind when it was due */

/* What the database may say, and what mends it. */
static const struct {
	const char	*words, *cure;
} database_cures[] = {
	{ "schema version is", "genhook migrate, of the newer of the two" },
	{ "role \"", "ask as the user of a login that is there (runuser -u "
	    "genhook -- genhook doctor), or create role as in README" },
	{ "does not exist", "create database as in README; then: "
	    "genhook migrate" },
	{ "permission denied", "grant genhook_reader to the login that asks" },
	{ "authentication failed", "mend user and password in "
	    "database.conninfo, or ask as the user of its login" },
	{ "", "is PostgreSQL running, and does database.conninfo name it?  "
	    "pg_lsclusters; psql 'CONNINFO'" },
};

struct drift {
	struct doctor	*d;
	int		 told;
};

static void
note_drift(void *arg, const char *words)
{
	struct drift	*drift = arg;

	if (drift->told++ < DRIFT_TOLD)
		doctor_wrong(drift->d, "schema", "genhook migrate --check "
		    "lists it all; put it back as it was", "%s", words);
}

/* Is the schema what the migrations made? */
static void
doctor_schema(struct doctor *d)
{
	struct drift	drift = { d, 0 };
	struct errbuf	err;
	int		n = migrate_check(d->db, note_drift, &drift, &err);

	if (n == 0)
		doctor_well(d, "schema", "as it was made");
	else if (n == -1)
		doctor_wrong(d, "schema", "genhook migrate; or grant "
		    "genhook_reader to the login that asks", "%s", err.text);
	else if (n > DRIFT_TOLD)
		doctor_wrong(d, "schema", "the same", "and %d more",
		    n - DRIFT_TOLD);
}

void
doctor_database(struct doctor *d)
{
	struct errbuf	 err = { .text = "out of memory" };
	struct db	*db = database_new(d->conf->conninfo, NULL,
			    d->conf->pooler);
	size_t		 i = 0;

	if (db != NULL && db_connect(db, CLI_TIMEOUT_MS, &err) == DB_OK) {
		doctor_well(d, "database", "schema version %d",
		    database_schema_version());
		d->db = db;
		doctor_schema(d);
		return;
	}
	db_free(db);
	while (strstr(err.text, database_cures[i].words) == NULL)
		i++;
	doctor_wrong(d, "database", database_cures[i].cure, "%s", err.text);
}

/* Who has to be able to do what. */
static const struct login {
	const char	*who;
	size_t		 conninfo;	/* of its own, in struct conf */
	const char	*function;	/* that it has to be allowed to call */
	const char	*cure;
} logins[] = {
	{ "handlers", offsetof(struct conf, receiver_conninfo), "receive",
	    "grant genhook_receiver to it; and see receiver.conninfo" },
	{ "sweep", offsetof(struct conf, sweep_conninfo), "start_sweep",
	    "grant genhook_sweeper to it; and see sweep.conninfo" },
};

static const char	may_call_sql[] =
    "select current_user, coalesce(bool_or(has_function_privilege(p.oid,"
    " 'execute')), false) from pg_catalog.pg_proc p"
    " where p.pronamespace = to_regnamespace('genhook') and p.proname = $1";

/* Logins that may, where it is the system's user that decides. */
static const char	logins_sql[] =
    "select coalesce(string_agg(r.rolname, ', ' order by r.rolname),"
    " 'nobody') from pg_catalog.pg_roles r where r.rolcanlogin"
    " and not r.rolsuper and exists (select from pg_catalog.pg_proc p"
    " where p.pronamespace = to_regnamespace('genhook') and p.proname = $1"
    " and has_function_privilege(r.oid, p.oid, 'execute'))";

/* A login with a connection string of its own is tried. */
static void
login_try(struct doctor *d, const struct login *l, const char *conninfo)
{
	struct db_param	 param = { l->function, DB_TEXT };
	struct errbuf	 err = { .text = "out of memory" };
	struct db_rows	*rows = NULL;
	struct db	*db = database_new(conninfo, NULL, d->conf->pooler);

	if (db == NULL || db_query(db, may_call_sql, &param, 1,
	    CLI_TIMEOUT_MS, &rows, &err) != DB_OK)
		doctor_wrong(d, "rights", l->cure, "%s: %s", l->who,
		    err.text);
	else if (strcmp(db_value(rows, 0, 1), "t") != 0)
		doctor_wrong(d, "rights", l->cure, "%s: the login %s may not "
		    "call genhook.%s()", l->who, db_value(rows, 0, 0),
		    l->function);
	else
		doctor_well(d, "rights", "%s: the login %s may call what it "
		    "needs", l->who, db_value(rows, 0, 0));
	db_rows_free(rows);
	db_free(db);
}

static void
logins_name(struct doctor *d, const struct login *l)
{
	struct db_param	 param = { l->function, DB_TEXT };
	struct db_rows	*rows = NULL;
	struct errbuf	 err;

	if (db_query(d->db, logins_sql, &param, 1, CLI_TIMEOUT_MS, &rows,
	    &err) == DB_OK)
		doctor_well(d, "rights", "%s: of the logins may %s", l->who,
		    db_value(rows, 0, 0));
	db_rows_free(rows);
}

void
doctor_rights(struct doctor *d)
{
	const char	*conninfo;
	size_t		 i;

	for (i = 0; i < sizeof(logins) / sizeof(logins[0]); i++) {
		conninfo = *(char *const *)(const void *)
		    ((const char *)d->conf + logins[i].conninfo);
		if (*conninfo != '\0')
			login_try(d, &logins[i], conninfo);
		else
			logins_name(d, &logins[i]);
	}
}

/* The rows of a query, for the caller to free; NULL when it failed, which has
 * then been said of what. */
static struct db_rows *
ask(struct doctor *d, const char *what, const char *sql)
{
	struct db_rows	*rows = NULL;
	struct errbuf	 err;

	if (db_query(d->db, sql, NULL, 0, CLI_TIMEOUT_MS, &rows, &err) ==
	    DB_OK)
		return rows;
	doctor_wrong(d, what, "let a login look that may read the tables: "
	    "grant genhook_reader to it", "%s", err.text);
	return NULL;
}

void
doctor_clock(struct doctor *d)
{
	double		 before = (double)time(NULL), off;
	struct db_rows	*rows;

	rows = ask(d, "clock", "select extract(epoch from clock_timestamp())");
	if (rows == NULL)
		return;
	off = strtod(db_value(rows, 0, 0), NULL);
	db_rows_free(rows);
	/* It was asked at some moment between two looks at our own. */
	off = off < before ? off - before : off > (double)time(NULL) ?
	    off - (double)time(NULL) : 0;
	if (off > CLOCK_MAX_S || off < -CLOCK_MAX_S)
		doctor_wrong(d, "clock", "let NTP set both clocks: "
		    "timedatectl set-ntp true", "the database's is %.0f s %s "
		    "this machine's", off < 0 ? -off : off,
		    off < 0 ? "behind" : "ahead of");
	else
		doctor_well(d, "clock", "as the database's");
}

static const char	sweep_sql[] =
    "select extract(epoch from now() - started)::bigint, host,"
    " finished is null and heartbeat < now() - interval '5 minutes',"
    " error from genhook.sweeps order by started desc limit 1";

#define SWEEP_CURE	"let cron run genhook-sweep each minute "	\
			"(genhook.cron); its words are where that line " \
			"sends them"

static void
last_sweep_look(struct doctor *d, const struct db_rows *rows)
{
	long		 age = strtol(db_value(rows, 0, 0), NULL, 10);
	const char	*host = db_value(rows, 0, 1);
	const char	*error = db_value(rows, 0, 3);

	if (age > SWEEP_MAX_S)
		doctor_wrong(d, "cron", SWEEP_CURE, "the last sweep began %s "
		    "ago, on %s", doctor_ago(age), host);
	else if (error != NULL)
		doctor_wrong(d, "cron", "genhook-sweep --verbose says more",
		    "the last sweep (%s ago, on %s) could not do all: %s",
		    doctor_ago(age), host, error);
	else if (strcmp(db_value(rows, 0, 2), "t") == 0)
		doctor_note(d, "cron", "the last sweep (%s ago, on %s) was "
		    "killed", doctor_ago(age), host);
	else
		doctor_well(d, "cron", "the last sweep began %s ago, on %s",
		    doctor_ago(age), host);
}

void
doctor_sweep(struct doctor *d)
{
	struct db_rows	*rows = ask(d, "cron", sweep_sql);

	if (rows == NULL)
		return;
	if (db_rows_count(rows) == 0)
		doctor_wrong(d, "cron", SWEEP_CURE, "no sweep has ever run");
	else
		last_sweep_look(d, rows);
	db_rows_free(rows);
}

/* Each answers with a line of words for each thing that is wrong. */
static const struct {
	const char	*what;
	const char	*sql;
	const char	*cure;
} questions[] = {
	/* Of a database made before migrate refused the others. */
	{ "database",
	    "select format('its encoding is %s, not UTF8: callbacks with other"
	    " letters than it has wait in the spool', value) from"
	    " current_setting('server_encoding') as value"
	    " where value <> 'UTF8'",
	    "createdb --encoding=UTF8 --template=template0 another, pg_dump "
	    "this one into it" },
	{ "downloads",
	    "select format('%s outputs should have been tried since %s',"
	    " count(*), to_char(min(next_attempt_at), 'MM-DD HH24:MI'))"
	    " from genhook.due_outputs where next_attempt_at < now() - " LATE
	    " and coalesce(leased_until, now()) <= now() having count(*) > 0",
	    "genhook-sweep --dry-run lists them; more downloads_in_flight, or "
	    "max_seconds" },
	{ "links",
	    "select format('%s: %s outputs lost their link in the last day,"
	    " %s were given up', o.provider, count(*) filter (where o.status ="
	    " 'expired'), count(*) filter (where o.status = 'failed'))"
	    " from genhook.outputs o join genhook.tasks t"
	    " using (provider, task_id) where o.status in ('expired', 'failed')"
	    " and not t.is_test and coalesce(o.expires_at, t.finished_at)"
	    " > now() - interval '1 day' group by o.provider order by 1",
	    "genhook outputs failed; genhook outputs expired; genhook retry "
	    "PROVIDER" },
	{ "tasks",
	    "select format('%s: %s tasks were lost in the last day', provider,"
	    " count(*)) from genhook.tasks where status = 'lost'"
	    " and finished_at > now() - interval '1 day'"
	    " group by provider order by 1",
	    "genhook tasks lost; genhook repoll PROVIDER --status lost" },
	{ "accounts",
	    "select format('%s tasks of %s wait for an account that no sweep"
	    " knows', count(*), provider) from genhook.attention"
	    " where reason = 'account unknown' group by provider order by"
	    " provider",
	    "add its section to the settings, or register the tasks with the "
	    "right account" },
	{ "requests",
	    "select format('%s: %s times: %s', provider, count(*), reason)"
	    " from genhook.request_attention group by provider, reason"
	    " order by 1",
	    "genhook requests unknown; genhook requests refused; attention has "
	    "the statement for each" },
	{ "quiet",
	    "select provider || ': ' || details from genhook.attention"
	    " where reason = 'went quiet' order by 1",
	    "try the callback's address from outside; then the provider's "
	    "status page" },
	{ "unparsed",
	    "select format('%s: %s callbacks of the last day are of a shape"
	    " that this version does not know', provider, count(*))"
	    " from genhook.attention where reason = 'unparsed delivery'"
	    " and since > now() - interval '1 day'"
	    " group by provider order by provider",
	    "upgrade; then: genhook replay" },
	/* More in the last hour than ten, and than in three hours of the
	 * week before. */
	{ "callers",
	    "select format('%s: %s %s callbacks in the last hour', provider,"
	    " recent, outcome) from (select provider, outcome,"
	    " count(*) filter (where received_at > now() - interval '1 hour')"
	    " as recent, count(*) filter (where received_at <= now()"
	    " - interval '1 hour') as before from genhook.deliveries"
	    " where outcome in ('rejected', 'unverified')"
	    " and received_at > now() - interval '7 days'"
	    " group by provider, outcome) as c"
	    " where recent > 10 and recent > 3 * before / 167.0 order by 1",
	    "unverified: is webhook_secret that of the API key which submits?  "
	    "rejected: genhook deliveries rejected" },
};

static void
question_ask(struct doctor *d, const char *what, const char *sql,
    const char *cure)
{
	struct db_rows	*rows = ask(d, what, sql);
	int		 i;

	for (i = 0; rows != NULL && i < db_rows_count(rows); i++)
		doctor_wrong(d, what, cure, "%s", db_value(rows, i, 0));
	db_rows_free(rows);
}

/* How long a first poll may wait is a setting of the account's. */
static const char	due_polls_sql[] =
    "select count(*), extract(epoch from now() - min(due))::bigint from ("
    " select coalesce(next_poll_at, submitted_at + $3::interval) as due"
    " from genhook.tasks where status = 'pending' and provider = $1"
    " and account = $2 and coalesce(next_poll_at, submitted_at)"
    " < now() - " LATE ") as t where due < now() - " LATE;

static void
due_polls_look(struct doctor *d, const struct account *a)
{
	char		 wait[32];
	struct db_param	 params[] = { { a->provider->name, DB_TEXT },
			    { a->name, DB_TEXT }, { wait, DB_TEXT } };
	struct db_rows	*rows = NULL;
	struct errbuf	 err;
	long		 n = 0;

	(void)snprintf(wait, sizeof(wait), "%" PRId64 " s", a->poll_after_s);
	if (*a->api_key != '\0' && db_query(d->db, due_polls_sql, params, 3,
	    CLI_TIMEOUT_MS, &rows, &err) == DB_OK)
		n = strtol(db_value(rows, 0, 0), NULL, 10);
	if (n > 0)
		doctor_wrong(d, "polls", "genhook-sweep --dry-run lists them; "
		    "more polls_per_minute, or max_seconds",
		    "%s %s: %ld tasks should have been asked about, the "
		    "oldest %s ago", a->provider->name, a->name, n,
		    doctor_ago(strtol(db_value(rows, 0, 1), NULL, 10)));
	db_rows_free(rows);
}

void
doctor_work(struct doctor *d)
{
	int	before = d->wrong;
	size_t	i;

	for (i = 0; i < d->conf->naccounts; i++)
		due_polls_look(d, &d->conf->accounts[i]);
	for (i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
		question_ask(d, questions[i].what, questions[i].sql,
		    questions[i].cure);
	if (d->wrong == before)
		doctor_well(d, "work", "nothing is late, lost or odd");
}
