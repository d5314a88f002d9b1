/* A few database connections that the page's threads share: each is one thread's
 * at a time. */
#ifndef GENHOOK_WEB_POOL_H
#define GENHOOK_WEB_POOL_H

#include "lib/db.h"
#include "common/conf.h"

struct web_pool;

/*
 * Up to n connections, each made when it is needed, whose sessions become role
 * where there is one.  conf is borrowed, and role too.  NULL: no memory.
 */
struct web_pool *web_pool_new(const struct conf *, const char *role, int n);
void	web_pool_free(struct web_pool *);	/* NULL is fine */

/* Any thread: run a statement on one of them, as db_run(), within WEB_TIMEOUT_MS,
 * the wait for a free connection too. */
#define WEB_TIMEOUT_MS	5000
enum db_verdict web_pool_run(struct web_pool *, const struct db_stmt *,
	    const struct db_param *, struct db_rows **, struct errbuf *);

#endif
