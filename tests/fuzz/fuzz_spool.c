/*
 * libFuzzer: a file of the spool, which anybody on the machine may have damaged.
 * What can be read is written again, and then reads the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/delivery.h"
#include "common/spool_format.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* The same after being written and read. */
static void
try_delivery(const struct delivery *first)
{
	struct delivery	*second;
	struct errbuf	 err = { .text = "" };
	struct buf	 text;
	size_t		 used;

	buf_init(&text, SIZE_MAX);
	spool_format_add(&text, first);
	if (!buf_ok(&text) || (second = spool_format_next(text.data, text.len,
	    &used, &err)) == NULL || used != text.len)
		abort();
	if (second->bodylen != first->bodylen || memcmp(second->body,
	    first->body, first->bodylen) != 0 || second->provider !=
	    first->provider || second->outcome != first->outcome ||
	    second->received_at != first->received_at ||
	    strcmp(second->id, first->id) != 0)
		abort();
	buf_free(&text);
	delivery_free(second);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct delivery	*d;
	struct errbuf	 err = { .text = "" };
	char		*copy;
	size_t		 used, at = 0;

	if ((copy = malloc(len + 1)) == NULL)
		abort();
	memcpy(copy, data, len);
	copy[len] = '\0';
	do {
		d = spool_format_next(copy + at, len - at, &used, &err);
		if (used > len - at || (d != NULL && used == 0))
			abort();
		if (d != NULL)
			try_delivery(d);
		delivery_free(d);
		at += used;
	} while (used > 0 && at < len);
	free(copy);
	return 0;
}
