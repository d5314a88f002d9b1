/* The statements of the operator's command, as constants for db_run_once(). */
#ifndef GENHOOK_CLI_STATEMENTS_H
#define GENHOOK_CLI_STATEMENTS_H

#include "lib/db.h"

/* Arrays of one, as in common/statements.h. */
#define STATEMENT(id, name, nparam, ncol, sql)				\
	extern const struct db_stmt id[1];
#include "cli/statements.def"
#undef STATEMENT

/* Where each finished task is told, "PROVIDER/TASK". */
#define CHANNEL_FINISHED	"genhook_task_finished"

#endif
