/* A command of the operator's settings, with something on its standard input. */
#ifndef GENHOOK_COMMAND_H
#define GENHOOK_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/errbuf.h"

/*
 * Run a command by /bin/sh -c, and wait for it, up to timeout_ms: then it and what
 * it has started are killed.  The input goes to its standard input and nowhere
 * else, so that no shell reads it; it need not be read.  Its output goes where
 * ours does, but what it prints to standard output to standard error.  True: its
 * exit status is 0.  For a program with one thread.
 */
bool	command_run(const char *command, const char *input, size_t len,
	    int timeout_ms, struct errbuf *);

#endif
