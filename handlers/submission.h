/* What goes to a provider in a submit, and what its answer is worth. */
#ifndef GENHOOK_SUBMISSION_H
#define GENHOOK_SUBMISSION_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/errbuf.h"
#include "lib/json.h"
#include "handlers/provider.h"
#include "handlers/api_trouble.h"

/* Append the address that a provider is to call back at: base, "/hook/", the
 * provider's name and the account's token. */
void	submission_hook(struct buf *url, const char *base,
	    const struct provider *, const char *token);

/* Append the URL to POST to.  False with err: a part of it cannot stand in a
 * URL, or it does not fit. */
bool	submission_url(struct buf *url, const struct provider *,
	    const struct submission *, struct errbuf *err);

/*
 * The body to POST: the JSON object in request with all that the provider
 * wants to find there.  The caller frees; NULL with err when request is no
 * object, or this provider cannot do what is asked.
 */
char	*submission_body(const struct provider *, const struct submission *,
	    const char *request, struct errbuf *err);

/* The id that the request's task will have by the provider's own_id_member, for
 * the caller to free.  NULL: the provider makes it, or there is no memory. */
char	*submission_own_id(const struct provider *, const struct submission *,
	    const char *request);

/*
 * Look at an answer.  For SUBMIT_DONE *task_id is the task's, borrowed from the
 * answer's doc; all others come with err.  *trouble is what the answer says of
 * the account as a whole.
 */
enum submit_verdict submission_judge(const struct provider *,
	    const struct api_answer *, const char **task_id,
	    enum api_trouble *trouble, struct errbuf *err);

#endif
