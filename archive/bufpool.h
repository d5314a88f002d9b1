/*
 * Memory for files that are small enough to be kept there until they are whole:
 * one that fails then never was on the disk, and one that does not is written
 * with one call.
 */
#ifndef GENHOOK_HOLD_H
#define GENHOOK_HOLD_H

#include <stdbool.h>
#include <stddef.h>

#define HOLD_BYTES	((size_t)256 * 1024)	/* of one */
#define HOLD_MAX	64			/* at once, so 16 MiB */

struct hold;

/* NULL: no memory. */
struct hold *hold_new(void);
void	hold_free(struct hold *);		/* NULL is fine */

/* HOLD_BYTES of memory, or NULL when all are taken.  From any thread, as are
 * the others. */
char	*hold_take(struct hold *);
bool	hold_is_empty(struct hold *);
void	hold_give(struct hold *, char *);	/* NULL is fine */

#endif
