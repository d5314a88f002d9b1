/*
 * Memory for files that are small enough to be kept there until they are whole:
 * one that fails then never was on the disk, and one that does not is written
 * with one call.
 */
#ifndef GENHOOK_BUFPOOL_H
#define GENHOOK_BUFPOOL_H

#include <stdbool.h>
#include <stddef.h>

#define BUFPOOL_BYTES	((size_t)256 * 1024)	/* of one */
#define BUFPOOL_MAX	64			/* at once, so 16 MiB */

struct bufpool;

/* NULL: no memory. */
struct bufpool *bufpool_new(void);
void	bufpool_free(struct bufpool *);		/* NULL is fine */

/* BUFPOOL_BYTES of memory, or NULL when all are taken.  From any thread, as are
 * the others. */
char	*bufpool_get(struct bufpool *);
bool	bufpool_is_empty(struct bufpool *);
void	bufpool_put(struct bufpool *, char *);	/* NULL is fine */

#endif
