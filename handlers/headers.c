#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "headers.h"

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

/* At most VALUE_MAX bytes; foreign ones become '?', as JSON wants UTF-8. */
static void
print_value(FILE *fp, const char *value)
{
	size_t	n;

	for (n = 0; value[n] != '\0' && n < VALUE_MAX; n++) {
		if (value[n] == '"' || value[n] == '\\')
			fputc('\\', fp);
		fputc(value[n] >= 0x20 && value[n] < 0x7f ? value[n] : '?',
		    fp);
	}
	if (value[n] != '\0')
		fputs("...", fp);
}

char *
headers_to_keep(const struct request *req)
{
	const char	*value, *sep = "";
	char		*text = NULL;
	size_t		 len = 0, i;
	FILE		*fp;

	if ((fp = open_memstream(&text, &len)) == NULL)
		return NULL;
	fputc('{', fp);
	for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		if ((value = request_get(req, kept[i].cgi)) == NULL ||
		    *value == '\0')
			continue;
		fprintf(fp, "%s\"%s\":\"", sep, kept[i].http);
		print_value(fp, value);
		fputc('"', fp);
		sep = ",";
	}
	fputc('}', fp);
	if (fclose(fp) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
