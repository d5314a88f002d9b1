/* What is answered, in HTTP. */
#include <stdio.h>
#include <string.h>

#include "lib/buf.h"
#include "server/answer.h"

#define WORDS_MAX	480	/* each of which may need a backslash */

/*
 * A repeat, or an event that we do not keep, is a success to its sender: any
 * other answer would make it send the same again, and some providers take a
 * 4xx as final.  Only what another try can mend is a 5xx.  APIXO wants 200
 * to the digit.
 */
static const struct {
	int		 http;
	const char	*reason;
	const char	*status;	/* NULL: {"error": words}; "": words */
	const char	*header;
	enum log_level	 level;
} answers[] = {
	[ANSWER_ACCEPTED]	= { 200, "OK", "accepted", "", LOG_DEBUG },
	[ANSWER_DUPLICATE]	= { 200, "OK", "duplicate", "", LOG_DEBUG },
	[ANSWER_IGNORED]	= { 200, "OK", "ignored", "", LOG_INFO },
	[ANSWER_UNPARSED]	= { 200, "OK", "unparsed", "", LOG_WARN },
	[ANSWER_STALE]		= { 200, "OK", "stale", "", LOG_WARN },
	[ANSWER_SPOOLED]	= { 200, "OK", "spooled", "", LOG_WARN },
	[ANSWER_REJECTED]	= { 400, "Bad Request", NULL, "", LOG_WARN },
	[ANSWER_BAD_REQUEST]	= { 400, "Bad Request", NULL, "", LOG_WARN },
	[ANSWER_UNVERIFIED]	= { 401, "Unauthorized", NULL, "", LOG_WARN },
	[ANSWER_NOT_FOUND]	= { 404, "Not Found", NULL, "", LOG_WARN },
	[ANSWER_BAD_METHOD]	= { 405, "Method Not Allowed", NULL,
				    "Allow: POST\r\n", LOG_WARN },
	[ANSWER_TOO_LARGE]	= { 413, "Content Too Large", NULL, "",
				    LOG_WARN },
	[ANSWER_BAD_ENCODING]	= { 415, "Unsupported Media Type", NULL, "",
				    LOG_WARN },
	[ANSWER_UNAVAILABLE]	= { 503, "Service Unavailable", NULL,
				    "Retry-After: 5\r\n", LOG_ERROR },
	[ANSWER_HANDSHAKE]	= { 200, "OK", "", "", LOG_INFO },
	[ANSWER_HEALTHY]	= { 200, "OK", "", "", LOG_DEBUG },
	[ANSWER_UNHEALTHY]	= { 503, "Service Unavailable", "",
				    "Retry-After: 5\r\n", LOG_WARN },
};
_Static_assert(sizeof(answers) / sizeof(answers[0]) == ANSWER__MAX,
    "an answer has no row");

static const enum answer outcome_answers[] = {
	[OUTCOME_ACCEPTED]	= ANSWER_ACCEPTED,
	[OUTCOME_REQUERY]	= ANSWER_ACCEPTED,
	[OUTCOME_DUPLICATE]	= ANSWER_DUPLICATE,
	[OUTCOME_CONFLICT]	= ANSWER_DUPLICATE,
	[OUTCOME_IGNORED]	= ANSWER_IGNORED,
	[OUTCOME_UNPARSED]	= ANSWER_UNPARSED,
	[OUTCOME_STALE]		= ANSWER_STALE,
	[OUTCOME_REJECTED]	= ANSWER_REJECTED,
	[OUTCOME_UNVERIFIED]	= ANSWER_UNVERIFIED,
};
_Static_assert(sizeof(outcome_answers) / sizeof(outcome_answers[0]) ==
    OUTCOME__MAX, "an outcome has no answer");

enum answer
answer_of(enum outcome o)
{
	return outcome_answers[o];
}

int
answer_http(enum answer a)
{
	return answers[a].http;
}

enum log_level
answer_log_level(enum answer a)
{
	return answers[a].level;
}

/* {"status":"accepted"}, {"error":"…"}, or what the caller has written. */
static void
answer_body(enum answer a, const char *words, struct buf *body)
{
	const char	*status = answers[a].status;

	if (status != NULL && *status == '\0')
		buf_text(body, words);
	else if (status != NULL)
		buf_printf(body, "{\"status\":\"%s\"}", status);
	else {
		buf_text(body, "{\"error\":\"");
		buf_json(body, words, WORDS_MAX);
		buf_text(body, "\"}");
	}
}

size_t
answer_print(enum answer a, const char *words, char out[ANSWER_TEXT_MAX])
{
	char		mem[ANSWER_BODY_MAX];
	struct buf	body;
	int		len;

	buf_over(&body, mem, sizeof(mem));
	answer_body(a, words, &body);
	/* Without a Status line the server would answer 200 for anything. */
	len = snprintf(out, ANSWER_TEXT_MAX, "Status: %d %s\r\n"
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n"
	    "Cache-Control: no-store\r\n%s\r\n%s", answers[a].http,
	    answers[a].reason, body.len, answers[a].header, body.data);
	return len > 0 ? (size_t)len : 0;
}
