/* URLs: what a link is fetched as, and where a redirect leads. */
#include <arpa/inet.h>
#include <netinet/in.h>

#include <curl/curl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "net/http_internal.h"

/* Blanks and bytes beyond ASCII become percent-encoded. */
#define URL_FLAGS	(CURLU_URLENCODE | CURLU_ALLOW_SPACE | \
		    CURLU_NON_SUPPORT_SCHEME)

void
http_host(const char *url, char *buf, size_t bufsz)
{
	CURLU	*parts = curl_url();
	char	*host = NULL;

	if (parts != NULL &&
	    curl_url_set(parts, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) ==
	    CURLUE_OK)
		(void)curl_url_get(parts, CURLUPART_HOST, &host, 0);
	(void)snprintf(buf, bufsz, "%s", host != NULL ? host : "?");
	curl_free(host);
	curl_url_cleanup(parts);
}

bool
http_url_is_address(const char *url)
{
	char		 host[256];
	size_t		 len;
	struct in_addr	 in4;
	struct in6_addr	 in6;

	http_host(url, host, sizeof(host));
	len = strlen(host);
	if (host[0] == '[' && host[len - 1] == ']') {
		host[len - 1] = '\0';
		host[strcspn(host, "%")] = '\0';	/* a zone */
		return inet_pton(AF_INET6, host + 1, &in6) == 1;
	}
	return inet_pton(AF_INET, host, &in4) == 1;
}

/* http becomes https, and its port 80 the port of https. */
static CURLUcode
url_secure(CURLU *parts)
{
	CURLUcode	 rc = curl_url_set(parts, CURLUPART_SCHEME, "https", 0);
	char		*port = NULL;

	if (rc == CURLUE_OK && curl_url_get(parts, CURLUPART_PORT, &port, 0) ==
	    CURLUE_OK && strcmp(port, "80") == 0)
		rc = curl_url_set(parts, CURLUPART_PORT, NULL, 0);
	curl_free(port);
	return rc;
}

/* The whole URL, its host in ASCII (RFC 5891).  libcurl reads the host's bytes
 * as the locale says, which is none where cron starts us. */
static CURLUcode
url_write(CURLU *parts, char **url)
{
	locale_t	utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8",
			    (locale_t)0), before = (locale_t)0;
	CURLUcode	rc;

	if (utf8 != (locale_t)0)
		before = uselocale(utf8);
	rc = curl_url_get(parts, CURLUPART_URL, url, CURLU_PUNYCODE);
	if (utf8 != (locale_t)0) {
		(void)uselocale(before);
		freelocale(utf8);
	}
	return rc;
}

