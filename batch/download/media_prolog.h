/* What a text begins as: a page, a drawing, data.  It is read a byte at a time,
 * as what tells may stand behind a long comment. */
#ifndef GENHOOK_MEDIA_PROLOG_H
#define GENHOOK_MEDIA_PROLOG_H

#include <stdbool.h>
#include <stddef.h>

enum prolog_kind {
	PROLOG_NONE,		/* no tag, and no data */
	PROLOG_MARKUP,		/* XML, of no kind that is known (so far) */
	PROLOG_HTML,
	PROLOG_SVG,
	PROLOG_JSON
};

/* All zeroes is the beginning. */
struct media_prolog {
	enum prolog_kind	kind;
	bool			done;		/* the kind is certain */
	enum prolog_state {
		PROLOG_START,	/* before anything but blanks */
		PROLOG_TAG,	/* behind a '<', in the name */
		PROLOG_DOCTYPE,	/* before or in the name of a document type */
		PROLOG_SKIP,	/* to the end of a declaration */
		PROLOG_COMMENT,	/* to the end of a comment */
		PROLOG_BETWEEN	/* two tags */
	}			state;
	enum prolog_encoding {
		PROLOG_UNTOLD, PROLOG_BYTES, PROLOG_UTF16_LE, PROLOG_UTF16_BE
	}			encoding;
	unsigned char		held[2];	/* bytes not yet read */
	size_t			heldlen;
	char			name[16];	/* of the tag, as far as it fits */
	size_t			namelen;
	int			dashes;		/* just before, in a comment */
	int			depth;		/* brackets in a declaration */
};

/* The next bytes of the text. */
void	prolog_take(struct media_prolog *, const unsigned char *, size_t);

/* There are no more: what is it? */
enum prolog_kind prolog_end(const struct media_prolog *);

/* Was it UTF-16, by a mark or by its first character? */
bool	prolog_is_utf16(const struct media_prolog *);

#endif
