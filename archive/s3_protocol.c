/* What there is to know of an S3-compatible store without asking it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "net/http.h"
#include "archive/s3_protocol.h"

#define LETTERS	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS	"0123456789"
#define MIB	(INT64_C(1024) * 1024)

/* Whole names between slashes, none of which a server could take for a way
 * up or to nowhere. */
static bool
s3_prefix_is_valid(const char *p)
{
	size_t	len;

	for (; *p != '\0'; p += len + (p[len] == '/')) {
		len = strcspn(p, "/");
		if (len == 0 || strspn(p, LETTERS DIGITS "._-") < len ||
		    strspn(p, ".") >= len)
			return false;
	}
	return true;
}

/* The bucket and the prefix of s3://bucket/prefix. */
static bool
s3_read_names(struct s3_place *place, const char *url, struct errbuf *err)
{
	const char	*name = url + strlen("s3://");
	size_t		 len = strcspn(name, "/"), used;
	const char	*prefix = name + len + (name[len] == '/'), *dots;

	if (len < 3 || len >= sizeof(place->bucket) ||
	    strspn(name, LETTERS DIGITS "._-") < len ||
	    strspn(name, LETTERS DIGITS) == 0 ||
	    strchr(LETTERS DIGITS, name[len - 1]) == NULL ||
	    ((dots = strstr(name, "..")) != NULL && dots < name + len)) {
		errbuf_set(err, "archive.url has no name of a bucket: 3 to %zu "
		    "letters, digits, '-', '_' and single '.', a letter or "
		    "digit first and last", sizeof(place->bucket) - 1);
		return false;
	}
	(void)snprintf(place->bucket, sizeof(place->bucket), "%.*s", (int)len,
	    name);
	used = strlen(prefix);
	if (used + 2 > sizeof(place->prefix) || !s3_prefix_is_valid(prefix)) {
		errbuf_set(err, "archive.url: the prefix may have letters, "
		    "digits, '-', '_', '.' and single slashes, %zu in all",
		    sizeof(place->prefix) - 2);
		return false;
	}
	(void)snprintf(place->prefix, sizeof(place->prefix), "%s%s", prefix,
	    used > 0 && prefix[used - 1] != '/' ? "/" : "");
	return true;
}

/* Does the host's name begin with the bucket's?  Then it has no other buckets
 * below it, and the path of a URL begins with the key. */
static bool
s3_host_is_bucket(const struct s3_place *place)
{
	size_t	len = strlen(place->bucket);

	return strncmp(place->host, place->bucket, len) == 0 &&
	    place->host[len] == '.';
}

bool
s3_place_read(struct s3_place *place, const char *url, const char *endpoint,
    struct errbuf *err)
{
	size_t	len = strlen(endpoint);
	bool	own;
	int	n;

	if (!s3_read_names(place, url, err))
		return false;
	while (len > 0 && endpoint[len - 1] == '/')
		len--;
	http_host(endpoint, place->host, sizeof(place->host));
	if ((strncmp(endpoint, "https://", 8) != 0 &&
	    strncmp(endpoint, "http://", 7) != 0) ||
	    strcmp(place->host, "?") == 0 || strcspn(endpoint, "?#@") < len) {
		errbuf_set(err, "archive.s3_endpoint is not https://host");
		return false;
	}
	own = s3_host_is_bucket(place);
	n = snprintf(place->root, sizeof(place->root), "%.*s/%s%s", (int)len,
	    endpoint, own ? "" : place->bucket, own ? "" : "/");
	if (n > 0 && (size_t)n < sizeof(place->root))
		return true;
	errbuf_set(err, "archive.s3_endpoint is too long");
	return false;
}

int64_t
s3_part_bytes(int64_t bytes)
{
	int64_t	least = (bytes + S3_PARTS_MAX - 1) / S3_PARTS_MAX;

	if (bytes <= S3_PART_BYTES)
		return 0;
	if (least <= S3_PART_BYTES)
		return S3_PART_BYTES;
	return (least + MIB - 1) / MIB * MIB;
}

/* The first begin tag of that name, attributes or not; NULL: there is none. */
static const char *
s3_xml_tag(const char *xml, const char *name)
{
	size_t	len = strlen(name);

	while ((xml = strchr(xml, '<')) != NULL) {
		xml++;
		if (strncmp(xml, name, len) == 0 && xml[len] != '\0' &&
		    strchr("> \t\r\n/", xml[len]) != NULL)
			return xml - 1;
	}
	return NULL;
}

bool
s3_xml_has(const char *xml, const char *name)
{
	return s3_xml_tag(xml, name) != NULL;
}

/* The content of the first element that has one; NULL: there is none. */
static const char *
s3_xml_find(const char *xml, const char *name, size_t *len)
{
	char		 end[64];
	const char	*from = xml, *close, *to;

	(void)snprintf(end, sizeof(end), "</%s>", name);
	while ((from = s3_xml_tag(from, name)) != NULL) {
		if ((close = strchr(from, '>')) == NULL ||
		    (to = strstr(close, end)) == NULL)
			return NULL;
		from = close + 1;
		if (close[-1] == '/')
			continue;
		*len = (size_t)(to - from);
		return from;
	}
	return NULL;
}

