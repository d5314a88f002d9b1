/* Decodes files that stand in a payload as data: URI or Base64. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/buf.h"
#include "lib/crypto.h"
#include "handlers/embedded.h"

#define EMBEDDED_LEAST	64	/* characters of a bare Base64: the smallest
				   picture has more, and few ids have */

/* How the Base64 of a file begins; '?' stands for any character. */
static const struct {
	const char	*begins, *type;
} embedded_types[] = {
	{ "iVBORw0KGgo", "image/png" },
	{ "/9j/",	 "image/jpeg" },
	{ "_9j_",	 "image/jpeg" },
	{ "R0lGOD",	 "image/gif" },
	{ "UklGR",	 "" },			/* RIFF: WebP, WAV, AVI */
	{ "AAAA??Z0eX",	 "" },			/* "ftyp": MP4, MOV, AVIF */
	{ "GkXfo",	 "video/webm" },
	{ "T2dnU",	 "audio/ogg" },
	{ "ZkxhQ",	 "audio/flac" },
	{ "SUQz",	 "audio/mpeg" },
	{ "//u",	 "audio/mpeg" },
	{ "//M",	 "audio/mpeg" },
	{ "Z2xURg",	 "model/gltf-binary" },
	{ "JVBERi0",	 "application/pdf" },
	{ "UEsDB",	 "application/zip" },
};
#define EMBEDDED_TYPES	(sizeof(embedded_types) / sizeof(embedded_types[0]))

/* Is it a data: URI, whose type has a slash or is not there, and not a sentence
 * that begins so? */
static bool
embedded_is_data_uri(const char *text)
{
	size_t	head, type;

	if (strncasecmp(text, "data:", 5) != 0)
		return false;
	head = strcspn(text + 5, ", \t\r\n");
	type = strcspn(text + 5, ";,");
	return text[5 + head] == ',' &&
	    (type == 0 || memchr(text + 5, '/', type) != NULL);
}

static bool
embedded_fits(const char *text, const char *begins)
{
	for (; *begins != '\0'; text++, begins++)
		if (*text == '\0' || (*begins != '?' && *begins != *text))
			return false;
	return true;
}

/* The row of the type that a bare Base64 begins as; EMBEDDED_TYPES: of none. */
static size_t
embedded_row(const char *text)
{
	size_t	i;

	for (i = 0; i < EMBEDDED_TYPES; i++)
		if (embedded_fits(text, embedded_types[i].begins))
			break;
	return i;
}

bool
embedded_begins(const char *text)
{
	return embedded_is_data_uri(text) ||
	    (embedded_row(text) < EMBEDDED_TYPES &&
	    strnlen(text, EMBEDDED_LEAST) == EMBEDDED_LEAST);
}

bool
embedded_is_name(const char *folded)
{
	return strstr(folded, "b64") != NULL ||
	    strstr(folded, "base64") != NULL;
}

/* Nothing but Base64, in either alphabet, with blanks and line breaks between
 * and padding at the end? */
static bool
embedded_is_base64(const char *text, size_t len)
{
	while (len > 0 && strchr("= \r\n", text[len - 1]) != NULL)
		len--;
	return len > 0 && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/-_ \r\n") >= len;
}

static enum embedded_verdict
embedded_base64(const char *text, size_t len, struct embedded *out)
{
	unsigned char	*data;
	ssize_t		 n;

	if (!embedded_is_base64(text, len))
		return EMBEDDED_BROKEN;
	if ((data = malloc(len / 4 * 3 + 4)) == NULL)
		return EMBEDDED_NO_MEMORY;
	if ((n = base64_decode(text, len, data)) <= 0) {
		free(data);
		return EMBEDDED_BROKEN;
	}
	out->data = data;
	out->len = (size_t)n;
	return EMBEDDED_FILE;
}

static enum embedded_verdict
embedded_plain(const char *text, size_t len, struct embedded *out)
{
	struct buf	plain;

	buf_init(&plain, len + 1);
	buf_percent_decoded(&plain, text, len);
	if (!buf_ok(&plain) || plain.len == 0) {
		buf_free(&plain);
		return len == 0 ? EMBEDDED_BROKEN : EMBEDDED_NO_MEMORY;
	}
	out->len = plain.len;
	out->data = (unsigned char *)buf_take(&plain);
	return EMBEDDED_FILE;
}

/* "image/png;charset=x;base64" up to the comma; without a type it is text. */
static enum embedded_verdict
embedded_data_uri(const char *text, struct embedded *out)
{
	const char	*head = text + 5, *comma = strchr(head, ',');
	bool		 base64;

	(void)snprintf(out->type, sizeof(out->type), "%.*s",
	    (int)strcspn(head, ";,"), head);
	base64 = comma - head >= 7 && strncasecmp(comma - 7, ";base64", 7) == 0;
	return base64 ? embedded_base64(comma + 1, strlen(comma + 1), out) :
	    embedded_plain(comma + 1, strlen(comma + 1), out);
}

enum embedded_verdict
embedded_decode(const char *text, bool named, struct embedded *out)
{
	size_t			row, len = strlen(text);
	enum embedded_verdict	v;

	memset(out, 0, sizeof(*out));
	if (embedded_is_data_uri(text))
		return embedded_data_uri(text, out);
	row = embedded_row(text);
	if (!named && (row == EMBEDDED_TYPES || len < EMBEDDED_LEAST))
		return EMBEDDED_NONE;
	v = embedded_base64(text, len, out);
	if (v == EMBEDDED_FILE && row < EMBEDDED_TYPES)
		(void)snprintf(out->type, sizeof(out->type), "%s",
		    embedded_types[row].type);
	/* A text that only begins so. */
	return v == EMBEDDED_BROKEN && !named ? EMBEDDED_NONE : v;
}
