/*
 * libFuzzer: a text that may be a file itself, as a data: URI or as Base64.  What is
 * found has no more bytes than the text can stand for, and is seen at a quick look.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "handlers/embedded.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
embedded_look(const char *text, bool named)
{
	struct embedded		e = { .data = NULL };
	enum embedded_verdict	v = embedded_decode(text, named, &e);

	if (v != EMBEDDED_FILE) {
		if (e.data != NULL)
			abort();
		return;
	}
	if (e.data == NULL || e.len > strlen(text) ||
	    memchr(e.type, '\0', sizeof(e.type)) == NULL)
		abort();
	if (!named && !embedded_begins(text))
		abort();
	/* Each byte is there to be read. */
	if (e.len > 0 && memchr(e.data, e.data[0], e.len) != e.data)
		abort();
	free(e.data);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char	*text = malloc(len + 1);

	if (text == NULL)
		abort();
	memcpy(text, data, len);
	text[len] = '\0';
	embedded_look(text, false);
	embedded_look(text, true);
	free(text);
	return 0;
}
