#include <stdio.h>
#include <string.h>

#include "cli.h"

static void
print_key(const char *section, const char *key, const char *dflt,
    const char *bounds, const char *words)
{
	printf("%s.%s\t%s\t%s\t%s\n", section, key,
	    dflt == NULL ? "(needed)" : *dflt == '\0' ? "-" : dflt,
	    *bounds == '\0' ? "-" : bounds, words);
}

int
cli_config(const struct conf *conf, int argc, char **argv)
{
	size_t	i;

	if (argc == 2 && strcmp(argv[1], "keys") == 0) {
		conf_each_key(print_key);
		return CLI_OK;
	}
	if (argc != 2 || strcmp(argv[1], "check") != 0)
		return cli_usage(argv[0]);
	/* It has been read and checked, or we would not be here. */
	printf("%s: well\n", conf->path);
	for (i = 0; i < conf->naccounts; i++)
		printf("  %s %s\n", conf->accounts[i].provider->name,
		    conf->accounts[i].name);
	return CLI_OK;
}
