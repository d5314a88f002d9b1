/* The live line on a terminal. */
#ifndef GENHOOK_PROGRESS_H
#define GENHOOK_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

struct progress;

/* NULL when stderr is no terminal; the calls below take that as well. */
struct progress *progress_new(void);
void	progress_free(struct progress *);	/* wipes the line */

/* Clear the line for a log line; the next progress_show() writes it again. */
void	progress_wipe(struct progress *);

/* What is going on. */
struct progress_facts {
	const char	*what;		/* "downloads" */
	int64_t		 done, total;	/* total 0: nobody knows */
	double		 parts;		/* of those in flight, how many files'
					   worth is there */
	int		 in_flight;
	int64_t		 bytes;		/* so far; -1: it is not about bytes */
};

/* Show it in one line, written anew a few times a second. */
void	progress_show(struct progress *, const struct progress_facts *);

/*
 * The line itself: a bar where the total is known, and the time left, at the
 * pace since elapsed_ms ago.  rate: bytes a second now.
 */
void	progress_line(const struct progress_facts *, int64_t elapsed_ms,
	    double rate, char *buf, size_t bufsz);

#endif
