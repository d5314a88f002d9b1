/* Uploads that were begun and that nobody came back for, for s3.c. */
#ifndef GENHOOK_S3_CLEAN_H
#define GENHOOK_S3_CLEAN_H

#include <time.h>

#include "archive/s3_client.h"

/*
 * Abort genhook's own uploads that were begun before then; returns how many.
 * stamp: the path of a file whose age says when that was last done.  Does
 * nothing within an hour, and ends after some seconds whatever the store does;
 * if it does not answer, the store's engine is freed.
 */
long	s3_clean_uploads(struct s3_store *, const char *stamp, time_t before);

#endif
