/* The string builder and its escapers. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/hex.h"
#include "tests/cunit_main.h"

/* Grows by bytes, text and formats; the NUL is always there. */
static void
test_grow(void)
{
	struct buf	 b;
	char		*text;
	int		 i;

	buf_init(&b, SIZE_MAX);
	for (i = 0; i < 1000; i++) {
		buf_text(&b, "ab");
		buf_bytes(&b, "c", 1);
		buf_printf(&b, "%03d", i);
		CU_ASSERT_EQUAL_FATAL(b.len, strlen(b.data));
	}
	CU_ASSERT(buf_ok(&b));
	CU_ASSERT_EQUAL(b.len, 6000);
	CU_ASSERT_STRING_EQUAL(b.data + 5994, "abc999");
	buf_cut(&b, 3);
	buf_cut(&b, 5);
	CU_ASSERT_STRING_EQUAL(b.data, "abc");
	text = buf_take(&b);
	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	CU_ASSERT_STRING_EQUAL(text, "abc");
	free(text);
	CU_ASSERT_PTR_NULL(b.data);
	buf_free(&b);
	buf_free(&b);
}

/* Of nothing, too, a string can be taken. */
static void
test_empty(void)
{
	struct buf	 b;
	char		*text;

	buf_init(&b, 1);
	text = buf_take(&b);
	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	CU_ASSERT_STRING_EQUAL(text, "");
	free(text);
}

/* What does not fit is left out, and all behind it, at every size. */
static void
test_limits(void)
{
	struct buf	 b;
	char		*exact;
	size_t		 i;

	for (i = 1; i <= 8; i++) {
		exact = malloc(i);
		CU_ASSERT_PTR_NOT_NULL_FATAL(exact);
		buf_over(&b, exact, i);
		buf_text(&b, "abc");
		buf_printf(&b, "%s", "defg");
		buf_text(&b, "");
		CU_ASSERT_EQUAL(buf_ok(&b), i == 8);
		CU_ASSERT_EQUAL(strlen(exact), b.len);
		CU_ASSERT_EQUAL(b.len, i == 8 ? 7 : i > 3 ? 3 : 0);
		CU_ASSERT_PTR_NULL(buf_take(&b));
		free(exact);
		buf_init(&b, i);
		buf_text(&b, "abc");
		buf_text(&b, "defg");
		CU_ASSERT_EQUAL(buf_ok(&b), i == 8);
		buf_free(&b);
	}
}

/* Signatures of stores want upper-case hex, and '/' escaped as well. */
static void
test_percent(void)
{
	char		mem[64], small[12];
	struct buf	b;

	buf_over(&b, mem, sizeof(mem));
	buf_percent(&b, "aZ09-._~/+ =&\xc3\xa9", "");
	CU_ASSERT_STRING_EQUAL(mem, "aZ09-._~%2F%2B%20%3D%26%C3%A9");
	buf_cut(&b, 0);
	buf_percent(&b, "/a b/", "/");
	CU_ASSERT_STRING_EQUAL(mem, "/a%20b/");
	buf_over(&b, small, sizeof(small));
	buf_text(&b, "x");
	buf_percent(&b, "/++a", "");
	CU_ASSERT_STRING_EQUAL(small, "x%2F%2B%2Ba");
	CU_ASSERT(buf_ok(&b));
	buf_percent(&b, "b", "");
	CU_ASSERT_FALSE(buf_ok(&b));
	CU_ASSERT_EQUAL(strlen(small), sizeof(small) - 1);
}

static void
test_percent_decoded(void)
{
	static const struct {
		const char	*text, *want;
	} rows[] = {
		{ "plain", "plain" },
		{ "%41%62%7a", "Abz" },
		{ "%c3%A9", "\xc3\xa9" },
		{ "100%", "100%" },
		{ "%4", "%4" },
		{ "%zz%41", "%zzA" },
	};
	char		mem[32];
	struct buf	b;
	size_t		i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_over(&b, mem, sizeof(mem));
		buf_percent_decoded(&b, rows[i].text, strlen(rows[i].text));
		CU_ASSERT_STRING_EQUAL(mem, rows[i].want);
	}
	/* The escape's end is outside of what was given. */
	buf_over(&b, mem, sizeof(mem));
	buf_percent_decoded(&b, "%41", 2);
	CU_ASSERT_STRING_EQUAL(mem, "%4");
}

static void
test_json(void)
{
	char		mem[16];
	struct buf	b;

	buf_over(&b, mem, sizeof(mem));
	buf_json(&b, "a\"\\\n\xe9", 99);
	CU_ASSERT_STRING_EQUAL(mem, "a\\\"\\\\??");
	buf_cut(&b, 0);
	buf_json(&b, "\"\"\"\"", 3);
	CU_ASSERT_STRING_EQUAL(mem, "\\\"\\\"\\\"...");
	CU_ASSERT(buf_ok(&b));
	buf_json(&b, "0123456789", 99);
	CU_ASSERT_FALSE(buf_ok(&b));
	CU_ASSERT_EQUAL(strlen(mem), 9);
}

static void
test_hex(void)
{
	char	hex[9];

	hex_encode((const unsigned char *)"\x00\x0f\xa5\xff", 4, hex);
	CU_ASSERT_STRING_EQUAL(hex, "000fa5ff");
	CU_ASSERT_EQUAL(hex_read("a5", 2), 0xa5);
	CU_ASSERT_EQUAL(hex_read("A5ff", 4), 0xa5ff);
	CU_ASSERT_EQUAL(hex_read("a", 2), -1);
	CU_ASSERT_EQUAL(hex_read("", 1), -1);
	CU_ASSERT_EQUAL(hex_read("g0", 2), -1);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "grows", test_grow },
		{ "of nothing", test_empty },
		{ "limits", test_limits },
		{ "percent-encoded", test_percent },
		{ "percent-decoded", test_percent_decoded },
		{ "JSON", test_json },
		{ "hex", test_hex },
		{ NULL, NULL }
	};

	return cunit_run("buf", tests);
}
