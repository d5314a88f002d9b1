/* The request headers that are kept with a delivery. */
#ifndef GENHOOK_HEADERS_H
#define GENHOOK_HEADERS_H

#include "server/request.h"

/*
 * A JSON object of the headers on the list in headers.c, under their HTTP
 * names; the caller frees it.  NULL: no memory.
 */
char	*headers_to_keep(const struct request *);

#endif
