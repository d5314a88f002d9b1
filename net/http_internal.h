/*
 * A transfer in flight, as the files behind http.h share it: http.c has the
 * engine and how a transfer ends, http_setup.c turns a request into libcurl's
 * options, http_response.c reads what comes, http_policy.c says where a
 * request may go.
 */
#ifndef GENHOOK_HTTP_INTERNAL_H
#define GENHOOK_HTTP_INTERNAL_H

#include <sys/queue.h>
#include <sys/socket.h>

#include "net/http.h"

#define HTTP_MAX_REDIRECTS	3	/* http.c has words for one more */

struct curl_slist;

/* What a policy allows. */
struct http_rules {
	const char	*schemes;	/* as libcurl wants them */
	int		 redirects;	/* so many are followed */
	/* Why an address is none to connect to, or NULL.  tls: the URL is of
	 * https. */
	const char	*(*refusal)(const struct sockaddr *, bool tls);
};

struct http_transfer {
	struct http_engine		*engine;
	struct http_request		 request;	/* but its strings */
	char				*url;
	struct http_response		*response;	/* the caller's */
	const struct http_rules		*rules;
	char				 if_range[128];
	void				*easy;		/* libcurl's */
	struct curl_slist		*headers;
	LIST_ENTRY(http_transfer)	 next;		/* of those in flight */
	bool				 tls;		/* url is of https */
	const char			*refused;	/* why an address was */
	int				 opened;	/* sockets of a hop */
	bool				 too_large, stopped, skipped;
	int64_t				 sent;		/* bytes of body */
};

/* http.c: what libcurl itself knows of the answer: status, length,
 * retry_after_s.  Returns whether its HTTP version always shows a cut. */
bool	http_info_read(struct http_transfer *);
/* A date of a header in seconds since 1970, or -1. */
int64_t	http_date(const char *);
/* Bodies came, this many bytes. */
void	http_count_bytes(struct http_engine *, size_t);

/* http_policy.c: never NULL. */
const struct http_rules *http_rules_of(enum http_policy, bool allow_private);

/* http_setup.c: t->easy and t->headers become what request asks.  False: no
 * memory. */
bool	http_setup(struct http_transfer *, const struct http_request *request);

/* http_response.c: what the headers say goes into the response, once they are
 * complete. */
void	http_headers_read(struct http_transfer *);
/* A line of the headers, and a piece of the body, as libcurl hands them over:
 * size * n bytes of data, of a struct http_transfer.  What is returned is how
 * many of them were taken; fewer end the transfer. */
size_t	http_take_header(char *data, size_t size, size_t n, void *transfer);
size_t	http_take_body(char *data, size_t size, size_t n, void *transfer);

#endif
