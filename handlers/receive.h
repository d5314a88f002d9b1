/* A request's way from the web server to the database, or to the spool. */
#ifndef GENHOOK_RECEIVE_H
#define GENHOOK_RECEIVE_H

#include <stddef.h>

#include "answer.h"
#include "committer.h"
#include "conf.h"
#include "request.h"
#include "spool.h"

struct receiver {
	const struct provider	*provider;
	const struct conf	*conf;
	struct committer	*committer;
	struct spool		*spool;		/* NULL: could not be opened */
	int64_t			 started_ms;	/* monotonic */
};

/*
 * Serve one request and write the whole CGI answer to out.  The answer is
 * made only after the commit, or the spool file's fsync, is known.  Returns
 * the length.
 */
size_t	receive_request(const struct receiver *, const struct request *,
	    char out[ANSWER_TEXT_MAX]);

#endif
