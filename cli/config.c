/* genhook config: is the settings file right, and what can be set? */
#include <stdio.h>
#include <string.h>

#include "common/conf_keys.h"
#include "handlers/result.h"
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

static void
config_print_mistake(void *arg, const char *words)
{
	++*(int *)arg;
	(void)cli_wrong("%s", words);
}

/* What the store needs of its place is for the archive to know.  An endpoint
 * that is no address has been told. */
static bool
config_archive(const struct conf *conf, struct errbuf *err)
{
	struct s3_place	place;

	if (conf->archive_url == NULL || conf->s3_endpoint == NULL ||
	    strncmp(conf->archive_url, "s3://", 5) != 0)
		return true;
	return s3_place_read(&place, conf->archive_url,
	    url_is_link(conf->s3_endpoint) ? conf->s3_endpoint :
	    "https://store", err);
}

static int
config_check(void)
{
	struct conf	*conf;
	struct errbuf	 err;
	size_t		 i;
	int		 mistakes = 0;

	if ((conf = conf_check(NULL, config_print_mistake, &mistakes)) == NULL)
		return CLI_WRONG;
	if (!config_archive(conf, &err)) {
		(void)cli_wrong("%s: %s", conf->path, err.text);
		mistakes++;
	}
	if (mistakes == 0)
		printf("%s: ok\n", conf->path);
	for (i = 0; mistakes == 0 && i < conf->naccounts; i++)
		printf("  %s %s\n", conf->accounts[i].provider->name,
		    conf->accounts[i].name);
	conf_free(conf);
	return mistakes == 0 ? CLI_OK : CLI_WRONG;
}

int
cli_config(const struct conf *conf, int argc, char **argv)
{
	(void)conf;
	if (argc == 2 && strcmp(argv[1], "keys") == 0) {
		conf_keys_each(config_print_key);
		return CLI_OK;
	}
	if (argc != 2 || strcmp(argv[1], "check") != 0)
		return cli_usage(argv[0]);
	return config_check();
}
