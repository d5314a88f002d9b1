/* The page's routes. */
#ifndef GENHOOK_WEB_ROUTES_H
#define GENHOOK_WEB_ROUTES_H

#include "web/web.h"

/* A worker: find the request's route, see who asks, and make the answer, for
 * web_reply_send(). */
void	web_serve(struct web_call *);

#endif
