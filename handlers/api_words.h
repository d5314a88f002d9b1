/* What an API says of an error, in its own words. */
#ifndef GENHOOK_API_WORDS_H
#define GENHOOK_API_WORDS_H

#include "lib/buf.h"
#include "lib/json.h"

/*
 * Fill a buffer with the words of an error answer: a message where the providers
 * put it, or FastAPI's "detail" and its like, a list of what is wrong with which
 * part of the request.  It is empty where there are none; what does not fit is
 * left out.  Any thread.
 */
void	api_words(struct buf *, struct json_object *doc);

#endif
