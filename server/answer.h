/* What is answered, and the one table that turns it into HTTP. */
#ifndef GENHOOK_ANSWER_H
#define GENHOOK_ANSWER_H

#include <stddef.h>

#include "lib/log.h"
#include "common/delivery.h"

enum answer {
	ANSWER_ACCEPTED,
	ANSWER_DUPLICATE,
	ANSWER_IGNORED,
	ANSWER_UNPARSED,
	ANSWER_STALE,
	ANSWER_SPOOLED,
	ANSWER_REJECTED,
	ANSWER_BAD_REQUEST,
	ANSWER_UNVERIFIED,
	ANSWER_NOT_FOUND,
	ANSWER_BAD_METHOD,
	ANSWER_TOO_LARGE,
	ANSWER_BAD_ENCODING,
	ANSWER_UNAVAILABLE,
	ANSWER_HANDSHAKE,
	ANSWER_HEALTHY,
	ANSWER_UNHEALTHY,
	ANSWER__MAX
};

#define ANSWER_TEXT_MAX	4096
#define ANSWER_BODY_MAX	(ANSWER_TEXT_MAX / 2)

/* What a stored delivery's outcome is to its sender. */
enum answer answer_of(enum outcome);

/* The HTTP status, and how loud a log line about it is. */
int	answer_http(enum answer);
enum log_level answer_log_level(enum answer);

/*
 * Write head and body as CGI wants it (RFC 3875, section 6) to out, which
 * holds ANSWER_TEXT_MAX bytes.  words go into the error's text; of a handshake
 * and the two health answers they are the JSON body itself, of less than
 * ANSWER_BODY_MAX bytes.  Returns the length.
 */
size_t	answer_print(enum answer, const char *words,
	    char out[ANSWER_TEXT_MAX]);

#endif
