/* genhook config: is the settings file right, and what can be set? */
#include <stdio.h>
#include <string.h>

#include "common/conf_keys.h"
#include "archive/s3_protocol.h"
#include "cli/cli.h"

static void
config_print_key(const char *section, const char *key, const char *dflt,
    const char *bounds, const char *words)
{
	printf("%s.%s\t%s\t%s\t%s\n", section, key,
	    dflt == NULL ? "(needed)" : *dflt == '\0' ? "-" : dflt,
	    *bounds == '\0' ? "-" : bounds, words);
}

/* What the store needs of its place is for the archive to know. */
static bool
config_archive(const struct conf *conf, struct errbuf *err)
{
	struct s3_place	place;

	return strncmp(conf->archive_url, "s3://", 5) != 0 ||
	    s3_place_read(&place, conf->archive_url, conf->s3_endpoint, err);
}

int
cli_config(const struct conf *conf, int argc, char **argv)
{
	struct errbuf	err;
	size_t		i;

	if (argc == 2 && strcmp(argv[1], "keys") == 0) {
		conf_keys_each(config_print_key);
		return CLI_OK;
	}
	if (argc != 2 || strcmp(argv[1], "check") != 0)
		return cli_usage(argv[0]);
	/* The rest has been read and checked, or we would not be here. */
	if (!config_archive(conf, &err))
		return cli_wrong("%s: %s", conf->path, err.text);
	printf("%s: ok\n", conf->path);
	for (i = 0; i < conf->naccounts; i++)
		printf("  %s %s\n", conf->accounts[i].provider->name,
		    conf->accounts[i].name);
	return CLI_OK;
}
