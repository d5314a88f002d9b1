/*
 * Events on their way to applications, many at once on one thread: each is
 * POSTed as a webhook, signed as Standard Webhooks has it
 * (https://github.com/standard-webhooks/standard-webhooks, spec), or is the
 * input of a command.  For the main thread.
 */
#ifndef GENHOOK_SEND_H
#define GENHOOK_SEND_H

#include <sys/queue.h>
#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "lib/errbuf.h"
#include "net/http.h"
#include "common/conf.h"

/* An answer, or a command's end, has to come within that (the specification's
 * advice, and Svix's own limit). */
#define SEND_TIMEOUT_S	15

enum send_verdict {
	SEND_TAKEN,	/* 2xx, or exit status 0 */
	SEND_REFUSED,	/* all else: it is sent again later */
	SEND_GONE,	/* 410: the receiver wants no more of them */
	SEND_ABORTED	/* sender_free() came first */
};

/* All of its strings are borrowed, and have to live until on_end. */
struct send {
	const struct forward	*to;
	const char		*webhook_id;
	const char		*body;		/* JSON */
	/* The end, exactly once; may free it. */
	void			(*on_end)(struct send *);
	void			*arg;

	/* What came. */
	enum send_verdict	 verdict;
	int			 status;	/* of HTTP, or the command's; 0: none */
	int64_t			 retry_after_s;	/* 0: not said */
	struct errbuf		 err;		/* for all but SEND_TAKEN */

	/* Its own. */
	LIST_ENTRY(send)	 next;		/* of the commands that run */
	struct http_response	 response;
	pid_t			 pid;
	int64_t			 deadline_ms;
};

struct sender;

/* At most so many at once.  NULL: no memory. */
struct sender *sender_new(int max_in_flight);
/* Ends what is under way (SEND_ABORTED), commands by SIGKILL, and frees; NULL is
 * fine. */
void	sender_free(struct sender *);

/* Send it.  What cannot even begin ends at once, as refused. */
void	sender_put(struct sender *, struct send *);

/* Wait up to timeout_ms for something to end, and call its on_end. */
void	sender_turn(struct sender *, int timeout_ms);

/* How many are on their way. */
int	sender_in_flight(const struct sender *);

#endif
