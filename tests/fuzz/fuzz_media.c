/*
 * libFuzzer: the first byte is the size of the pieces, the rest a download.
 * libmagic is no part of the instrumented code, but runs on what this finds.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "batch/download/media.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
watch(struct media_watch *w, const uint8_t *data, size_t len, size_t step)
{
	size_t	at, n;

	memset(w, 0, sizeof(*w));
	for (at = 0; at < len; at += n) {
		n = len - at < step ? len - at : step;
		media_watch(w, data + at, n);
	}
}

/* Whatever follows: a page is no output, and what nobody knows and is declared
 * to be one is no media. */
static void
page_check(const struct media *m, const uint8_t *data, size_t len)
{
	struct errbuf	err;

	if (len >= 5 && strncasecmp((const char *)data, "<html", 5) == 0 &&
	    media_fits(m, "file", len, &err))
		abort();
	if (media_agrees(m, "image", "text/html", &err) !=
	    (strcmp(m->extension, "bin") != 0))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct mime	*mime;
	struct media_watch	 whole, pieces;
	const struct media	*m;
	struct errbuf		 err;

	if (mime == NULL && (mime = mime_open(&err)) == NULL)
		abort();
	if (len == 0)
		return 0;
	watch(&whole, data + 1, len - 1, len);
	watch(&pieces, data + 1, len - 1, (size_t)data[0] + 1);
	m = media_detect(mime, whole.head, whole.headlen);
	if (media_of(mime, &pieces) != media_of(mime, &whole) ||
	    media_named(m, &whole, "https://h/a.obj", "audio/basic") == NULL)
		abort();
	if (media_detect(mime, pieces.head, pieces.headlen) != m ||
	    media_end(m, &whole) != media_end(m, &pieces))
		abort();
	page_check(m, whole.head, whole.headlen);
	return 0;
}
