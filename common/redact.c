#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "redact.h"

static int
hex_value(const char *s, size_t digits)
{
	int	v = 0;
	size_t	i;

	for (i = 0; i < digits; i++) {
		if (!isxdigit((unsigned char)s[i]))
			return -1;
		v = v * 16 + (isdigit((unsigned char)s[i]) ? s[i] - '0' :
		    tolower((unsigned char)s[i]) - 'a' + 10);
	}
	return v;
}

/* The character at s, however it is written; *used gets its length. */
static int
char_at(const char *s, size_t left, size_t *used)
{
	if (left >= 6 && s[0] == '\\' && s[1] == 'u') {
		*used = 6;
		return hex_value(s + 2, 4);
	}
	if (left >= 3 && s[0] == '%') {
		*used = 3;
		return hex_value(s + 1, 2);
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

size_t
redact_tokens(char *body, size_t len, char *const *tokens)
{
	size_t	from = 0, to = 0, t, n;

	while (from < len) {
		n = 0;
		for (t = 0; n == 0 && tokens[t] != NULL; t++)
			n = match(body + from, len - from, tokens[t]);
		if (n == 0) {
			body[to++] = body[from++];
			continue;
		}
		memcpy(body + to, REDACTED, strlen(REDACTED));
		to += strlen(REDACTED);
		from += n;
	}
	return to;
}
