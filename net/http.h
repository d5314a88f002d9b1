/*
 * HTTP transfers, many at once on one thread.  A caller fills in an
 * http_request and gives it to an engine; http_turn() moves all that are in
 * flight and calls back; what came stands in the http_response.  libcurl is
 * behind http.c, http_setup.c and http_url.c alone.
 */
#ifndef GENHOOK_HTTP_H
#define GENHOOK_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/errbuf.h"
#include "net/digest_header.h"

struct http_engine;
struct http_transfer;

/*
 * Who named the host, and so what it may be: http_policy.c has the table of
 * what each allows.  The first is the strictest.
 */
enum http_policy {
	HTTP_PUBLIC_API,	/* a provider's API: https at a public address,
				   and no redirect, as a key goes there */
	HTTP_PUBLIC_LINK,	/* a link that came from the network: the same,
				   but http becomes https, and redirects are
				   followed, each held to the same rules, with
				   the cookies that came on the way */
	HTTP_PUBLIC_HOOK,	/* a receiver of the operator's settings: https
				   at a public address, at any port, and no
				   redirect; whatever the engine allows.  An
				   http URL is looked up, so as to say which
				   of the two it lacks */
	HTTP_OPERATOR_HOST	/* a host of the operator's settings: it may be
				   in a private network, and need no TLS there;
				   no redirect */
};

/* What requests to an S3-compatible store are signed with (AWS Signature
 * Version 4, as the Amazon S3 API Reference has it). */
struct http_keys {
	const char	*access, *secret;
	const char	*region;
};

/*
 * What the caller asks.  http_start() copies what it needs of it, strings
 * included, so it may be on the caller's stack.  All zeroes is the beginning;
 * url, max_bytes, on_body and on_done are always needed.
 */
struct http_request {
	enum http_policy	 policy;
	const char		*url;
	const char		*method;	/* NULL: GET, POST with post */
	const char		*bearer;	/* an API key, or NULL; like the
						   headers, it is for the url's
						   scheme, host and port, and
						   goes along no redirect that
						   leads elsewhere */
	const struct http_keys	*keys;		/* sign with them, or NULL.  url
						   is signed as it is written,
						   so its query has to be in
						   order and its path escaped;
						   headers has to have
						   x-amz-content-sha256, which
						   is the body's */
	const char		*const *headers;	/* more lines, up to a
						   NULL; or NULL */

	/* The body: JSON to POST, or what a Content-Type among headers says,
	 * which is never sent twice, be the answer lost or not; or on_send
	 * and how many bytes it gives; or none. */
	const char		*post;
	int64_t			 body_bytes;

	/* Which part of the answer is wanted. */
	bool			 file_only;	/* pass on the body of a 200, or
						   of a fitting 206, alone (see
						   is_file) */
	int64_t			 from;		/* only from this byte on */
	const char		*if_range;	/* if it is still this, else all
						   (RFC 9110); where from is not
						   0 */

	/* Limits. */
	int64_t			 max_bytes;	/* with the first from ones */
	int			 timeout_s;	/* for all of it; 0: none */
	bool			 patient;	/* an answer may be long in
						   coming */

	/* Called by http_turn(), on the thread that calls that; on_done also
	 * by http_engine_free(). */
	void			*arg;		/* their first argument */
	/* Fills in the body's bytes from this one on, as many as there is room
	 * for.  0 ends the transfer as one that failed. */
	size_t			(*on_send)(void *arg, void *, size_t,
				    int64_t at);
	/* Each piece of the answer's body.  False ends the transfer; the
	 * response's err may say why. */
	bool			(*on_body)(void *arg, const void *, size_t);
	/* The end, always exactly once.  May start another transfer, with the
	 * same response as well. */
	void			(*on_done)(void *arg);
};

enum http_verdict {
	HTTP_ANSWERED,	/* an answer came whole: status says which */
	HTTP_TROUBLE,	/* no whole answer; another try may bring it */
	HTTP_FORBIDDEN,	/* address, scheme or URL is none that we fetch, and
			   another try would meet the same */
	HTTP_TOO_LARGE,	/* the body is over max_bytes */
	HTTP_STOPPED,	/* on_body returned false */
	HTTP_ABORTED	/* http_engine_free() came first */
};

