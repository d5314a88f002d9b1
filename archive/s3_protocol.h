/*
 * What there is to know of an S3-compatible store without asking it: names,
 * queries, the few elements of its XML that matter, and what its errors mean.
 * The source is the Amazon S3 API Reference.
 */
#ifndef GENHOOK_S3_PROTOCOL_H
#define GENHOOK_S3_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/errbuf.h"

#define S3_URL_MAX	2600
#define S3_KEY_MAX	1025	/* with the NUL */
#define S3_ID_MAX	600	/* of an upload; with the NUL */
#define S3_PARTS_MAX	1000	/* what all kinds of stores take, and list */
#define S3_PART_BYTES	(INT64_C(8) * 1024 * 1024)	/* or more */

/* Where objects are. */
struct s3_place {
	char	root[600];	/* URL of the bucket, with a slash at the end */
	char	bucket[64];
	char	prefix[400];	/* of all keys: "" or with a slash at the end */
	char	host[256];
};

/*
 * Read url, s3://bucket/prefix, and the store's endpoint, scheme://host or
 * scheme://bucket.host.  False with err, which names the setting.
 */
bool	s3_place_read(struct s3_place *, const char *url,
	    const char *endpoint, struct errbuf *err);

/* How many bytes the parts have of an object of so many bytes; 0: it is small
 * enough to go in one request. */
int64_t	s3_part_bytes(int64_t bytes);

/* Has xml an element of that name, be it empty or not? */
bool	s3_xml_has(const char *xml, const char *name);

/*
 * The content of the first element of that name within xml, its entities
 * undone.  False when there is none, or it is too long.
 */
bool	s3_xml_text(const char *xml, const char *name, char *buf,
	    size_t bufsz);

/*
 * The next element of that name at or behind *at, which is moved behind it;
 * its content is the caller's to free.  NULL: none is left, or no memory.
 */
char	*s3_xml_next(const char **at, const char *name);

/* The seconds since 1970 of an XML dateTime such as 2026-11-21T20:00:00.000Z;
 * 0: it is none. */
int64_t	s3_time(const char *text);

enum s3_trouble {
	S3_BUSY,	/* it may pass: try again */
	S3_CLOSED,	/* it meets all objects, until a person mends it */
	S3_GONE,	/* there is no such upload any more */
	S3_REFUSED	/* this object is not taken */
};

/*
 * What an answer means whose status is no success, and in *words what to tell a
 * person.  code: the <Code> in its body, or "".
 */
enum s3_trouble s3_classify(long status, const char *code, const char **words);

#endif
