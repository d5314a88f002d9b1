/* Words for what went wrong, in a buffer that the caller owns. */
#ifndef GENHOOK_ERRBUF_H
#define GENHOOK_ERRBUF_H

struct errbuf {
	char	text[320];
};

/* Replace the words.  A text that is too long ends in "...". */
void	errbuf_set(struct errbuf *, const char *, ...)
	    __attribute__((format(printf, 2, 3)));

#endif
