/* Is the database there, and its schema what the migrations made?  And its
 * clock this machine's?  And does it write more to its log than it has to? */
#include <stdlib.h>
#include <time.h>

#include "common/database.h"
#include "cli/doctor/doctor.h"
#include "cli/statements.h"

#define CLOCK_MAX_S	5
#define DRIFT_MAX	5	/* differences that are told: a mail is short */

struct drift {
	struct doctor	*d;
	int		 told;
};

static void
drift_note(void *arg, const char *words)
{
	struct drift	*drift = arg;

	if (drift->told++ < DRIFT_MAX)
		doctor_wrong(drift->d, "schema", "genhook migrate --check "
		    "lists all differences; put it back as it was", "%s",
		    words);
}

static void
database_schema(struct doctor *d)
{
	struct drift	drift = { d, 0 };
	struct errbuf	err;
	int		n = migrate_check(d->db, drift_note, &drift, &err);

	if (n == 0)
		doctor_ok(d, "schema", "as genhook migrate made it");
	else if (n > DRIFT_MAX)
		doctor_wrong(d, "schema", "genhook migrate --check lists them",
		    "and %d more", n - DRIFT_MAX);
	else if (n == -1 && err.class == ERR_OTHER)
		doctor_wrong(d, "schema", "genhook migrate", "%s", err.text);
	else if (n == -1)
		doctor_db_wrong(d, "schema", &err);
}

void
doctor_database(struct doctor *d)
{
	struct errbuf	 err = { .text = "out of memory" };
	struct db	*db = database_new(d->conf->conninfo, NULL,
			    d->conf->pooler);

	if (db == NULL || db_connect(db, CLI_TIMEOUT_MS, &err) != DB_OK) {
		doctor_db_wrong(d, "database", &err);
		db_free(db);
		return;
	}
	doctor_ok(d, "database", "schema version %d",
	    database_schema_version());
	d->db = db;
	database_schema(d);
}

struct db_rows *
doctor_ask(struct doctor *d, const char *what, const struct db_stmt *stmt,
    const struct db_param *params)
{
	struct db_rows	*rows = NULL;
	struct errbuf	 err;

	if (db_run_once(d->db, stmt, params, CLI_TIMEOUT_MS, &rows, &err) ==
	    DB_OK)
		return rows;
	doctor_db_wrong(d, what, &err);
	return NULL;
}

void
doctor_clock(struct doctor *d)
{
	double		 before = (double)time(NULL), off;
	struct db_rows	*rows = doctor_ask(d, "clock", DB_CLOCK, NULL);

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
		doctor_ok(d, "clock", "the same as the database's");
}

void
doctor_wal(struct doctor *d)
{
	struct db_rows	*rows = doctor_ask(d, "wal", DB_WAL_ADVICE, NULL);
	int		 i;

	if (rows == NULL)
		return;
	for (i = 0; i < db_rows_count(rows); i++)
		doctor_advise(d, "wal", db_value(rows, i, 1), "%s",
		    db_value(rows, i, 0));
	if (db_rows_count(rows) == 0)
		doctor_ok(d, "wal", "no setting of the database's log is worth "
		    "a change");
	db_rows_free(rows);
}
