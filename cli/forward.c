/* genhook forward: tries one forward of the settings. */
#include <stdio.h>
#include <string.h>

#include "batch/forward/forward.h"
#include "cli/cli.h"

static int
forward_say(const struct forward *f, const struct forward_test *t)
{
	if (!t->taken)
		return cli_wrong("forward %s: %s", f->name, t->words);
	if (*f->url != '\0')
		printf("forward %s: answered %d; webhook-id %s\n", f->name,
		    t->status, t->webhook_id);
	else
		printf("forward %s: the command took it; webhook-id %s\n",
		    f->name, t->webhook_id);
	return CLI_OK;
}

int
cli_forward(const struct conf *conf, int argc, char **argv)
{
	const struct cli_option	 none = { NULL, NULL, NULL };
	const struct forward	*f;
	const char		*words[2];
	struct forward_test	 t;

	switch (cli_arguments(argc, argv, &none, words, 2)) {
	case -1:
		return CLI_USAGE;
	case 2:
		break;
	default:
		return cli_usage(argv[0]);
	}
	if (strcmp(words[0], "test") != 0)
		return cli_usage(argv[0]);
	if ((f = conf_forward(conf, words[1])) == NULL)
		return cli_wrong("the settings have no section \"forward %s\"",
		    words[1]);
	forward_test(f, &t);
	return forward_say(f, &t);
}
