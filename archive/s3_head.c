/*
 * Has the store the object?  The ETag in its answer proves it where that is of
 * the MD5 of what was sent; where it is none, with encryption by AWS KMS or in
 * stores that make their ETags otherwise, the object is asked for by HEAD, and
 * its size has to be right.
 */
#include "archive/s3_upload_steps.h"

enum s3_proof
s3_upload_proof(const struct s3_upload *u, const char *etag)
{
	char	encryption[32];

	http_header(&u->call.response, "x-amz-server-side-encryption",
	    encryption, sizeof(encryption));
	return s3_etag_proof(etag, u->etag, encryption);
}

void
s3_upload_fail_other(struct s3_upload *u)
{
	s3_upload_fail(u, "the store's ETag is of other bytes than were sent");
}

void
s3_object_take(struct s3_upload *u, const char *etag)
{
	switch (s3_upload_proof(u, etag)) {
	case S3_PROVEN:
		s3_upload_done(u);
		break;
	case S3_OTHER:
		s3_upload_fail_other(u);
		break;
	case S3_UNPROVEN:
		u->step = S3_STEP_HEAD;
		break;
	}
}

bool
s3_head_begin(struct s3_upload *u, char hex[SHA256_HEX])
{
	(void)hex;
	/* What is announced is not sent, so it may be long. */
	u->call.req.max_bytes = INT64_MAX;
	return s3_call_url(&u->call, u->store, u->key);
}

/* Is it the head of a page that came in the object's place? */
static bool
s3_head_is_page(const struct s3_upload *u)
{
	const char	*ours = u->commit->content_type;

	return s3_type_is_html(u->call.response.content_type) &&
	    (ours == NULL || !s3_type_is_html(ours));
}

void
s3_head_take(struct s3_upload *u)
{
	const struct http_response	*res = &u->call.response;
	struct errbuf			 words;

	if (s3_head_is_page(u)) {
		s3_upload_fail(u, "the store shows a web page in the object's "
		    "place: see archive.s3_endpoint");
	} else if (res->length < 0) {
		s3_upload_fail(u, "the store does not prove that it has the "
		    "object: neither an ETag of the MD5 nor a size");
	} else if (res->length != u->bytes) {
		errbuf_set(&words, "the store's object has %lld bytes, and the "
		    "file %lld", (long long)res->length, (long long)u->bytes);
		s3_upload_fail(u, words.text);
	} else if (s3_upload_proof(u, res->etag) == S3_OTHER) {
		s3_upload_fail_other(u);
	} else {
		s3_upload_done(u);
	}
}

enum s3_trouble
s3_head_classify(long status, const char **words)
{
	switch (status) {
	case 401:
	case 403:
		*words = "its ETag is of no MD5, and the access key may not "
		    "read the object to see its size: it needs that right";
		return S3_CLOSED;
	case 404:
		*words = "it has no such object, though it took it";
		return S3_BUSY;
	default:
		return s3_classify(status, "", words);
	}
}
