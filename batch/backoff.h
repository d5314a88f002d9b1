/* How long something waits before it is tried again. */
#ifndef GENHOOK_BACKOFF_H
#define GENHOOK_BACKOFF_H

#include <stdint.h>

/* What waits. */
enum backoff {
	BACKOFF_POLL,		/* a task, beyond its own growing interval */
	BACKOFF_SUBMIT,		/* a request that made no task */
	BACKOFF_ACCOUNT,	/* an account, after a rate limit */
	BACKOFF__MAX
};

/*
 * The seconds to wait after so many attempts (this one counted), where the
 * server asked for retry_after_s seconds (0: it did not).
 */
int64_t	backoff_s(enum backoff, int64_t attempts, int64_t retry_after_s);

/* 10 s, doubled for each attempt but the first, at most cap_s. */
int64_t	backoff_doubled_s(int64_t attempts, int64_t cap_s);

#endif
