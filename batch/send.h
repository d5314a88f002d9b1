/*
 * Messages on their way out, many at once on one thread: each is an HTTP request
 * to an address of the settings, or the input of a command of theirs.  The events
 * of forwards and the alerts go by it.  For the main thread.
 */
#ifndef GENHOOK_SEND_H
#define GENHOOK_SEND_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>

#include "lib/command.h"
#include "lib/errbuf.h"
#include "net/http.h"

enum send_verdict {
	SEND_TAKEN,	/* 2xx, or exit status 0 */
	SEND_REFUSED,	/* all else: it may be sent again later */
	SEND_GONE,	/* 410: the receiver wants no more of them */
	SEND_ABORTED	/* sender_free() came first */
};

/* All of its strings are borrowed, and have to live until on_end. */
struct send {
	const char		*url;		/* or, where it is NULL: */
	const char		*command;
	enum http_policy	 policy;	/* of the address */
	const char		*const *headers;	/* up to a NULL; or NULL */
	const char		*variable;	/* for the command, or NULL */
	const char		*body;		/* NULL: a GET, an empty input */
	int			 timeout_s;
	/* The end, exactly once; may free it. */
	void			(*on_end)(struct send *);
	void			*arg;

	/* What came. */
	enum send_verdict	 verdict;
	int			 status;	/* of HTTP, or the command's; 0: none */
	int64_t			 retry_after_s;	/* 0: not said; a day at most */
	struct errbuf		 err;		/* for all but SEND_TAKEN; never
						   has more of the address than
						   its host */

	/* Its own. */
	LIST_ENTRY(send)	 next;		/* of the commands that run */
	struct http_response	 response;
	struct command		 process;
};

struct sender;

/* At most so many HTTP requests at once.  NULL: no memory. */
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

/* Send one, by a sender of its own, and wait for its end, or until stopping()
 * (NULL: never) says so.  Its on_end is not used. */
void	send_one(struct send *, bool (*stopping)(void));

#endif
