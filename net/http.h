/*
 * The one door to libcurl: many HTTP transfers at once on one thread.
 */
#ifndef GENHOOK_HTTP_H
#define GENHOOK_HTTP_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/errbuf.h"
#include "net/digest_header.h"

enum http_verdict {
	HTTP_ANSWERED,	/* an answer came whole: status says which */
	HTTP_TROUBLE,	/* no whole answer; another try may bring it */
	HTTP_FORBIDDEN,	/* address, scheme or URL is none that we fetch */
	HTTP_TOO_LARGE,	/* the body is over max_bytes */
	HTTP_STOPPED,	/* on_body returned false */
	HTTP_ABORTED	/* http_engine_free() came first */
};

struct http_engine;

/* What requests to an S3-compatible store are signed with (AWS Signature
 * Version 4, as the Amazon S3 API Reference has it). */
struct http_keys {
	const char	*access, *secret;
	const char	*region;
};

/*
 * One transfer, owned by the caller, who may free it in on_done and not
 * before.  url, bearer, keys, post, header and lines are copied by
 * http_start().
 */
struct http_request {
	const char	*url;
	const char	*method;	/* NULL: GET */
	const char	*bearer;	/* an API key, or NULL */
	const char	*post;		/* JSON to POST, or NULL for a GET; it is
					   never sent twice, be the answer
					   lost or not */
	const char	*header;	/* one more header line, or NULL */
	const struct http_keys *keys;	/* or NULL.  With them the host is the
					   operator's own: it may be in a
					   private network, and need no TLS
					   there; url is signed as it is
					   written, so its query has to be in
					   order and its path escaped; lines
					   have to have the body's
					   x-amz-content-sha256 */
	const char	*const *lines;	/* more of them, up to a NULL; or
					   NULL */
	int64_t		 body_bytes;	/* of what on_send gives */
	bool		 patient;	/* an answer may be long in coming */
	bool		 download;	/* follow redirects; pass on the body of
					   a 200, or of a fitting 206, alone */
	int64_t		 from;		/* ask for the rest from this byte on */
	const char	*if_range;	/* if it is still this, else for all
					   (RFC 9110); where from is not 0 */
	int64_t		 max_bytes;	/* with the first from ones */
	int		 timeout_s;	/* for the whole transfer; 0: none */

	/* The body to send, or NULL: bytes from this one on, as many as there
	 * is room for.  0 ends the transfer as one that failed. */
	size_t	(*on_send)(struct http_request *, void *, size_t, int64_t at);
	/* Each piece of the answer's body.  False ends the transfer. */
	bool	(*on_body)(struct http_request *, const void *, size_t);
	/* The end, always exactly once. */
	void	(*on_done)(struct http_request *);
	void	*arg;			/* for the callbacks */

	/* What came; complete in on_done. */
	enum http_verdict	 verdict;
	struct errbuf		 err;	/* never holds more of a URL than its
					   host */
	long			 status;
	int64_t			 length;	/* Content-Length, or -1 */
	int64_t			 received;	/* bytes of body */
	bool			 framed;	/* a cut would have been seen */
	int64_t			 retry_after_s;	/* 0: not said */
	char			 content_type[128];	/* "" when none */
	char			 etag[128];	/* "" when none, or too long */
	char			 validator[128];	/* for a later if_range;
						   "" when there is none */
	bool			 resumed;	/* it is the rest, as asked */
	bool			 begun;		/* the server may have heard of
						   the request */
	struct digest_header		 digest_header;	/* of the file's sum */

	/* The engine's own. */
	struct http_engine	*engine;
	void			*easy, *headers;
	LIST_ENTRY(http_request) next;
	const char		*refused;	/* what a refused address was */
	int			 opened;	/* sockets since the last hop */
	bool			 too_large, stopped, skipped;
	int64_t			 sent;		/* bytes of body */
};

/*
 * At most max_in_flight transfers at once.  Unless allow_private is set,
 * only https and only addresses that address_refusal() lets pass.
 * NULL: no memory.
 */
struct http_engine *http_engine_new(int max_in_flight, bool allow_private);

/* Ends what is in flight (HTTP_ABORTED) and frees; NULL is fine. */
void	http_engine_free(struct http_engine *);

/* Begin a transfer.  False when there is no memory: on_done is not called. */
bool	http_start(struct http_engine *, struct http_request *);

/* Wait up to timeout_ms for something to happen, and let it happen. */
void	http_turn(struct http_engine *, int timeout_ms);

/* End the wait of http_turn(); from any thread. */
void	http_wake(struct http_engine *);

/* The server's own clock (Date, RFC 9110 section 6.6.1) in seconds since
 * 1970; 0 when it did not say.  In on_done alone. */
int64_t	http_server_time(const struct http_request *);

/* A header of the answer; "" when there is none.  In on_done alone. */
void	http_header(const struct http_request *, const char *name, char *buf,
	    size_t bufsz);

int	http_in_flight(const struct http_engine *);
int	http_free_slots(const struct http_engine *);
int64_t	http_bytes(const struct http_engine *);	/* bodies, so far */

/* Of the bodies in flight whose length is known, the shares that came, summed
 * up: three halves of files are 1.5. */
double	http_parts(const struct http_engine *);

/* May the same request later get another answer than this status? */
bool	http_status_may_pass(long status);

/* The host of a URL, or "?", for words that must not show the rest of it. */
void	http_host(const char *url, char *buf, size_t bufsz);

#endif
