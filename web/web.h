/* genhook-web, the page: what its requests share, and one request while it is
 * served.  README.md beside this file has the way of a request. */
#ifndef GENHOOK_WEB_H
#define GENHOOK_WEB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/errbuf.h"
#include "common/conf.h"
#include "server/request.h"
#include "web/pool.h"

/* What all requests share; nothing in it changes but the pools. */
struct web {
	struct conf	*conf;		/* NULL: they cannot be read */
	struct web_pool	*readers;	/* connections for looking */
	struct web_pool	*operators;	/* and for acting */
	char		*policy;	/* the page's Content-Security-Policy */
};

/* What a request may ask for at most, in this order. */
enum web_right {
	WEB_ANYONE,
	WEB_LOOK,
	WEB_ACT
};

#define WEB_NAME_MAX	64	/* bytes of a name, as of an account's */

/* Who asks. */
struct web_session {
	enum web_right	may;
	char		name[WEB_NAME_MAX + 1];
	int64_t		since_us;	/* since 1970; 0: the web server let
					   them in, and no sign-in did */
};

/* How a request ends; reply.c has the one table that turns it into HTTP. */
enum web_status {
	WEB_OK,
	WEB_PARTIAL,
	WEB_MOVED,
	WEB_ELSEWHERE,
	WEB_NOT_MODIFIED,
	WEB_BAD_REQUEST,
	WEB_SIGNED_OUT,
	WEB_FORBIDDEN,
	WEB_NOT_FOUND,
	WEB_BAD_METHOD,
	WEB_TOO_LARGE,
	WEB_BAD_RANGE,
	WEB_TOO_MANY,
	WEB_UNAVAILABLE,
	WEB_STATUS__MAX
};

#define WEB_HEADERS_MAX	4096

/* One request while it is served, by one thread. */
struct web_call {
	struct web		*web;
	const struct request	*req;
	const char		*path;		/* PATH_INFO */
	struct web_session	 session;

	enum web_status		 status;
	struct errbuf		 words;		/* of an error */
	struct buf		 headers;	/* more lines of the head, over: */
	char			 lines[WEB_HEADERS_MAX];
	const char		*type;		/* Content-Type; NULL: no body */
	char			*body;		/* owned; NULL: the next two */
	const char		*fixed;		/* borrowed */
	size_t			 len;		/* of body or fixed */
	bool			 handed;	/* the web server sends the body */
	int			 fd;		/* -1, or a file: of it */
	int64_t			 from, bytes;	/* these bytes are sent */
};

/* Set the words of an error and return its status. */
enum web_status web_fail(struct web_call *, enum web_status,
	    const char *, ...) __attribute__((format(printf, 3, 4)));

/* A document of JSON, which is the call's from now on; NULL: no memory. */
enum web_status web_document(struct web_call *, char *json);

#endif
