/* An account's tokens, webhook secrets and API key, redacted in one pass. */
#include <string.h>

#include "lib/redact.h"
#include "common/account_redact.h"

/* So many are looked for at once; accounts have fewer, as a rule. */
#define AT_ONCE	32

struct redaction {
	char	*text;
	size_t	 len;
	char	*secrets[AT_ONCE + 1];
	size_t	 n;
};

static void
redaction_pass(struct redaction *r)
{
	r->secrets[r->n] = NULL;
	if (r->n > 0)
		r->len = redact_tokens(r->text, r->len, r->secrets);
	r->n = 0;
}

static void
redaction_add(struct redaction *r, char *secret)
{
	size_t	len = strlen(secret);

	if (len < strlen(REDACTED) || strspn(secret, "0123456789eE+-.") == len)
		return;
	if (r->n == AT_ONCE)
		redaction_pass(r);
	r->secrets[r->n++] = secret;
}

/* Whoever has what follows the prefix has the secret. */
static char *
redaction_bare(const struct signature_scheme *s, char *secret)
{
	size_t	len = s != NULL && s->secret_prefix != NULL ?
		    strlen(s->secret_prefix) : 0;

	return len > 0 && strncmp(secret, s->secret_prefix, len) == 0 ?
	    secret + len : secret;
}

size_t
account_redact(const struct account *a, char *text, size_t len)
{
	struct redaction	 r = { .text = text, .len = len };
	char			**one;

	for (one = a->tokens; *one != NULL; one++)
		redaction_add(&r, *one);
	for (one = a->secrets; one != NULL && *one != NULL; one++)
		redaction_add(&r, redaction_bare(a->provider->signature, *one));
	if (a->api_key != NULL)
		redaction_add(&r, a->api_key);
	redaction_pass(&r);
	return r.len;
}

void
account_redact_text(const struct account *a, char *text)
{
	if (text != NULL)
		text[account_redact(a, text, strlen(text))] = '\0';
}
