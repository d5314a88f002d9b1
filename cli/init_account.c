/* genhook init: the accounts of the settings to be. */
#include <stdlib.h>
#include <string.h>

#include "lib/xalloc.h"
#include "common/conf_private.h"
#include "cli/init.h"

void
init_set(char **to, const char *value)
{
	char	*copy = xstrdup(value);

	free(*to);
	*to = copy;
}

struct init_account *
init_account_of(struct init *in, const struct provider *p)
{
	size_t	i;

	for (i = 0; i < in->naccounts; i++)
		if (in->accounts[i].provider == p)
			return &in->accounts[i];
	return NULL;
}

bool
init_account_add(struct init *in, const char *provider)
{
	const struct provider	*p = provider_find(provider);
	struct init_account	*a;

	if (p == NULL) {
		(void)cli_wrong("there is no provider \"%s\"", provider);
		return false;
	}
	if (init_account_of(in, p) != NULL ||
	    in->naccounts == INIT_ACCOUNTS_MAX) {
		(void)cli_wrong("%s is named twice", provider);
		return false;
	}
	a = &in->accounts[in->naccounts];
	if (!cli_token_make(a->token)) {
		(void)cli_wrong("the system has no random bytes");
		return false;
	}
	a->provider = p;
	in->naccounts++;
	return true;
}

bool
init_account_set_key(struct init_account *a, const char *key)
{
	if (!conf_private_is_clean(key)) {
		(void)cli_wrong("%s: a key holds no control bytes, and no "
		    "blanks at its ends", a->provider->name);
		return false;
	}
	init_set(&a->api_key, *key != '\0' ? key : NULL);
	return true;
}

/* What stands for a secret that is elsewhere can only be looked at there. */
static bool
init_secret_is_elsewhere(const char *secret)
{
	return strncmp(secret, "file:", 5) == 0 ||
	    strncmp(secret, "${", 2) == 0;
}

bool
init_account_set_secret(struct init_account *a, const char *secret)
{
	const struct signature_scheme	*s = a->provider->signature;

	if (s == NULL) {
		(void)cli_wrong("%s signs no callbacks", a->provider->name);
		return false;
	}
	if (!conf_private_is_clean(secret) || *secret == '\0' ||
	    (!init_secret_is_elsewhere(secret) &&
	    !signature_takes_secret(s, secret))) {
		(void)cli_wrong("that is no secret that %s gives",
		    a->provider->name);
		return false;
	}
	init_set(&a->secret, secret);
	return true;
}

bool
init_needs_secret(const struct provider *p)
{
	return p->signature != NULL && !p->signature->optional &&
	    p->signature->method != SIGNATURE_ED25519;
}
