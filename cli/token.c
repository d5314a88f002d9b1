/* genhook token: the secret part of a callback's address. */
#include <string.h>

#include "lib/crypto.h"
#include "lib/hex.h"
#include "cli/cli.h"

#define RANDOM_BYTES	24
#define TOKEN_SIZE	(2 * RANDOM_BYTES + 1)

static bool
token_make(char token[TOKEN_SIZE])
{
	unsigned char	noise[RANDOM_BYTES];

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

static void
token_print(const struct conf *conf, const struct provider *p,
    const char *account, const char *token)
{
	size_t	i;

	printf("%s\n\nPut this into the settings:\n",
	    token);
	printf("  %s %s {\n      token = {\"%s\"}\n  }\n",
	    p != NULL ? p->name : "PROVIDER", account, token);
	printf("Then reload lighttpd, and give the provider this address:\n");
	for (i = 0; providers[i] != NULL; i++)
		if (p == NULL || p == providers[i])
			token_print_url(conf, providers[i]->name, token);
}

int
cli_token(const struct conf *conf, int argc, char **argv)
{
	const struct provider	*p = NULL;
	struct cli_option	 none = { NULL, NULL, NULL };
	const char		*words[3] = { NULL, NULL, NULL };
	char			 token[TOKEN_SIZE];

	if (cli_arguments(argc, argv, &none, words, 3) == -1)
		return CLI_USAGE;
	if (words[0] == NULL || strcmp(words[0], "new") != 0)
		return cli_usage(argv[0]);
	if (words[1] != NULL && (p = provider_find(words[1])) == NULL) {
		(void)cli_wrong("no provider \"%s\"", words[1]);
		return CLI_USAGE;
	}
	if (!token_make(token))
		return cli_wrong("the system has no random bytes");
	token_print(conf, p, words[2] != NULL ? words[2] : "default", token);
	return CLI_OK;
}
