/* genhook metrics: what monitoring reads, for node_exporter's text files or any
 * other collector. */
#include <stdio.h>

#include "common/statements.h"
#include "cli/cli.h"

int
cli_metrics(const struct conf *conf, int argc, char **argv)
{
	struct cli_option	 options[] = { { NULL, NULL, NULL } };
	struct db		*db;
	struct db_rows		*rows = NULL;
	bool			 ok;

	if (cli_arguments(argc, argv, options, NULL, 0) == -1)
		return CLI_USAGE;
	if ((db = cli_database(conf)) == NULL)
		return CLI_WRONG;
	ok = cli_query(db, DB_METRICS, NULL, &rows);
	if (ok)
		fputs(db_value(rows, 0, 0), stdout);
	db_rows_free(rows);
	db_free(db);
	return ok ? CLI_OK : CLI_WRONG;
}
