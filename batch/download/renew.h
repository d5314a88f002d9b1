/* Which of a task's links, as a status API answers them, is an output's fresh
 * one. */
#ifndef GENHOOK_RENEW_H
#define GENHOOK_RENEW_H

#include "batch/provider_api.h"

enum renew_verdict {
	RENEW_FRESH,	/* here it is */
	RENEW_NONE,	/* the provider has no other one; err has its words */
	RENEW_LATER	/* it did not say: ask again */
};

/* Which output it is for. */
struct renew_key {
	const char	*position;
	const char	*kind;
	int64_t		 outputs;	/* so many has the task */
	const char	*url;		/* the link that is no good */
};

/*
 * What a status API's answer holds for that output: the link at the same
 * place of as many, and of the same kind.  On RENEW_FRESH, *fresh is within
 * result, which the caller frees after any verdict.
 */
enum renew_verdict renew_choose(const struct api_call *,
	    const struct renew_key *, struct result *,
	    const struct output **fresh, struct errbuf *err);

#endif
