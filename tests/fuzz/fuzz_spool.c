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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct delivery	*first, *second;
	struct errbuf	 err = { .text = "" };
	char		*text, *copy;
	size_t		 n = 0;

	if ((copy = malloc(len + 1)) == NULL)
		abort();
	memcpy(copy, data, len);
	copy[len] = '\0';
	first = spool_format_parse(copy, len, &err);
	free(copy);
	if (first == NULL)
		return 0;
	if ((text = spool_format_print(first, &n)) == NULL)
		abort();
	if ((second = spool_format_parse(text, n, &err)) == NULL)
		abort();
	if (second->bodylen != first->bodylen || memcmp(second->body,
	    first->body, first->bodylen) != 0 || second->provider !=
	    first->provider || second->outcome != first->outcome ||
	    second->received_at != first->received_at ||
	    strcmp(second->id, first->id) != 0)
		abort();
	free(text);
	delivery_free(first);
	delivery_free(second);
	return 0;
}
