/* Many small things that wait for the disk, or want a processor, at once. */
#ifndef GENHOOK_CREW_H
#define GENHOOK_CREW_H

#include <stddef.h>

#define CREW_MAX	8	/* threads */

/*
 * Call work(arg, i) once for each i below n, on several threads, of which the
 * caller's is one; returns when all is done.  Where there are no threads to
 * be had the caller's does it all.  They take no signals that the caller
 * blocks.
 */
void	crew_each(size_t n, void (*work)(void *arg, size_t i), void *arg);

#endif
