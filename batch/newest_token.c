/* The newest token of each account, as the database knows it. */
#include <stdlib.h>
#include <string.h>

#include "lib/xalloc.h"
#include "common/token_list.h"
#include "batch/newest_token.h"

struct newest_token {
	const struct conf	*conf;
	const char		**tokens;	/* one for each account */
};

/* The columns of DB_NOTE_TOKENS. */
enum { C_PROVIDER, C_ACCOUNT, C_TOKEN };

/* The account's token that has this digest. */
static const char *
newest_token_find(const struct conf *conf, const struct account *a,
    const char *digest)
{
	struct conf_token	found;
	size_t			i;

	for (i = 0; a->tokens != NULL && a->tokens[i] != NULL; i++)
		if (conf_account_by_token(conf, a->provider, a->tokens[i],
		    strlen(a->tokens[i]), &found) == TOKEN_FOUND &&
		    strcmp(found.digest, digest) == 0)
			return a->tokens[i];
	return NULL;
}

static void
newest_token_take(struct newest_token *n, const struct db_rows *rows, int row)
{
	const char		*name = db_value(rows, row, C_PROVIDER);
	const struct provider	*p = provider_find(name);
	const struct account	*a = p == NULL ? NULL : conf_account(n->conf,
				    p, db_value(rows, row, C_ACCOUNT));
	const char		*token = a == NULL ? NULL :
				    newest_token_find(n->conf, a,
				    db_value(rows, row, C_TOKEN));

	if (token != NULL)
		n->tokens[a - n->conf->accounts] = token;
}

struct newest_token *
newest_token_load(struct run *run)
{
	const struct conf	*conf = run->conf;
	struct newest_token	*n = NULL;
	struct token_list	*list = token_list_new(conf);
	struct db_param		 params[TOKEN_LIST_PARAMS];
	struct db_rows		*rows = NULL;
	struct errbuf		 err;
	int			 i;

	if (list == NULL) {
		run_break(run, "out of memory");
		return NULL;
	}
	token_list_params(list, params);
	if (run_query(run, DB_NOTE_TOKENS, params, &rows, &err) == DB_OK) {
		n = xcalloc(sizeof(*n));
		n->conf = conf;
		n->tokens = xcalloc((conf->naccounts + 1) *
		    sizeof(*n->tokens));
		for (i = 0; i < db_rows_count(rows); i++)
			newest_token_take(n, rows, i);
	} else
		run_break(run, err.text);
	db_rows_free(rows);
	token_list_free(list);
	return n;
}

void
newest_token_free(struct newest_token *n)
{
	if (n == NULL)
		return;
	free(n->tokens);
	free(n);
}

const char *
newest_token_of(const struct newest_token *n, const struct account *a)
{
	const char	*token = n->tokens[a - n->conf->accounts];

	if (token != NULL)
		return token;
	return a->tokens != NULL && a->tokens[0] != NULL ? a->tokens[0] : "";
}
