/* archive/name: what ids of providers are called in paths and object keys. */
#include <stdio.h>
#include <string.h>

#include "archive/name.h"
#include "tests/cunit_main.h"

/* Ids, and the names that they must have. */
static const struct {
	const char	*id;
	const char	*name;
} names[] = {
	{ "task_01KQ",		"task_01KQ" },
	{ "a.b-c_D9",		"a.b-c_D9" },
	{ "..",			"_.." },
	{ ".hidden",		"_.hidden" },
	{ "_x",			"__5fx" },
	{ "-rf",		"__2drf" },
	{ "a/b",		"_a_2fb" },
	{ "a_2fb",		"a_2fb" },
	{ "../../etc/passwd",	"_.._2f.._2fetc_2fpasswd" },
	{ "%2e%2e%2f",		"__252e_252e_252f" },
	{ "\xe4\xbd\xa0",	"__e4_bd_a0" },
	{ "a b\n",		"_a_20b_0a" },
	{ "",			"_" },
};

static void
test_names(void)
{
	char	name[ARCHIVE_NAME_MAX];
	size_t	i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		CU_ASSERT_TRUE(archive_name(names[i].id, name));
		CU_ASSERT_STRING_EQUAL(name, names[i].name);
		if (strcmp(name, names[i].name) != 0)
			(void)fprintf(stderr, "\n    got %s\n", name);
	}
}

/* Ids that are alike must not share a name. */
static void
test_names_differ(void)
{
	char	long_a[257], long_b[257], a[ARCHIVE_NAME_MAX],
		b[ARCHIVE_NAME_MAX];

	memset(long_a, 'x', 256);
	memset(long_b, 'x', 256);
	long_a[256] = long_b[256] = '\0';
	long_b[255] = 'y';
	CU_ASSERT_TRUE(archive_name(long_a, a) && archive_name(long_b, b));
	CU_ASSERT_STRING_NOT_EQUAL(a, b);
	CU_ASSERT_EQUAL(strncmp(a, "_-xxx", 5), 0);
	CU_ASSERT(strlen(a) < ARCHIVE_NAME_MAX);
	/* Nor do those whose harmless heads are the same. */
	long_a[3] = long_b[3] = ' ';
	CU_ASSERT_TRUE(archive_name(long_a, a) && archive_name(long_b, b));
	CU_ASSERT_EQUAL(strncmp(a, "_-xxx-", 6), 0);
	CU_ASSERT_STRING_NOT_EQUAL(a, b);
	memset(long_a, 'x', 256);

	/* The longest id that stands for itself, and its own name as an id. */
	long_a[ARCHIVE_NAME_MAX - 1] = '\0';
	CU_ASSERT_TRUE(archive_name(long_a, b));
	CU_ASSERT_STRING_EQUAL(long_a, b);
	CU_ASSERT_TRUE(archive_name(a, b));
	CU_ASSERT_STRING_NOT_EQUAL(a, b);
	CU_ASSERT_TRUE(archive_name("a/b", a) && archive_name("_a_2fb", b));
	CU_ASSERT_STRING_NOT_EQUAL(a, b);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "names", test_names },
		{ "names differ", test_names_differ },
		{ NULL, NULL }
	};

	return cunit_run("name", tests);
}
