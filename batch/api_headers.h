/* The headers by which a provider's API knows an account. */
#ifndef GENHOOK_API_HEADERS_H
#define GENHOOK_API_HEADERS_H

#include <stdbool.h>

#include "net/http.h"
#include "common/conf.h"

#define API_HEADERS_MAX	8

/* They live as long as the account. */
struct api_headers {
	const char	*line[API_HEADERS_MAX];	/* up to a NULL */
	char		*key;			/* the one that has the key */
};

/*
 * Put the account's key and the provider's own headers into a request, and more,
 * one further line, unless that is NULL.  False: no memory.  The caller frees
 * the headers, after http_start(), in either case.
 */
bool	api_headers_set(struct api_headers *, const struct account *,
	    const char *more, struct http_request *);
void	api_headers_free(struct api_headers *);

/* Is a file to be had with the account's key alone?  That goes to the account's
 * api_base, and there below the provider's keyed_path.  account may be NULL. */
bool	api_headers_open(const struct account *, const char *url);

/* Is it an address of the API that the account's key is for?  No other is asked
 * with it, whoever names it. */
bool	api_headers_may_ask(const struct account *, const char *url);

#endif
