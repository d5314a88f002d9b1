/* The settings: loaded, and asked for accounts. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/crypto.h"
#include "lib/hex.h"
#include "common/conf.h"
#include "common/conf_file.h"
#include "common/conf_keys.h"

static const char *
conf_path(const char *path)
{
	if (path == NULL && (path = getenv("GENHOOK_CONF")) == NULL)
		path = CONF_DEFAULT_PATH;
	return path;
}

struct conf *
conf_load(const char *path, struct errbuf *err)
{
	struct conf	*c;

	path = conf_path(path);
	errbuf_set(err, "%s: out of memory", path);
	if ((c = calloc(1, sizeof(*c))) != NULL &&
	    (c->path = strdup(path)) != NULL && conf_file_read(c, err))
		return c;
	conf_free(c);
	return NULL;
}

struct conf *
conf_check(const char *path, void (*each)(void *, const char *), void *arg)
{
	struct conf	*c = calloc(1, sizeof(*c));

	if (c != NULL && (c->path = strdup(conf_path(path))) != NULL) {
		(void)conf_file_check(c, each, arg);
		return c;
	}
	each(arg, "out of memory");
	conf_free(c);
	return NULL;
}

static void
conf_free_list(char **list)
{
	size_t	i;

	for (i = 0; list != NULL && list[i] != NULL; i++)
		free(list[i]);
	free(list);
}

/* What a section's keys hold, at base: a struct conf, account or forward. */
static void
conf_free_section(const char *section, char *base)
{
	const struct conf_key	*k;

	for (k = conf_keys; k->name != NULL; k++) {
		if (strcmp(k->section, section) != 0)
			continue;
		if (k->type == CONF_LIST)
			conf_free_list(*(char ***)(void *)(base + k->at));
		else if (k->type == CONF_TEXT || k->type == CONF_SECRET)
			free(*(char **)(void *)(base + k->at));
	}
}

void
conf_free(struct conf *c)
{
	size_t	i;

	if (c == NULL)
		return;
	for (i = 0; i < c->naccounts; i++) {
		conf_free_section(CONF_ACCOUNT, (char *)&c->accounts[i]);
		free(c->accounts[i].name);
	}
	free(c->accounts);
	for (i = 0; i < c->nforwards; i++) {
		conf_free_section(CONF_FORWARD, (char *)&c->forwards[i]);
		free(c->forwards[i].name);
	}
	free(c->forwards);
	for (i = 0; i < CONF_NSECTIONS; i++)
		conf_free_section(conf_sections[i], (char *)c);
	free(c->path);
	free(c);
}

const struct account *
conf_account(const struct conf *c, const struct provider *p, const char *name)
{
	size_t	i;

	for (i = 0; i < c->naccounts; i++)
		if (c->accounts[i].provider == p &&
		    strcmp(c->accounts[i].name, name) == 0)
			return &c->accounts[i];
	return NULL;
}

const struct forward *
conf_forward(const struct conf *c, const char *name)
{
	size_t	i;

	for (i = 0; i < c->nforwards; i++)
		if (strcmp(c->forwards[i].name, name) == 0)
			return &c->forwards[i];
	return NULL;
}

size_t
conf_forward_key(const char *secret, unsigned char key[CONF_FORWARD_KEY_MAX])
{
	static const char	prefix[] = "whsec_";
	unsigned char		bytes[CONF_FORWARD_KEY_MAX + 8];
	size_t			len = strlen(secret), skip = strlen(prefix);
	ssize_t			n;

	if (strncmp(secret, prefix, skip) != 0 ||
	    len - skip > (CONF_FORWARD_KEY_MAX + 2) / 3 * 4)
		return 0;
	n = base64_decode(secret + skip, len - skip, bytes);
	if (n < CONF_FORWARD_KEY_MIN || n > CONF_FORWARD_KEY_MAX)
		return 0;
	memcpy(key, bytes, (size_t)n);
	return (size_t)n;
}

/* The bytes and how many there are; as much for each, so that time tells nothing of
 * a token's length.  What is longer than any token is like none at all. */
#define PADDED	(CONF_TOKEN_MAX + 1)

static void
conf_token_pad(unsigned char padded[PADDED], const char *token, size_t len)
{
	memset(padded, 0, PADDED);
	if (len > CONF_TOKEN_MAX)
		return;
	memcpy(padded, token, len);
	padded[CONF_TOKEN_MAX] = (unsigned char)len;
}

/* Does this token of len bytes, padded, equal any of an account's?  Compares it
 * with each. */
static bool
conf_token_is_of(const struct account *a, const unsigned char want[PADDED])
{
	unsigned char	have[PADDED];
	bool		same = false;
	size_t		t;

	for (t = 0; a->tokens != NULL && a->tokens[t] != NULL; t++) {
		conf_token_pad(have, a->tokens[t], strlen(a->tokens[t]));
		same |= equal_constant_time(want, have, sizeof(have));
	}
	return same;
}

enum token_match
conf_account_by_token(const struct conf *c, const struct provider *p,
    const char *token, size_t len, struct conf_token *found)
{
	unsigned char	want[PADDED], digest[SHA256_BYTES];
	size_t		i;

	found->account = NULL;
	conf_token_pad(want, token, len);
	for (i = 0; i < c->naccounts; i++)
		if (c->accounts[i].provider == p && conf_token_is_of(
		    &c->accounts[i], want) && found->account == NULL)
			found->account = &c->accounts[i];
	if (want[CONF_TOKEN_MAX] == 0)
		found->account = NULL;
	if (found->account == NULL)
		return TOKEN_NONE;
	if (sha256(token, len, digest)) {
		hex_encode(digest, CONF_TOKEN_DIGITS / 2, found->digest);
		return TOKEN_FOUND;
	}
	found->account = NULL;
	return TOKEN_UNKNOWN;
}

/* One that could be part of a number in JSON is none: where it is redacted,
 * the rest would be JSON no more. */
bool
conf_token_is_valid(const char *token)
{
	size_t	len = strlen(token), i;

	if (len < CONF_TOKEN_MIN || len > CONF_TOKEN_MAX ||
	    strspn(token, "0123456789eE-") == len)
		return false;
	for (i = 0; i < len; i++)
		if (!isalnum((unsigned char)token[i]) && token[i] != '-' &&
		    token[i] != '_')
			return false;
	return true;
}
