/* One genhook-thumb, which makes a small picture of a file that it is given open. */
#ifndef GENHOOK_THUMB_CHILD_H
#define GENHOOK_THUMB_CHILD_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/errbuf.h"
#include "thumb/thumb.h"

/* What became of it. */
struct thumb_child {
	enum thumb_exit	 ended;		/* THUMB_COULD_NOT_RUN: also stopped */
	char		*picture;	/* WebP, the caller's to free; NULL unless
					   THUMB_MADE */
	size_t		 len;
	struct errbuf	 err;		/* where there is none */
};

/* Where genhook-thumb is: beside this program, or where `make install` puts it.
 * False: it is in neither place. */
bool	thumb_child_find(char *path, size_t size);

/*
 * Run it with the file at fd, of that content type, and wait for its end: not for
 * long, since it is given seconds, and until stopping() says so.  It gets no other
 * file and nothing of the environment.  For the main thread.
 */
void	thumb_child_run(const char *path, int fd, const char *content_type,
	    bool (*stopping)(void), struct thumb_child *);

#endif
