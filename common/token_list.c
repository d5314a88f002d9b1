/* The settings' tokens as arrays. */
#include <stdlib.h>
#include <string.h>

#include "lib/pgarray.h"
#include "common/token_list.h"

struct token_list {
	struct pgarray	columns[TOKEN_LIST_PARAMS];
};

static bool
token_list_add(struct token_list *l, const struct conf *conf,
    const struct account *a)
{
	struct conf_token	found;
	size_t			i;

	for (i = 0; a->tokens != NULL && a->tokens[i] != NULL; i++) {
		if (conf_account_by_token(conf, a->provider, a->tokens[i],
		    strlen(a->tokens[i]), &found) == TOKEN_UNKNOWN)
			return false;
		pgarray_text(&l->columns[0], a->provider->name);
		pgarray_text(&l->columns[1], a->name);
		pgarray_text(&l->columns[2], found.digest);
	}
	return true;
}

struct token_list *
token_list_new(const struct conf *conf)
{
	struct token_list	*l;
	size_t			 i;
	bool			 ok = true;

	if ((l = calloc(1, sizeof(*l))) == NULL)
		return NULL;
	for (i = 0; i < TOKEN_LIST_PARAMS; i++)
		pgarray_begin(&l->columns[i], PG_TEXT);
	for (i = 0; i < conf->naccounts; i++)
		ok = ok && token_list_add(l, conf, &conf->accounts[i]);
	for (i = 0; i < TOKEN_LIST_PARAMS; i++)
		ok = pgarray_end(&l->columns[i]) && ok;
	if (ok)
		return l;
	token_list_free(l);
	return NULL;
}

void
token_list_free(struct token_list *l)
{
	size_t	i;

	if (l == NULL)
		return;
	for (i = 0; i < TOKEN_LIST_PARAMS; i++)
		pgarray_free(&l->columns[i]);
	free(l);
}

void
token_list_params(const struct token_list *l,
    struct db_param params[TOKEN_LIST_PARAMS])
{
	size_t	i;

	for (i = 0; i < TOKEN_LIST_PARAMS; i++)
		params[i] = pgarray_param(&l->columns[i]);
}
