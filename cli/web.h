/* One request after the other, waited for. */
#ifndef GENHOOK_CLI_WEB_H
#define GENHOOK_CLI_WEB_H

#include "net/http.h"

struct web_answer {
	enum http_verdict	 verdict;
	long			 status;	/* where it is HTTP_ANSWERED */
	char			*body;		/* ends in NUL; NULL: empty */
	size_t			 len;
	struct errbuf		 err;
	struct http_response	 response;	/* where these come from */
};

/*
 * GET url, with an API key or NULL.  allow_private as http_engine_new().
 * Free the answer with web_answer_free() in any case.
 */
void	web_get(const char *url, const char *bearer, bool allow_private,
	    struct web_answer *);
/* The same at an S3-compatible store, signed with these keys. */
void	web_get_signed(const char *url, const struct http_keys *,
	    struct web_answer *);
void	web_answer_free(struct web_answer *);

#endif
