/* Links into an S3-compatible store that anybody who has one may follow, for a
 * short time. */
#ifndef GENHOOK_S3_LINK_H
#define GENHOOK_S3_LINK_H

#include <time.h>

#include "lib/errbuf.h"
#include "common/conf.h"

/*
 * The link to the object at location, which has to be in the bucket and below the
 * prefix of conf->archive_url, for the caller to free: signed with the settings'
 * key for so many seconds from now on, and answered by the store with that
 * Content-Type and Content-Disposition (AWS Signature Version 4 in the query, as
 * the Amazon S3 API Reference has it).  NULL with err.
 */
char	*s3_link(const struct conf *, const char *location, const char *type,
	    const char *disposition, int seconds, time_t now,
	    struct errbuf *err);

#endif
