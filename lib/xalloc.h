/*
 * Memory, or the end of the program with exit status 2: for genhook-sweep and
 * genhook, where cron or a person starts the next run.  A handler never calls
 * these: it has callbacks in flight.
 */
#ifndef GENHOOK_XALLOC_H
#define GENHOOK_XALLOC_H

#include <stddef.h>

void	*xcalloc(size_t size);		/* zeroed; the caller's to free */
char	*xstrdup(const char *);		/* likewise; NULL stays NULL */

#endif
