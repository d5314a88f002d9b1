/* A GET that is signed in its query: what is signed is the text of the request,
 * in the order and form that the store makes it again. */
#include <stdio.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/crypto.h"
#include "lib/hex.h"
#include "archive/s3_link.h"
#include "archive/s3_protocol.h"

#define LINK_MAX	8192
#define LINK_MAC_HEX	(2 * SHA256_BYTES + 1)

/* What one link is made of. */
struct s3_link {
	const struct conf	*conf;
	struct s3_place		 place;
	const char		*key;		/* within the bucket */
	char			 date[9];	/* 20261130 */
	char			 moment[17];	/* 20261130T012345Z */
	struct buf		 query;
	struct buf		 scope;		/* date/region/s3/aws4_request */
};

/* The key that the location names, in this bucket and below this prefix. */
static bool
link_find_key(struct s3_link *l, const char *location, struct errbuf *err)
{
	const char	*p = location + strlen("s3://");
	size_t		 n = strlen(l->place.bucket);

	if (strncmp(location, "s3://", 5) != 0 ||
	    strncmp(p, l->place.bucket, n) != 0 || p[n] != '/' ||
	    strncmp(p + n + 1, l->place.prefix, strlen(l->place.prefix)) != 0) {
		errbuf_set(err, "the file is not in the archive of the "
		    "settings");
		return false;
	}
	l->key = p + n + 1;
	return true;
}

static bool
link_set_time(struct s3_link *l, time_t now)
{
	struct tm	tm;

	return gmtime_r(&now, &tm) != NULL &&
	    strftime(l->date, sizeof(l->date), "%Y%m%d", &tm) > 0 &&
	    strftime(l->moment, sizeof(l->moment), "%Y%m%dT%H%M%SZ", &tm) > 0;
}

/* The query in the order of its names, and without the signature. */
static void
link_make_query(struct s3_link *l, const char *type, const char *disposition,
    int seconds)
{
	buf_printf(&l->scope, "%s/%s/s3/aws4_request", l->date,
	    l->conf->s3_region);
	buf_text(&l->query, "X-Amz-Algorithm=AWS4-HMAC-SHA256"
	    "&X-Amz-Credential=");
	buf_percent(&l->query, l->conf->s3_access_key, "");
	buf_text(&l->query, "%2F");
	buf_percent(&l->query, l->scope.data, "");
	buf_printf(&l->query, "&X-Amz-Date=%s&X-Amz-Expires=%d"
	    "&X-Amz-SignedHeaders=host", l->moment, seconds);
	if (disposition != NULL) {
		buf_text(&l->query, "&response-content-disposition=");
		buf_percent(&l->query, disposition, "");
	}
	if (type != NULL) {
		buf_text(&l->query, "&response-content-type=");
		buf_percent(&l->query, type, "");
	}
}

/* The signing key: the secret, through the parts of the scope one by one. */
static bool
link_signing_key(const struct s3_link *l, unsigned char key[SHA256_BYTES])
{
	const char	*parts[] = { l->date, l->conf->s3_region, "s3",
			    "aws4_request" };
	char		 first[1024];
	struct bytes	 part, with = { first, 0 };
	size_t		 i;
	int		 n;

	n = snprintf(first, sizeof(first), "AWS4%s", l->conf->s3_secret_key);
	if (n < 0 || (size_t)n >= sizeof(first))
		return false;
	with.len = (size_t)n;
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		part.data = parts[i];
		part.len = strlen(parts[i]);
		if (!hmac_sha256(with, &part, 1, key))
			return false;
		with.data = key;
		with.len = SHA256_BYTES;
	}
	return true;
}

/* The signature of the request for path at host. */
static bool
link_sign(const struct s3_link *l, const char *host, size_t hostlen,
    const char *path, char mac[LINK_MAC_HEX])
{
	char		text_mem[LINK_MAX], head[512], hex[SHA256_HEX];
	unsigned char	digest[SHA256_BYTES], key[SHA256_BYTES];
	struct buf	text;
	struct bytes	part;
	int		n;

	buf_over(&text, text_mem, sizeof(text_mem));
	buf_printf(&text, "GET\n%s%s\n%s\nhost:%.*s\n\nhost\nUNSIGNED-PAYLOAD",
	    path, l->key, l->query.data, (int)hostlen, host);
	if (!buf_ok(&text) || !sha256(text.data, text.len, digest) ||
	    !link_signing_key(l, key))
		return false;
	hex_encode(digest, sizeof(digest), hex);
	n = snprintf(head, sizeof(head), "AWS4-HMAC-SHA256\n%s\n%s\n%s",
	    l->moment, l->scope.data, hex);
	part.data = head;
	part.len = (size_t)n;
	if (n < 0 || (size_t)n >= sizeof(head) ||
	    !hmac_sha256((struct bytes){ key, sizeof(key) }, &part, 1, digest))
		return false;
	hex_encode(digest, sizeof(digest), mac);
	return true;
}

/* The link itself, once all of it is known. */
static char *
link_print(struct s3_link *l)
{
	const char	*host = strstr(l->place.root, "://") + 3;
	size_t		 hostlen = strcspn(host, "/");
	char		 mac[LINK_MAC_HEX];
	struct buf	 url;

	if (!buf_ok(&l->query) || !buf_ok(&l->scope) ||
	    !link_sign(l, host, hostlen, host + hostlen, mac))
		return NULL;
	buf_init(&url, LINK_MAX);
	buf_printf(&url, "%s%s?%s&X-Amz-Signature=%s", l->place.root, l->key,
	    l->query.data, mac);
	return buf_take(&url);
}

char *
s3_link(const struct conf *conf, const char *location, const char *type,
    const char *disposition, int seconds, time_t now, struct errbuf *err)
{
	char		 query[2048], scope[128];
	struct s3_link	 l = { .conf = conf };
	char		*url;

	if (strncmp(conf->archive_url, "s3://", 5) != 0) {
		errbuf_set(err, "the file is in a store, and the settings name "
		    "none");
		return NULL;
	}
	buf_over(&l.query, query, sizeof(query));
	buf_over(&l.scope, scope, sizeof(scope));
	if (!s3_place_read(&l.place, conf->archive_url, conf->s3_endpoint,
	    err) || !link_find_key(&l, location, err))
		return NULL;
	(void)errbuf_no_memory(err);
	if (!link_set_time(&l, now))
		return NULL;
	link_make_query(&l, type, disposition, seconds);
	if ((url = link_print(&l)) == NULL)
		errbuf_set(err, "the link cannot be signed");
	return url;
}
