/* Files that stand in a payload themselves: data: URIs (RFC 2397) and Base64. */
#ifndef GENHOOK_EMBEDDED_H
#define GENHOOK_EMBEDDED_H

#include <stdbool.h>
#include <stddef.h>

#define EMBEDDED_TYPE_ROOM	64

struct embedded {
	char		 type[EMBEDDED_TYPE_ROOM]; /* as declared; "": not */
	unsigned char	*data;			   /* the caller's to free */
	size_t		 len;
};

enum embedded_verdict {
	EMBEDDED_FILE,		/* decoded */
	EMBEDDED_NONE,		/* the text is something else */
	EMBEDDED_BROKEN,	/* it begins as a file, and cannot be decoded */
	EMBEDDED_NO_MEMORY
};

/*
 * Decode a text that is a data: URI, or Base64 of a file whose first bytes are
 * those of a picture, film, sound, 3D model, PDF or ZIP.  With named, where the
 * payload calls it Base64, it may be of any file.  Only EMBEDDED_FILE sets *out.
 */
enum embedded_verdict embedded_decode(const char *text, bool named,
	    struct embedded *out);

/* A quick look: may embedded_decode() find a file, without named? */
bool	embedded_begins(const char *text);

/* Does a member's name, in lower case without '_', say that it holds Base64? */
bool	embedded_is_name(const char *folded);

#endif
