/* The statements of the operator's command: one table, statements.def. */
#include "cli/statements.h"

#define STATEMENT(id, name, nparam, ncol, sql)				\
	_Static_assert((nparam) <= DB_MAX_PARAMS, name);		\
	const struct db_stmt id[1] = { { name, sql, nparam, ncol } };
#include "cli/statements.def"
#undef STATEMENT
