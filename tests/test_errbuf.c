/* The words of a failure and their class. */
#include <stdlib.h>
#include <string.h>

#include "lib/errbuf.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"

#define ROOM	(sizeof(((struct errbuf *)0)->text) - 1)

/* n times a character, which the caller frees. */
static char *
repeated(const char *character, size_t n)
{
	size_t	 len = strlen(character), i;
	char	*text = malloc(n * len + 1);

	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	for (i = 0; i < n; i++)
		memcpy(text + i * len, character, len);
	text[n * len] = '\0';
	return text;
}

static void
test_fits(void)
{
	struct errbuf	 err;
	char		*text;

	errbuf_set(&err, "%s has %d", "it", 3);
	CU_ASSERT_STRING_EQUAL(err.text, "it has 3");
	errbuf_set(&err, "%s", "");
	CU_ASSERT_STRING_EQUAL(err.text, "");
	text = repeated("x", ROOM);
	errbuf_set(&err, "%s", text);
	CU_ASSERT_STRING_EQUAL(err.text, text);
	errbuf_set(&err, "%s!", text);
	CU_ASSERT_EQUAL(strlen(err.text), ROOM);
	CU_ASSERT_STRING_EQUAL(err.text + ROOM - 3, "...");
	free(text);
}

/* Characters of 1 to 4 bytes, so that the cut falls at each place in one. */
static void
test_cut(void)
{
	static const char *const	characters[] = {
		"x", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x90\x98"
	};
	struct errbuf			err;
	char				*text;
	size_t				 i, shift, len, whole, size;

	for (i = 0; i < COUNT(characters); i++)
		for (shift = 0; shift < 4; shift++) {
			text = repeated(characters[i], 400);
			size = strlen(characters[i]);
			errbuf_set(&err, "%.*s%s", (int)shift, "abc", text);
			len = strlen(err.text);
			CU_ASSERT(len <= ROOM && len > ROOM - size);
			CU_ASSERT_STRING_EQUAL(err.text + len - 3, "...");
			whole = len - 3 - shift;
			CU_ASSERT_EQUAL(whole % size, 0);
			CU_ASSERT_EQUAL(memcmp(err.text + shift, text, whole),
			    0);
			free(text);
		}
}

static void
test_own_text(void)
{
	struct errbuf	 err;
	size_t		 i;

	errbuf_set(&err, "reason");
	errbuf_set(&err, "file:3: %s", err.text);
	CU_ASSERT_STRING_EQUAL(err.text, "file:3: reason");
	for (i = 0; i < 100; i++)
		errbuf_set(&err, "again %s", err.text);
	CU_ASSERT_EQUAL(strncmp(err.text, "again again ", 12), 0);
	CU_ASSERT_EQUAL(strlen(err.text), ROOM);
	CU_ASSERT_STRING_EQUAL(err.text + ROOM - 3, "...");
}

/* Code decides by the class, which other words do not change. */
static void
test_class(void)
{
	struct errbuf	err = { .text = "", .class = ERR_SQL,
			    .sqlstate = "42501" };

	errbuf_reword(&err, "migrate: %s", "no right");
	CU_ASSERT_STRING_EQUAL(err.text, "migrate: no right");
	CU_ASSERT_EQUAL(err.class, ERR_SQL);
	CU_ASSERT_STRING_EQUAL(err.sqlstate, "42501");
	CU_ASSERT_FALSE(errbuf_no_memory(&err));
	CU_ASSERT_EQUAL(err.class, ERR_NO_MEMORY);
	CU_ASSERT_STRING_EQUAL(err.text, "out of memory");
	errbuf_set(&err, "x");
	CU_ASSERT_EQUAL(err.class, ERR_OTHER);
	CU_ASSERT_STRING_EQUAL(err.sqlstate, "");
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "fits", test_fits },
		{ "cut", test_cut },
		{ "own text", test_own_text },
		{ "its class", test_class },
		{ NULL, NULL }
	};

	return cunit_run("errbuf", tests);
}
