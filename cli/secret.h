/* What a provider signs callbacks with, asked of its API. */
#ifndef GENHOOK_CLI_SECRET_H
#define GENHOOK_CLI_SECRET_H

#include <stdbool.h>

#include "handlers/provider.h"

/*
 * Ask a provider that has a secret_path, with an API key.  The secret is the
 * caller's to free; NULL: there is none, which has been said.
 */
char	*secret_ask(const struct provider *, const char *api_base,
	    const char *api_key, bool allow_private);

#endif
