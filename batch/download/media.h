/* What a file is, told by its own first bytes and libmagic; and whether it is
 * whole.  One thread at a time may be at a struct mime. */
#ifndef GENHOOK_MEDIA_H
#define GENHOOK_MEDIA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/errbuf.h"
#include "lib/mime.h"
#include "batch/download/media_prolog.h"

#define MEDIA_HEAD	512	/* as many bytes as media_detect() looks at */
#define MEDIA_TAIL	12

struct media {
	const char	*content_type;
	const char	*extension;
};

/* What is kept of a file that streams by.  All zeroes is the beginning. */
struct media_watch {
	unsigned char	 head[MEDIA_HEAD];
	unsigned char	 tail[MEDIA_TAIL];	/* the last bytes */
	size_t		 headlen, taillen;
	uint64_t	 bytes;			/* seen so far */
	unsigned char	 box[16];		/* header of an MP4 box */
	size_t		 boxlen;
	uint64_t	 box_at;		/* where it begins */
	bool		 boxes_end;		/* the last box has no length,
						   or there are no boxes */
	bool		 box_is_known;		/* the last one, by its name */
	bool		 box_holds;		/* it has what a file is for */
	bool		 boxes_hold;		/* one before it has */
	struct media_prolog prolog;		/* what a text begins as */
};

enum media_end {
	MEDIA_WHOLE,	/* as far as the format can tell */
	MEDIA_UNSURE,	/* the format's end mark is not at the end */
	MEDIA_SHORT	/* the format itself says that bytes are missing */
};

/*
 * The type of a file that begins with these len bytes (all of it when it is
 * shorter than MEDIA_HEAD).  Bytes that nobody knows are
 * application/octet-stream.  Static memory.
 */
const struct media *media_detect(struct mime *, const void *head,
	    size_t len);

/* What the file is that was watched from its beginning: of a text, what stands
 * behind the head has a say as well. */
const struct media *media_of(struct mime *, const struct media_watch *);

/* Is that still open, until more of the file comes? */
bool	media_is_open(const struct media_watch *);

/*
 * What it is by name, where the bytes say only that it is text, JSON, XML, a zip
 * or data: by the extension that link has, in its path or at the end of a
 * parameter, else by the Content-Type that its server declares ("" when it does
 * not say).  Only what the bytes can be is believed.
 */
const struct media *media_named(const struct media *,
	    const struct media_watch *, const char *link,
	    const char *content_type);

/* Do the bytes leave no doubt of what it is? */
bool	media_is_sure(const struct media *);

/*
 * May this be an output of that kind ("image", "video", "audio", "file",
 * "text")?  False, with err, for an empty file, a page or a JSON text where
 * media is due, and HTML anywhere.
 */
bool	media_fits(const struct media *, const char *kind, size_t len,
	    struct errbuf *err);

/*
 * May an output of that kind be a file that its server declares to be of this
 * Content-Type ("" when it does not say)?  Bytes that are known are believed
 * before it: a server that has one type for all is no reason to lose a
 * picture.  Where nobody knows them, what is declared to be HTML, JSON or XML
 * is no media.  False: with err.
 */
bool	media_agrees(const struct media *, const char *kind,
	    const char *content_type, struct errbuf *err);

/* Take the next bytes of the file. */
void	media_watch(struct media_watch *, const void *, size_t);

/* Does the file that was watched end where its format says?  A cut shows
 * here when the transfer could not tell. */
enum media_end media_end(const struct media *, const struct media_watch *);

#endif
