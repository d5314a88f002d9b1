/* genhook delivery: one callback or poll answer, as it came. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/statements.h"
#include "cli/task.h"

/* To a terminal line by line, so that foreign bytes steer nothing; elsewhere as
 * they are. */
static bool
delivery_print(const char *body, size_t len)
{
	char		 text[CLI_TEXT_MAX], line[CLI_TEXT_MAX];
	size_t		 n, at;

	if (isatty(STDOUT_FILENO) != 1)
		return fwrite(body, 1, len, stdout) == len &&
		    fflush(stdout) == 0;
	for (at = 0; at < len; at += n) {
		n = strcspn(body + at, "\n");
		if (n > CLI_TEXT_MAX / 8)
			n = CLI_TEXT_MAX / 8;
		(void)snprintf(line, sizeof(line), "%.*s", (int)n, body + at);
		(void)cli_text(text, sizeof(text), line, CLI_WHOLE);
		fputs(n == 0 && body[at] == '\0' ? "\\x00" : text, stdout);
		if (at + n < len && body[at + n] == '\n')
			putchar('\n');
		n += n == 0 || body[at + n] == '\n';
	}
	putchar('\n');
	return true;
}

/* The only value of the only row: a document, or the body's bytes. */
static int
delivery_print_row(const struct db_rows *rows, bool json)
{
	size_t	 len = 0;
	char	*body;
	bool	 ok;

	if (json) {
		cli_document(rows);
		return CLI_OK;
	}
	if (db_value(rows, 0, 0) == NULL)
		return cli_wrong("its body is gone: retention dropped it");
	if ((body = db_bytes(rows, 0, 0, &len)) == NULL)
		return cli_wrong("out of memory");
	ok = delivery_print(body, len);
	free(body);
	return ok ? CLI_OK : cli_wrong("standard output takes no more");
}

int
cli_delivery(const struct conf *conf, int argc, char **argv)
{
	bool			 json = false;
	const struct cli_option	 options[] = {
		{ "--json", &json, NULL }, { NULL, NULL, NULL }
	};
	char			 id[DELIVERY_ID_SIZE];
	const char		*word[1];
	struct db_param		 param;
	struct db_rows		*rows = NULL;
	struct db		*db;
	int			 n, status = CLI_WRONG;

	if ((n = cli_arguments(argc, argv, options, word, 1)) != 1)
		return n == -1 ? CLI_USAGE : cli_usage(argv[0]);
	param = db_text(id);
	if ((db = cli_database(conf)) != NULL &&
	    delivery_find(db, word[0], id) && cli_query(db, json ?
	    DB_DELIVERY_JSON : DB_DELIVERY_BODY, &param, &rows))
		status = db_rows_count(rows) == 0 ? cli_wrong("the delivery "
		    "%s is gone", id) : delivery_print_row(rows, json);
	db_rows_free(rows);
	db_free(db);
	return status;
}
