/* The table of troubles: how often each is tried again, and when. */
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include "lib/crypto.h"
#include "batch/backoff.h"
#include "batch/download/retry.h"

#define RETRY_AFTER_MAX_S	3600
#define NETWORK_PATIENCE_S	(7 * 86400)
#define SHORTEST_S		10

static const struct retry_rule {
	int64_t	max_attempts;	/* 0: no end */
	int64_t	cap_s;
	bool	as_long_as_link;	/* no number ends it while the link lives */
	bool	ends_with_link;	/* an ended link explains it */
} retry_rules[] = {
	[TROUBLE_PASSING] = { 12, 3600, true, false },
	/* A file may not be there yet when its task is called finished. */
	[TROUBLE_GONE]	  = { 5,  3600, false, true },
	[TROUBLE_CONTENT] = { 5,  3600, false, true },
	[TROUBLE_NETWORK] = { 0,  3600, true, false },
	[TROUBLE_MACHINE] = { 0,  60, true, false },
	[TROUBLE_OURS]	  = { 0,  600, true, false },
	[TROUBLE_STORE]	  = { 0,  600, true, false },
	[TROUBLE_FINAL]	  = { 1,  0, false, false },
};
_Static_assert(sizeof(retry_rules) / sizeof(retry_rules[0]) == TROUBLE__MAX,
    "a trouble has no rule");

/* Give or take a fifth, so that what failed together is not tried together. */
static int64_t
retry_jitter(int64_t seconds)
{
	return seconds - seconds / 5 +
	    (int64_t)random_below((uint32_t)(seconds / 5 * 2 + 1));
}

static bool
retry_link_lives(const struct retry_facts *f)
{
	return f->expires_at > f->now;
}

static bool
retry_link_ended(const struct retry_facts *f)
{
	return f->expires_at != 0 && f->expires_at <= f->now;
}

/* So many seconds; sooner where the link would be over before another try after
 * that. */
static int64_t
retry_before_end(const struct retry_facts *f, int64_t wait_s)
{
	int64_t	half_s = (f->expires_at - f->now) / 2;

	return retry_link_lives(f) && half_s >= SHORTEST_S && wait_s > half_s ?
	    half_s : wait_s;
}

/*
 * What says nothing of the link is not counted.  The waits grow with the time
 * for which it may have lasted; where no link's end is known, that also ends it.
 */
static const char *
retry_uncounted(const struct retry_facts *f, int64_t *wait_s)
{
	int64_t	age_s = f->finished_at != 0 && f->finished_at < f->now ?
		    f->now - f->finished_at : 0;
	int64_t	cap_s = retry_rules[f->trouble].cap_s;

	if (f->trouble == TROUBLE_NETWORK && !retry_link_lives(f) &&
	    age_s >= NETWORK_PATIENCE_S)
		return retry_link_ended(f) ? "expired" : "failed";
	*wait_s = age_s / 2 < SHORTEST_S ? SHORTEST_S : age_s / 2;
	*wait_s = retry_before_end(f, retry_jitter(*wait_s < cap_s ? *wait_s :
	    cap_s));
	return "uncounted";
}

static const char *
retry_counted(const struct retry_facts *f, int64_t *wait_s)
{
	/* A provider that answers, and has no better link, shows that it is not
	 * our network. */
	const struct retry_rule	*r = &retry_rules[f->trouble ==
				    TROUBLE_NETWORK ? TROUBLE_PASSING :
				    f->trouble];
	bool			 ended = retry_link_ended(f), last;
	int64_t			 most = r->max_attempts,
				 patient = retry_rules[TROUBLE_PASSING].
				    max_attempts;

	/* Then it is the provider's trouble as well, which may pass. */
	if (f->hope && most != 0 && most < patient)
		most = patient;
	last = most != 0 && f->attempts >= most &&
	    !((r->as_long_as_link || f->hope) && retry_link_lives(f));
	if (ended && (last || (r->ends_with_link && !f->hope)))
		return "expired";
	if (last)
		return "failed";
	*wait_s = retry_jitter(backoff_doubled_s(f->attempts, r->cap_s));
	if (*wait_s < f->retry_after_s)
		*wait_s = f->retry_after_s < RETRY_AFTER_MAX_S ?
		    f->retry_after_s : RETRY_AFTER_MAX_S;
	*wait_s = retry_before_end(f, *wait_s);
	return "pending";
}

const char *
retry_decide(const struct retry_facts *f, int64_t *wait_s)
{
	*wait_s = 0;
	switch (f->trouble) {
	case TROUBLE_FINAL:
		return "failed";
	case TROUBLE_MACHINE:
	case TROUBLE_OURS:
		return retry_uncounted(f, wait_s);
	case TROUBLE_NETWORK:
		return retry_link_ended(f) && !f->hope ?
		    retry_counted(f, wait_s) : retry_uncounted(f, wait_s);
	default:
		return retry_counted(f, wait_s);
	}
}
