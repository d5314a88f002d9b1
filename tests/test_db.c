/* What of the database's door needs no database: parameters and numbers. */
#include "lib/db.h"
#include "tests/cunit_main.h"

static const struct {
	int64_t		 n;
	const char	*number;
	const char	*interval;
} numbers[] = {
	{ 0, "0", "0 s" },
	{ 604800, "604800", "604800 s" },
	{ INT64_MAX, "9223372036854775807", "9223372036854775807 s" },
	{ INT64_MIN, "-9223372036854775808", "-9223372036854775808 s" },
};

static void
test_parameters(void)
{
	struct db_param	p;
	char		buf[DB_NUMBER_MAX];
	size_t		i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		p = db_int(numbers[i].n, buf);
		CU_ASSERT_STRING_EQUAL(p.value, numbers[i].number);
		CU_ASSERT_EQUAL(p.len, DB_TEXT);
		p = db_interval(numbers[i].n, buf);
		CU_ASSERT_STRING_EQUAL(p.value, numbers[i].interval);
	}
	CU_ASSERT_PTR_NULL(db_text(NULL).value);
}

static void
test_numbers(void)
{
	CU_ASSERT_EQUAL(db_number(NULL), 0);
	CU_ASSERT_EQUAL(db_number("42"), 42);
	CU_ASSERT_EQUAL(db_number("-9223372036854775808"), INT64_MIN);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "parameters", test_parameters },
		{ "numbers", test_numbers },
		{ NULL, NULL }
	};

	return cunit_run("db", tests);
}
