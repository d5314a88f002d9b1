/* genhook, the operator's command: its subcommands, and what they share.  The
 * program has one thread. */
#ifndef GENHOOK_CLI_H
#define GENHOOK_CLI_H

#include <stdio.h>

#include "lib/db.h"
#include "common/conf.h"

/* Exit statuses of every subcommand. */
enum { CLI_OK = 0, CLI_WRONG = 1, CLI_USAGE = 2 };

/* How long the operator's questions to the database may take. */
#define CLI_TIMEOUT_MS	30000

/*
 * What may stand behind a command: "--json", "--lighttpd FILE", words to
 * choose from ("check|keys"), or a name for foreign ones ("STATUS").  Lists
 * end with a NULL word.  --help prints them, and completion offers them.
 */
struct cli_word {
	const char	*word;
	const char	*says;
};

/* The settings that a command gets. */
enum cli_conf {
	CLI_CONF,		/* needs them */
	CLI_CONF_NONE,		/* NULL: it makes them */
	CLI_CONF_OR_NULL,	/* NULL where they cannot be read */
	CLI_CONF_NOT_BARE	/* needs them unless the first argument is the
				   command's bare word */
};

/* One row of main.c's table: everything there is to know of a command. */
struct cli_command {
	const char		*name;
	const char		*args;		/* of the usage line */
	const char		*says;		/* in one line */
	const char		*more;		/* the rest of --help */
	const struct cli_word	*words;
	int			(*run)(const struct conf *, int, char **);
	enum cli_conf		 conf;
	const char		*bare;
};

/* The table, ended by a row without a name; and the row of a command, or
 * NULL. */
extern const struct cli_command cli_commands[];
const struct cli_command *cli_command(const char *name);

/* Each takes its own arguments, argv[0] being the subcommand's name.  The
 * settings are NULL where the table says that it does without them. */
int	cli_migrate(const struct conf *, int argc, char **argv);
int	cli_replay(const struct conf *, int argc, char **argv);
int	cli_config(const struct conf *, int argc, char **argv);
int	cli_tasks(const struct conf *, int argc, char **argv);
int	cli_outputs(const struct conf *, int argc, char **argv);
int	cli_deliveries(const struct conf *, int argc, char **argv);
int	cli_requests(const struct conf *, int argc, char **argv);
int	cli_attention(const struct conf *, int argc, char **argv);
int	cli_health(const struct conf *, int argc, char **argv);
int	cli_sweeps(const struct conf *, int argc, char **argv);
int	cli_stats(const struct conf *, int argc, char **argv);
int	cli_delivery(const struct conf *, int argc, char **argv);
int	cli_forwards(const struct conf *, int argc, char **argv);
int	cli_forward(const struct conf *, int argc, char **argv);
int	cli_submit(const struct conf *, int argc, char **argv);
int	cli_request(const struct conf *, int argc, char **argv);
int	cli_resume(const struct conf *, int argc, char **argv);
int	cli_show(const struct conf *, int argc, char **argv);
int	cli_retry(const struct conf *, int argc, char **argv);
int	cli_repoll(const struct conf *, int argc, char **argv);
int	cli_cancel(const struct conf *, int argc, char **argv);
int	cli_tail(const struct conf *, int argc, char **argv);
int	cli_metrics(const struct conf *, int argc, char **argv);
int	cli_init(const struct conf *, int argc, char **argv);
int	cli_address(const struct conf *, int argc, char **argv);
int	cli_token(const struct conf *, int argc, char **argv);
int	cli_account(const struct conf *, int argc, char **argv);
int	cli_archive(const struct conf *, int argc, char **argv);
int	cli_web(const struct conf *, int argc, char **argv);
int	cli_secret(const struct conf *, int argc, char **argv);
int	cli_doctor(const struct conf *, int argc, char **argv);
int	cli_lighttpd(const struct conf *, int argc, char **argv);
int	cli_completion(const struct conf *, int argc, char **argv);

/*
 * Compare the database with this program's migrations: files not applied, or
 * else whatever differs in the schema from what they left.  Calls say(arg,
 * words) for each difference and returns how many; -1 with err when the
 * database cannot be asked, is newer, or has had other files.
 */
int	migrate_check(struct db *, void (*say)(void *, const char *), void *arg,
	    struct errbuf *err);

/* A fresh token, as hex; false: the system has no random bytes. */
#define CLI_TOKEN_BYTES	24
#define CLI_TOKEN_SIZE	(2 * CLI_TOKEN_BYTES + 1)
bool	cli_token_make(char token[CLI_TOKEN_SIZE]);

/* One option of a command: a flag, or one that takes the next argument. */
struct cli_option {
	const char	*name;
	bool		*flag;		/* else NULL */
	const char	**value;	/* else NULL */
};

/*
 * Sort a command's arguments: options, in any place, go where the list (ended
 * by a NULL name) says, and at most max others into rest, whose number is
 * returned.  -1: wrong, and the usage has been printed.
 */
int	cli_arguments(int argc, char **argv, const struct cli_option *,
	    const char **rest, int max);

/* Print the command's usage line on stderr; returns CLI_USAGE. */
int	cli_usage(const char *command);

/* "genhook: words" on stderr; returns CLI_WRONG. */
int	cli_wrong(const char *, ...) __attribute__((format(printf, 1, 2)));

/* The operator's connection, checked for the schema's version; NULL when it
 * cannot be had, which has then been said. */
struct db *cli_database(const struct conf *);

/* Run a statement, once; false when it failed, which has then been said.  rows
 * as db_run(). */
bool	cli_query(struct db *, const struct db_stmt *,
	    const struct db_param *params, struct db_rows **rows);

#define CLI_TEXT_MAX	1024	/* room for a line of text */
#define CLI_WHOLE	((size_t)CLI_TEXT_MAX)

/*
 * A copy of src as it may stand on the terminal: what the user's language
 * (LC_CTYPE) cannot print is escaped as \xNN, and what takes over most
 * columns, at least 3, is cut with "...".  Returns how many it takes.
 */
size_t	cli_text(char *out, size_t outsz, const char *src, size_t most);

/* The same, but the middle is cut: of a place both ends say something. */
size_t	cli_text_ends(char *out, size_t outsz, const char *src, size_t most);

/*
 * Print rows as a table.  On a terminal, or where $COLUMNS says how wide it
 * is, what does not fit is left out from the right; so the columns stand in
 * the order of their use.
 */
void	cli_table(const struct db_rows *);

/* Print rows as comma-separated values (RFC 4180), with a head. */
void	cli_csv(const struct db_rows *);

/* Print the only value of the only row: a JSON document made by SQL. */
void	cli_document(const struct db_rows *);

#endif
