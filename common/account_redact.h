/* Takes an account's secrets out of what is kept or logged. */
#ifndef GENHOOK_ACCOUNT_REDACT_H
#define GENHOOK_ACCOUNT_REDACT_H

#include <stddef.h>

#include "common/conf.h"

/*
 * Overwrite, in len bytes of JSON text, each occurrence of the account's tokens,
 * webhook secrets (also without a prefix such as "whsec_") and API key, as
 * redact_tokens() does it: in place, and the new length is returned.  A secret
 * that is shorter than what would stand in its place, or that could be part of a
 * number, is left.  Any thread.
 */
size_t	account_redact(const struct account *, char *text, size_t len);

/* The same of a text that ends in NUL, which is kept as it is where it is NULL. */
void	account_redact_text(const struct account *, char *text);

#endif
