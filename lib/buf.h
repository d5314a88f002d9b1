/*
 * A string that is built at its end, and the one escaper of each format that
 * goes into it.  Its memory is its own and grows up to a limit (buf_init), or
 * the caller's and stays as large as it is (buf_over).
 *
 * Invariant: unless data is NULL, data[len] is a NUL.  What does not fit, or
 * has no memory, sets failed; from then on nothing is added, so that one look
 * at buf_ok() at the end is enough.
 */
#ifndef GENHOOK_BUF_H
#define GENHOOK_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct buf {
	char	*data;
	size_t	 len;		/* bytes, the NUL not among them */
	size_t	 room;		/* bytes at data, the NUL's among them */
	size_t	 most;		/* what room may become */
	bool	 fixed;		/* data is the caller's */
	bool	 failed;
};

/* Empty, with memory of its own: up to most bytes, the NUL among them. */
void	buf_init(struct buf *, size_t most);
/* Empty, in size bytes (at least 1) of the caller's memory. */
void	buf_over(struct buf *, char *mem, size_t size);
/* Frees memory of its own; all zeroes are fine, and so is a second time. */
void	buf_free(struct buf *);

/* Nothing was left out. */
bool	buf_ok(const struct buf *);
/* The string, now the caller's to free; NULL where it failed.  Of memory of
 * its own alone; the buffer is empty afterwards. */
char	*buf_take(struct buf *);
/* Shorten to so many bytes; no effect where it is not longer. */
void	buf_cut(struct buf *, size_t len);

/* Append so many bytes, a string, or what printf(3) makes of its arguments. */
void	buf_bytes(struct buf *, const void *, size_t);
void	buf_text(struct buf *, const char *);
void	buf_printf(struct buf *, const char *, ...)
	    __attribute__((format(printf, 2, 3)));

/* Percent-encoded: all but RFC 3986's unreserved characters, and those of
 * also ("" for none). */
void	buf_percent(struct buf *, const char *text, const char *also);
/* len bytes with their percent-encoding undone; a '%' that begins no escape
 * stands for itself, as browsers have it. */
void	buf_percent_decoded(struct buf *, const char *text, size_t len);

/* The inside of a JSON string (RFC 8259) in ASCII: foreign and control bytes
 * become '?'.  Of at most most bytes; what is longer ends in "...". */
void	buf_json(struct buf *, const char *text, size_t most);
/* The same of text that is UTF-8, whole: foreign letters stay. */
void	buf_json_utf8(struct buf *, const char *text);

#endif
