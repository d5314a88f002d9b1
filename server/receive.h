/* A request's way from the web server to the database, or to the spool. */
#ifndef GENHOOK_RECEIVE_H
#define GENHOOK_RECEIVE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/conf.h"
#include "common/spool.h"
#include "server/answer.h"
#include "server/committer.h"
#include "server/request.h"
#include "server/sender.h"

/* What all requests of a handler share; nothing in it changes. */
struct receiver {
	const struct provider	*provider;	/* the only one; NULL: each
						   request's path names it */
	struct conf		*conf;
	struct committer	*committer;
	struct spool		*spool;		/* NULL: no memory for one */
	int64_t			 started_ms;	/* monotonic */
};

/*
 * Everything about one request while it is served.  One thread at a time has
 * it: the worker that took it in, then the one that commits it, which also
 * answers it.
 */
struct callback {
	const struct receiver	*rx;
	const struct request	*req;
	const char		*sender;	/* its address; NULL: not known */
	char			 sender_text[SENDER_TEXT_MAX];
	const struct provider	*provider;	/* NULL: none that is served */
	const char		*path;		/* behind its name */
	const struct account	*account;	/* NULL: not known */
	char			 token[CONF_TOKEN_DIGITS + 1];	/* its */
	int64_t			 length;	/* that the body is to have; or */
	bool			 open_ended;	/* must not have, and may have any
						   below */
	struct delivery		*delivery;	/* NULL: none was made */
	enum verify_verdict	 verified;
	enum outcome		 proposed;	/* before the database's word */
	struct commit		 commit;
	bool			 kept;		/* commit says what to answer */
	bool			 health;	/* a GET of /healthz */
	enum answer		 answer;	/* where nothing was kept */
	char			 handshake[ANSWER_BODY_MAX];	/* the body of
						   ANSWER_HANDSHAKE */
	struct errbuf		 words;		/* for the log: why it is not
						   taken, or what is odd about
						   it; "" when all is well */
};

/*
 * A worker: read, verify and parse a request, and submit what is worth keeping.
 * False: receive_end() may follow at once.  True: the committer has it, and
 * receive_end() may follow once the committer has given cb->commit out,
 * which may be before this returns.  cb needs no initial value but
 * cb->commit.owner; request and receiver must live until the end.
 */
bool	receive_begin(struct callback *cb, const struct receiver *,
	    const struct request *);

/*
 * The worker that the committer gave it to, or the same one after false: write
 * the whole CGI answer to out and free what the callback holds.  Only here, when
 * the commit or the spool file's fsync is known, is 200 said.  Returns the
 * length.
 */
size_t	receive_end(struct callback *, char out[ANSWER_TEXT_MAX]);

#endif
