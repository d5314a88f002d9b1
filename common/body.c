/* Takes large files out of the bodies that are kept: they are outputs, and have a
 * place of their own. */
#include <stdlib.h>
#include <string.h>

#include "handlers/embedded.h"
#include "common/body.h"

static bool
body_is_large(const struct output *o)
{
	return o->data != NULL && o->datalen > BODY_FILE_MAX;
}

bool
body_has_large_files(const struct delivery *d)
{
	size_t	i;

	for (i = 0; i < d->result.noutputs; i++)
		if (body_is_large(&d->result.outputs[i]))
			return true;
	return false;
}

/* The output of which a file is the content, or NULL. */
static const struct output *
body_find(const struct result *r, const struct embedded *file)
{
	size_t	i;

	for (i = 0; i < r->noutputs; i++)
		if (body_is_large(&r->outputs[i]) &&
		    r->outputs[i].datalen == file->len &&
		    memcmp(r->outputs[i].data, file->data, file->len) == 0)
			return &r->outputs[i];
	return NULL;
}

/* A JSON string's inside as it reads, where its escapes are those that occur in
 * Base64 and URLs; NULL: it has others, or there is no memory. */
static char *
body_unescape(const char *raw, size_t len)
{
	char	*text = malloc(len + 1);
	size_t	 i, n = 0;

	for (i = 0; text != NULL && i < len; i++) {
		if (raw[i] != '\\') {
			text[n++] = raw[i];
			continue;
		}
		i++;
		if (raw[i] != '/' && raw[i] != 'n' && raw[i] != 'r') {
			free(text);
			return NULL;
		}
		text[n++] = raw[i] == '/' ? '/' : '\n';
	}
	if (text != NULL)
		text[n] = '\0';
	return text;
}

/* The output whose file the inside of a JSON string is, or NULL. */
static const struct output *
body_output(const struct result *r, const char *raw, size_t len)
{
	const struct output	*o = NULL;
	struct embedded		 file;
	char			*text;

	if (len <= BODY_FILE_MAX || (text = body_unescape(raw, len)) == NULL)
		return NULL;
	if (embedded_decode(text, true, &file) == EMBEDDED_FILE) {
		o = body_find(r, &file);
		free(file.data);
	}
	free(text);
	return o;
}

/* Where the string ends whose first byte is at s: at its quote, or at end. */
static const char *
body_string_end(const char *s, const char *end)
{
	while (s < end && *s != '"')
		s += *s == '\\' && s + 1 < end ? 2 : 1;
	return s < end ? s : end;
}

bool
body_without_files(const struct delivery *d, struct buf *kept)
{
	const char		*p = d->body, *end = d->body + d->bodylen;
	const char		*quote, *stop;
	const struct output	*o;

	buf_init(kept, d->bodylen + 1);
	while ((quote = memchr(p, '"', (size_t)(end - p))) != NULL) {
		buf_bytes(kept, p, (size_t)(quote + 1 - p));
		stop = body_string_end(quote + 1, end);
		o = body_output(&d->result, quote + 1,
		    (size_t)(stop - quote - 1));
		if (o != NULL)
			buf_text(kept, o->url);
		else
			buf_bytes(kept, quote + 1, (size_t)(stop - quote - 1));
		if (stop == end)
			return buf_ok(kept);
		buf_text(kept, "\"");
		p = stop + 1;
	}
	buf_bytes(kept, p, (size_t)(end - p));
	return buf_ok(kept);
}
