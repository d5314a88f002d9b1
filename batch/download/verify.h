/* What a file has to be before it is stored. */
#ifndef GENHOOK_VERIFY_H
#define GENHOOK_VERIFY_H

#include "batch/download/job_internal.h"

/* Can it be an output of the kind that is due?  To be asked once as many bytes
 * came as media_detect() looks at, or all.  False with err. */
bool	verify_media(struct job *, struct errbuf *err);

/* Is it all of it?  False with err. */
bool	verify_whole(const struct job *, struct errbuf *err);

/*
 * Compute what is left of its digests, and compare them with those that the
 * server's headers said.  False, with the commit's err: it is no file to keep,
 * and the job's failure has the kind.  On the finisher's threads where the
 * digests are computed later, as the commit's prepare, else on the main one.
 */
bool	verify_digests(struct archive_commit *);

#endif
