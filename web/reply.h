/* How the page answers, in HTTP. */
#ifndef GENHOOK_WEB_REPLY_H
#define GENHOOK_WEB_REPLY_H

#include "web/web.h"

/* The HTTP status of an answer. */
int	web_reply_http(enum web_status);

/* Add a line to the head of the answer; what does not fit makes it a 503. */
void	web_reply_header(struct web_call *, const char *name, const char *,
	    ...) __attribute__((format(printf, 3, 4)));

/* Send the whole answer, and free what the call holds.  False: it could not be
 * sent. */
bool	web_reply_send(struct web_call *);

#endif
