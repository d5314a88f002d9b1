/* Uploads of staged files into an S3-compatible store, for s3.c. */
#ifndef GENHOOK_S3_UPLOAD_H
#define GENHOOK_S3_UPLOAD_H

#include <stdbool.h>

#include "archive/archive.h"
#include "archive/s3_client.h"

/*
 * Let the upload of c, whose part is one of an archive_dir_open(), do what it
 * can do now; the first call begins it.  Its requests end in http_turn() of the
 * store's engine, or here: then c->done is set, the part is freed, and it is
 * kept where it can be tried again.  What keeps one out of the store sets
 * store->down, and with it ends the others.  hurry: begin no request, and cut
 * an upload that has none in flight.  True: call again at once, there is
 * nothing to wait for.
 */
bool	s3_upload_go_on(struct s3_store *, struct archive_commit *c,
	    bool hurry);

#endif
