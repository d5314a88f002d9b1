/*
 * Memory for files that are small enough to stay there until they are whole: a
 * file that fails then never was on the disk, and another is written with one
 * call.
 */
#ifndef GENHOOK_BUFPOOL_H
#define GENHOOK_BUFPOOL_H

#include <stdbool.h>
#include <stddef.h>

#define BUFPOOL_BYTES	((size_t)256 * 1024)	/* of one */
#define BUFPOOL_MAX	64			/* at once, so 16 MiB */

struct bufpool;

/* An empty one: memory is taken from the system as it is first asked for.
 * NULL: no memory. */
struct bufpool *bufpool_new(void);
/* Once all was given back. */
void	bufpool_free(struct bufpool *);		/* NULL is fine */

/* BUFPOOL_BYTES of memory, or NULL when all are taken or there is none.  From
 * any thread, as are the two below. */
char	*bufpool_get(struct bufpool *);
/* Give it back. */
void	bufpool_put(struct bufpool *, char *);	/* NULL is fine */
/* Are all taken? */
bool	bufpool_is_empty(struct bufpool *);

#endif
