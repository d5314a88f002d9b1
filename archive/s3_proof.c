/* What an answer of an S3-compatible store proves: its ETags, and pages that come
 * in its place. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/hex.h"
#include "archive/s3_proof.h"

#define DIGITS	"0123456789"
#define MD5_HEX	(2 * MD5_BYTES)
#define BLANKS	" \t\r\n\xef\xbb\xbf"	/* and a byte order mark */

bool
s3_parts_etag(const unsigned char (*md5)[MD5_BYTES], size_t n,
    char etag[S3_ETAG_MAX])
{
	struct md5	*sum = md5_new();
	unsigned char	 digest[MD5_BYTES];
	char		 hex[MD5_HEX + 1];

	if (sum == NULL)
		return false;
	if (!md5_update(sum, md5, n * MD5_BYTES)) {
		(void)md5_finish(sum, digest);
		return false;
	}
	if (!md5_finish(sum, digest))
		return false;
	hex_encode(digest, sizeof(digest), hex);
	(void)snprintf(etag, S3_ETAG_MAX, "%s-%zu", hex, n);
	return true;
}

void
s3_etag_bare(const char *etag, char bare[S3_ETAG_MAX])
{
	etag += strspn(etag, " \t");
	if (strncasecmp(etag, "W/", 2) == 0)
		etag += 2;
	etag += *etag == '"';
	(void)snprintf(bare, S3_ETAG_MAX, "%.*s", (int)strcspn(etag, "\""),
	    etag);
}

/* Has it the form of an MD5, or of an object of parts: MD5-N? */
static bool
s3_etag_is_md5(const char *bare)
{
	size_t	len = strspn(bare, DIGITS "abcdefABCDEF");

	if (len != MD5_HEX)
		return false;
	bare += len;
	return *bare == '\0' || (*bare == '-' && bare[1] != '\0' &&
	    bare[1 + strspn(bare + 1, DIGITS)] == '\0');
}

enum s3_proof
s3_etag_proof(const char *etag, const char *ours, const char *encryption)
{
	char	bare[S3_ETAG_MAX];

	s3_etag_bare(etag, bare);
	if (*ours == '\0' || *bare == '\0')
		return S3_UNPROVEN;
	if (strcasecmp(bare, ours) == 0)
		return S3_PROVEN;
	if (!s3_etag_is_md5(bare) ||
	    (*encryption != '\0' && strcmp(encryption, "AES256") != 0))
		return S3_UNPROVEN;
	/* One of them may be of parts and the other not. */
	return (bare[MD5_HEX] == '-') == (ours[MD5_HEX] == '-') ? S3_OTHER :
	    S3_UNPROVEN;
}

/* The text behind blanks, a byte order mark, and what an XML file or a page may
 * have before its first element. */
static const char *
s3_page_begin(const char *text)
{
	const char	*end;

	for (;;) {
		text += strspn(text, BLANKS);
		if (strncmp(text, "<?", 2) == 0)
			end = strstr(text, "?>");
		else if (strncmp(text, "<!--", 4) == 0)
			end = strstr(text, "-->");
		else
			return text;
		if (end == NULL)
			return "";
		text = strchr(end, '>') + 1;
	}
}

bool
s3_type_is_html(const char *type)
{
	static const char *const	types[] = {
		"text/html", "application/xhtml+xml", NULL
	};
	size_t				i;

	for (i = 0; types[i] != NULL; i++)
		if (strncasecmp(type, types[i], strlen(types[i])) == 0)
			return true;
	return false;
}

bool
s3_is_page(const char *body, const char *type)
{
	static const char *const	begins[] = {
		"<!doctype html", "<html", "<head", "<body", NULL
	};
	bool				is_xml;
	size_t				i;

	is_xml = strncmp(body + strspn(body, BLANKS), "<?xml", 5) == 0;
	body = s3_page_begin(body);
	for (i = 0; begins[i] != NULL; i++)
		if (strncasecmp(body, begins[i], strlen(begins[i])) == 0)
			return true;
	/* Some stores call their empty answers HTML. */
	return *body != '\0' && !is_xml && s3_type_is_html(type);
}
