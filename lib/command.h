/*
 * A command of the operator's settings, with something on its standard input: its
 * process, its time, and what it may know.  For a program that waits for no other
 * child by wait(2).
 */
#ifndef GENHOOK_COMMAND_H
#define GENHOOK_COMMAND_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/errbuf.h"

/* What a caller says; all of it is borrowed until command_start() returns. */
struct command_order {
	const char	*text;		/* for /bin/sh -c */
	const char	*variable;	/* "NAME=VALUE" for its environment; or
					   NULL */
	const void	*input;
	size_t		 len;
	int		 timeout_s;
};

/* One that runs, until command_look() says that it does not or command_kill(). */
struct command {
	pid_t	pid;
	int	said;		/* the file of its standard error */
	int	timeout_s;
	int64_t	deadline_ms;
	int	status;		/* its exit status; 0 also after a signal */
};

enum command_state {
	COMMAND_RUNS,
	COMMAND_SUCCEEDED,	/* its exit status is 0 */
	COMMAND_FAILED		/* err says how it ended, and the beginning of
				   what it wrote to standard error */
};

/*
 * Have /bin/sh run it, in a process group of its own.  The input is its standard
 * input and nowhere else, so that no shell reads it; it need not be read.  It
 * gets no descriptor of ours, no signal that is ignored or blocked, and of the
 * environment PATH, HOME, USER, LOGNAME, LANG, LC_ALL, TZ and TMPDIR: the rest may
 * hold secrets of the settings.  What it writes to standard output is lost, and so
 * is what is over COMMAND_SAID_MAX of standard error.  False with err: it could not
 * begin.
 */
#define COMMAND_SAID_MAX	(64 * 1024)
bool	command_start(struct command *, const struct command_order *,
	    struct errbuf *);

/* How it is.  When its time is over, it is ended with all that it has started.
 * Once it does not run it is gone, and not to be asked about again. */
enum command_state command_look(struct command *, struct errbuf *);

/* End it with all that it has started, and wait for its end. */
void	command_kill(struct command *);

#endif
