/* What every subcommand needs: its arguments, words to the user, and the
 * database. */
#include <stdarg.h>
#include <string.h>

#include "common/database.h"
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
	const struct cli_command	*c;

	for (c = cli_commands; c->name != NULL; c++)
		if (strcmp(c->name, command) == 0)
			fprintf(stderr, "usage: genhook %s%s%s\n", c->name,
			    *c->args != '\0' ? " " : "", c->args);
	return CLI_USAGE;
}

static const struct cli_option *
option_find(const struct cli_option *o, const char *name)
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
	const struct cli_option	*o;
	int			 i, n = 0;

	for (i = 1; i < argc; i++) {
		if (argv[i][0] != '-') {
			if (n == max)
				break;
			rest[n++] = argv[i];
			continue;
		}
		o = option_find(options, argv[i]);
		if (o == NULL || (o->value != NULL && i + 1 == argc))
			break;
		if (o->flag != NULL)
			*o->flag = true;
		else
			*o->value = argv[++i];
	}
	if (i == argc)
		return n;
	(void)cli_wrong("%s: what is \"%s\"?", argv[0], argv[i]);
	(void)cli_usage(argv[0]);
	return -1;
}

struct db *
cli_database(const struct conf *conf)
{
	struct errbuf	 err = { .text = "out of memory" };
	struct db	*db = database_new(conf->conninfo, NULL, conf->pooler);

	if (db != NULL && db_connect(db, CLI_TIMEOUT_MS, &err) == DB_OK)
		return db;
	(void)cli_wrong("%s", err.text);
	db_free(db);
	return NULL;
}

bool
cli_query(struct db *db, const char *sql, const struct db_param *params,
    int nparams, struct db_rows **rows)
{
	struct errbuf	err;

	if (db_query(db, sql, params, nparams, CLI_TIMEOUT_MS, rows, &err) ==
	    DB_OK)
		return true;
	(void)cli_wrong("%s", err.text);
	return false;
}
