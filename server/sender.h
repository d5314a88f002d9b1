/* Where a request came from. */
#ifndef GENHOOK_SENDER_H
#define GENHOOK_SENDER_H

#include <netinet/in.h>

#include "server/request.h"

#define SENDER_TEXT_MAX	INET6_ADDRSTRLEN

/*
 * Its address: REMOTE_ADDR as the web server says it, or, where that is one of
 * the proxies that the settings name (addresses and networks, NULL-terminated),
 * what they say of whom they had it from: the last address in X-Forwarded-For
 * that is no such proxy; if all are, CF-Connecting-IP.  NULL: not known.  The
 * result is in the request's variables or in text.
 */
const char *sender_address(const struct request *, char *const *proxies,
    char text[SENDER_TEXT_MAX]);

#endif
