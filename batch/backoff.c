/* The table of waits before another try; batch/download/retry.c has that of
 * downloads, which also end. */
#include <stdbool.h>

#include "batch/backoff.h"

#define DOUBLED_FROM_S	10

static const struct {
	int64_t	first_s;	/* where the server asks for nothing */
	bool	doubled;	/* with each attempt, from DOUBLED_FROM_S on */
	bool	server_rules;	/* what it asks for holds, even if shorter */
	int64_t	most_s;		/* whatever it asks for */
} backoffs[] = {
	[BACKOFF_POLL]	  = { 0,  false, true,	86400 },
	[BACKOFF_SUBMIT]  = { 0,  true,	 false, 3600 },
	[BACKOFF_ACCOUNT] = { 60, false, true,	86400 },
};
_Static_assert(sizeof(backoffs) / sizeof(backoffs[0]) == BACKOFF__MAX,
    "something that waits has no row");

int64_t
backoff_doubled_s(int64_t attempts, int64_t cap_s)
{
	int64_t	wait_s = DOUBLED_FROM_S;

	while (--attempts > 0 && wait_s < cap_s)
		wait_s *= 2;
	return wait_s < cap_s ? wait_s : cap_s;
}

int64_t
backoff_s(enum backoff what, int64_t attempts, int64_t retry_after_s)
{
	int64_t	most_s = backoffs[what].most_s;
	int64_t	asked_s = retry_after_s < most_s ? retry_after_s : most_s;
	int64_t	own_s = backoffs[what].doubled ?
		    backoff_doubled_s(attempts, most_s) :
		    backoffs[what].first_s;

	if (asked_s > own_s || (asked_s > 0 && backoffs[what].server_rules))
		return asked_s;
	return own_s;
}
