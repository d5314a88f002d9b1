/*
 * Sessions without a table: the cookie says who, with which right, and since
 * when, and web.secret signs it (HMAC-SHA256).
 *
 *	1.RIGHT.MICROSECONDS.NAME.MAC	(NAME and MAC in hex)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/crypto.h"
#include "lib/hex.h"
#include "lib/time.h"
#include "web/session.h"

#define SESSION_US	(WEB_SESSION_DAYS * 86400 * USEC_PER_SEC)
#define SESSION_MAC_HEX	(2 * SHA256_BYTES)

/* Told from everything else that the secret may ever sign. */
static const char	session_purpose[] = "genhook page session\n";

bool
web_name_is_valid(const char *name)
{
	size_t	len = strlen(name);

	return len >= 1 && len <= WEB_NAME_MAX && strspn(name,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	    "._@-") == len;
}

/* The MAC of a cookie's first len bytes. */
static bool
session_mac(const struct conf *conf, const char *text, size_t len,
    char hex[SESSION_MAC_HEX + 1])
{
	const struct bytes	key = { conf->web_secret,
				    strlen(conf->web_secret) };
	const struct bytes	parts[] = {
		{ session_purpose, sizeof(session_purpose) - 1 },
		{ text, len }
	};
	unsigned char		mac[SHA256_BYTES];

	if (!hmac_sha256(key, parts, 2, mac))
		return false;
	hex_encode(mac, sizeof(mac), hex);
	return true;
}

bool
web_session_cookie(const struct conf *conf, const struct web_session *s,
    char value[WEB_COOKIE_MAX])
{
	char	name[2 * WEB_NAME_MAX + 1], mac[SESSION_MAC_HEX + 1];
	int	len;

	hex_encode((const unsigned char *)s->name, strlen(s->name), name);
	len = snprintf(value, WEB_COOKIE_MAX, "1.%c.%lld.%s",
	    s->may == WEB_ACT ? 'a' : 'l', (long long)s->since_us, name);
	if (!session_mac(conf, value, (size_t)len, mac))
		return false;
	(void)snprintf(value + len, (size_t)(WEB_COOKIE_MAX - len), ".%s", mac);
	return true;
}

/* The name that so many hex digits spell. */
static bool
session_read_name(const char *hex, size_t len, char name[WEB_NAME_MAX + 1])
{
	size_t	i;
	int	byte;

	if (len == 0 || len % 2 != 0 || len > 2 * WEB_NAME_MAX)
		return false;
	for (i = 0; i < len / 2; i++) {
		if ((byte = hex_read(hex + 2 * i, 2)) <= 0)
			return false;
		name[i] = (char)byte;
	}
	name[i] = '\0';
	return web_name_is_valid(name);
}

/* A cookie's value of len bytes, whose MAC is right. */
static bool
session_read_signed(const char *value, size_t len, int64_t now_us,
    struct web_session *s)
{
	char		*end;
	long long	 since;

	if (len < 5 || strncmp(value, "1.", 2) != 0 || value[3] != '.' ||
	    (value[2] != 'a' && value[2] != 'l'))
		return false;
	since = strtoll(value + 4, &end, 10);
	if (since <= 0 || *end != '.' || since > now_us + 60 * USEC_PER_SEC ||
	    now_us - since > SESSION_US)
		return false;
	s->may = value[2] == 'a' ? WEB_ACT : WEB_LOOK;
	s->since_us = since;
	return session_read_name(end + 1, (size_t)(value + len - end - 1),
	    s->name);
}

/* A cookie's value of len bytes. */
static bool
session_read_value(const struct conf *conf, const char *value, size_t len,
    int64_t now_us, struct web_session *s)
{
	char	mac[SESSION_MAC_HEX + 1];
	size_t	signed_len;

	if (len <= SESSION_MAC_HEX + 1 || len >= WEB_COOKIE_MAX)
		return false;
	signed_len = len - SESSION_MAC_HEX - 1;
	return value[signed_len] == '.' &&
	    session_mac(conf, value, signed_len, mac) &&
	    equal_constant_time(mac, value + signed_len + 1,
	    SESSION_MAC_HEX) &&
	    session_read_signed(value, signed_len, now_us, s);
}

/* Of several cookies of the name, which other paths of the host may have set,
 * the first that is signed. */
static bool
session_read_cookies(const struct conf *conf, const char *cookies,
    int64_t now_us, struct web_session *s)
{
	size_t	len, name = sizeof(WEB_COOKIE "=") - 1;

	for (; cookies != NULL && *cookies != '\0'; cookies += len) {
		cookies += strspn(cookies, "; ");
		len = strcspn(cookies, "; ");
		if (strncmp(cookies, WEB_COOKIE "=", name) == 0 &&
		    session_read_value(conf, cookies + name, len - name,
		    now_us, s))
			return true;
	}
	return false;
}

void
web_session_read(const struct conf *conf, const struct request *req,
    int64_t now_us, struct web_session *s)
{
	const char	*user = request_get(req, "REMOTE_USER");

	memset(s, 0, sizeof(*s));
	if (conf->web_trust_remote_user) {
		if (user == NULL || !web_name_is_valid(user))
			return;
		s->may = WEB_ACT;
		(void)snprintf(s->name, sizeof(s->name), "%s", user);
	} else if (!session_read_cookies(conf, request_get(req,
	    "HTTP_COOKIE"), now_us, s))
		memset(s, 0, sizeof(*s));
}

/* ---- where a request came from ------------------------------------------ */

static bool
session_says(const struct request *req, const char *name, const char *wanted)
{
	const char	*value = request_get(req, name);

	return value != NULL && strcasecmp(value, wanted) == 0;
}

bool
web_is_https(const struct request *req)
{
	const char	*origin = request_get(req, "HTTP_ORIGIN");

	return session_says(req, "HTTPS", "on") ||
	    session_says(req, "REQUEST_SCHEME", "https") ||
	    session_says(req, "HTTP_X_FORWARDED_PROTO", "https") ||
	    (origin != NULL && strncmp(origin, "https://", 8) == 0);
}

/* The host and port of an URL or an origin; NULL: it has none. */
static const char *
session_host_of(const char *url)
{
	const char	*host = url != NULL ? strstr(url, "://") : NULL;

	return host != NULL ? host + 3 : NULL;
}

/* Is it the same host and port, up to a slash or the end of each? */
static bool
session_same_host(const char *a, const char *b)
{
	size_t	len;

	if (a == NULL || b == NULL)
		return false;
	len = strcspn(a, "/");
	return len > 0 && len == strcspn(b, "/") && strncasecmp(a, b, len) == 0;
}

bool
web_is_same_origin(const struct conf *conf, const struct request *req)
{
	const char	*site = request_get(req, "HTTP_SEC_FETCH_SITE");
	const char	*origin = request_get(req, "HTTP_ORIGIN");
	const char	*host = session_host_of(origin);

	if (site != NULL && strcmp(site, "same-origin") != 0)
		return false;
	if (site != NULL || origin == NULL)
		return true;
	return session_same_host(host, request_get(req, "HTTP_HOST")) ||
	    session_same_host(host, session_host_of(conf->web_url));
}
