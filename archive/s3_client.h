/*
 * Single requests to an S3-compatible store.  All of it is for one thread, that
 * which calls http_turn() for the store's engine.
 */
#ifndef GENHOOK_S3_CLIENT_H
#define GENHOOK_S3_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"
#include "lib/errbuf.h"
#include "net/http.h"
#include "archive/s3_protocol.h"

#define S3_NO_BODY	"e3b0c44298fc1c149afbf4c8996fb924" \
			"27ae41e4649b934ca495991b7852b855"	/* SHA-256 */

struct s3_store {
	struct s3_place		 place;
	struct http_keys	 keys;		/* the settings' */
	struct http_engine	*engine;	/* NULL: time is up */
	bool			 down;		/* no use in asking again */
	struct errbuf		 down_err;
};

/* A request and its answer.  All zeroes is the beginning. */
struct s3_call {
	struct http_request	 req;
	struct http_response	 response;
	char			 url[S3_URL_MAX];
	struct buf		 built;		/* in url */
	char			 sha256[96];	/* header lines, of which */
	char			 md5[64], type[128];	/* "" is not sent */
	const char		*headers[4];
	/* Each piece of the body, in place of keeping it; or NULL.  False ends
	 * the request. */
	bool			(*on_piece)(struct s3_call *, const void *,
				    size_t);
	char			*answer;	/* the body, with a NUL */
	size_t			 len;
	bool			 in_flight;
	void			(*on_done)(struct s3_call *);	/* or NULL */
	void			*arg;		/* the caller's */
};

/* Back to zeroes; frees the answer. */
void	s3_call_reset(struct s3_call *);

/* The URL of an object, to which a query can be added, or with the key ""
 * that of the bucket.  False: it is too long. */
bool	s3_call_url(struct s3_call *, const struct s3_store *,
	    const char *key);

/* Append the query as it is, and value escaped.  The whole has to be in the
 * order of its names.  False: it is too long. */
bool	s3_call_query(struct s3_call *, const char *query, const char *value);

/* Send it.  sha256: of the body, in hex.  on_done, which may be NULL, is called
 * once it is no longer in flight.  False: no memory; on_done is then not
 * called. */
bool	s3_call_start(struct s3_call *, struct s3_store *, const char *method,
	    const char *sha256, void (*on_done)(struct s3_call *));

/* The body of the answer, "" when there is none. */
const char *s3_call_answer(const struct s3_call *);

#endif
