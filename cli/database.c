/* The operator's connection to the database. */
#include "common/database.h"
#include "cli/cli.h"

struct db *
cli_database(const struct conf *conf)
{
	struct errbuf	 err = { .text = "out of memory" };
	struct db	*db = database_new(conf->conninfo, NULL, conf->pooler);

	if (db != NULL && db_connect(db, CLI_TIMEOUT_MS, &err) == DB_OK)
		return db;
	(void)cli_wrong("%s", err.text);
	db_free(db);
	return NULL;
}

bool
cli_query(struct db *db, const struct db_stmt *stmt,
    const struct db_param *params, struct db_rows **rows)
{
	struct errbuf	err;

	if (db_run_once(db, stmt, params, CLI_TIMEOUT_MS, rows, &err) == DB_OK)
		return true;
	(void)cli_wrong("%s", err.text);
	return false;
}
