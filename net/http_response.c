/* What comes of a transfer: headers into facts, bodies to their owners. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "net/http_internal.h"

#define YOUNG_S	60	/* RFC 7232, section 2.2.2 */

static const long response_passing[] = {
	408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524
};

#define LENGTH(a)	(sizeof(a) / sizeof((a)[0]))

bool
http_status_may_pass(long status)
{
	size_t	i;

	for (i = 0; i < LENGTH(response_passing); i++)
		if (response_passing[i] == status)
			return true;
	return false;
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

/* A new hop begins: what its addresses are is counted anew. */
size_t
http_take_header(char *data, size_t size, size_t n, void *transfer)
{
	struct http_transfer	*t = transfer;

	if (size * n >= 5 && memcmp(data, "HTTP/", 5) == 0) {
		t->refused = NULL;
		t->opened = 0;
	}
	return size * n;
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

/* Is it the rest of the file, from the very byte that was asked for? */
static bool
response_is_the_rest(const struct http_transfer *t)
{
	const struct http_response	*res = t->response;
	char				 range[128], start[40];

	(void)snprintf(start, sizeof(start), "bytes %lld-",
	    (long long)t->request.from);
	http_header(res, "Content-Range", range, sizeof(range));
	return t->request.from > 0 && res->status == 206 &&
	    strncasecmp(range, start, strlen(start)) == 0 &&
	    (res->validator[0] == '\0' ||
	    strcmp(res->validator, t->if_range) == 0);
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
	res->resumed = response_is_the_rest(t);
	response_read_digests(res);
	res->framed = res->length >= 0 || encoding[0] != '\0' || in_frames;
}

/* What a request that wants a file does not pass on. */
static bool
response_is_no_file(const struct http_transfer *t)
{
	return t->request.file_only && t->response->status != 200 &&
	    !t->response->resumed;
}

size_t
http_take_body(char *data, size_t size, size_t n, void *transfer)
{
	struct http_transfer	*t = transfer;
	struct http_response	*res = t->response;
	size_t			 len = size * n;

	if (res->received == 0)
		http_headers_read(t);
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
