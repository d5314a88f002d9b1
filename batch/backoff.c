/* The table of waits before another try; batch/download/retry.c has that of
 * downloads, which also end. */
#include <stdbool.h>

#include "batch/backoff.h"

#define DOUBLED_FROM_S	10

static const struct {
	int64_t	first_s;	/* where the server asks for nothing */
	bool	doubled;	/* each time */
	int64_t	most_s;		/* if so */
	bool	server_rules;	/* what it asks for holds, even if shorter */
	int64_t	asked_most_s;	/* of what it asks for */
} backoffs[] = {
	[BACKOFF_POLL]	    = { 0,  false, 0,	 true,	86400 },
	[BACKOFF_SUBMIT]    = { 10, true,  3600, false, 3600 },
	[BACKOFF_ACCOUNT]   = { 60, false, 60,	 true,	86400 },
	[BACKOFF_DOWN]	    = { 30, true,  1800, false, 86400 },
	[BACKOFF_NO_CREDIT] = { 60, true,  3600, false, 86400 },
	[BACKOFF_WALL]	    = { 60, true,  3600, false, 86400 },
};
_Static_assert(sizeof(backoffs) / sizeof(backoffs[0]) == BACKOFF__MAX,
    "something that waits has no row");

static int64_t
backoff_grown_s(int64_t first_s, int64_t attempts, int64_t cap_s)
{
	int64_t	wait_s = first_s;

	while (--attempts > 0 && wait_s < cap_s)
		wait_s *= 2;
	return wait_s < cap_s ? wait_s : cap_s;
}

int64_t
backoff_doubled_s(int64_t attempts, int64_t cap_s)
{
	return backoff_grown_s(DOUBLED_FROM_S, attempts, cap_s);
}

static int64_t
backoff_asked_s(enum backoff what, int64_t retry_after_s)
{
	int64_t	most_s = backoffs[what].asked_most_s;

	return retry_after_s < most_s ? retry_after_s : most_s;
}

int64_t
backoff_s(enum backoff what, int64_t attempts, int64_t retry_after_s)
{
	int64_t	asked_s = backoff_asked_s(what, retry_after_s);
	int64_t	own_s = backoffs[what].doubled ?
		    backoff_grown_s(backoffs[what].first_s, attempts,
		    backoffs[what].most_s) : backoffs[what].first_s;

	if (asked_s > own_s || (asked_s > 0 && backoffs[what].server_rules))
		return asked_s;
	return own_s;
}

struct backoff_growth
backoff_growth(enum backoff what, int64_t retry_after_s)
{
	return (struct backoff_growth){ backoffs[what].first_s,
	    backoffs[what].most_s, backoff_asked_s(what, retry_after_s) };
}
