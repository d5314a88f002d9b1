/* The statements of handlers and sweep, as constants for db_run(). */
#ifndef GENHOOK_STATEMENTS_H
#define GENHOOK_STATEMENTS_H

#include "lib/db.h"

/* Each is an array of one, so that its name is the pointer that is wanted:
 * db_run(db, DB_RECEIVE, params, ...). */
#define STATEMENT(id, name, nparam, ncol, sql)				\
	extern const struct db_stmt id[1];
#include "common/statements.def"
#undef STATEMENT

#endif
