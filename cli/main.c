#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "log.h"

static const struct command {
	const char	*name;
	const char	*args;
	const char	*words;
	int		(*run)(const struct conf *, int, char **);
	const char	*bare;	/* with this argument: no settings */
} commands[] = {
	{ "migrate", "[--print]",
	    "bring the database to this version's schema", cli_migrate,
	    "--print" },
	{ "tasks", "[STATUS]", "the newest tasks", cli_tasks, NULL },
	{ "outputs", "[STATUS]", "the newest outputs", cli_outputs, NULL },
	{ "deliveries", "[OUTCOME]", "the newest deliveries",
	    cli_deliveries, NULL },
	{ "config", "check | keys",
	    "check the settings file, or list every setting", cli_config,
	    "keys" },
	{ NULL, NULL, NULL, NULL, NULL }
};

static void
usage(FILE *fp)
{
	const struct command	*c;

	fputs("usage: genhook [--config FILE] COMMAND [ARGUMENTS]\n\n", fp);
	for (c = commands; c->name != NULL; c++)
		fprintf(fp, "  %-10s %-14s %s\n", c->name, c->args, c->words);
	fputs("\nThe settings come from FILE, else $GENHOOK_CONF, else "
	    CONF_DEFAULT_PATH ".\n"
	    "Exit status: 0 well, 1 something is wrong, 2 bad usage.\n", fp);
}

static const struct command *
command_find(const char *name)
{
	const struct command	*c;

	for (c = commands; c->name != NULL; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

static bool
needs_conf(const struct command *c, int argc, char **argv)
{
	return c->bare == NULL || argc != 2 || strcmp(argv[1], c->bare) != 0;
}

int
main(int argc, char **argv)
{
	const struct command	*c;
	const char		*path = NULL;
	struct conf		*conf = NULL;
	struct errbuf		 why;
	int			 at = 1, status;

	log_open("genhook", LOG_INFO);
	if (at < argc && strcmp(argv[at], "--help") == 0) {
		usage(stdout);
		return CLI_OK;
	}
	if (at + 1 < argc && strcmp(argv[at], "--config") == 0) {
		path = argv[at + 1];
		at += 2;
	}
	if (at >= argc || (c = command_find(argv[at])) == NULL) {
		if (at < argc)
			fprintf(stderr, "genhook: no command \"%s\"\n",
			    argv[at]);
		usage(stderr);
		return CLI_USAGE;
	}
	if (needs_conf(c, argc - at, argv + at) &&
	    (conf = conf_load(path, &why)) == NULL) {
		fprintf(stderr, "genhook: %s\n", why.text);
		return CLI_WRONG;
	}
	status = c->run(conf, argc - at, argv + at);
	conf_free(conf);
	return status;
}
