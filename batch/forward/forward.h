/* Telling applications what happened: the step of a sweep, and a test of one
 * forward.  For the main thread. */
#ifndef GENHOOK_FORWARD_H
#define GENHOOK_FORWARD_H

#include <stdbool.h>
#include <stdint.h>

#include "common/conf.h"

struct sweep;

/* Look for what has happened, and send what is due until that moment
 * (monotonic ms); what is under way then has its FORWARD_TIMEOUT_S. */
void	forward_step(struct sweep *, int64_t until_ms);

/* The same, as far as it can be done without a wait: for whoever has a long work of
 * another sort to do.  What is under way then goes on at the next call, and in the
 * step. */
void	forward_turn(struct sweep *);

/* Give back what is still under way, and free what the two have. */
void	forward_close(struct sweep *);

/* What became of a test. */
struct forward_test {
	bool	taken;
	int	status;		/* of HTTP, or the command's; 0: none */
	char	webhook_id[64];
	char	words[512];	/* why it was not taken */
};

/* Send an event of the type "test" now, as any other is sent, and wait for what
 * becomes of it.  No database knows of it. */
void	forward_test(const struct forward *, struct forward_test *);

#endif
