/*
 * One call of a provider's API with an account's key, and what its answer says.
 * For the thread that turns the engine: the main one.
 */
#ifndef GENHOOK_PROVIDER_API_H
#define GENHOOK_PROVIDER_API_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/errbuf.h"
#include "lib/json.h"
#include "net/http.h"
#include "handlers/provider.h"
#include "handlers/result.h"
#include "handlers/api_trouble.h"
#include "common/conf.h"

struct api_call {
	/* By the caller, who keeps both alive until on_answer. */
	const struct account	*account;
	void			*arg;
	/*
	 * The end, exactly once.  Whoever wants the body takes it by setting
	 * it to NULL; all else is freed afterwards.
	 */
	void			(*on_answer)(struct api_call *);

	/* What came. */
	bool			 aborted;	/* the run ended first */
	bool			 answered;	/* there was an answer at all */
	enum poll_verdict	 verdict;	/* POLL_TROUBLE without one */
	enum api_trouble	 trouble;	/* of the account as a whole */
	struct json_object	*doc;		/* NULL: no JSON */
	char			*body;		/* tokens and key redacted */
	size_t			 len;
	struct errbuf		 err;		/* for all but POLL_TASK */
	int64_t			 retry_after_s;
	struct http_response	 response;	/* status, begun */

	/* Its own. */
	struct http_engine	*engine;
	char			*task_id;
	char			*asked;		/* the URL of a poll */
	bool			 is_guess;	/* nobody knows the right one */
	size_t			 size;
	bool			 is_next;	/* the second question of two */
	char			*first;		/* the answer to the first */
	size_t			 firstlen;
};

/*
 * Ask for a task with the account's key, which goes to the account's API
 * alone, in two questions where the provider wants two.  model may be NULL, and
 * so may poll_url, which the answer to the submit named.  Takes the call, which is malloc'ed and
 * zero but for what the caller fills in.  False with err when it cannot be
 * made: it is freed, and on_answer not called.
 */
bool	api_call_get(struct api_call *, struct http_engine *,
	    const char *task_id, const char *model, const char *poll_url,
	    struct errbuf *err);

/*
 * POST a body of JSON to a URL below the account's api_base, with one more
 * header line unless that is NULL.  All else as in api_call_get().
 */
bool	api_call_post(struct api_call *, struct http_engine *, const char *url,
	    const char *body, const char *header, int timeout_s,
	    struct errbuf *err);

/*
 * What the answer (POLL_TASK) says of the task.  An answer about another task
 * is PARSE_UNKNOWN.  The caller frees result after any verdict.
 */
enum parse_verdict api_call_parse(const struct api_call *, usec_t received_at,
	    struct result *, struct errbuf *err);

#endif
