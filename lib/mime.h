/* The one door to libmagic: what bytes are, by its database. */
#ifndef GENHOOK_SNIFFER_H
#define GENHOOK_SNIFFER_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/errbuf.h"

struct sniffer;

/* What the library calls a file. */
struct sniffed {
	char	type[64];	/* a MIME type; "" when the library gave up */
	bool	text;		/* its bytes read as text, in some encoding */
};

/*
 * Loads the database, from the file that $MAGIC names or else from the
 * library's own place.  One sniffer is for one thread at a time.  NULL, with
 * why, when there is no memory or the database is missing, of another version
 * or empty.
 */
struct sniffer *sniffer_open(struct errbuf *why);
void	sniffer_close(struct sniffer *);	/* NULL is fine */

/* What is a file that begins with these len bytes? */
void	sniffer_look(struct sniffer *, const void *, size_t len,
	    struct sniffed *);

#endif
