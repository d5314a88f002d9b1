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
/* Every character escaped, "..." behind it, and what stands around it. */
#define ENTRY_MAX	(SIGNATURE_NAME_MAX + 2 * VALUE_MAX + 16)

static void
headers_add(struct buf *json, const struct request *req, const char *cgi,
    const char *http)
{
	const char	*value = request_get(req, cgi);

	if (value == NULL || *value == '\0')
		return;
	buf_text(json, json->len > 1 ? ",\"" : "\"");
	buf_text(json, http);
	buf_text(json, "\":\"");
	buf_json(json, value, VALUE_MAX);
	buf_text(json, "\"");
}

static bool
headers_are_kept(const char *cgi)
{
	size_t	i;

	for (i = 0; i < NKEPT; i++)
		if (strcmp(headers_kept[i].cgi, cgi) == 0)
			return true;
	return false;
}

/* With them a signature can be checked again. */
static void
headers_add_signature(struct buf *json, const struct request *req,
    const struct signature_scheme *s)
{
	char	names[SIGNATURE_HEADERS_MAX][SIGNATURE_NAME_MAX];
	char	cgi[SIGNATURE_CGI_MAX];
	size_t	i, n = signature_headers(s, names);

	for (i = 0; i < n; i++) {
		signature_cgi_name(names[i], cgi);
		if (!headers_are_kept(cgi))
			headers_add(json, req, cgi, names[i]);
	}
}

char *
headers_to_keep(const struct request *req, const struct signature_scheme *s)
{
	char		mem[(NKEPT + SIGNATURE_HEADERS_MAX) * ENTRY_MAX];
	struct buf	json;
	size_t		i;

	buf_over(&json, mem, sizeof(mem));
	buf_text(&json, "{");
	for (i = 0; i < NKEPT; i++)
		headers_add(&json, req, headers_kept[i].cgi,
		    headers_kept[i].http);
	/* A shared secret is no signature. */
	if (s != NULL && s->method != SIGNATURE_SHARED)
		headers_add_signature(&json, req, s);
	buf_text(&json, "}");
	return buf_ok(&json) ? strdup(mem) : NULL;
}
