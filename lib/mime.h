/* What kind of file bytes are of, by libmagic's database; its one door. */
#ifndef GENHOOK_MIME_H
#define GENHOOK_MIME_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/errbuf.h"

struct mime;

/* What the library calls a file. */
struct mime_type {
	char	type[64];	/* a MIME type; "" when the library gave up */
	bool	text;		/* its bytes read as text, in some encoding */
};

/*
 * Load the database, from the file that $MAGIC names or else from the library's
 * own place.  One struct mime is for one thread at a time.  NULL, with err,
 * when there is no memory or the database is missing, of another version or
 * empty.
 */
struct mime *mime_open(struct errbuf *err);
void	mime_close(struct mime *);	/* NULL is fine */

/* Say what a file is that begins with these len bytes. */
void	mime_detect(struct mime *, const void *, size_t len,
	    struct mime_type *);

#endif
