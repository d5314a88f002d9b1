/* genhook's database: the session's schema, and the check of its version. */
#include "common/database.h"
#include "common/statements.h"
#include "schema_version.h"

int
database_schema_version(void)
{
	return SCHEMA_VERSION;
}

/* Refuse a schema that this program does not know. */
static enum db_verdict
database_check(struct db *db, int timeout_ms, struct errbuf *err)
{
	struct db_rows	*rows = NULL;
	enum db_verdict	 v;
	const char	*found;

	v = db_run_once(db, DB_SCHEMA_VERSION, NULL, timeout_ms, &rows, err);
	if (v != DB_OK)
		return v;
	found = db_value(rows, 0, 0);
	if (found == NULL || db_number(found) != SCHEMA_VERSION) {
		errbuf_set(err, "database: schema version is %s, this program "
		    "needs %d: run \"genhook migrate\" of the same version",
		    found != NULL ? found : "missing", SCHEMA_VERSION);
		err->class = ERR_SCHEMA;
		v = DB_BROKEN;
	}
	db_rows_free(rows);
	return v;
}

struct db *
database_new(const char *conninfo, const char *role, bool pooler)
{
	return database_new_limited(conninfo, role, pooler, NULL);
}

struct db *
database_new_limited(const char *conninfo, const char *role, bool pooler,
    const char *statement_timeout)
{
	const struct db_options	options = {
		.conninfo = conninfo, .role = role, .pooler = pooler,
		.statement_timeout = statement_timeout,
		.search_path = "genhook, pg_temp", .check = database_check
	};

	return db_new(&options);
}
