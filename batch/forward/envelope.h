/*
 * What goes with an event, by its forward's section: where it is sent, and the
 * headers by which its receiver verifies it, as Standard Webhooks has them
 * (https://github.com/standard-webhooks/standard-webhooks, spec), or what its
 * command finds in the environment.
 */
#ifndef GENHOOK_ENVELOPE_H
#define GENHOOK_ENVELOPE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/errbuf.h"
#include "common/conf.h"
#include "batch/send.h"

/* An answer, or a command's end, has to come within that (the specification's
 * advice, and Svix's own limit). */
#define FORWARD_TIMEOUT_S	15

struct envelope {
	char		 id[256], at[64], variable[256];
	char		*signature;	/* a header line as they are; NULL: none */
	const char	*headers[4];
};

/*
 * Fill in of a message: address or command, headers, body and time limit.  The
 * time, in seconds since 1970, is the sending's.  webhook_id and body are borrowed,
 * and so is the envelope, until the message has ended.  False with err: no memory.
 * envelope_free() in either case.
 */
bool	envelope_address(struct envelope *, struct send *,
	    const struct forward *, const char *webhook_id, const char *body,
	    int64_t now, struct errbuf *);
void	envelope_free(struct envelope *);

#endif
