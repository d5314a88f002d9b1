/*
 * libFuzzer: a body is judged by the gate of JSON and read into a tree.  What is
 * taken ends where it ends: with more behind it, it is none.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/json_gate.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static enum json_verdict
gate_with(const uint8_t *data, size_t len, const char *more)
{
	size_t			 n = strlen(more);
	char			*text = malloc(len + n + 1);
	struct errbuf		 err;
	enum json_verdict	 v;

	if (text == NULL)
		abort();
	memcpy(text, data, len);
	memcpy(text + len, more, n);
	text[len + n] = '\0';
	v = json_gate(text, len + n, &err);
	free(text);
	return v;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const	behind[] = {
		"\"abc", "]", "}", "{", ",", ":", "\"", "\\", "/*",
	};
	enum json_verdict		v = gate_with(data, len, "");
	enum json_verdict		read;
	struct json_object		*doc = NULL;
	struct errbuf			err;
	size_t				i;

	read = json_parse((const char *)data, len, &doc, &err);
	/* What the gate takes may be more than a tree can be built of: as deep
	 * as is allowed, with a number at the bottom. */
	if ((read == JSON_OK && v != JSON_OK) ||
	    (v == JSON_OK && read != JSON_OK && read != JSON_UNFIT))
		abort();
	json_free(doc);
	if (v != JSON_OK && v != JSON_UNFIT)
		return 0;
	for (i = 0; i < sizeof(behind) / sizeof(behind[0]); i++)
		if (gate_with(data, len, behind[i]) != JSON_INVALID)
			abort();
	if (gate_with(data, len, " \n") != v)
		abort();
	return 0;
}
