/* Other programs, and this one's parts as another user, each in a process of its
 * own that is waited for. */
#ifndef GENHOOK_CLI_PROCESS_H
#define GENHOOK_CLI_PROCESS_H

#include <limits.h>
#include <stdbool.h>

/* Run fn(arg) as another user of this machine: what it returns; CLI_WRONG with
 * words where that cannot be. */
int	process_run_as(const char *user, int (*fn)(void *), void *arg);

/* Run a program, argv[0] being its path, to its end; quiet: its standard output
 * goes nowhere.  Its exit status, or -1. */
int	process_run(const char *const argv[], bool quiet);

/* The path of the program that stands beside this one under its name with that
 * behind ("-sweep").  False: there is none. */
bool	process_beside(const char *behind, char path[PATH_MAX]);

#endif
