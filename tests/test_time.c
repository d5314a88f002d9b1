/* lib/time: texts and numbers that name a moment. */
#include <stdio.h>

#include "lib/time.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"

static void
test_rfc3339(void)
{
	static const struct {
		const char	*text;
		usec_t		 at;
	} rows[] = {
		{ "2025-09-25T09:12:48.239112031Z",
		  INT64_C(1758791568239112) },
		{ "2025-09-25T09:12:48Z", INT64_C(1758791568000000) },
		{ "2025-09-25t09:12:48z", INT64_C(1758791568000000) },
		{ "2025-09-25 09:12:48Z", INT64_C(1758791568000000) },
		{ "2025-09-25T09:12:48.5Z", INT64_C(1758791568500000) },
		{ "2025-09-25T09:12:48.0000009Z", INT64_C(1758791568000000) },
		{ "2025-09-25T09:12:48+00:00", INT64_C(1758791568000000) },
		{ "2025-09-25T11:12:48+02:00", INT64_C(1758791568000000) },
		{ "2025-09-25T03:42:48.239-05:30",
		  INT64_C(1758791568239000) },
		{ "2025-09-25T09:12:48-00:00", INT64_C(1758791568000000) },
		{ "2024-02-29T23:59:59Z", INT64_C(1709251199000000) },
		{ "2000-02-29T00:00:00Z", INT64_C(951782400000000) },
		{ "2016-12-31T23:59:60Z", INT64_C(1483228800000000) },
		{ "1970-01-01T00:00:01Z", 1000000 },
		{ "9999-12-31T23:59:59Z", INT64_C(253402300799000000) },
		{ "2025-02-29T00:00:00Z", 0 },
		{ "2100-02-29T00:00:00Z", 0 },
		{ "2025-04-31T00:00:00Z", 0 },
		{ "2025-13-01T00:00:00Z", 0 },
		{ "2025-00-01T00:00:00Z", 0 },
		{ "2025-01-00T00:00:00Z", 0 },
		{ "2025-01-01T24:00:00Z", 0 },
		{ "2025-01-01T00:60:00Z", 0 },
		{ "2025-01-01T00:00:61Z", 0 },
		{ "1969-12-31T23:59:59Z", 0 },
		{ "1970-01-01T00:00:00+01:00", 0 },
		{ "2025-09-25T09:12:48", 0 },
		{ "2025-09-25T09:12:48.Z", 0 },
		{ "2025-09-25T09:12:48,5Z", 0 },
		{ "2025-09-25T09:12:48+0200", 0 },
		{ "2025-09-25T09:12:48+24:00", 0 },
		{ "2025-09-25T09:12:48+02:60", 0 },
		{ "2025-09-25T09:12:48Zx", 0 },
		{ "2025-09-25T09:12Z", 0 },
		{ "2025-9-25T09:12:48Z", 0 },
		{ "25-09-25T09:12:48Z", 0 },
		{ "+025-09-25T09:12:48Z", 0 },
		{ "2025-09-25", 0 },
		{ " 2025-09-25T09:12:48Z", 0 },
		{ "", 0 },
	};
	size_t	i;
	usec_t	got;

	for (i = 0; i < COUNT(rows); i++) {
		got = time_parse_rfc3339(rows[i].text);
		CU_ASSERT_EQUAL(got, rows[i].at);
		if (got != rows[i].at)
			fprintf(stderr, "\n    %s gives %lld\n", rows[i].text,
			    (long long)got);
	}
}

static void
test_basic(void)
{
	static const struct {
		const char	*text;
		usec_t		 at;
	} rows[] = {
		{ "20250925T091248Z", INT64_C(1758791568000000) },
		{ "20240229T000000Z", INT64_C(1709164800000000) },
		{ "19700101T000001Z", 1000000 },
		{ "99991231T235959Z", INT64_C(253402300799000000) },
		{ "19700101T000000Z", 0 },
		{ "19691231T235959Z", 0 },
		{ "20230229T000000Z", 0 },
		{ "20250925T0912Z", 0 },
		{ "20250925T091248", 0 },
		{ "20250925T091248ZZ", 0 },
		{ "20250925t091248Z", 0 },
		{ "2025-09-25T09:12:48Z", 0 },
		{ "", 0 },
	};
	size_t	i;

	for (i = 0; i < COUNT(rows); i++)
		CU_ASSERT_EQUAL(time_parse_basic(rows[i].text), rows[i].at);
}

static void
test_numbers(void)
{
	CU_ASSERT_EQUAL(usec_from_seconds(1764000000), RECEIVED_AT);
	CU_ASSERT_EQUAL(usec_from_seconds(0), 0);
	CU_ASSERT_EQUAL(usec_from_seconds(-1), 0);
	CU_ASSERT_EQUAL(usec_from_seconds(INT64_C(253402300799)),
	    INT64_C(253402300799000000));
	CU_ASSERT_EQUAL(usec_from_seconds(INT64_C(253402300800)), 0);
	CU_ASSERT_EQUAL(usec_from_seconds(INT64_MAX), 0);
	CU_ASSERT_EQUAL(usec_from_millis(INT64_C(1764000000123)),
	    RECEIVED_AT + 123000);
	CU_ASSERT_EQUAL(usec_from_millis(0), 0);
	CU_ASSERT_EQUAL(usec_from_millis(INT64_MIN), 0);
	CU_ASSERT_EQUAL(usec_from_millis(INT64_MAX), 0);
	CU_ASSERT(time_now() > RECEIVED_AT);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "RFC 3339",	test_rfc3339 },
		{ "ISO 8601 basic", test_basic },
		{ "numbers",	test_numbers },
		{ NULL,		NULL }
	};

	return cunit_run("time", tests);
}
