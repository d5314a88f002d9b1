/* What every subcommand needs: its arguments, and words to the user. */
#include <stdarg.h>
#include <string.h>

#include "cli/cli.h"

int
cli_wrong(const char *fmt, ...)
{
	va_list	ap;

	fputs("genhook: ", stderr);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return CLI_WRONG;
}

int
cli_usage(const char *command)
{
	const struct cli_command	*c = cli_command(command);

	fprintf(stderr, "usage: genhook %s%s%s\n", c->name,
	    *c->args != '\0' ? " " : "", c->args);
	return CLI_USAGE;
}

static const struct cli_option *
arguments_option(const struct cli_option *o, const char *name)
{
	for (; o->name != NULL; o++)
		if (strcmp(o->name, name) == 0)
			return o;
	return NULL;
}

int
cli_arguments(int argc, char **argv, const struct cli_option *options,
    const char **rest, int max)
{
	const struct cli_option	*o = NULL;
	int			 i, n = 0;

	for (i = 1; i < argc; i++) {
		o = NULL;
		if (argv[i][0] != '-') {
			if (n == max)
				break;
			rest[n++] = argv[i];
			continue;
		}
		o = arguments_option(options, argv[i]);
		if (o == NULL || (o->value != NULL && i + 1 == argc))
			break;
		if (o->flag != NULL)
			*o->flag = true;
		else
			*o->value = argv[++i];
	}
	if (i == argc)
		return n;
	if (o != NULL)
		(void)cli_wrong("%s: %s needs a value", argv[0], argv[i]);
	else
		(void)cli_wrong("%s: unknown option or argument \"%s\"",
		    argv[0], argv[i]);
	(void)cli_usage(argv[0]);
	return -1;
}
