/* lib/log: what reaches stderr, and that no sender can forge a line of it. */
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"
#include "tests/scratch.h"

static size_t
count_of(const char *text, size_t len, char c)
{
	size_t	i, n = 0;

	for (i = 0; i < len; i++)
		n += text[i] == c;
	return n;
}

/* One line, of printable ASCII, and no longer than a line may be. */
static void
assert_line(const char *text, size_t len)
{
	size_t	i;

	CU_ASSERT_FATAL(len > 0);
	CU_ASSERT_EQUAL(text[len - 1], '\n');
	CU_ASSERT_EQUAL(count_of(text, len, '\n'), 1);
	CU_ASSERT(len < LOG_LINE_MAX + 128);
	for (i = 0; i + 1 < len; i++)
		CU_ASSERT(text[i] >= 0x20 && text[i] < 0x7f);
}

static void
test_every_byte(void)
{
	struct capture	c;
	char		word[8] = "ab?cd", text[4096], want[32];
	size_t		len;
	int		byte;

	log_open("prog", LOG_INFO);
	for (byte = 1; byte < 256; byte++) {
		word[2] = (char)byte;
		capture_begin(&c);
		log_line(LOG_WARN, "task %s here", word);
		len = capture_end(&c, text, sizeof(text));
		assert_line(text, len);
		if (byte >= 0x20 && byte < 0x7f && byte != '\\')
			(void)snprintf(want, sizeof(want), "ab%ccd here\n",
			    byte);
		else
			(void)snprintf(want, sizeof(want),
			    "ab\\x%02xcd here\n", byte);
		CU_ASSERT_PTR_NOT_NULL(strstr(text, want));
	}
}

/* "2026-11-21T20:00:00Z prog[123] warn: words" */
static void
test_head(void)
{
	struct capture	c;
	char		text[4096], head[64];
	unsigned	y, m, d, hh, mm, ss;
	int		used = 0;
	size_t		len;

	log_open("prog", LOG_DEBUG);
	capture_begin(&c);
	log_line(LOG_ERROR, "words");
	len = capture_end(&c, text, sizeof(text));
	assert_line(text, len);
	CU_ASSERT_EQUAL_FATAL(sscanf(text, "%4u-%2u-%2uT%2u:%2u:%2uZ %n", &y,
	    &m, &d, &hh, &mm, &ss, &used), 6);
	CU_ASSERT_EQUAL_FATAL(used, 21);
	(void)snprintf(head, sizeof(head), "prog[%ld] error: words\n",
	    (long)getpid());
	CU_ASSERT_STRING_EQUAL(text + used, head);
}

static void
test_level(void)
{
	struct capture	c;
	char		text[4096];

	log_open("prog", LOG_WARN);
	capture_begin(&c);
	log_line(LOG_DEBUG, "a");
	log_line(LOG_INFO, "b");
	CU_ASSERT_EQUAL(capture_end(&c, text, sizeof(text)), 0);
	capture_begin(&c);
	log_line(LOG_WARN, "c");
	log_line(LOG_ERROR, "d");
	(void)capture_end(&c, text, sizeof(text));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, " warn: c\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, " error: d\n"));
}

/* Cut before and after escaping, with "..." at the end. */
static void
test_long(void)
{
	static const struct {
		char	byte;
		size_t	n;
		bool	cut;
	} rows[] = {
		{ 'x', 900, false }, { 'x', 1024, true }, { 'x', 5000, true },
		{ '\033', 200, false }, { '\033', 300, true },
		{ '\n', 1000, true }, { '\xff', 5000, true },
	};
	struct capture	 c;
	char		 text[8192], *word;
	size_t		 i, len;

	log_open("prog", LOG_INFO);
	for (i = 0; i < COUNT(rows); i++) {
		word = calloc(1, rows[i].n + 1);
		CU_ASSERT_PTR_NOT_NULL_FATAL(word);
		memset(word, rows[i].byte, rows[i].n);
		capture_begin(&c);
		log_line(LOG_INFO, "%s", word);
		len = capture_end(&c, text, sizeof(text));
		assert_line(text, len);
		CU_ASSERT_EQUAL(strcmp(text + len - 4, "...\n") == 0,
		    rows[i].cut);
		free(word);
	}
}

/* No byte beyond dstsz, whatever it is. */
static void
test_escape_room(void)
{
	char	 dst[32];
	size_t	 room, i;

	for (room = 1; room < 16; room++) {
		memset(dst, '!', sizeof(dst));
		log_escape(dst, room, "a\001b\002c\003d\004");
		CU_ASSERT(memchr(dst, '\0', room) != NULL);
		for (i = room; i < sizeof(dst); i++)
			CU_ASSERT_EQUAL(dst[i], '!');
	}
	log_escape(dst, sizeof(dst), "a\001b");
	CU_ASSERT_STRING_EQUAL(dst, "a\\x01b");
}

/* Lines are added to the file, and one that cannot be opened changes nothing. */
static void
test_file(void)
{
	char		dir[SCRATCH_PATH], path[SCRATCH_PATH + 8], text[256];
	char		nowhere[SCRATCH_PATH + 16];
	struct stat	st;
	struct capture	c;
	mode_t		mask = umask(022);
	FILE		*f;

	scratch_make(dir);
	(void)snprintf(path, sizeof(path), "%s/log", dir);
	(void)snprintf(nowhere, sizeof(nowhere), "%s/none/log", dir);
	capture_begin(&c);
	CU_ASSERT_FALSE(log_to_file(nowhere));
	log_line(LOG_WARN, "one");
	CU_ASSERT_TRUE(log_to_file(path));
	log_line(LOG_WARN, "two");
	CU_ASSERT_TRUE(log_to_file(path));
	log_line(LOG_WARN, "three");
	(void)capture_end(&c, text, sizeof(text));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "warn: one\n"));
	CU_ASSERT_PTR_NULL(strstr(text, "two"));
	CU_ASSERT_EQUAL(stat(path, &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 07777, 0640);
	CU_ASSERT_PTR_NOT_NULL_FATAL(f = fopen(path, "r"));
	CU_ASSERT_PTR_NOT_NULL(fgets(text, sizeof(text), f));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "warn: two\n"));
	CU_ASSERT_PTR_NOT_NULL(fgets(text, sizeof(text), f));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "warn: three\n"));
	(void)fclose(f);
	(void)umask(mask);
	scratch_remove(dir);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "every byte", test_every_byte },
		{ "head", test_head },
		{ "level", test_level },
		{ "long", test_long },
		{ "escape room", test_escape_room },
		{ "file",	test_file },
		{ NULL, NULL }
	};

	return cunit_run("log", tests);
}
