#include <stdio.h>
#include <string.h>

#include "tests/cunit_main.h"
#include "batch/sweep.h"

static const struct {
	const char	*words;
	const char	*clean;
} words[] = {
	{ "plain words", "plain words" },
	{ "", "" },
	{ "tab\tand\nline", "tab?and?line" },
	{ "del\x7f", "del?" },
	{ "\xe4\xbd\xa0\xe5\xa5\xbd", "\xe4\xbd\xa0\xe5\xa5\xbd" },
	{ "\xf0\x9f\x98\x80!", "\xf0\x9f\x98\x80!" },
	{ "cut \xe4\xbd...", "cut ??..." },
	{ "cut \xe4", "cut ?" },
	{ "overlong \xc0\xaf", "overlong ??" },
	{ "overlong \xe0\x80\xaf", "overlong ???" },
	{ "surrogate \xed\xa0\x80", "surrogate ???" },
	{ "beyond \xf4\x90\x80\x80", "beyond ????" },
	{ "latin \xe9t\xe9", "latin ?t?" },
};

static void
test_words(void)
{
	struct errbuf	buf;
	size_t		i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		errbuf_set(&buf, "%s", words[i].words);
		sweep_clean_words(&buf);
		CU_ASSERT_STRING_EQUAL(buf.text, words[i].clean);
	}
}

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
	char		buf[SWEEP_NUMBER];
	size_t		i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		p = sweep_int(numbers[i].n, buf);
		CU_ASSERT_STRING_EQUAL(p.value, numbers[i].number);
		CU_ASSERT_EQUAL(p.len, DB_TEXT);
		p = sweep_interval(numbers[i].n, buf);
		CU_ASSERT_STRING_EQUAL(p.value, numbers[i].interval);
	}
	CU_ASSERT_PTR_NULL(sweep_text(NULL).value);
}

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
	char	text[32];
	size_t	i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		sweep_size_words(sizes[i].bytes, text, sizeof(text));
		CU_ASSERT_STRING_EQUAL(text, sizes[i].text);
	}
}

/* The steps' moments are in order and the last is before the end. */
static void
test_moments(void)
{
	static const int64_t	seconds[] = { 1, 5, 6, 7, 50, 86400 };
	struct conf		conf = { 0 };
	struct sweep		s = { .conf = &conf, .started_ms = 1000 };
	size_t			i;

	for (i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		conf.max_seconds = seconds[i];
		CU_ASSERT(sweep_moment(&s, 0) == 1000);
		CU_ASSERT(sweep_moment(&s, 30) > sweep_moment(&s, 0));
		CU_ASSERT(sweep_moment(&s, 60) > sweep_moment(&s, 30));
		CU_ASSERT(sweep_moment(&s, 100) > sweep_moment(&s, 60));
		CU_ASSERT(sweep_moment(&s, 100) <= 1000 + 1000 * seconds[i]);
	}
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "words for the database", test_words },
		{ "parameters", test_parameters },
		{ "sizes", test_sizes },
		{ "moments", test_moments },
		{ NULL, NULL }
	};

	return cunit_run("sweep", tests);
}
