/* What genhook-thumb and who starts it agree on. */
#ifndef GENHOOK_THUMB_H
#define GENHOOK_THUMB_H

#define THUMB_SIDE	400			/* pixels, at most */
#define THUMB_FILE_MAX	(64UL * 1024 * 1024)	/* bytes of a picture */

/* How it ends. */
enum thumb_exit {
	THUMB_MADE,
	THUMB_REFUSED,		/* there is none of this file, ever */
	THUMB_COULD_NOT_RUN,
	THUMB_NOT_INSTALLED	/* what it needs for this type */
};

#endif
