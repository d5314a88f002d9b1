/* Many small things that wait for the disk at once. */
#ifndef GENHOOK_CREW_H
#define GENHOOK_CREW_H

#include <stddef.h>

#define CREW_MAX	8	/* threads, the caller's among them */

struct crew;

/* Its threads begin when they are first of use.  NULL: no memory. */
struct crew *crew_new(void);
void	crew_free(struct crew *);	/* NULL is fine */

/*
 * Call work(arg, i) once for each i below n, on several threads, of which the
 * caller's is one; returns when all is done.  One caller at a time.  Where
 * there are no threads to be had, or no crew, the caller's does it all.
 */
void	crew_each(struct crew *, size_t n, void (*work)(void *arg, size_t i),
	    void *arg);

#endif
