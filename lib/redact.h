/* Takes tokens and other secrets out of what is kept: the tables, the spool and the
 * log have none. */
#ifndef GENHOOK_REDACT_H
#define GENHOOK_REDACT_H

#include <stddef.h>

#define REDACTED	"[token]"	/* never longer than a token */

/*
 * Overwrite every occurrence of the tokens (NULL-terminated) in len bytes of
 * JSON text, also where some of its characters are written as \u0061, %61 or \/.
 * Works in place and returns the new length.  What was valid JSON stays so,
 * as long as no token could be part of a number.
 */
size_t	redact_tokens(char *body, size_t len, char *const *tokens);

#endif