/* Where it is HTTP_TROUBLE: whose it may be. */
enum http_fault {
	HTTP_FAULT_SERVER,	/* the server's, or of the way to it */
	HTTP_FAULT_NETWORK,	/* no server was got to, not even its name:
				   ours as well as its own */
	HTTP_FAULT_MACHINE	/* ours: no descriptor, no memory, no list of
				   authorities */
};

/*
 * What came, owned by the caller, who may free it in on_done and not before.
 * What the headers say is there from the first on_body on, all of it in
 * on_done.
 */
struct http_response {
	enum http_verdict	 verdict;
	enum http_fault		 fault;
	struct errbuf		 err;		/* never holds more of a URL
						   than its host */
	long			 status;
	int64_t			 length;	/* of the body, or -1 */
	int64_t			 received;	/* bytes of body, decoded */
	bool			 framed;	/* a cut would have been seen */
	bool			 is_file;	/* a 200, or a 206 from the byte
						   that was asked for */
	bool			 resumed;	/* it is the rest, as asked */
	bool			 encoded;	/* the body is in a coding (RFC
						   9110, 8.4.1) that could not
						   be taken off */
	bool			 http2_broke;	/* the next try, of this engine,
						   goes over HTTP/1.1 */
	bool			 begun;		/* the server may have heard of
						   the request */
	int64_t			 retry_after_s;	/* 0: not said */
	char			 content_type[128];	/* "" when none */
	char			 etag[128];	/* "" when none, or too long */
	char			 validator[128];	/* for a later if_range;
						   "" when there is none */
	struct digest_header	 digest_header;	/* the file's sums, as said */
	struct http_transfer	*transfer;	/* the engine's own; NULL: none
						   began */
};

/*
 * At most max_in_flight transfers at once.  With allow_private, the public
 * policies allow http and any address too.  NULL: no memory.
 */
struct http_engine *http_engine_new(int max_in_flight, bool allow_private);

/* Ends what is in flight (HTTP_ABORTED) and frees; NULL is fine. */
void	http_engine_free(struct http_engine *);

/* Begin a transfer; the response is zeroed.  False when there is no memory:
 * on_done is not called. */
bool	http_start(struct http_engine *, const struct http_request *,
	    struct http_response *);

/* Wait up to timeout_ms for something to happen, and let it happen. */
void	http_turn(struct http_engine *, int timeout_ms);

/* End the wait of http_turn(); from any thread. */
void	http_wake(struct http_engine *);

/* The server's own clock (Date, RFC 9110 section 6.6.1) in seconds since
 * 1970; 0 when it did not say.  In on_done alone. */
int64_t	http_server_time(const struct http_response *);

/* A header of the answer; "" when there is none, or it is too long.  In on_body
 * and on_done alone. */
void	http_header(const struct http_response *, const char *name, char *buf,
	    size_t bufsz);

int	http_in_flight(const struct http_engine *);
int	http_free_slots(const struct http_engine *);
int64_t	http_bytes(const struct http_engine *);	/* bodies, so far */

/* Of the bodies in flight whose length is known, the shares that came, summed
 * up: three halves of files are 1.5. */
double	http_parts(const struct http_engine *);

/* May the same request soon get another answer than this status? */
bool	http_status_may_pass(long status);

/*
 * Is url of the scheme, host and port of base, and does its path begin with that
 * of base and then path?  So it is not where the path has a "..", written in
 * whatever way, or a user is named.
 */
bool	http_url_is_below(const char *url, const char *base, const char *path);

/* Is it an https URL, at the usual port, of that domain or of one below it?  With
 * the same exceptions. */
bool	http_url_is_of(const char *url, const char *domain);

/* The host of a URL, or "?", for words that must not show the rest of it. */
void	http_host(const char *url, char *buf, size_t bufsz);

#endif
