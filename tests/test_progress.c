/* batch/progress: the line that is shown, at each width and pace. */
#include <stdio.h>
#include <string.h>

#include "batch/progress.h"
#include "tests/cunit_main.h"

#define NONE	"--------------------"
#define HALF	"##########----------"
#define ALL	"####################"

static const struct {
	struct progress_facts	 facts;
	int64_t			 elapsed_ms;
	double			 rate;
	const char		*line;
} lines[] = {
	/* Nobody knows how much there is. */
	{ { "polls", 12, 0, 0, 3, -1 }, 9000, 0,
	    "polls: 12 done, 3 in flight" },
	{ { "downloads", 12, 0, 0.5, 3, 1200000 }, 9000, 800,
	    "downloads: 12 done, 3 in flight, 1.2 MB, 800 B/s" },
	/* At first nobody can tell how long it takes. */
	{ { "downloads", 0, 10, 0, 4, 0 }, 5000, 0,
	    "downloads [" NONE "] 0 of 10, 0 B, 0 B/s" },
	{ { "downloads", 5, 10, 0, 4, 0 }, 999, 0,
	    "downloads [" HALF "] 5 of 10, 0 B, 0 B/s" },
	{ { "downloads", 5, 10, 0, 4, 0 }, 30000, 0,
	    "downloads [" HALF "] 5 of 10, 0 B, 0 B/s, 0:30 left" },
	/* Files under way count by what came of them. */
	{ { "downloads", 0, 4, 2.0, 4, 0 }, 125000, 0,
	    "downloads [" HALF "] 0 of 4, 0 B, 0 B/s, 2:05 left" },
	{ { "downloads", 1, 100, 0, 4, 0 }, 60000, 0,
	    "downloads [" NONE "] 1 of 100, 0 B, 0 B/s, 2 h left" },
	{ { "downloads", 10, 10, 0, 0, 0 }, 60000, 0,
	    "downloads [" ALL "] 10 of 10, 0 B, 0 B/s, 0:00 left" },
	{ { "downloads", 12, 10, 3, 0, 0 }, 60000, 0,
	    "downloads [" ALL "] 12 of 10, 0 B, 0 B/s, 0:00 left" },
};

static void
test_lines(void)
{
	char	line[256];
	size_t	i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		progress_line(&lines[i].facts, lines[i].elapsed_ms,
		    lines[i].rate, line, sizeof(line));
		CU_ASSERT_STRING_EQUAL(line, lines[i].line);
		if (strcmp(line, lines[i].line) != 0)
			(void)fprintf(stderr, "\n    have %s\n", line);
	}
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "lines", test_lines },
		{ NULL, NULL }
	};

	return cunit_run("progress", tests);
}
