/* Tokens and other secrets, found in JSON text however they are written, and overwritten. */
#include <stdbool.h>
#include <string.h>

#include "lib/hex.h"
#include "lib/redact.h"

/* The character at s, however it is written; *used gets its length. */
static int
redact_char_at(const char *s, size_t left, size_t *used)
{
	if (left >= 6 && s[0] == '\\' && s[1] == 'u') {
		*used = 6;
		return hex_read(s + 2, 4);
	}
	/* Base64 has slashes, which some write with a backslash before them. */
	if (left >= 2 && s[0] == '\\' && s[1] == '/') {
		*used = 2;
		return '/';
	}
	if (left >= 3 && s[0] == '%') {
		*used = 3;
		return hex_read(s + 1, 2);
	}
	*used = 1;
	return (unsigned char)s[0];
}

/* How many bytes at s spell the token; 0: they do not. */
static size_t
redact_match(const char *s, size_t left, const char *token)
{
	size_t	at = 0, used;

	for (; *token != '\0'; token++) {
		if (at == left || redact_char_at(s + at, left - at, &used) !=
		    (unsigned char)*token)
			return 0;
		at += used;
	}
	return at;
}

/* The same for any of the tokens. */
static size_t
redact_match_any(const char *s, size_t left, char *const *tokens)
{
	size_t	n = 0;

	for (; n == 0 && *tokens != NULL; tokens++)
		n = redact_match(s, left, *tokens);
	return n;
}

/* How many bytes at s are one character to JSON. */
static size_t
redact_char_length(const char *s, size_t left)
{
	if (left < 2 || s[0] != '\\')
		return 1;
	return left >= 6 && s[1] == 'u' ? 6 : 2;
}

/* The bytes that a token can begin with, however it is written. */
static void
redact_beginnings(char *const *tokens, bool begins[256])
{
	memset(begins, 0, 256 * sizeof(*begins));
	begins['\\'] = begins['%'] = true;
	for (; *tokens != NULL; tokens++)
		begins[(unsigned char)**tokens] = true;
}

/*
 * How many bytes at s are a token, and *before them that are none; 0: no token
 * begins within the first c bytes.  One may begin within an escape, such as
 * the t of \t: a backslash that is left alone would spoil the JSON.
 */
static size_t
redact_find(const char *s, size_t left, size_t c, char *const *tokens,
    size_t *before)
{
	size_t	n = 0;

	for (*before = 0; *before < c; (*before)++)
		if ((n = redact_match_any(s + *before, left - *before,
		    tokens)) != 0)
			break;
	return n;
}

size_t
redact_tokens(char *body, size_t len, char *const *tokens)
{
	bool	begins[256];
	size_t	from = 0, to = 0, n, c, before;

	redact_beginnings(tokens, begins);
	while (from < len) {
		if (!begins[(unsigned char)body[from]]) {
			body[to++] = body[from++];
			continue;
		}
		c = redact_char_length(body + from, len - from);
		n = redact_find(body + from, len - from, c, tokens, &before);
		if (n == 0) {
			memmove(body + to, body + from, c);
			to += c;
			from += c;
			continue;
		}
		memcpy(body + to, REDACTED, strlen(REDACTED));
		to += strlen(REDACTED);
		from += before + n;
	}
	return to;
}
