/* What comes of a transfer: headers into facts, bodies to their owners. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "net/http_internal.h"

#define YOUNG_S	60	/* RFC 7232, section 2.2.2 */

#define REDIRECT_BODY_MAX	(64 * 1024)	/* read to keep a connection */

#define LENGTH(a)	(sizeof(a) / sizeof((a)[0]))

/* Beside 5xx: 202 is said of what is not made yet, and 423 of what is locked. */
static const long response_passing[] = { 202, 408, 421, 423, 425, 429 };

static const long response_redirects[] = { 300, 301, 302, 303, 307, 308 };

/* The codings of bodies (RFC 9110, section 8.4.1, and IANA's list): any other
 * word in a Content-Encoding says nothing of the bytes. */
static const char *const response_codings[] = {
	"aes128gcm", "br", "compress", "dcb", "dcz", "deflate", "exi", "gzip",
	"pack200-gzip", "x-compress", "x-gzip", "zstd"
};

static bool
response_status_in(long status, const long *list, size_t n)
{
	while (n-- > 0)
		if (list[n] == status)
			return true;
	return false;
}

bool
http_status_may_pass(long status)
{
	return status / 100 == 5 || response_status_in(status,
	    response_passing, LENGTH(response_passing));
}

bool
http_is_redirect(const struct http_transfer *t)
{
	return t->rules->link && response_status_in(t->response->status,
	    response_redirects, LENGTH(response_redirects)) &&
	    http_location(t) != NULL;
}

int64_t
http_server_time(const struct http_response *res)
{
	char	date[128];
	int64_t	at;

	http_header(res, "Date", date, sizeof(date));
	at = http_date(date);
	return at > 0 ? at : 0;
}

/*
 * What proves, byte for byte, that it is still the same file (RFC 9110
 * section 8.8): an ETag that is not weak, else a Last-Modified that was no
 * longer young when it was sent.
 */
static void
response_read_validator(struct http_response *res)
{
	char	date[128];
	int64_t	sent, modified;

	http_header(res, "ETag", res->validator, sizeof(res->validator));
	if (res->validator[0] == '"')
		return;
	http_header(res, "Date", date, sizeof(date));
	sent = http_date(date);
	http_header(res, "Last-Modified", res->validator,
	    sizeof(res->validator));
	modified = http_date(res->validator);
	if (sent == -1 || modified == -1 || sent - modified < YOUNG_S)
		res->validator[0] = '\0';
}

/*
 * Is it of the file, and of just what was asked for: all of it, or from the very
 * byte on?  A server may answer by a 206 that has the whole file though no range
 * was asked for.
 */
static bool
response_fits(const struct http_transfer *t)
{
	const struct http_response	*res = t->response;

	if (res->status != 206)
		return res->status == 200;
	if (t->first != t->request.from)
		return false;
	return t->request.from == 0 ? t->total > 0 :
	    res->validator[0] == '\0' ||
	    strcmp(res->validator, t->if_range) == 0;
}

/* Content-Range (RFC 9110, section 14.4): "bytes FIRST-LAST/TOTAL". */
static void
response_read_range(struct http_transfer *t)
{
	char		 range[128], star;
	long long	 first, last, total = -1;

	t->first = t->total = -1;
	http_header(t->response, "Content-Range", range, sizeof(range));
	if (strncasecmp(range, "bytes ", 6) != 0 ||
	    (sscanf(range + 6, "%lld-%lld/%lld", &first, &last, &total) != 3 &&
	    sscanf(range + 6, "%lld-%lld/%c", &first, &last, &star) != 3) ||
	    first < 0 || last < first)
		return;
	t->first = first;
	t->total = total;
}

bool
http_is_piece(const struct http_transfer *t)
{
	const struct http_response	*res = t->response;

	return res->status == 206 && res->is_file && t->total >= 0 &&
	    t->first + res->received != t->total;
}

/* Does a Content-Encoding name a coding, among what it names? */
static bool
response_names_coding(const char *value)
{
	size_t	i, len;

	for (; *value != '\0'; value += len + strspn(value + len, ", \t")) {
		len = strcspn(value, ", \t");
		for (i = 0; i < LENGTH(response_codings); i++)
			if (strlen(response_codings[i]) == len &&
			    strncasecmp(response_codings[i], value, len) == 0)
				return true;
	}
	return false;
}

/* What the headers say of bytes that libcurl has decoded is not true of those
 * that come here; nor do these follow any that came before. */
static void
response_read_coding(struct http_transfer *t)
{
	struct http_response	*res = t->response;
	char			 value[128];

	http_header(res, "Content-Encoding", value, sizeof(value));
	if (!response_names_coding(value))
		return;
	if (t->raw) {
		res->encoded = true;
		return;
	}
	res->length = -1;
	res->is_file = res->is_file && !res->resumed;
	res->resumed = false;
	res->validator[0] = '\0';
	memset(&res->digest_header, 0, sizeof(res->digest_header));
}

static void
response_read_digests(struct http_response *res)
{
	char	value[256];
	size_t	i;

	memset(&res->digest_header, 0, sizeof(res->digest_header));
	for (i = 0; digest_header_names[i] != NULL; i++) {
		http_header(res, digest_header_names[i], value, sizeof(value));
		digest_header_read(&res->digest_header, digest_header_names[i],
		    value, res->resumed);
	}
}

void
http_headers_read(struct http_transfer *t)
{
	struct http_response	*res = t->response;
	char			 encoding[32];
	bool			 in_frames = http_info_read(t);

	http_header(res, "Content-Type", res->content_type,
	    sizeof(res->content_type));
	http_header(res, "ETag", res->etag, sizeof(res->etag));
	http_header(res, "Transfer-Encoding", encoding, sizeof(encoding));
	response_read_validator(res);
	response_read_range(t);
	res->is_file = response_fits(t);
	res->resumed = res->is_file && res->status == 206 &&
	    t->request.from > 0;
	response_read_digests(res);
	res->framed = res->length >= 0 || encoding[0] != '\0' || in_frames;
	if (t->request.policy != HTTP_OPERATOR_HOST)
		response_read_coding(t);
}

/* What a request that wants a file does not pass on. */
static bool
response_is_no_file(const struct http_transfer *t)
{
	return t->request.file_only && !t->response->is_file;
}

/* The body of a redirect, which nobody wants. */
static size_t
response_drop(struct http_transfer *t, size_t len)
{
	t->dropped += (int64_t)len;
	t->skipped = t->dropped > REDIRECT_BODY_MAX;
	return t->skipped ? 0 : len;
}

size_t
http_take_body(char *data, size_t size, size_t n, void *transfer)
{
	struct http_transfer	*t = transfer;
	struct http_response	*res = t->response;
	size_t			 len = size * n;

	if (res->received == 0)
		http_headers_read(t);
	if (http_is_redirect(t))
		return response_drop(t, len);
	if ((t->skipped = response_is_no_file(t)))
		return 0;
	res->received += (int64_t)len;
	http_count_bytes(t->engine, len);
	t->too_large = (res->resumed ? t->request.from : 0) + res->received >
	    t->request.max_bytes;
	if (t->too_large)
		return 0;
	t->stopped = !t->request.on_body(t->request.arg, data, len);
	return t->stopped ? 0 : len;
}
