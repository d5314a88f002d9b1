/*
 * libFuzzer: a link, and what it says of its own end; and texts that may be moments.
 * An end is within the years that the database can hold, and a fragment, which is not
 * sent, says nothing.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/time.h"
#include "handlers/result.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define YEAR_10000	(INT64_C(253402300800) * USEC_PER_SEC)

static void
moment_look(usec_t at)
{
	if (at < 0 || at >= YEAR_10000)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char		*text = malloc(len + 1), *link;
	struct url_end	 end, again;

	if (text == NULL)
		abort();
	memcpy(text, data, len);
	text[len] = '\0';
	moment_look(time_parse_rfc3339(text));
	moment_look(time_parse_basic(text));
	end = url_end(text);
	moment_look(end.at);
	if (strchr(text, '#') == NULL && asprintf(&link, "%s#Expires=1", text) !=
	    -1) {
		again = url_end(link);
		if (again.at != end.at || again.is_signed != end.is_signed)
			abort();
		free(link);
	}
	free(text);
	return 0;
}
