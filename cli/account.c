/* genhook account rename: gives what an account has to do yet to another one, once its
 * section of the settings has got another title. */
#include <stdio.h>
#include <string.h>

#include "handlers/provider.h"
#include "cli/cli.h"
#include "cli/statements.h"

enum { WORD_DO, WORD_PROVIDER, WORD_OLD, WORD_NEW, WORDS };

/* Would what gets the new name be anybody's?  False: it has been said. */
static bool
account_is_there(const struct conf *conf, const char *const *words)
{
	const struct provider	*p = provider_find(words[WORD_PROVIDER]);

	if (p == NULL)
		(void)cli_wrong("there is no provider \"%s\"",
		    words[WORD_PROVIDER]);
	else if (conf_account(conf, p, words[WORD_NEW]) == NULL)
		(void)cli_wrong("the settings have no section \"%s %s\": give "
		    "the account its new title there first",
		    words[WORD_PROVIDER], words[WORD_NEW]);
	else
		return true;
	return false;
}

static int
account_rename(const struct conf *conf, const char *const *words)
{
	const struct db_param	 params[] = {
		db_text(words[WORD_PROVIDER]), db_text(words[WORD_OLD]),
		db_text(words[WORD_NEW])
	};
	struct db		*db = cli_database(conf);
	struct db_rows		*rows = NULL;
	int			 n = -1;

	if (db != NULL && cli_query(db, DB_RENAME_ACCOUNT, params, &rows)) {
		n = db_rows_count(rows);
		if (n > 0)
			cli_table(rows);
		printf("%d tasks and requests are %s %s's now\n", n,
		    words[WORD_PROVIDER], words[WORD_NEW]);
	}
	db_rows_free(rows);
	db_free(db);
	return n == -1 ? CLI_WRONG : CLI_OK;
}

int
cli_account(const struct conf *conf, int argc, char **argv)
{
	const struct cli_option	 none = { NULL, NULL, NULL };
	const char		*words[WORDS] = { NULL };
	int			 n;

	if ((n = cli_arguments(argc, argv, &none, words, WORDS)) == -1)
		return CLI_USAGE;
	if (n != WORDS || strcmp(words[WORD_DO], "rename") != 0)
		return cli_usage(argv[0]);
	return account_is_there(conf, words) ? account_rename(conf, words) :
	    CLI_WRONG;
}
