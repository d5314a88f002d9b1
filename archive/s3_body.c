/* What an upload sends: bytes of the staged file or a text, with their sums. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/hex.h"
#include "archive/s3_upload_steps.h"

#define READ_BYTES	((size_t)256 * 1024)

/* One read of the bytes that are sent next, for both sums. */
static bool
s3_body_sum(int fd, int64_t from, int64_t len, struct sha256 *sha256,
    struct md5 *md5)
{
	char	*buf = malloc(READ_BYTES);
	ssize_t	 n = 1;
	bool	 ok = buf != NULL;

	for (; ok && len > 0; from += n, len -= n) {
		n = pread(fd, buf, len < (int64_t)READ_BYTES ? (size_t)len :
		    READ_BYTES, from);
		ok = n > 0 && sha256_update(sha256, buf, (size_t)n) &&
		    (md5 == NULL || md5_update(md5, buf, (size_t)n));
	}
	free(buf);
	return ok;
}

/* The next bytes of the body; http_request's on_send. */
static size_t
s3_body_send(void *arg, void *buf, size_t size, int64_t at)
{
	struct s3_upload	*u = ((struct s3_call *)arg)->arg;
	ssize_t			 n;

	if (u->body != NULL) {
		memcpy(buf, u->body + at, size);
		return size;
	}
	n = pread(u->fd, buf, size, u->from + at);
	return n > 0 ? (size_t)n : 0;
}

/* The header line that has the body's MD5, and the ETag that follows of it. */
static void
s3_body_md5(struct s3_upload *u, const unsigned char md5[MD5_BYTES])
{
	char	base64[MD5_BYTES * 2];

	base64_encode(md5, MD5_BYTES, base64);
	(void)snprintf(u->call.md5, sizeof(u->call.md5), "Content-MD5: %s",
	    base64);
	hex_encode(md5, MD5_BYTES, u->etag);
}

bool
s3_body_of_file(struct s3_upload *u, int64_t from, int64_t len,
    char hex[SHA256_HEX], unsigned char md5[MD5_BYTES])
{
	struct sha256	*sha256 = sha256_new();
	struct md5	*sum = md5_new();
	unsigned char	 digest[SHA256_BYTES];
	bool		 ok = sha256 != NULL && s3_body_sum(u->fd, from, len,
			    sha256, sum);

	ok = sha256_finish(sha256, digest) && ok;
	hex_encode(digest, sizeof(digest), hex);
	if (sum != NULL) {
		ok = md5_finish(sum, md5) && ok;
		s3_body_md5(u, md5);
	}
	u->from = from;
	u->call.req.on_send = s3_body_send;
	u->call.req.body_bytes = len;
	return ok;
}

bool
s3_body_of_text(struct s3_upload *u, char *text, char hex[SHA256_HEX])
{
	unsigned char	digest[SHA256_BYTES];
	bool		ok;

	free(u->body);
	u->body = text;
	if (text == NULL)
		return false;
	ok = sha256(text, strlen(text), digest);
	hex_encode(digest, sizeof(digest), hex);
	u->call.req.on_send = s3_body_send;
	u->call.req.body_bytes = (int64_t)strlen(text);
	return ok;
}

void
s3_body_type(struct s3_upload *u)
{
	if (u->commit->content_type != NULL)
		(void)snprintf(u->call.type, sizeof(u->call.type),
		    "Content-Type: %s", u->commit->content_type);
}
