/* What a request asks with: the query's parameters, and a body of JSON. */
#ifndef GENHOOK_WEB_QUERY_H
#define GENHOOK_WEB_QUERY_H

#include "web/web.h"

struct json_object;

/*
 * The query string's parameters as a JSON object of texts, for json_free().  A
 * name is lower-case letters, digits and '_'; those without a value are left
 * out.  NULL: the words of the call say why, and its status is returned in
 * *status.
 */
struct json_object *web_query(struct web_call *, enum web_status *status);

/* The body, which has to be a JSON object of 64 KiB at most; NULL likewise. */
struct json_object *web_body_read(struct web_call *, enum web_status *status);

#endif
