/* Colours on a terminal. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/colour.h"

#define COLOUR_HEAD	"\033[1m"
#define COLOUR_WELL	"\033[32m"
#define COLOUR_WAITS	"\033[33m"
#define COLOUR_WRONG	"\033[31m"
#define COLOUR_END	"\033[0m"

/* States of tasks, outputs, deliveries and requests, and the doctor's marks. */
static const struct {
	const char	*word, *colour;
} colours[] = {
	{ "", COLOUR_HEAD },
	{ "succeeded", COLOUR_WELL }, { "stored", COLOUR_WELL },
	{ "inline", COLOUR_WELL }, { "accepted", COLOUR_WELL },
	{ "submitted", COLOUR_WELL }, { "ok", COLOUR_WELL },
	{ "sent", COLOUR_WELL },
	{ "pending", COLOUR_WAITS }, { "queued", COLOUR_WAITS },
	{ "sending", COLOUR_WAITS }, { "unparsed", COLOUR_WAITS },
	{ "stale", COLOUR_WAITS }, { "conflict", COLOUR_WAITS },
	{ "cancelled", COLOUR_WAITS }, { "note", COLOUR_WAITS },
	{ "failed", COLOUR_WRONG }, { "lost", COLOUR_WRONG },
	{ "expired", COLOUR_WRONG }, { "rejected", COLOUR_WRONG },
	{ "unverified", COLOUR_WRONG }, { "refused", COLOUR_WRONG },
	{ "unknown", COLOUR_WRONG }, { "WRONG", COLOUR_WRONG },
};

static bool
colour_is_wanted(void)
{
	const char	*no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) == 1 && (no == NULL || *no == '\0') &&
	    term != NULL && strcmp(term, "dumb") != 0;
}

const char *
colour_of(const char *word)
{
	static int	wanted = -1;
	size_t		i;

	if (wanted == -1)
		wanted = colour_is_wanted();
	for (i = 0; wanted == 1 && i < sizeof(colours) / sizeof(colours[0]); i++)
		if (strcmp(colours[i].word, word) == 0)
			return colours[i].colour;
	return "";
}

const char *
colour_end(const char *begin)
{
	return *begin != '\0' ? COLOUR_END : "";
}
