/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates. */
#ifndef GENHOOK_UTF8_H
#define GENHOOK_UTF8_H

#include <stddef.h>

/* The length of the character at s, of which n bytes are there; 0 when it is
 * none. */
size_t	utf8_length(const unsigned char *s, size_t n);

/* The last place at or before at where text, which is UTF-8, may be cut. */
size_t	utf8_cut(const char *text, size_t at);

/* Make foreign words fit for the database and a log, in place: what is no
 * UTF-8, and each control byte, becomes '?'. */
void	utf8_clean(char *text);

#endif
