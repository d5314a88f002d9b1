/* The migrations that are built in are those of sql/, in order. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "common/database.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"

#define SQL_DIR		"sql"
#define BASELINE	26	/* the first of today's numbered files */

static int
is_sql(const struct dirent *e)
{
	const char	*dot = strrchr(e->d_name, '.');

	return dot != NULL && strcmp(dot, ".sql") == 0;
}

/* NNN_name.sql from the baseline on, each number once, and the program knows
 * the last. */
static void
test_numbers(void)
{
	struct dirent	**list = NULL;
	const char	*name;
	long		 last = -1;
	int		 n, i;

	n = scandir(SQL_DIR, &list, is_sql, alphasort);
	CU_ASSERT_FATAL(n > 0);
	CU_ASSERT_EQUAL(strtol(list[0]->d_name, NULL, 10), BASELINE);
	for (i = 0; i < n; i++) {
		name = list[i]->d_name;
		CU_ASSERT_EQUAL(strspn(name, "0123456789"), 3);
		CU_ASSERT_EQUAL(name[3], '_');
		CU_ASSERT_EQUAL(strspn(name + 4,
		    "abcdefghijklmnopqrstuvwxyz0123456789_"),
		    strlen(name + 4) - 4);
		CU_ASSERT(strtol(name, NULL, 10) > last);
		last = strtol(name, NULL, 10);
		free(list[i]);
	}
	free(list);
	CU_ASSERT_EQUAL(database_schema_version(), last);
}

/* All of it is one transaction, which is not a file's own to begin or end;
 * and the files travel as C strings. */
static void
check_text(const char *path)
{
	static const char *const	banned[] = {
		"\nbegin;", "\ncommit;", "\nrollback;", "concurrently",
		"\nvacuum", "\n\\"
	};
	char	*text;
	size_t	 len, k;

	text = fixture_read(path, &len);
	CU_ASSERT(len > 0 && text[len - 1] == '\n');
	CU_ASSERT_EQUAL(strlen(text), len);
	for (k = 0; k < COUNT(banned); k++)
		if (strcasestr(text, banned[k]) != NULL) {
			fprintf(stderr, "\n    %s: %s\n", path, banned[k]);
			CU_FAIL("not in one transaction");
		}
	free(text);
}

static void
test_texts(void)
{
	static const char *const	dirs[] = {
		SQL_DIR, SQL_DIR "/functions", SQL_DIR "/views",
		SQL_DIR "/grants"
	};
	struct dirent	**list;
	char		  path[300];
	size_t		  d;
	int		  n, i;

	for (d = 0; d < COUNT(dirs); d++) {
		list = NULL;
		n = scandir(dirs[d], &list, is_sql, alphasort);
		CU_ASSERT_FATAL(n > 0);
		for (i = 0; i < n; i++) {
			(void)snprintf(path, sizeof(path), "%s/%s", dirs[d],
			    list[i]->d_name);
			check_text(path);
			free(list[i]);
		}
		free(list);
	}
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "numbers", test_numbers },
		{ "texts", test_texts },
		{ NULL, NULL }
	};

	return cunit_run("migrations", tests);
}
