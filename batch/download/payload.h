/* Files that came within a payload: the database has them, not a server. */
#ifndef GENHOOK_PAYLOAD_H
#define GENHOOK_PAYLOAD_H

#include <stdbool.h>

#include "batch/download/job_internal.h"

/* Is it the URL of such a file (result.h)? */
bool	payload_is_link(const char *url);

/* Fill the job's part from the database, on the main thread.  False: the job's
 * failure says why. */
bool	payload_load(struct job *);

#endif
