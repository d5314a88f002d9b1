/* Deliveries into the database: the one call of genhook.receive(). */
#ifndef GENHOOK_STORE_H
#define GENHOOK_STORE_H

#include <stddef.h>

#include "lib/db.h"
#include "common/conf.h"
#include "common/delivery.h"

/* Have these deliveries been sent to the database before? */
enum store_try {
	STORE_FIRST,	/* never, for certain, and no two are of one task */
	STORE_AGAIN	/* perhaps: what is there already is passed over */
};

/*
 * Commit n deliveries in one statement within timeout_ms.  On DB_OK
 * outcomes[i] is what became of batch[i], and all of it is on disk.  On
 * DB_REFUSED nothing was stored: try them one by one, with STORE_AGAIN, which
 * also takes what no jsonb can hold.  On anything else it is not known
 * whether they were stored; sending them with STORE_AGAIN is safe.
 */
enum db_verdict store_deliveries(struct db *, const struct conf *,
	    struct delivery *const *batch, size_t n, enum store_try,
	    int timeout_ms, enum outcome *outcomes, struct errbuf *err);

#endif
