/* With which of an account's tokens a new request is sent: the newest. */
#ifndef GENHOOK_NEWEST_TOKEN_H
#define GENHOOK_NEWEST_TOKEN_H

#include "batch/run.h"

struct newest_token;

/*
 * Let the database know the settings' tokens, and hear which is the newest of each
 * account: the one that it was told of last, wherever it stands in the settings.
 * The caller frees it.  NULL: the database could not be asked, which broke the
 * run.
 */
struct newest_token *newest_token_load(struct run *);
void	newest_token_free(struct newest_token *);	/* NULL is fine */

/* The account's; "" where it has none.  Borrowed from the settings. */
const char *newest_token_of(const struct newest_token *,
	    const struct account *);

#endif