/* As http_url_read(), without the last step. */
static enum http_url_verdict
url_judge(CURLU *parts, const struct http_rules *rules, bool secure)
{
	enum http_url_verdict	 v = HTTP_URL_SCHEME;
	char			*scheme = NULL;

	if (curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
		return HTTP_URL_BAD;
	if (strcasecmp(scheme, "https") == 0)
		v = HTTP_URL_OK;
	else if (strcasecmp(scheme, "http") == 0)
		v = (rules->plain && !secure) ||
		    url_secure(parts) == CURLUE_OK ?
		    HTTP_URL_OK : HTTP_URL_BAD;
	curl_free(scheme);
	return v;
}

enum http_url_verdict
http_url_read(const char *base, const char *link,
    const struct http_rules *rules, bool secure, char **url)
{
	CURLU			*parts = curl_url();
	enum http_url_verdict	 v = HTTP_URL_BAD;
	char			*written = NULL;

	*url = NULL;
	if (parts != NULL && (base == NULL || curl_url_set(parts, CURLUPART_URL,
	    base, URL_FLAGS) == CURLUE_OK) && curl_url_set(parts, CURLUPART_URL,
	    link, URL_FLAGS) == CURLUE_OK)
		v = url_judge(parts, rules, secure);
	if (v == HTTP_URL_OK && url_write(parts, &written) != CURLUE_OK)
		v = HTTP_URL_BAD;
	curl_url_cleanup(parts);
	if (v == HTTP_URL_OK && (*url = strdup(written)) == NULL)
		v = HTTP_URL_BAD;
	curl_free(written);
	return v;
}

/* ---- whose a URL is ------------------------------------------------------ */

/* Have both the same there?  The schemes and hosts are in either case. */
static bool
url_part_is(CURLU *a, CURLU *b, CURLUPart what, unsigned flags)
{
	char	*x = NULL, *y = NULL;
	bool	 same;

	same = curl_url_get(a, what, &x, flags) == CURLUE_OK &&
	    curl_url_get(b, what, &y, flags) == CURLUE_OK &&
	    strcasecmp(x, y) == 0;
	curl_free(x);
	curl_free(y);
	return same;
}

static bool
url_is_same_origin(CURLU *a, CURLU *b)
{
	return url_part_is(a, b, CURLUPART_SCHEME, 0) &&
	    url_part_is(a, b, CURLUPART_HOST, 0) &&
	    url_part_is(a, b, CURLUPART_PORT, CURLU_DEFAULT_PORT);
}

static CURLU *
url_parts(const char *url)
{
	CURLU	*parts = curl_url();

	if (parts != NULL && curl_url_set(parts, CURLUPART_URL, url,
	    URL_FLAGS | CURLU_PATH_AS_IS) == CURLUE_OK)
		return parts;
	curl_url_cleanup(parts);
	return NULL;
}

bool
http_url_is_same_origin(const char *a, const char *b)
{
	CURLU	*x = url_parts(a), *y = url_parts(b);
	bool	 same = x != NULL && y != NULL && url_is_same_origin(x, y);

	curl_url_cleanup(x);
	curl_url_cleanup(y);
	return same;
}

/* May a server, or whoever is before it, read another path in it? */
static bool
url_path_is_odd(const char *path)
{
	static const char *const	odd[] = {
		"/.", "//", "\\", "%2e", "%2f", "%5c",
	};
	size_t				i;

	for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		if (strcasestr(path, odd[i]) != NULL)
			return true;
	return false;
}

static bool
url_path_is_below(CURLU *url, CURLU *base, const char *path)
{
	char	*ours = NULL, *top = NULL;
	size_t	 n;
	bool	 below;

	below = curl_url_get(url, CURLUPART_PATH, &ours, 0) == CURLUE_OK &&
	    curl_url_get(base, CURLUPART_PATH, &top, 0) == CURLUE_OK &&
	    !url_path_is_odd(ours);
	if (below) {
		for (n = strlen(top); n > 0 && top[n - 1] == '/'; n--)
			;
		below = strncmp(ours, top, n) == 0 &&
		    strncmp(ours + n, path, strlen(path)) == 0;
	}
	curl_free(ours);
	curl_free(top);
	return below;
}

static bool
url_has_user(CURLU *url)
{
	char	*user = NULL;
	bool	 has = curl_url_get(url, CURLUPART_USER, &user, 0) == CURLUE_OK;

	curl_free(user);
	return has;
}

bool
http_url_is_below(const char *url, const char *base, const char *path)
{
	CURLU	*parts = url_parts(url), *top = url_parts(base);
	bool	 below = parts != NULL && top != NULL &&
		    !url_has_user(parts) && url_is_same_origin(parts, top) &&
		    url_path_is_below(parts, top, path);

	curl_url_cleanup(parts);
	curl_url_cleanup(top);
	return below;
}

static bool
url_host_is_of(CURLU *url, const char *domain)
{
	char	*host = NULL;
	size_t	 n = strlen(domain), len;
	bool	 is = false;

	if (curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
		len = strlen(host);
		is = len >= n && strcasecmp(host + len - n, domain) == 0 &&
		    (len == n || host[len - n - 1] == '.');
	}
	curl_free(host);
	return is;
}

bool
http_url_is_of(const char *url, const char *domain)
{
	CURLU	*parts = url_parts(url), *usual = url_parts("https://x/");
	char	*path = NULL;
	bool	 is;

	is = parts != NULL && usual != NULL && !url_has_user(parts) &&
	    url_part_is(parts, usual, CURLUPART_SCHEME, 0) &&
	    url_part_is(parts, usual, CURLUPART_PORT, CURLU_DEFAULT_PORT) &&
	    url_host_is_of(parts, domain) && curl_url_get(parts,
	    CURLUPART_PATH, &path, 0) == CURLUE_OK && !url_path_is_odd(path);
	curl_free(path);
	curl_url_cleanup(parts);
	curl_url_cleanup(usual);
	return is;
}
