/*
 * A large file goes into the store in parts (Amazon S3 API Reference,
 * "Multipart upload").  An upload that an earlier run began is found and gone
 * on with; its parts are trusted by their ETags alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "archive/s3_upload_steps.h"

#define COMPLETE_S	300	/* for the store to put the parts together */

/* --- is there an upload that was begun, and what has it? */

bool
s3_find_begin(struct s3_upload *u, char hex[SHA256_HEX])
{
	(void)hex;
	return s3_call_url(&u->call, u->store, "") && s3_call_query(&u->call,
	    "?max-uploads=100&prefix=", u->key) && s3_call_query(&u->call,
	    "&uploads=", "");
}

/* An upload of this very object that was not completed.  This run has the
 * output's lease, so nobody else is at it. */
void
s3_find_take(struct s3_upload *u)
{
	const char	*at = s3_call_answer(&u->call);
	char		*item, key[S3_KEY_MAX];

	u->id[0] = '\0';
	while (u->id[0] == '\0' && (item = s3_xml_next(&at, "Upload")) !=
	    NULL) {
		if (!s3_xml_text(item, "Key", key, sizeof(key)) ||
		    strcmp(key, u->key) != 0 ||
		    !s3_xml_text(item, "UploadId", u->id, sizeof(u->id)))
			u->id[0] = '\0';
		free(item);
	}
	u->step = u->id[0] != '\0' ? S3_STEP_LIST : S3_STEP_CREATE;
}

bool
s3_list_begin(struct s3_upload *u, char hex[SHA256_HEX])
{
	(void)hex;
	return s3_call_url(&u->call, u->store, u->key) &&
	    s3_call_query(&u->call, "?max-parts=1000&uploadId=", u->id);
}

/* One part of the list. */
static void
s3_list_item(struct s3_upload *u, const char *item)
{
	char	number[16], etag[S3_ETAG_MAX];
	long	n;

	if (s3_xml_text(item, "PartNumber", number, sizeof(number)) &&
	    s3_xml_text(item, "ETag", etag, sizeof(etag)) &&
	    (n = strtol(number, NULL, 10)) >= 1 && (size_t)n <= u->nparts)
		s3_etag_bare(etag, u->parts[n - 1].etag);
}

/* Whether these parts are of this file is seen when it is their turn
 * (s3_part_is_there()). */
void
s3_list_take(struct s3_upload *u)
{
	const char	*at = s3_call_answer(&u->call);
	char		*item;

	while ((item = s3_xml_next(&at, "Part")) != NULL) {
		s3_list_item(u, item);
		free(item);
	}
	u->part = 0;
	u->step = S3_STEP_PART;
}

/* --- a new upload */

bool
s3_create_begin(struct s3_upload *u, char hex[SHA256_HEX])
{
	(void)hex;
	s3_body_type(u);
	return s3_call_url(&u->call, u->store, u->key) &&
	    s3_call_query(&u->call, "?uploads=", "");
}

void
s3_create_take(struct s3_upload *u)
{
	size_t	i;

	if (!s3_xml_text(s3_call_answer(&u->call), "UploadId", u->id,
	    sizeof(u->id)) || u->id[0] == '\0') {
		s3_upload_fail(u, "the store's answer has no UploadId");
		return;
	}
	for (i = 0; i < u->nparts; i++)
		u->parts[i].etag[0] = '\0';
	u->part = 0;
	u->step = S3_STEP_PART;
}

/* --- the parts */

static int64_t
s3_part_length(const struct s3_upload *u)
{
	int64_t	left = u->bytes - (int64_t)u->part * u->part_bytes;

	return left < u->part_bytes ? left : u->part_bytes;
}

bool
s3_part_begin(struct s3_upload *u, char hex[SHA256_HEX])
{
	char	query[64];

	(void)snprintf(query, sizeof(query), "?partNumber=%zu&uploadId=",
	    u->part + 1);
	return s3_body_of_file(u, (int64_t)u->part * u->part_bytes,
	    s3_part_length(u), hex, u->parts[u->part].md5) &&
	    s3_call_url(&u->call, u->store, u->key) &&
	    s3_call_query(&u->call, query, u->id);
}

bool
s3_part_is_there(struct s3_upload *u)
{
	struct s3_part	*part = &u->parts[u->part];

	if (u->step != S3_STEP_PART || part->etag[0] == '\0')
		return false;
	part->proven = s3_etag_proof(part->etag, u->etag, "") == S3_PROVEN;
	return part->proven;
}

void
s3_part_next(struct s3_upload *u)
{
	if (++u->part == u->nparts)
		u->step = S3_STEP_COMPLETE;
}

/* An ETag that proves nothing is taken: the whole object is asked for at the
 * end (S3_STEP_HEAD).  Without one, or with one that XML cannot hold, there is
 * no end. */
void
s3_part_take(struct s3_upload *u)
{
	struct s3_part	*part = &u->parts[u->part];
	const char	*etag = u->call.response.etag;
	enum s3_proof	 proof = s3_upload_proof(u, etag);

	s3_etag_bare(etag, part->etag);
	part->proven = proof == S3_PROVEN;
	if (proof == S3_OTHER)
		s3_upload_fail_other(u);
	else if (part->etag[0] == '\0' || strpbrk(part->etag, "<>&") != NULL)
		s3_upload_fail(u, "the store's answer to a part has no ETag");
	else
		s3_part_next(u);
}

/* --- the object of all parts */

/* The list of all parts, the caller's to free.  NULL: no memory. */
static char *
s3_complete_text(struct s3_upload *u)
{
	struct buf	b;
	size_t		i;

	buf_init(&b, SIZE_MAX);
	buf_text(&b, "<CompleteMultipartUpload xmlns="
	    "\"http://s3.amazonaws.com/doc/2006-03-01/\">");
	for (i = 0; i < u->nparts; i++)
		buf_printf(&b, "<Part><PartNumber>%zu</PartNumber><ETag>"
		    "&quot;%s&quot;</ETag></Part>", i + 1, u->parts[i].etag);
	buf_text(&b, "</CompleteMultipartUpload>");
	return buf_take(&b);
}

/* Set the ETag that the object should have; "" where that cannot be told, as
 * where those of its parts are of no MD5.  False: no memory. */
static bool
s3_complete_etag(struct s3_upload *u)
{
	unsigned char	(*md5)[MD5_BYTES] = calloc(u->nparts, MD5_BYTES);
	bool		 known = true;
	size_t		 i;

	u->etag[0] = '\0';
	if (md5 == NULL)
		return false;
	for (i = 0; i < u->nparts; i++) {
		known = known && u->parts[i].proven;
		memcpy(md5[i], u->parts[i].md5, MD5_BYTES);
	}
	if (known)
		(void)s3_parts_etag(md5, u->nparts, u->etag);
	free(md5);
	return true;
}

bool
s3_complete_begin(struct s3_upload *u, char hex[SHA256_HEX])
{
	u->call.req.patient = true;
	u->call.req.timeout_s = COMPLETE_S;
	(void)snprintf(u->call.type, sizeof(u->call.type),
	    "Content-Type: application/xml");
	return s3_body_of_text(u, s3_complete_text(u), hex) &&
	    s3_complete_etag(u) &&
	    s3_call_url(&u->call, u->store, u->key) &&
	    s3_call_query(&u->call, "?uploadId=", u->id);
}

void
s3_complete_take(struct s3_upload *u)
{
	char	etag[S3_ETAG_MAX];

	(void)s3_xml_text(s3_call_answer(&u->call), "ETag", etag,
	    sizeof(etag));
	s3_object_take(u, etag);
}
