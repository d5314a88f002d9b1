/* What is kept of a delivery's body that holds files. */
#ifndef GENHOOK_BODY_H
#define GENHOOK_BODY_H

#include <stdbool.h>

#include "lib/buf.h"
#include "common/delivery.h"

/* A file within a body of more than so many bytes is not kept there as well. */
#define BODY_FILE_MAX	65536

/* Is one of the outputs such a file? */
bool	body_has_large_files(const struct delivery *);

/*
 * The body, in which the text of each such file has become the output's URL,
 * "data:TYPE;sha256=DIGEST".  A text that cannot be found, as in JSON within a
 * string, stays.  kept is the caller's to free; false: no memory.
 */
bool	body_without_files(const struct delivery *, struct buf *kept);

#endif
