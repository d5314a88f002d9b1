/* Files of the archive's folder, to be read or removed. */
#ifndef GENHOOK_STORED_FILE_H
#define GENHOOK_STORED_FILE_H

#include <stdbool.h>

#include "lib/errbuf.h"

/*
 * Open a file of the archive's folder by its location: below the folder that
 * archive_url names, through no link, and a regular file.  -1 with err, whose class
 * is ERR_NO_FILE where there is none.  From any thread; the caller closes it.
 */
int	stored_file_open(const char *archive_url, const char *location,
	    struct errbuf *err);

/*
 * Remove one, so that it stays removed after a crash, and the directory that is empty
 * without it.  False with err, as above.  From any thread.
 */
bool	stored_file_remove(const char *archive_url, const char *location,
	    struct errbuf *err);

#endif
