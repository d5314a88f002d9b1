/* The request headers that are kept with a delivery. */
#ifndef GENHOOK_HEADERS_H
#define GENHOOK_HEADERS_H

#include "handlers/signature.h"
#include "server/request.h"

/*
 * A JSON object of the headers on the list in headers.c, and of those by which
 * the provider signs (NULL: it does not), under their HTTP names; the caller
 * frees it.  NULL: no memory.
 */
char	*headers_to_keep(const struct request *,
	    const struct signature_scheme *);

#endif
