/* The statements of handlers and sweep: one table, statements.def. */
#include "common/statements.h"

#define STATEMENT(id, name, nparam, ncol, sql)				\
	_Static_assert((nparam) <= DB_MAX_PARAMS, name);		\
	const struct db_stmt id[1] = { { name, sql, nparam, ncol } };
#include "common/statements.def"
#undef STATEMENT
