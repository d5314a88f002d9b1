/*
 * A transfer in flight, as the files behind http.h share it: http.c has the
 * engine and how a transfer ends, http_setup.c turns a request into libcurl's
 * options, http_response.c reads what comes, http_policy.c says where a
 * request may go, http_url.c knows URLs.
 */
#ifndef GENHOOK_HTTP_INTERNAL_H
#define GENHOOK_HTTP_INTERNAL_H

#include <sys/queue.h>
#include <sys/socket.h>

#include "net/http.h"

#define HTTP_MAX_REDIRECTS	10	/* http.c has words for one more */

struct curl_slist;

/* What a policy allows. */
struct http_rules {
	const char	*schemes;	/* as libcurl wants them */
	bool		 plain;		/* http may be tried */
	bool		 link;		/* redirects are followed, cookies kept
					   on the way, http made https */
	/* Why an address is none to connect to, or NULL.  tls: the URL is of
	 * https. */
	const char	*(*refusal)(const struct sockaddr *, bool tls);
};

/* Why the request that should have followed did not; http.c has the words. */
enum http_lost {
	HTTP_LOST_NONE,
	HTTP_LOST_LOOP,		/* one redirect too many */
	HTTP_LOST_SCHEME,	/* a redirect to what is no http and no https */
	HTTP_LOST_URL,		/* a redirect to what is no URL */
	HTTP_LOST_MEMORY,
	HTTP_LOST__MAX
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
	struct curl_slist		*own_headers;	/* those of the request,
						   for the url's origin */
	bool				 is_away;	/* a redirect led to
						   another origin */
	LIST_ENTRY(http_transfer)	 next;		/* of those in flight */
	bool				 post;		/* never sent twice */
	bool				 tls;		/* url is of https */
	int				 redirects;	/* followed so far */
	bool				 reached;	/* a server, on the way */
	bool				 raw;		/* codings are left on */
	bool				 http1;		/* not over HTTP/2 */
	enum http_lost			 lost;

	/* Of the request under way, or the last one. */
	const char			*refused;	/* why an address was */
	int				 opened;	/* sockets */
	int				 socket_error;	/* errno of one that was
							   not opened, or 0 */
	bool				 begun;		/* it was sent */
	bool				 too_large, stopped, skipped;
	int64_t				 sent;		/* bytes of body */
	int64_t				 dropped;	/* of a redirect's */
	int64_t				 first, total;	/* of a Content-Range;
							   -1: not said */
};

/* http_url.c: may a link be fetched? */
enum http_url_verdict {
	HTTP_URL_OK,
	HTTP_URL_BAD,		/* it is none, or there is no memory */
	HTTP_URL_SCHEME		/* of another scheme than http and https */
};
/* What link, which may be relative to base (NULL: it is not), is fetched as
 * under rules; http becomes https where they allow no http, or with secure.
 * *url is the caller's to free, NULL unless all is well. */
enum http_url_verdict http_url_read(const char *base, const char *link,
	    const struct http_rules *rules, bool secure, char **url);
/* Are both of one scheme, host and port? */
bool	http_url_is_same_origin(const char *a, const char *b);
/* Is its host an address, which no name server has a say in? */
bool	http_url_is_address(const char *url);

/* http.c: what libcurl itself knows of the answer: status, length,
 * retry_after_s.  Returns whether its HTTP version always shows a cut. */
bool	http_info_read(struct http_transfer *);
/* Where a redirect leads, as the server wrote it, or NULL; libcurl's. */
const char *http_location(const struct http_transfer *);
/* A date of a header in seconds since 1970, or -1. */
int64_t	http_date(const char *);
/* Bodies came, this many bytes. */
void	http_count_bytes(struct http_engine *, size_t);

/* http_policy.c: never NULL. */
const struct http_rules *http_rules_of(enum http_policy, bool allow_private);

/* http_setup.c: t->easy and t->headers become what request asks.  False: no
 * memory. */
bool	http_setup(struct http_transfer *, const struct http_request *request);
/* The same after url, http1, raw or is_away changed. */
bool	http_setup_again(struct http_transfer *);

/* http_response.c: what the headers say goes into the response, once they are
 * complete. */
void	http_headers_read(struct http_transfer *);
/* Does the answer send a link's request elsewhere? */
bool	http_is_redirect(const struct http_transfer *);
/* Did a 206 bring less, or more, than up to the file's end? */
bool	http_is_piece(const struct http_transfer *);
/* A piece of the body, as libcurl hands it over: size * n bytes of data, of a
 * struct http_transfer.  What is returned is how many of them were taken; fewer
 * end the transfer. */
size_t	http_take_body(char *data, size_t size, size_t n, void *transfer);

#endif
