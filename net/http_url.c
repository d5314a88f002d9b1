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
