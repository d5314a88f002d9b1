/* The live line on a terminal. */
#ifndef GENHOOK_PROGRESS_H
#define GENHOOK_PROGRESS_H

#include <stdint.h>

struct progress;

/* NULL when stderr is no terminal; the calls below take that as well. */
struct progress *progress_new(void);
void	progress_free(struct progress *);	/* wipes the line */

/* Clear the line for a log line; the next progress_show() writes it again. */
void	progress_wipe(struct progress *);

/* One line, written anew a few times a second: what is going on, how many
 * are done and in flight, and for downloads the bytes so far (else -1). */
void	progress_show(struct progress *, const char *what, int64_t done,
	    int in_flight, int64_t bytes);

#endif
