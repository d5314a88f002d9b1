/* What no setting tells by itself: what has to be there, and in what form. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf_check.h"
#include "handlers/result.h"
#include "net/network.h"

#define CONF_WEB_SECRET_MIN	16

/* False, so that a check can return it. */
static bool __attribute__((format(printf, 4, 5)))
conf_wrong(const struct conf_faults *faults, const char *section,
    const char *key, const char *fmt, ...)
{
	struct conf_fault	fault = { section, key, { .text = "" } };
	char			words[sizeof(fault.words.text)];
	va_list			ap;

	va_start(ap, fmt);
	(void)vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	errbuf_set(&fault.words, "%s", words);
	faults->each(faults->arg, &fault);
	return false;
}

static bool
conf_wrong_no_memory(const struct conf_faults *faults)
{
	struct conf_fault	fault = { NULL, NULL, { .text = "" } };

	(void)errbuf_no_memory(&fault.words);
	faults->each(faults->arg, &fault);
	return false;
}

static bool
conf_begins(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* ---- the accounts ------------------------------------------------------- */

static bool
conf_name_is_valid(const char *name)
{
	size_t	len = strlen(name);

	return len >= 1 && len <= 64 && strspn(name,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
	    == len;
}

static bool
conf_check_name(const struct account *a, const struct conf_faults *faults)
{
	if (conf_name_is_valid(a->name))
		return true;
	return conf_wrong(faults, NULL, NULL, "is no account name of 1 to 64 "
	    "letters, digits, '-' and '_'");
}

static bool
conf_check_resend(const struct account *a, const struct conf_faults *faults)
{
	if (!a->resend_unknown || a->provider->once_header != NULL)
		return true;
	return conf_wrong(faults, NULL, "resend_unknown", "is yes, but this "
	    "provider takes no Idempotency-Key");
}

static bool
conf_check_secrets(const struct account *a, const struct conf_faults *faults)
{
	const struct signature_scheme	*s = a->provider->signature;
	size_t				 i;

	if (s != NULL && s->method != SIGNATURE_ED25519 && !s->optional &&
	    a->secrets[0] == NULL)
		return conf_wrong(faults, NULL, "webhook_secret", "is missing, "
		    "and this provider signs its callbacks");
	for (i = 0; a->secrets[i] != NULL; i++) {
		if (a->secrets[i][0] == '\0')
			return conf_wrong(faults, NULL, "webhook_secret",
			    "is empty");
		if (s != NULL && !signature_takes_secret(s, a->secrets[i]))
			return conf_wrong(faults, NULL, "webhook_secret",
			    "number %zu is none that this provider gives",
			    i + 1);
	}
	return true;
}

/* Fill in the provider's own address, and cut off slashes at the end. */
static bool
conf_check_api_base(const struct conf *c, struct account *a,
    const struct conf_faults *faults)
{
	size_t	len;

	if (*a->api_base == '\0') {
		free(a->api_base);
		if ((a->api_base = strdup(a->provider->api_base)) == NULL)
			return conf_wrong_no_memory(faults);
	}
	while ((len = strlen(a->api_base)) > 0 && a->api_base[len - 1] == '/')
		a->api_base[len - 1] = '\0';
	if (conf_begins(a->api_base, "https://") ||
	    (c->allow_private_networks && conf_begins(a->api_base, "http://")))
		return true;
	return conf_wrong(faults, NULL, "api_base", "is not https://");
}

/* Fill in where the provider publishes its keys, if it does. */
static bool
conf_check_keys_url(const struct conf *c, struct account *a,
    const struct conf_faults *faults)
{
	const char	*usual = a->provider->keys_url;

	if (*a->keys_url == '\0' && usual != NULL) {
		free(a->keys_url);
		if ((a->keys_url = strdup(usual)) == NULL)
			return conf_wrong_no_memory(faults);
	}
	if (*a->keys_url == '\0')
		return true;
	if (usual == NULL)
		return conf_wrong(faults, NULL, "keys_url", "is set, but this "
		    "provider publishes no keys");
	if (conf_begins(a->keys_url, "https://") ||
	    (c->allow_private_networks && conf_begins(a->keys_url, "http://")))
		return true;
	return conf_wrong(faults, NULL, "keys_url", "is not https://");
}

/* Each is well formed, and no other account's of the same provider. */
static bool
conf_check_tokens(const struct conf *c, const struct account *a,
    const struct conf_faults *faults)
{
	struct conf_token	 other;
	size_t			 i;

	if (a->tokens[0] == NULL)
		return conf_wrong(faults, NULL, "token", "is missing");
	for (i = 0; a->tokens[i] != NULL; i++) {
		if (!conf_token_is_valid(a->tokens[i]))
			return conf_wrong(faults, NULL, "token", "number %zu is "
			    "not %d to %d letters, digits, '-' and '_', or "
			    "looks like a number", i + 1, CONF_TOKEN_MIN,
			    CONF_TOKEN_MAX);
		if (conf_account_by_token(c, a->provider, a->tokens[i],
		    strlen(a->tokens[i]), &other) == TOKEN_FOUND &&
		    other.account != a)
			return conf_wrong(faults, NULL, "token", "number %zu is "
			    "%s %s's as well", i + 1, a->provider->name,
			    other.account->name);
	}
	return true;
}

bool
conf_check_account(const struct conf *c, struct account *a,
    const struct conf_faults *faults)
{
	bool	ok = conf_check_name(a, faults);

	ok = conf_check_resend(a, faults) && ok;
	ok = conf_check_secrets(a, faults) && ok;
	ok = conf_check_api_base(c, a, faults) && ok;
	ok = conf_check_keys_url(c, a, faults) && ok;
	return conf_check_tokens(c, a, faults) && ok;
}

/* ---- the forwards ------------------------------------------------------- */

/* What a forward may tell of; the first two when nothing is said. */
static const char *const	conf_types[] = {
	"task.stored", "task.failed", "task.finished", "request.refused",
	"request.unknown", NULL
};
#define CONF_TYPES_DEFAULT	2

/* The kinds of events: those that are named, or else the usual ones. */
static bool
conf_check_types(struct forward *f, const struct conf_faults *faults)
{
	size_t	i, t;

	for (i = 0; f->types[i] != NULL; i++) {
		for (t = 0; conf_types[t] != NULL; t++)
			if (strcmp(f->types[i], conf_types[t]) == 0)
				break;
		if (conf_types[t] == NULL)
			return conf_wrong(faults, NULL, "on", "has \"%s\", "
			    "which is none of task.stored, task.failed, "
			    "task.finished, request.refused and "
			    "request.unknown", f->types[i]);
	}
	if (i > 0)
		return true;
	free(f->types);
	if ((f->types = calloc(CONF_TYPES_DEFAULT + 1,
	    sizeof(*f->types))) == NULL)
		return conf_wrong_no_memory(faults);
	for (t = 0; t < CONF_TYPES_DEFAULT; t++)
		if ((f->types[t] = strdup(conf_types[t])) == NULL)
			return conf_wrong_no_memory(faults);
	return true;
}

/* Is it "PROVIDER ACCOUNT", and a section of the settings? */
static bool
conf_has_account(const struct conf *c, const char *text)
{
	const struct account	*a;
	size_t			 i, n;

	for (i = 0; i < c->naccounts; i++) {
		a = &c->accounts[i];
		n = strlen(a->provider->name);
		if (strncmp(text, a->provider->name, n) == 0 &&
		    text[n] == ' ' && strcmp(text + n + 1, a->name) == 0)
			return true;
	}
	return false;
}

static bool
conf_check_forward_secrets(const struct forward *f,
    const struct conf_faults *faults)
{
	unsigned char	key[CONF_FORWARD_KEY_MAX];
	size_t		i;

	if (*f->url != '\0' && f->secrets[0] == NULL)
		return conf_wrong(faults, NULL, "secret", "is missing: the "
		    "receiver knows by it that an event is ours");
	for (i = 0; f->secrets[i] != NULL; i++)
		if (conf_forward_key(f->secrets[i], key) == 0)
			return conf_wrong(faults, NULL, "secret", "number %zu "
			    "is not whsec_ and %d to %d bytes in Base64",
			    i + 1, CONF_FORWARD_KEY_MIN, CONF_FORWARD_KEY_MAX);
	return true;
}

static bool
conf_check_forward_url(const struct forward *f,
    const struct conf_faults *faults)
{
	if ((*f->url == '\0') == (*f->command == '\0'))
		return conf_wrong(faults, NULL, "url", "has to be there, or "
		    "command, and not both");
	if (*f->url == '\0')
		return true;
	if (!url_is_link(f->url))
		return conf_wrong(faults, NULL, "url", "is no http(s) URL");
	return true;
}

bool
conf_check_forward(const struct conf *c, struct forward *f,
    const struct conf_faults *faults)
{
	bool	ok = true;
	size_t	i;

	if (!conf_name_is_valid(f->name))
		ok = conf_wrong(faults, NULL, NULL, "is no name of 1 to 64 "
		    "letters, digits, '-' and '_'");
	ok = conf_check_forward_url(f, faults) && ok;
	ok = conf_check_forward_secrets(f, faults) && ok;
	for (i = 0; f->accounts[i] != NULL; i++)
		if (!conf_has_account(c, f->accounts[i]))
			ok = conf_wrong(faults, NULL, "account", "has \"%s\", "
			    "and the settings have no such section",
			    f->accounts[i]);
	return conf_check_types(f, faults) && ok;
}

/* ---- the rest ----------------------------------------------------------- */

/* What an archive in a store needs; each row has to hold. */
static bool
conf_check_s3(const struct conf *c, const struct conf_faults *faults)
{
	const struct {
		const char	*key, *words;
		bool		 holds;
	} rules[] = {
		{ "s3_endpoint", "is no http(s) URL, and archive.url is s3://",
		    url_is_link(c->s3_endpoint) },
		{ "s3_region", "is not 1 to 64 letters, digits and '-'",
		    *c->s3_region != '\0' && strlen(c->s3_region) <= 64 &&
		    strspn(c->s3_region, "abcdefghijklmnopqrstuvwxyz"
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") ==
		    strlen(c->s3_region) },
		{ "s3_access_key", "is missing, and archive.url is s3://",
		    *c->s3_access_key != '\0' },
		{ "s3_secret_key", "is missing, and archive.url is s3://",
		    *c->s3_secret_key != '\0' },
		{ "s3_staging_dir", "is no absolute path",
		    *c->s3_staging_dir == '/' },
	};
	bool	ok = true;
	size_t	i;

	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (!rules[i].holds)
			ok = conf_wrong(faults, "archive", rules[i].key, "%s",
			    rules[i].words);
	return ok;
}

static bool
conf_check_proxies(const struct conf *c, const struct conf_faults *faults)
{
	bool	ok = true;
	size_t	i;

	for (i = 0; c->trusted_proxies[i] != NULL; i++)
		if (!network_is_text(c->trusted_proxies[i]))
			ok = conf_wrong(faults, "receiver", "trusted_proxies",
			    "has \"%s\", which is no address or network, such "
			    "as 192.0.2.7 or 10.0.0.0/8",
			    c->trusted_proxies[i]);
	return ok;
}

/* "X-Sendfile", or the location that stands for the archive's folder. */
static bool
conf_is_sendfile(const char *text)
{
	size_t	len = strlen(text);

	return strcmp(text, "X-Sendfile") == 0 || (len > 2 && text[0] == '/' &&
	    text[len - 1] == '/' && strspn(text, "/abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == len);
}

/* What signs sessions must not be guessed. */
static bool
conf_check_web(const struct conf *c, const struct conf_faults *faults)
{
	size_t	len = strlen(c->web_secret);
	bool	ok = true;

	if (len > 0 && len < CONF_WEB_SECRET_MIN)
		ok = conf_wrong(faults, "web", "secret", "has %zu characters, "
		    "and needs %d or more", len, CONF_WEB_SECRET_MIN);
	if (*c->web_url != '\0' && !url_is_link(c->web_url))
		ok = conf_wrong(faults, "web", "url", "is no http(s) URL");
	if (*c->web_sendfile != '\0' && !conf_is_sendfile(c->web_sendfile))
		ok = conf_wrong(faults, "web", "sendfile", "is neither "
		    "\"X-Sendfile\" nor a \"/LOCATION/\"");
	len = strlen(c->web_metrics_token);
	if (len > 0 && len < CONF_WEB_SECRET_MIN)
		ok = conf_wrong(faults, "web", "metrics_token", "has %zu "
		    "characters, and needs %d or more", len,
		    CONF_WEB_SECRET_MIN);
	return ok;
}

static const char *const	conf_alert_formats[CONF_NALERT_FORMATS] = {
	[ALERT_JSON] = "json", [ALERT_TEXT] = "text", [ALERT_NTFY] = "ntfy",
	[ALERT_SLACK] = "slack", [ALERT_DISCORD] = "discord"
};

enum alert_format
conf_alert_format(const struct conf *c)
{
	size_t	i = 0;

	while (i < CONF_NALERT_FORMATS &&
	    strcmp(c->alert_format, conf_alert_formats[i]) != 0)
		i++;
	return (enum alert_format)i;
}

static bool
conf_check_alert(const struct conf *c, const struct conf_faults *faults)
{
	bool	ok = true;

	if (*c->alert_url != '\0' && !url_is_link(c->alert_url))
		ok = conf_wrong(faults, "alert", "url", "is no http(s) URL");
	if (*c->alert_ping_url != '\0' && !url_is_link(c->alert_ping_url))
		ok = conf_wrong(faults, "alert", "ping_url",
		    "is no http(s) URL");
	if (conf_alert_format(c) == CONF_NALERT_FORMATS)
		ok = conf_wrong(faults, "alert", "format", "is \"%s\", none of "
		    "ntfy, slack, discord, json and text", c->alert_format);
	return ok;
}

bool
conf_check_common(const struct conf *c, const struct conf_faults *faults)
{
	bool	ok = true;

	if (c->spool_dir[0] != '/')
		ok = conf_wrong(faults, "receiver", "spool_dir",
		    "\"%s\" is no absolute path", c->spool_dir);
	if (!conf_begins(c->archive_url, "file:///") &&
	    !conf_begins(c->archive_url, "s3://"))
		ok = conf_wrong(faults, "archive", "url", "is neither "
		    "file:///directory nor s3://bucket");
	if (conf_begins(c->archive_url, "s3://"))
		ok = conf_check_s3(c, faults) && ok;
	if (*c->base_url != '\0' && !url_is_link(c->base_url))
		ok = conf_wrong(faults, "receiver", "base_url",
		    "is no http(s) URL");
	ok = conf_check_proxies(c, faults) && ok;
	ok = conf_check_web(c, faults) && ok;
	return conf_check_alert(c, faults) && ok;
}
