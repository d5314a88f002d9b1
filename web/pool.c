/* The connections of the page: taken by a thread, used, and put back. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "lib/clock.h"
#include "common/database.h"
#include "web/pool.h"

#define POOL_MAX	8

/* A little below our own deadline, so that the server's word is heard. */
#define STATEMENT_TIMEOUT	"4500ms"

struct web_pool {
	pthread_mutex_t	 lock;		/* for the two below */
	pthread_cond_t	 freed;
	struct db	*idle[POOL_MAX];
	int		 nidle;
	struct db	*all[POOL_MAX];
	int		 nall;
};

struct web_pool *
web_pool_new(const struct conf *conf, const char *role, int n)
{
	const char		*conninfo = *conf->web_conninfo != '\0' ?
				    conf->web_conninfo : conf->conninfo;
	pthread_condattr_t	 attr;
	struct web_pool		*pool;
	struct db		*db;

	if ((pool = calloc(1, sizeof(*pool))) == NULL)
		return NULL;
	(void)pthread_mutex_init(&pool->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&pool->freed, &attr);
	(void)pthread_condattr_destroy(&attr);
	for (; n > 0 && pool->nall < POOL_MAX; n--) {
		if ((db = database_new_limited(conninfo, role, conf->pooler,
		    STATEMENT_TIMEOUT)) == NULL) {
			web_pool_free(pool);
			return NULL;
		}
		pool->all[pool->nall++] = db;
		pool->idle[pool->nidle++] = db;
	}
	return pool;
}

void
web_pool_free(struct web_pool *pool)
{
	int	i;

	if (pool == NULL)
		return;
	for (i = 0; i < pool->nall; i++)
		db_free(pool->all[i]);
	(void)pthread_cond_destroy(&pool->freed);
	(void)pthread_mutex_destroy(&pool->lock);
	free(pool);
}

/* A connection that is the caller's until web_pool_put(); NULL: none was free
 * in time.  The one that was used last comes first: it is connected. */
static struct db *
web_pool_get(struct web_pool *pool, int64_t deadline_ms)
{
	const struct timespec	 until = {
		.tv_sec = deadline_ms / 1000,
		.tv_nsec = deadline_ms % 1000 * 1000000
	};
	struct db		*db = NULL;
	int			 waited = 0;

	(void)pthread_mutex_lock(&pool->lock);
	while (pool->nidle == 0 && waited != ETIMEDOUT)
		waited = pthread_cond_timedwait(&pool->freed, &pool->lock,
		    &until);
	if (pool->nidle > 0)
		db = pool->idle[--pool->nidle];
	(void)pthread_mutex_unlock(&pool->lock);
	return db;
}

static void
web_pool_put(struct web_pool *pool, struct db *db)
{
	(void)pthread_mutex_lock(&pool->lock);
	pool->idle[pool->nidle++] = db;
	(void)pthread_mutex_unlock(&pool->lock);
	(void)pthread_cond_signal(&pool->freed);
}

enum db_verdict
web_pool_run(struct web_pool *pool, const struct db_stmt *stmt,
    const struct db_param *params, struct db_rows **rows, struct errbuf *err)
{
	int64_t		 deadline_ms = clock_ms() + WEB_TIMEOUT_MS;
	struct db	*db;
	enum db_verdict	 v;

	errbuf_set(err, "database: %s: every connection was busy", stmt->name);
	if ((db = web_pool_get(pool, deadline_ms)) == NULL)
		return DB_AWAY;
	v = db_run(db, stmt, params, (int)(deadline_ms - clock_ms()), rows,
	    err);
	web_pool_put(pool, db);
	return v;
}
