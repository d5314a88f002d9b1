/* genhook, the operator's command: its subcommands. */
#ifndef GENHOOK_CLI_H
#define GENHOOK_CLI_H

#include "conf.h"
#include "db.h"

/* Exit statuses of every subcommand. */
enum { CLI_OK = 0, CLI_WRONG = 1, CLI_USAGE = 2 };

/* Each takes its own arguments, argv[0] being the subcommand's name.  The
 * settings are NULL where main.c says that it does without them. */
int	cli_migrate(const struct conf *, int argc, char **argv);
int	cli_config(const struct conf *, int argc, char **argv);
int	cli_tasks(const struct conf *, int argc, char **argv);
int	cli_outputs(const struct conf *, int argc, char **argv);
int	cli_deliveries(const struct conf *, int argc, char **argv);

#endif
