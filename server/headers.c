#include <stdlib.h>
#include <string.h>

#include "server/headers.h"

#define VALUE_MAX	512

/*
 * A list of what is kept, and not of what is left out: a header that nobody
 * thought of may hold a secret.
 */
static const struct {
	const char	*cgi, *http;
} kept[] = {
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

#define NKEPT		(sizeof(kept) / sizeof(kept[0]))
#define NAME_MAX_BYTES	32
/* Every character escaped, "..." behind it, and what stands around it. */
#define ENTRY_MAX	(NAME_MAX_BYTES + 2 * VALUE_MAX + 16)

static char *
put_text(char *out, const char *text)
{
	return mempcpy(out, text, strlen(text));
}

/* At most VALUE_MAX bytes; foreign ones become '?', as JSON wants UTF-8. */
static char *
put_value(char *out, const char *value)
{
	size_t	n;

	for (n = 0; value[n] != '\0' && n < VALUE_MAX; n++) {
		if (value[n] == '"' || value[n] == '\\')
			*out++ = '\\';
		*out++ = value[n] >= 0x20 && value[n] < 0x7f ? value[n] : '?';
	}
	return value[n] != '\0' ? put_text(out, "...") : out;
}

char *
headers_to_keep(const struct request *req)
{
	char		 text[NKEPT * ENTRY_MAX], *out = text;
	const char	*value;
	size_t		 i;

	*out++ = '{';
	for (i = 0; i < NKEPT; i++) {
		if ((value = request_get(req, kept[i].cgi)) == NULL ||
		    *value == '\0')
			continue;
		if (out > text + 1)
			*out++ = ',';
		*out++ = '"';
		out = put_text(out, kept[i].http);
		out = put_text(out, "\":\"");
		out = put_value(out, value);
		*out++ = '"';
	}
	*out++ = '}';
	*out = '\0';
	return strdup(text);
}
