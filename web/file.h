/* Stored outputs: who may have them sees them, and nothing runs them. */
#ifndef GENHOOK_WEB_FILE_H
#define GENHOOK_WEB_FILE_H

#include "web/web.h"

/* Which bytes of a file were asked for. */
enum web_range {
	WEB_RANGE_ALL,		/* none, or no range that we know */
	WEB_RANGE_PART,		/* *from and *bytes of it */
	WEB_RANGE_NONE		/* there are no such bytes */
};

/* What a Range header (RFC 9110, section 14) asks for of a file of size bytes;
 * NULL is no header.  Of several ranges the whole file is the answer. */
enum web_range web_range_read(const char *header, int64_t size,
	    int64_t *from, int64_t *bytes);

/* The type that a stored file of this media type is sent with, where a browser
 * may show it; NULL: it is only to be saved. */
const char *web_file_type(const char *content_type);

/* The media types that web_file_type() knows, as a list of JSON. */
void	web_file_print_types(struct buf *);

/* The answer to file/PROVIDER/TASK_ID/POSITION. */
enum web_status web_file(struct web_call *);
/* And to thumb/PROVIDER/TASK_ID/POSITION: the small picture of it. */
enum web_status web_thumb(struct web_call *);

#endif
