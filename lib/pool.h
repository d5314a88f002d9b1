/*
 * A pool of threads that share the turns of one loop: for many small things
 * that each wait for the disk, such as fsync(2) of many files.
 */
#ifndef GENHOOK_POOL_H
#define GENHOOK_POOL_H

#include <stddef.h>

#define POOL_MAX	8	/* threads, the caller's among them */

struct pool;

/* Its threads are started when they are first of use.  NULL: no memory. */
struct pool *pool_new(void);
/* Ends the threads. */
void	pool_free(struct pool *);	/* NULL is fine */

/*
 * Call work(arg, i) once for each i below n, on several threads, of which the
 * caller's is one; returns when all is done.  One caller at a time.  Where
 * no thread can be started, or pool is NULL, the caller's does it all.
 */
void	pool_each(struct pool *, size_t n, void (*work)(void *arg, size_t i),
	    void *arg);

#endif
