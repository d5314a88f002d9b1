/* The statements of the operator's command: one table, statements.def. */
#include "cli/statements.h"

#define STATEMENT(id, name, nparam, ncol, sql)				\
	const struct db_stmt id[1] = { { name, sql, nparam, ncol } };
#include "cli/statements.def"
#undef STATEMENT
