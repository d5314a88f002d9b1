/* All live tokens of the settings, as arrays for the database: only the first digits
 * of their digests go there. */
#ifndef GENHOOK_TOKEN_LIST_H
#define GENHOOK_TOKEN_LIST_H

#include <stdbool.h>

#include "lib/db.h"
#include "common/conf.h"

struct token_list;

/* Each account's tokens, in the order of the settings.  The caller frees it; NULL:
 * no memory. */
struct token_list *token_list_new(const struct conf *);
void	token_list_free(struct token_list *);	/* NULL is fine */

#define TOKEN_LIST_PARAMS	3
/* Providers, accounts and digests, one element of each for a token; borrowed from
 * the list. */
void	token_list_params(const struct token_list *,
	    struct db_param params[TOKEN_LIST_PARAMS]);

#endif
