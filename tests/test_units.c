/* Quantities as people read them. */
#include "lib/units.h"
#include "tests/cunit_main.h"

static const struct {
	int64_t		 bytes;
	const char	*text;
} sizes[] = {
	{ 0, "0 B" },
	{ 999, "999 B" },
	{ 1000, "1.0 kB" },
	{ 1234567, "1.2 MB" },
	{ 4294967296, "4.3 GB" },
	{ INT64_C(5000000000000000), "5000.0 TB" },
};

static void
test_sizes(void)
{
	char	text[UNITS_BYTES_MAX];
	size_t	i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		units_bytes(sizes[i].bytes, text);
		CU_ASSERT_STRING_EQUAL(text, sizes[i].text);
	}
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "sizes", test_sizes },
		{ NULL, NULL }
	};

	return cunit_run("units", tests);
}
