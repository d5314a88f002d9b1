/* Files of the archive's folder, to be read. */
#ifndef GENHOOK_STORED_FILE_H
#define GENHOOK_STORED_FILE_H

#include "lib/errbuf.h"

/*
 * Open a file of the archive's folder by its location: below the folder that
 * archive_url names, through no link, and a regular file.  -1 with err.  From any
 * thread; the caller closes it.
 */
int	stored_file_open(const char *archive_url, const char *location,
	    struct errbuf *err);

#endif
