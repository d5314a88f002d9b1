/* The headers by which a provider's API knows an account, and where they go. */
#include <stdio.h>
#include <stdlib.h>

#include "batch/api_headers.h"

/* The header line that has the key; NULL: no memory. */
static char *
api_headers_key(const struct account *a)
{
	const struct provider	*p = a->provider;
	char			*line;

	return asprintf(&line, "%s: %s%s", p->key_header != NULL ?
	    p->key_header : "Authorization", p->key_prefix != NULL ?
	    p->key_prefix : "", a->api_key) == -1 ? NULL : line;
}

bool
api_headers_set(struct api_headers *h, const struct account *a,
    const char *more, struct http_request *req)
{
	const struct provider	*p = a->provider;
	const char *const	*own = p->api_headers;
	size_t			 n = 0;

	*h = (struct api_headers){ .key = NULL };
	if (p->key_header == NULL && p->key_prefix == NULL)
		req->bearer = a->api_key;
	else if ((h->key = api_headers_key(a)) == NULL)
		return false;
	else
		h->line[n++] = h->key;
	if (more != NULL)
		h->line[n++] = more;
	for (; own != NULL && *own != NULL && n < API_HEADERS_MAX - 1; own++)
		h->line[n++] = *own;
	req->headers = h->line;
	return true;
}

void
api_headers_free(struct api_headers *h)
{
	free(h->key);
	h->key = NULL;
}

bool
api_headers_open(const struct account *a, const char *url)
{
	return a != NULL && *a->api_key != '\0' &&
	    a->provider->keyed_path != NULL &&
	    http_url_is_below(url, a->api_base, a->provider->keyed_path);
}

bool
api_headers_may_ask(const struct account *a, const char *url)
{
	const char	*domain = a->provider->api_domain;

	return http_url_is_below(url, a->api_base, "") || (domain != NULL &&
	    http_url_is_of(a->api_base, domain) &&
	    http_url_is_of(url, domain));
}
