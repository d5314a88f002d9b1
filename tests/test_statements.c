/* The tables of statements: each takes as many parameters as its row says, and
 * no two are prepared under one name. */
#include <stdlib.h>
#include <string.h>

#include "lib/db.h"
#include "tests/cunit_main.h"

static const struct db_stmt	statements[] = {
#define STATEMENT(id, name, nparam, ncol, sql) { name, sql, nparam, ncol },
#include "common/statements.def"
#include "cli/statements.def"
#undef STATEMENT
};
#define NSTATEMENTS	(sizeof(statements) / sizeof(statements[0]))

/* The highest $n in the text; -1 when one below it is not there. */
static int
parameters(const char *sql)
{
	bool	seen[64] = { false };
	long	n, max = 0;

	while ((sql = strchr(sql, '$')) != NULL) {
		n = strtol(++sql, NULL, 10);
		CU_ASSERT_FATAL(n > 0 && n < 64);
		seen[n] = true;
		max = n > max ? n : max;
	}
	for (n = 1; n <= max; n++)
		if (!seen[n])
			return -1;
	return (int)max;
}

static void
test_parameters(void)
{
	size_t	i;

	for (i = 0; i < NSTATEMENTS; i++)
		CU_ASSERT_EQUAL(parameters(statements[i].sql),
		    statements[i].nparam);
}

static void
test_names(void)
{
	size_t	i, j;

	for (i = 0; i < NSTATEMENTS; i++)
		for (j = 0; j < i; j++)
			CU_ASSERT_STRING_NOT_EQUAL(statements[i].name,
			    statements[j].name);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "parameters", test_parameters },
		{ "names", test_names },
		{ NULL, NULL }
	};

	return cunit_run("statements", tests);
}
