/*
 * What an answer of a provider's API says of the account as a whole: that the
 * API is down, that the account has no credit, or that something stands before
 * the API and answers in its place.  No other request of that account would
 * fare better.  Polls and submits share it.
 */
#ifndef GENHOOK_API_TROUBLE_H
#define GENHOOK_API_TROUBLE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/errbuf.h"
#include "lib/json.h"
#include "handlers/provider.h"

enum api_trouble {
	API_NONE,		/* it is about this request alone, if at all */
	API_DOWN,		/* a 5xx, or no connection */
	API_NO_CREDIT,	/* 402, and what providers say in its place */
	API_WALL,		/* a web page, a redirect, or no JSON */
	API_TROUBLE__MAX
};

/* In genhook.accounts and in words. */
extern const char *const	api_trouble_words[API_TROUBLE__MAX];

/* An answer that came whole.  All borrowed. */
struct api_answer {
	int			 http;	/* its HTTP status */
	struct json_object	*doc;	/* NULL when the body is no JSON */
	const char		*body;	/* NULL: it was empty */
	size_t			 len;
};

/*
 * What an answer that has no task says of the account.  err has what
 * poll_classify() of the provider said of it; where the answer is no JSON, what
 * it is instead is added.  Any thread.
 */
enum api_trouble api_trouble_of(const struct provider *,
	    const struct api_answer *, struct errbuf *err);

/* Is the body a page, as browsers are shown: HTML or other markup? */
bool	api_answer_is_page(const struct api_answer *);

/*
 * The status that counts: the HTTP status, or where that is a 2xx the "code"
 * of the body, or of its "error", that says otherwise.
 */
int	api_answer_status(int http, struct json_object *doc);

#endif
