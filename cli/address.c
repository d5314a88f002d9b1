/* genhook address: what to give to each provider as the callback's address. */
#include <string.h>

#include "batch/newest_token.h"
#include "handlers/submission.h"
#include "cli/address.h"
#include "cli/cli.h"

#define ADDRESS_MAX	2048

void
address_print(const struct conf *conf, const struct account *a,
    const char *token)
{
	char		mem[ADDRESS_MAX];
	struct buf	url;

	buf_over(&url, mem, sizeof(mem));
	submission_hook(&url, *conf->base_url != '\0' ? conf->base_url :
	    "https://YOUR.HOST", a->provider, token);
	printf("%s %s\t%s\n", a->provider->name, a->name, url.data);
}

/* Where nobody can say which token is the newest, each is shown: all of them
 * are taken. */
static void
address_print_account(const struct conf *conf, const struct account *a,
    const struct newest_token *newest)
{
	size_t	i;

	if (newest != NULL)
		address_print(conf, a, newest_token_of(newest, a));
	else
		for (i = 0; a->tokens[i] != NULL; i++)
			address_print(conf, a, a->tokens[i]);
}

/* Does it matter which token is the newest? */
static bool
address_is_open(const struct conf *conf)
{
	size_t	i;

	for (i = 0; i < conf->naccounts; i++)
		if (conf->accounts[i].tokens[1] != NULL)
			return true;
	return false;
}

static struct newest_token *
address_newest(const struct conf *conf, struct db **db)
{
	struct run		 run = { .conf = conf };
	struct newest_token	*newest = NULL;

	if (!address_is_open(conf))
		return NULL;
	if ((*db = run.db = cli_database(conf)) != NULL)
		newest = newest_token_load(&run);
	if (newest == NULL)
		fprintf(stderr, "Which token is the newest is not known, so each "
		    "is shown.\n");
	return newest;
}

static int
address_print_all(const struct conf *conf, const struct provider *p,
    const char *account)
{
	struct db		*db = NULL;
	struct newest_token	*newest = address_newest(conf, &db);
	const struct account	*a;
	size_t			 i, n = 0;

	for (i = 0; i < conf->naccounts; i++) {
		a = &conf->accounts[i];
		if ((p != NULL && a->provider != p) ||
		    (account != NULL && strcmp(a->name, account) != 0))
			continue;
		address_print_account(conf, a, newest);
		n++;
	}
	newest_token_free(newest);
	db_free(db);
	if (n == 0)
		return cli_wrong("%s: there is no such section", conf->path);
	if (*conf->base_url == '\0')
		fprintf(stderr, "receiver.base_url is not set, so put your own "
		    "host in place of YOUR.HOST.\n");
	return CLI_OK;
}

int
cli_address(const struct conf *conf, int argc, char **argv)
{
	struct cli_option	 none = { NULL, NULL, NULL };
	const char		*words[2] = { NULL, NULL };
	const struct provider	*p = NULL;

	if (cli_arguments(argc, argv, &none, words, 2) == -1)
		return CLI_USAGE;
	if (words[0] != NULL && (p = provider_find(words[0])) == NULL) {
		(void)cli_wrong("no provider \"%s\"", words[0]);
		return CLI_USAGE;
	}
	return address_print_all(conf, p, words[1]);
}
