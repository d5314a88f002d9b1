/*
 * An output on its way, as the files that bring it home share it: fetch.c has
 * its life, fetch_link.c its fresh links, fetch_rows.c its end in the database.
 */
#ifndef GENHOOK_FETCH_JOB_H
#define GENHOOK_FETCH_JOB_H

#include "lib/worker.h"
#include "batch/download/digests.h"
#include "batch/download/job.h"
#include "batch/download/media.h"
#include "batch/download/retry.h"

struct job {
	struct http_response	 response;	/* of the last transfer */
	struct fetch_run	*run;
	char			*provider, *task_id, *position, *kind, *url;
	char			*model;		/* or NULL */
	const struct account	*account;	/* NULL: not in the settings */
	int64_t			 outputs;	/* of the task */
	bool			 paused;	/* the account is left alone */
	bool			 asked;		/* for a fresh link already */
	bool			 hope;		/* one may come later */
	struct errbuf		 asked_why;	/* why none came */
	int			 resumes;
	int64_t			 kept;		/* bytes of an earlier attempt */
	char			 mark[ARCHIVE_MARK_MAX];	/* of these */
	int64_t			 marked;	/* at which size */
	int64_t			 expires_at;	/* s since 1970; 0: unknown */
	int64_t			 attempts;	/* this one counted */
	struct archive_key	 key;		/* of its file */
	int64_t			 started_ms;
	struct archive_part	*part;
	bool			 at_rest;	/* summed on other processors */
	struct worker_job		 summing;	/* of what came so far */
	struct archive_part	*sum_of;	/* that job's; while it is */
	struct digests		 digests;		/* out, its too */
	int64_t			 bytes;		/* in the part, all told */
	const struct media	*media;		/* once enough bytes came */
	struct media_watch	 watch;
	bool			 opened;	/* bytes of this answer are in */
	enum trouble		 trouble;	/* why on_body() stopped */
	struct archive_commit	 commit;	/* its way to rest */
	char			 sum[SHA256_HEX];
	bool			 written;	/* its row took it */
	STAILQ_ENTRY(job)	 next;		/* in the queue, or at home */
	bool			 bare;		/* no part is there to find */
	bool			 tried;		/* a link, in this attempt */
	enum trouble		 lacked;	/* with which end, */
	struct errbuf		 lacks;		/* in words, while asking */
};

/* Begin, or begin anew, with the job's link.  False: it is none, or there was
 * no memory, and the job has failed; it is the caller's to free. */
bool	job_download(struct job *);

/*
 * Ask the provider for a fresh link; the answer decides how the job goes on.
 * False: it cannot be asked, or not now; then asked_why and hope say so.
 */
bool	job_ask(struct job *);

/* The attempt failed: the database and the log are told, and when it is to
 * be tried again. */
void	job_fail(struct job *, enum trouble, const char *words);

/* Another sweep has the output now: only the log is told. */
void	job_lease_lost(struct job *);

/* The job's file is in its place: its row is to follow, which frees it. */
void	rows_add(struct job *);
/* Have the writer write rows that are to follow, unless it still has some. */
void	rows_write(struct fetch_run *);

/* Everything that the job has; its file too, unless that came to rest. */
void	job_free(struct job *);

#endif
