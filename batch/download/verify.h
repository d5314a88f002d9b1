/* What a file has to be before it is stored. */
#ifndef GENHOOK_VERIFY_H
#define GENHOOK_VERIFY_H

#include "batch/download/job_internal.h"

/* Can the file be an output of the kind that is due?  To be asked once as many
 * bytes came as media_detect() looks at, or all.  False with err. */
bool	verify_media(struct job *, struct errbuf *err);

/* Is what came the whole file?  False with err. */
bool	verify_whole(const struct job *, struct errbuf *err);

/*
 * Compute what is left of the file's digests, and compare them with those that
 * the server's headers said; the commit's arg is the job.  False with the
 * commit's err: it is no file to keep, and the job's failure has the kind.
 * Called by a checker of the finisher, as the commit's prepare, where the
 * job's digests are computed later, and else by the main thread.
 */
bool	verify_digests(struct archive_commit *);

#endif
