/* Which headers of a request are kept, and their JSON. */
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "server/headers.h"

#define VALUE_MAX	512

/*
 * A list of what is kept, and not of what is left out: a header that nobody
 * thought of may hold a secret.
 */
static const struct {
	const char	*cgi, *http;
} headers_kept[] = {
	{ "CONTENT_TYPE",		"content-type" },
	{ "CONTENT_LENGTH",		"content-length" },
	{ "HTTP_USER_AGENT",		"user-agent" },
	{ "HTTP_DATE",			"date" },
	{ "HTTP_X_FORWARDED_FOR",	"x-forwarded-for" },
	{ "HTTP_X_REQUEST_ID",		"x-request-id" },
	{ "HTTP_WEBHOOK_ID",		"webhook-id" },
	{ "HTTP_WEBHOOK_TIMESTAMP",	"webhook-timestamp" },
	{ "HTTP_WEBHOOK_SIGNATURE",	"webhook-signature" },
	{ "HTTP_IDEMPOTENCY_KEY",	"idempotency-key" },
};

#define NKEPT		(sizeof(headers_kept) / sizeof(headers_kept[0]))
#define NAME_MAX_BYTES	32
/* Every character escaped, "..." behind it, and what stands around it. */
#define ENTRY_MAX	(NAME_MAX_BYTES + 2 * VALUE_MAX + 16)

char *
headers_to_keep(const struct request *req)
{
	char		 mem[NKEPT * ENTRY_MAX];
	struct buf	 json;
	const char	*value;
	size_t		 i;

	buf_over(&json, mem, sizeof(mem));
	buf_text(&json, "{");
	for (i = 0; i < NKEPT; i++) {
		if ((value = request_get(req, headers_kept[i].cgi)) == NULL ||
		    *value == '\0')
			continue;
		buf_text(&json, json.len > 1 ? ",\"" : "\"");
		buf_text(&json, headers_kept[i].http);
		buf_text(&json, "\":\"");
		buf_json(&json, value, VALUE_MAX);
		buf_text(&json, "\"");
	}
	buf_text(&json, "}");
	return buf_ok(&json) ? strdup(mem) : NULL;
}
