/* A small picture of a picture, by libvips; this file's is the one door to it. */
#ifndef GENHOOK_PICTURE_H
#define GENHOOK_PICTURE_H

#include <stddef.h>

#include "lib/errbuf.h"

enum picture_verdict {
	PICTURE_OK,
	PICTURE_REFUSED,	/* there is none of this file: words in err */
	PICTURE_NO_LIBRARY	/* libvips is not on this machine */
};

/*
 * Load libvips and have it know pictures of that content type alone; to be called
 * once, and before confine_to_open_files(), since it opens files.
 */
enum picture_verdict picture_prepare(const char *content_type,
	    struct errbuf *err);

/*
 * Make WebP within side by side pixels of the file in these bytes, upright, in
 * sRGB, of its first frame, without what else the file says.  On PICTURE_OK *out
 * has *size bytes and lasts as long as the program.
 */
enum picture_verdict picture_make(void *bytes, size_t len, int side,
	    void **out, size_t *size, struct errbuf *err);

#endif
