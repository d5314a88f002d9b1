#include <stdbool.h>
#include <string.h>

#include "lib/hex.h"
#include "lib/redact.h"

/* The character at s, however it is written; *used gets its length. */
static int
char_at(const char *s, size_t left, size_t *used)
{
	if (left >= 6 && s[0] == '\\' && s[1] == 'u') {
		*used = 6;
		return hex_read(s + 2, 4);
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
match(const char *s, size_t left, const char *token)
{
	size_t	at = 0, used;

	for (; *token != '\0'; token++) {
		if (at == left || char_at(s + at, left - at, &used) !=
		    (unsigned char)*token)
			return 0;
		at += used;
	}
	return at;
}

/* The same for any of the tokens. */
static size_t
match_any(const char *s, size_t left, char *const *tokens)
{
	size_t	n = 0;

	for (; n == 0 && *tokens != NULL; tokens++)
		n = match(s, left, *tokens);
	return n;
}

/* How many bytes at s are one character to JSON. */
static size_t
char_length(const char *s, size_t left)
{
	if (left < 2 || s[0] != '\\')
		return 1;
	return left >= 6 && s[1] == 'u' ? 6 : 2;
}

/* The bytes that a token can begin with, however it is written. */
static void
beginnings(char *const *tokens, bool begins[256])
{
	memset(begins, 0, 256 * sizeof(*begins));
	begins['\\'] = begins['%'] = true;
	for (; *tokens != NULL; tokens++)
		begins[(unsigned char)**tokens] = true;
}

size_t
redact_tokens(char *body, size_t len, char *const *tokens)
{
	bool	begins[256];
	size_t	from = 0, to = 0, n, c, k;

	beginnings(tokens, begins);
	while (from < len) {
		if (!begins[(unsigned char)body[from]]) {
			body[to++] = body[from++];
			continue;
		}
		c = char_length(body + from, len - from);
		/* A token may begin within an escape, such as the t of \t: a
		 * backslash that is left alone would spoil the JSON. */
		for (n = 0, k = 0; n == 0 && k < c; k++)
			n = match_any(body + from + k, len - from - k, tokens);
		if (n == 0) {
			memmove(body + to, body + from, c);
			to += c;
			from += c;
			continue;
		}
		memcpy(body + to, REDACTED, strlen(REDACTED));
		to += strlen(REDACTED);
		from += k - 1 + n;
	}
	return to;
}