/* The character that the entity at p stands for, and its length. */
static char
s3_xml_char(const char *p, size_t *len)
{
	static const struct {
		const char	*name;
		char		 c;
	} entities[] = {
		{ "&amp;",	'&' },
		{ "&lt;",	'<' },
		{ "&gt;",	'>' },
		{ "&quot;",	'"' },
		{ "&#34;",	'"' },
		{ "&#x22;",	'"' },
		{ "&apos;",	'\'' },
		{ "&#39;",	'\'' },
	};
	size_t	i;

	for (i = 0; i < sizeof(entities) / sizeof(entities[0]); i++) {
		*len = strlen(entities[i].name);
		if (strncmp(p, entities[i].name, *len) == 0)
			return entities[i].c;
	}
	*len = 1;
	return *p;
}

bool
s3_xml_text(const char *xml, const char *name, char *buf, size_t bufsz)
{
	size_t		 len, step, n = 0;
	const char	*p = s3_xml_find(xml, name, &len), *end;

	buf[0] = '\0';
	if (p == NULL)
		return false;
	for (end = p + len; p < end; p += step) {
		if (n + 1 >= bufsz)
			return false;
		buf[n++] = s3_xml_char(p, &step);
		buf[n] = '\0';
	}
	return true;
}

char *
s3_xml_next(const char **at, const char *name)
{
	size_t		 len;
	const char	*p = s3_xml_find(*at, name, &len);

	if (p == NULL)
		return NULL;
	*at = p + len;
	return strndup(p, len);
}

int64_t
s3_time(const char *text)
{
	struct tm	 tm = { 0 };
	const char	*end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

	return end == NULL ? 0 : (int64_t)timegm(&tm);
}

/* What answers mean: by code, else by status.  A row without a code fits all
 * codes, one without a status all statuses; the last row fits everything. */
static const struct {
	const char	*code;
	long		 status;
	enum s3_trouble	 trouble;
	const char	*words;
} s3_meanings[] = {
	{ "InvalidAccessKeyId",	0, S3_CLOSED,
	    "it does not know the access key: see archive.s3_access_key" },
	{ "SignatureDoesNotMatch", 0, S3_CLOSED,
	    "the secret key is not the access key's: see "
	    "archive.s3_secret_key" },
	{ "AccessDenied", 0, S3_CLOSED,
	    "the access key may not write there" },
	{ "NoSuchBucket", 0, S3_CLOSED, "there is no such bucket" },
	{ "RequestTimeTooSkewed", 0, S3_CLOSED,
	    "this machine's clock and its own differ too much" },
	{ "AuthorizationHeaderMalformed", 0, S3_CLOSED,
	    "the bucket is in another region: see archive.s3_region" },
	{ "PermanentRedirect", 0, S3_CLOSED,
	    "the bucket is elsewhere: see archive.s3_endpoint" },
	{ "TemporaryRedirect", 0, S3_CLOSED,
	    "the bucket is elsewhere: see archive.s3_endpoint" },
	{ "QuotaExceeded", 0, S3_CLOSED, "the bucket is full" },
	{ "NoSuchUpload", 0, S3_GONE, "the upload is no longer there" },
	{ "NoSuchKey", 0, S3_GONE, "the upload is no longer there" },
	{ "InvalidPart", 0, S3_GONE, "a part of the upload is missing" },
	{ "InvalidPartOrder", 0, S3_GONE, "the parts are out of order" },
	{ "SlowDown", 0, S3_BUSY, "it asks to slow down" },
	{ "RequestTimeout", 0, S3_BUSY, "it waited in vain for the data" },
	{ "IncompleteBody", 0, S3_BUSY, "it did not get all of the data" },
	{ "OperationAborted", 0, S3_BUSY, "another request is in the way" },
	{ "BadDigest", 0, S3_BUSY, "the data was damaged on its way" },
	{ "XAmzContentSHA256Mismatch", 0, S3_BUSY,
	    "the data was damaged on its way" },
	{ NULL, 301, S3_CLOSED,
	    "the bucket is elsewhere: see archive.s3_endpoint" },
	{ NULL, 302, S3_CLOSED,
	    "the bucket is elsewhere: see archive.s3_endpoint" },
	{ NULL, 307, S3_CLOSED,
	    "the bucket is elsewhere: see archive.s3_endpoint" },
	{ NULL, 308, S3_CLOSED,
	    "the bucket is elsewhere: see archive.s3_endpoint" },
	{ NULL, 401, S3_CLOSED, "it wants other keys" },
	{ NULL, 403, S3_CLOSED, "the access key may not write there" },
	{ NULL, 404, S3_CLOSED, "there is no such bucket, or no S3 at all" },
	{ NULL, 405, S3_CLOSED, "there is no S3 at this address" },
	{ NULL, 501, S3_CLOSED, "it cannot do what it was asked" },
	{ NULL, 507, S3_CLOSED, "it is full" },
	{ NULL, 0, S3_REFUSED, "it does not take the object" },
};

enum s3_trouble
s3_classify(long status, const char *code, const char **words)
{
	size_t	i = 0;

	while ((s3_meanings[i].code != NULL ?
	    strcmp(s3_meanings[i].code, code) != 0 :
	    s3_meanings[i].status != 0 && s3_meanings[i].status != status))
		i++;
	*words = s3_meanings[i].words;
	if (s3_meanings[i].trouble != S3_REFUSED)
		return s3_meanings[i].trouble;
	if (!http_status_may_pass(status) && status / 100 != 5)
		return S3_REFUSED;
	*words = "it has trouble of its own";
	return S3_BUSY;
}
