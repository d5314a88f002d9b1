/* Which headers of a request are kept, and their JSON. */
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "server/headers.h"

#define VALUE_MAX	512
/* Signatures by old keys and new may stand in one header. */
#define SIGNATURE_VALUE_MAX	2048

/*
 * A list of what is kept, and not of what is left out: a header that nobody
 * thought of may hold a secret.
 */
static const struct {
	const char	*cgi, *http;
	size_t		 most;
} headers_kept[] = {
	{ "CONTENT_TYPE",		"content-type", VALUE_MAX },
	{ "CONTENT_LENGTH",		"content-length", VALUE_MAX },
	{ "HTTP_USER_AGENT",		"user-agent", VALUE_MAX },
	{ "HTTP_DATE",			"date", VALUE_MAX },
	{ "HTTP_X_FORWARDED_FOR",	"x-forwarded-for", VALUE_MAX },
	{ "HTTP_FORWARDED",		"forwarded", VALUE_MAX },
	{ "HTTP_X_REAL_IP",		"x-real-ip", VALUE_MAX },
	{ "HTTP_CF_CONNECTING_IP",	"cf-connecting-ip", VALUE_MAX },
	{ "HTTP_X_REQUEST_ID",		"x-request-id", VALUE_MAX },
	{ "HTTP_WEBHOOK_ID",		"webhook-id", VALUE_MAX },
	{ "HTTP_WEBHOOK_TIMESTAMP",	"webhook-timestamp", VALUE_MAX },
	{ "HTTP_WEBHOOK_SIGNATURE",	"webhook-signature",
	  SIGNATURE_VALUE_MAX },
	{ "HTTP_IDEMPOTENCY_KEY",	"idempotency-key", VALUE_MAX },
};

#define NKEPT		(sizeof(headers_kept) / sizeof(headers_kept[0]))
/* Every character escaped, "..." behind it, and what stands around it. */
#define ENTRY_MAX(value)	(SIGNATURE_NAME_MAX + 2 * (value) + 16)

static void
headers_add(struct buf *json, const struct request *req, const char *cgi,
    const char *http, size_t most)
{
	const char	*value = request_get(req, cgi);

	if (value == NULL || *value == '\0')
		return;
	buf_text(json, json->len > 1 ? ",\"" : "\"");
	buf_text(json, http);
	buf_text(json, "\":\"");
	buf_json(json, value, most);
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
			headers_add(json, req, cgi, names[i],
			    SIGNATURE_VALUE_MAX);
	}
}

char *
headers_to_keep(const struct request *req, const struct signature_scheme *s)
{
	char		mem[NKEPT * ENTRY_MAX(VALUE_MAX) +
			    (SIGNATURE_HEADERS_MAX + 1) *
			    ENTRY_MAX(SIGNATURE_VALUE_MAX)];
	struct buf	json;
	size_t		i;

	buf_over(&json, mem, sizeof(mem));
	buf_text(&json, "{");
	for (i = 0; i < NKEPT; i++)
		headers_add(&json, req, headers_kept[i].cgi,
		    headers_kept[i].http, headers_kept[i].most);
	/* A shared secret is no signature. */
	if (s != NULL && s->method != SIGNATURE_SHARED)
		headers_add_signature(&json, req, s);
	buf_text(&json, "}");
	return buf_ok(&json) ? strdup(mem) : NULL;
}
