/* When a download that failed is tried again, and when it is given up. */
#ifndef GENHOOK_RETRY_H
#define GENHOOK_RETRY_H

#include <stdbool.h>
#include <stdint.h>

enum trouble {
	TROUBLE_PASSING,	/* network, 5xx, 429: time may mend it */
	TROUBLE_GONE,		/* 403, 404, 410 and their like */
	TROUBLE_CONTENT,	/* an error page, or a file cut short */
	TROUBLE_NETWORK,	/* no server was got to: perhaps our network or
				   name server */
	TROUBLE_MACHINE,	/* no descriptor, no memory: never given up */
	TROUBLE_OURS,		/* disk full or the like: likewise */
	TROUBLE_STORE,		/* the archive's store is away: likewise */
	TROUBLE_FINAL,		/* address refused, file too large */
	TROUBLE__MAX
};

struct retry_facts {
	enum trouble	trouble;
	int64_t		attempts;	/* this one counted */
	int64_t		expires_at;	/* the link, s since 1970; 0: unknown */
	int64_t		now;
	int64_t		retry_after_s;	/* as the server wished, or 0 */
	bool		hope;		/* a fresh link may still come */
	int64_t		finished_at;	/* the task, s since 1970; 0: unknown */
};

/*
 * What fail_output() is to make of the output: "pending" with the seconds to
 * wait in *wait_s; "uncounted" likewise, where the try says nothing of the link;
 * "expired" or "failed" with 0 there.
 */
const char *retry_decide(const struct retry_facts *, int64_t *wait_s);

#endif
