/* The table of troubles: how often each is tried again, and when. */
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include "batch/backoff.h"
#include "batch/download/retry.h"

#define RETRY_AFTER_MAX_S	3600

static const struct retry_rule {
	int64_t	max_attempts;	/* 0: no end */
	int64_t	cap_s;
	bool	ends_with_link;	/* an ended link explains it */
} retry_rules[] = {
	[TROUBLE_PASSING] = { 12, 3600, false },
	/* A file may not be there yet when its task is called finished. */
	[TROUBLE_GONE]	  = { 5,  3600, true },
	[TROUBLE_CONTENT] = { 5,  3600, true },
	[TROUBLE_OURS]	  = { 0,  600,	false },
	[TROUBLE_STORE]	  = { 0,  600,	false },
	[TROUBLE_FINAL]	  = { 1,  0,	false },
};
_Static_assert(sizeof(retry_rules) / sizeof(retry_rules[0]) == TROUBLE__MAX,
    "a trouble has no rule");

/* Give or take a fifth, so that what failed together is not tried together. */
static int64_t
retry_jitter(int64_t seconds)
{
	return seconds - seconds / 5 +
	    (int64_t)arc4random_uniform((uint32_t)(seconds / 5 * 2 + 1));
}

const char *
retry_decide(const struct retry_facts *f, int64_t *wait_s)
{
	const struct retry_rule	*r = &retry_rules[f->trouble];
	bool			 ended = f->expires_at != 0 &&
				    f->expires_at <= f->now, last;
	int64_t			 most = r->max_attempts,
				 patient = retry_rules[TROUBLE_PASSING].
				    max_attempts;

	/* Then it is the provider's trouble as well, which may pass. */
	if (f->hope && most != 0 && most < patient)
		most = patient;
	last = most != 0 && f->attempts >= most;
	*wait_s = 0;
	if (f->trouble == TROUBLE_FINAL)
		return "failed";
	if (ended && (last || (r->ends_with_link && !f->hope)))
		return "expired";
	if (last)
		return "failed";
	*wait_s = retry_jitter(backoff_doubled_s(f->attempts, r->cap_s));
	if (*wait_s < f->retry_after_s)
		*wait_s = f->retry_after_s < RETRY_AFTER_MAX_S ?
		    f->retry_after_s : RETRY_AFTER_MAX_S;
	return "pending";
}
