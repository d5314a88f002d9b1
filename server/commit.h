/* What a request hands to the committer, and what it gets back. */
#ifndef GENHOOK_COMMIT_H
#define GENHOOK_COMMIT_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>

#include "lib/errbuf.h"
#include "common/delivery.h"

/* A commit is known, or given up, this long after the request handed it over;
 * what is left of the 3 s that a sender waits at most is for the spool. */
#define COMMIT_DEADLINE_MS	2000

STAILQ_HEAD(commit_list, commit);

/*
 * One delivery on its way into the database.  All memory is the owner's; from
 * committer_submit() on only the thread that commits it may touch it, and then
 * the one that committer_lead() or committer_lead_spool() has given it to.
 */
struct commit {
	STAILQ_ENTRY(commit) next;	/* in whichever list it is now */
	struct delivery	*delivery;	/* NULL: only asks for the database */
	void		*owner;		/* whose request it is */
	int64_t		 dequeue_by_ms;	/* monotonic, as is the next */
	int64_t		 deadline_ms;
	bool		 stored;	/* known: it is on the database's disk */
	enum outcome	 outcome;	/* and what became of it */
	struct errbuf	 err;		/* else: why not */
	bool		 spooled;	/* known: it is on the spool's */
	struct errbuf	 spool_err;	/* else: why not */
};

#endif
