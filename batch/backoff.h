/* How long something waits before it is tried again. */
#ifndef GENHOOK_BACKOFF_H
#define GENHOOK_BACKOFF_H

#include <stdint.h>

/* What waits. */
enum backoff {
	BACKOFF_POLL,		/* a task, beyond its own growing interval */
	BACKOFF_SUBMIT,		/* a request that made no task */
	BACKOFF_ACCOUNT,	/* an account, after a rate limit */
	BACKOFF_DOWN,		/* an account whose API is down */
	BACKOFF_NO_CREDIT,	/* one without credit */
	BACKOFF_WALL,		/* one that something else answers for */
	BACKOFF__MAX
};

/*
 * The seconds to wait after so many attempts (this one counted), where the
 * server asked for retry_after_s seconds (0: it did not).
 */
int64_t	backoff_s(enum backoff, int64_t attempts, int64_t retry_after_s);

/* What the database makes such a wait of, for an account: it counts them. */
struct backoff_growth {
	int64_t	first_s;	/* doubled each time in a row */
	int64_t	most_s;
	int64_t	asked_s;	/* by the server; 0: nothing */
};
struct backoff_growth backoff_growth(enum backoff, int64_t retry_after_s);

/* 10 s, doubled for each attempt but the first, at most cap_s. */
int64_t	backoff_doubled_s(int64_t attempts, int64_t cap_s);

#endif
