/* How an alert is written in each format.  From any thread. */
#ifndef GENHOOK_ALERT_FORMAT_H
#define GENHOOK_ALERT_FORMAT_H

#include <stddef.h>

#include "common/conf.h"
#include "batch/alert.h"

#define ALERT_TITLE_MAX	160

/*
 * At least one finding, as many as fit, in that format; host is this machine's
 * name.  The text is the caller's to free; NULL: no memory.  title, of size bytes,
 * becomes its first line, which with ALERT_NTFY is not in the text.
 */
char	*alert_write(enum alert_format, const char *host,
	    const struct alert_finding *, size_t n, char *title, size_t size);

/* The headers that go with it, up to a NULL, in the caller's memory.  NULL: none
 * but those of JSON. */
struct alert_headers {
	char		 line[ALERT_TITLE_MAX + 16];
	const char	*list[4];
};
const char *const *alert_headers(enum alert_format, const char *title,
	    struct alert_headers *);

#endif
