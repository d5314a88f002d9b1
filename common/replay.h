/* Deliveries once more: those that genhook.replay_deliveries() chose. */
#ifndef GENHOOK_REPLAY_H
#define GENHOOK_REPLAY_H

#include <stdint.h>

#include "lib/db.h"
#include "common/conf.h"

struct replay_counts {
	long	replayed;	/* done, whatever they came to */
	long	accepted;	/* of these: brought a task its result */
	long	refused;	/* of these: PostgreSQL would not take them */
};

/*
 * Parse what waits in genhook.replays anew and store it, until nothing waits
 * or stop_at_ms (monotonic, 0: none) has come.  owner names the run in its
 * leases.  One that is cut off at any point, and begun again once its lease
 * is over, makes one delivery all the same.  conf tells which accounts are
 * re-queried.  Not DB_OK: err says what ended it.
 */
enum db_verdict replay_run(struct db *, const struct conf *,
	    const char *owner, int64_t stop_at_ms, struct replay_counts *,
	    struct errbuf *err);

#endif
