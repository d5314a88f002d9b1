/* One GET, waited for: how a command asks a handler, a provider or a store. */
#ifndef GENHOOK_CLI_HTTP_GET_H
#define GENHOOK_CLI_HTTP_GET_H

#include "net/http.h"

struct http_answer {
	struct http_response	 response;
	char			*body;		/* ends in NUL; NULL: empty */
	size_t			 len;
};

/*
 * GET url, with an API key or NULL.  allow_private as http_engine_new().
 * Free the answer with http_answer_free() in any case.
 */
void	http_get(const char *url, const char *bearer, bool allow_private,
	    struct http_answer *);
/* The same at an S3-compatible store, signed with these keys. */
void	http_get_signed(const char *url, const struct http_keys *,
	    struct http_answer *);
void	http_answer_free(struct http_answer *);

#endif
