/* A command of the settings that gets an event on its standard input. */
#ifndef GENHOOK_COMMAND_H
#define GENHOOK_COMMAND_H

#include <sys/types.h>

#include <stdbool.h>

#include "lib/errbuf.h"

enum command_state {
	COMMAND_RUNS,
	COMMAND_SUCCEEDED,
	COMMAND_FAILED		/* err says how it ended */
};

/*
 * Have /bin/sh run a command, in a process group of its own, with the body as
 * its standard input and nothing to write to.  Nothing of the event is part of
 * what the shell reads; WEBHOOK_ID in the environment is the event's id.
 * False with err: it could not begin.
 */
bool	command_start(const char *command, const char *webhook_id,
	    const char *body, pid_t *pid, struct errbuf *err);

/* How it is.  Once it has ended, and is not to be asked about again, *status is
 * its exit status, or 0 after a signal. */
enum command_state command_look(pid_t, int *status, struct errbuf *err);

/* End it with all that it has started, and wait for its end. */
void	command_kill(pid_t);

#endif
