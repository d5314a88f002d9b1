/* UTF-8 as RFC 3629 has it, and foreign words made fit. */
#include <string.h>

#include "lib/errbuf.h"
#include "lib/utf8.h"
#include "tests/cunit_main.h"

static size_t
length_of(const char *text)
{
	return utf8_length((const unsigned char *)text, strlen(text));
}

static void
test_length(void)
{
	CU_ASSERT_EQUAL(length_of("a"), 1);
	CU_ASSERT_EQUAL(length_of("\xc3\xa9x"), 2);
	CU_ASSERT_EQUAL(length_of("\xe2\x82\xac"), 3);
	CU_ASSERT_EQUAL(length_of("\xf0\x9f\x98\x80"), 4);
	CU_ASSERT_EQUAL(length_of("\xe2\x82"), 0);
	CU_ASSERT_EQUAL(length_of("\xc0\xaf"), 0);
	CU_ASSERT_EQUAL(length_of("\xed\xa0\x80"), 0);
	CU_ASSERT_EQUAL(length_of("\x80"), 0);
	CU_ASSERT_EQUAL(length_of(""), 0);
}

/* At each place, never within a character. */
static void
test_cut(void)
{
	static const char	text[] = "a\xc3\xa9\xe2\x82\xac.";
	static const size_t	want[] = { 0, 1, 1, 3, 3, 3, 6, 7 };
	size_t			i;

	for (i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		CU_ASSERT_EQUAL(utf8_cut(text, i), want[i]);
}

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
		utf8_clean(buf.text);
		CU_ASSERT_STRING_EQUAL(buf.text, words[i].clean);
	}
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "how long a character is", test_length },
		{ "where text may be cut", test_cut },
		{ "words for the database", test_words },
		{ NULL, NULL }
	};

	return cunit_run("utf8", tests);
}
