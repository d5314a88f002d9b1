/* genhook token: the secret part of a callback's address, made, and which of them
 * are in use. */
#include <string.h>

#include "lib/crypto.h"
#include "lib/hex.h"
#include "common/token_list.h"
#include "cli/cli.h"
#include "cli/statements.h"

bool
cli_token_make(char token[CLI_TOKEN_SIZE])
{
	unsigned char	noise[CLI_TOKEN_BYTES];

	do {
		if (!random_bytes(noise, sizeof(noise)))
			return false;
		hex_encode(noise, sizeof(noise), token);
	} while (!conf_token_is_valid(token));
	return true;
}

static void
token_print_url(const struct conf *conf, const char *provider,
    const char *token)
{
	const char	*base = conf != NULL ? conf->base_url : "";

	printf("  %s/hook/%s/%s\n", *base != '\0' ? base :
	    "https://YOUR.HOST", provider, token);
}

/* A new account of a provider that signs is not read without its secret. */
static void
token_print_secret(const struct conf *conf, const struct provider *p,
    const char *account)
{
	size_t	i;

	if (p == NULL || p->signature == NULL || p->signature->optional ||
	    p->signature->method == SIGNATURE_ED25519)
		return;
	for (i = 0; conf != NULL && i < conf->naccounts; i++)
		if (conf->accounts[i].provider == p &&
		    strcmp(conf->accounts[i].name, account) == 0)
			return;
	printf("      webhook_secret = {\"\"}   # what the provider signs with");
	if (p->secret_path != NULL)
		printf(": genhook secret fetch %s", p->name);
	putchar('\n');
}

static void
token_print(const struct conf *conf, const struct provider *p,
    const char *account, const char *token)
{
	size_t	i;

	printf("%s\n\nPut this into the settings:\n",
	    token);
	printf("  %s %s {\n      token = {\"%s\"}\n",
	    p != NULL ? p->name : "PROVIDER", account, token);
	token_print_secret(conf, p, account);
	printf("  }\n");
	printf("Then reload lighttpd, and give the provider this address:\n");
	for (i = 0; providers[i] != NULL; i++)
		if (p == NULL || p == providers[i])
			token_print_url(conf, providers[i]->name, token);
}

static int
token_new(const struct conf *conf, const char *provider, const char *account)
{
	const struct provider	*p = NULL;
	char			 token[CLI_TOKEN_SIZE];

	if (provider != NULL && (p = provider_find(provider)) == NULL) {
		(void)cli_wrong("no provider \"%s\"", provider);
		return CLI_USAGE;
	}
	if (!cli_token_make(token))
		return cli_wrong("the system has no random bytes");
	token_print(conf, p, account != NULL ? account : "default", token);
	return CLI_OK;
}

/* How many of the list may go. */
static int
token_count_idle(const struct db_rows *rows)
{
	enum { C_USE = 4 };
	int	i, n = 0;

	for (i = 0; i < db_rows_count(rows); i++)
		n += strcmp(db_value(rows, i, C_USE), "may go") == 0;
	return n;
}

static int
token_print_list(struct db *db, const struct token_list *list)
{
	struct db_param	 params[TOKEN_LIST_PARAMS];
	struct db_rows	*rows = NULL;
	int		 n;

	token_list_params(list, params);
	if (!cli_query(db, DB_TOKEN_USE, params, &rows))
		return CLI_WRONG;
	cli_table(rows);
	if ((n = token_count_idle(rows)) > 0)
		printf("%d may go: take %s out of the settings, check them, "
		    "and reload lighttpd\n", n, n == 1 ? "it" : "them");
	db_rows_free(rows);
	return CLI_OK;
}

static int
token_list(const struct conf *conf)
{
	struct token_list	*list = token_list_new(conf);
	struct db		*db = NULL;
	int			 status = CLI_WRONG;

	if (list == NULL)
		(void)cli_wrong("out of memory");
	else if ((db = cli_database(conf)) != NULL)
		status = token_print_list(db, list);
	db_free(db);
	token_list_free(list);
	return status;
}

/* Without the settings a token can be made, but none be listed: then they are
 * asked for once more, for the reason. */
static int
token_list_or_why(const struct conf *conf)
{
	struct conf	*again;
	struct errbuf	 err;
	int		 status;

	if (conf != NULL)
		return token_list(conf);
	if ((again = conf_load(NULL, &err)) == NULL)
		return cli_wrong("%s", err.text);
	status = token_list(again);
	conf_free(again);
	return status;
}

int
cli_token(const struct conf *conf, int argc, char **argv)
{
	struct cli_option	 none = { NULL, NULL, NULL };
	const char		*words[3] = { NULL, NULL, NULL };
	int			 n;

	if ((n = cli_arguments(argc, argv, &none, words, 3)) == -1)
		return CLI_USAGE;
	if (n == 1 && strcmp(words[0], "list") == 0)
		return token_list_or_why(conf);
	if (n == 0 || strcmp(words[0], "new") != 0)
		return cli_usage(argv[0]);
	return token_new(conf, words[1], words[2]);
}
