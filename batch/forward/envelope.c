/* The headers and signatures of events. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/crypto.h"
#include "batch/forward/envelope.h"

#define ENVELOPE_HEADER_MAX	8192
#define ENVELOPE_MAC_BASE64	48

/* The header webhook-signature: one "v1,..." for each secret, over
 * "webhook_id.timestamp.body".  The caller's to free; NULL with err. */
static char *
envelope_sign(char **secrets, const char *webhook_id, int64_t now,
    const char *body, struct errbuf *err)
{
	unsigned char	key[CONF_FORWARD_KEY_MAX], mac[SHA256_BYTES];
	char		head[256], text[ENVELOPE_MAC_BASE64];
	struct bytes	parts[2];
	struct buf	out;
	size_t		i, n;
	bool		ok = true;

	n = (size_t)snprintf(head, sizeof(head), "%s.%lld.", webhook_id,
	    (long long)now);
	parts[0] = (struct bytes) { head, n };
	parts[1] = (struct bytes) { body, strlen(body) };
	buf_init(&out, ENVELOPE_HEADER_MAX);
	buf_text(&out, "webhook-signature:");
	for (i = 0; ok && secrets[i] != NULL; i++) {
		n = conf_forward_key(secrets[i], key);
		ok = hmac_sha256((struct bytes) { key, n }, parts, 2, mac);
		base64_encode(mac, sizeof(mac), text);
		buf_printf(&out, " v1,%s", text);
	}
	if (ok && buf_ok(&out))
		return buf_take(&out);
	errbuf_set(err, "the event could not be signed");
	buf_free(&out);
	return NULL;
}

bool
envelope_address(struct envelope *e, struct send *m, const struct forward *to,
    const char *webhook_id, const char *body, int64_t now, struct errbuf *err)
{
	memset(e, 0, sizeof(*e));
	m->body = body;
	m->timeout_s = FORWARD_TIMEOUT_S;
	if (*to->command != '\0') {
		(void)snprintf(e->variable, sizeof(e->variable),
		    "WEBHOOK_ID=%s", webhook_id);
		m->command = to->command;
		m->variable = e->variable;
		return true;
	}
	e->signature = envelope_sign(to->secrets, webhook_id, now, body, err);
	(void)snprintf(e->id, sizeof(e->id), "webhook-id: %s", webhook_id);
	(void)snprintf(e->at, sizeof(e->at), "webhook-timestamp: %lld",
	    (long long)now);
	e->headers[0] = e->id;
	e->headers[1] = e->at;
	e->headers[2] = e->signature;
	m->url = to->url;
	m->policy = to->allow_private ? HTTP_OPERATOR_HOST : HTTP_PUBLIC_HOOK;
	m->headers = e->headers;
	return e->signature != NULL;
}

void
envelope_free(struct envelope *e)
{
	free(e->signature);
	e->signature = NULL;
}
