/*
 * One output on its way home, as the files that bring it there share it.
 * job.c alone moves it from state to state.  It calls transfer.c, fresh_link.c,
 * verify.c and rows.c, which know of no states: they report to job.c by what
 * they return and by the callbacks that it gives them.
 *
 * A job is the main thread's.  In JOB_FINISHING it is the finisher's, and what
 * struct job_digest says of the worker's thread holds besides.
 */
#ifndef GENHOOK_JOB_INTERNAL_H
#define GENHOOK_JOB_INTERNAL_H

#include "lib/crypto.h"
#include "batch/download/digests.h"
#include "batch/download/job.h"
#include "batch/download/media.h"
#include "batch/download/retry.h"

/* Each names what holds the job meanwhile. */
enum job_state {
	JOB_QUEUED,		/* downloads->queue, until the engine has
				   room */
	JOB_RENEWING,		/* an api_call, which asks for a fresh link */
	JOB_TRANSFERRING,	/* a transfer of the engine's */
	JOB_FINISHING,		/* the finisher: digests, then commit */
	JOB_RECORDING,		/* downloads->to_record, then a db_write; the
				   file is in its place */
	JOB_FAILED,		/* nobody: the failure is written at once */
	JOB_DONE,		/* nobody: it is freed at once */
	JOB__MAX
};

/* What the claim says of the output. */
struct job_output {
	char			*provider, *task_id, *position, *kind;
	char			*model;		/* or NULL */
	char			*poll_url;	/* or NULL */
	const struct account	*account;	/* NULL: not in the settings */
	bool			 paused;	/* the account is left alone */
	int64_t			 siblings;	/* outputs of the task, this one
						   among them */
	int64_t			 attempts;	/* this one counted */
	int64_t			 finished_at;	/* the task, s since 1970; 0:
						   unknown */
	struct archive_key	 key;		/* of its file */
};

/* What came of asking for a fresh link. */
enum job_link_answer {
	JOB_LINK_FRESH,		/* it is the job's now */
	JOB_LINK_NONE,		/* there is none; why_none may say why */
	JOB_LINK_ABORTED	/* the run ended first */
};

struct job_link {
	char			*url;
	int64_t			 expires_at;	/* s since 1970; 0: unknown */
	bool			 renew;		/* a person has named it: ask
						   for a fresh one first */
	bool			 tried;		/* in this attempt */
	bool			 asked;		/* for a fresh one, already */
	bool			 hope;		/* one may come later */
	struct errbuf		 why_none;	/* came: "" or words */
};

/* What came so far of the file. */
struct job_file {
	struct archive_part	*part;		/* NULL: none, or the
						   finisher's */
	int64_t			 bytes;		/* in the part, all told */
	int64_t			 kept;		/* of these by an earlier
						   attempt */
	char			 mark[ARCHIVE_MARK_MAX];	/* what it is
						   the beginning of; "": nobody
						   can tell later */
	int64_t			 marked_at;	/* bytes when that was noted */
	bool			 none_kept;	/* no part is there to reopen */
	struct media_watch	 watch;
	const struct media	*media;		/* NULL: too few bytes came */
};

/* The last transfer, or the one under way. */
struct job_transfer {
	struct http_response	 response;
	bool			 opened;	/* its bytes are in the part */
	int			 resumes;	/* in this attempt, so far */
};

/*
 * The file's digests.  They are computed on the main thread while the bytes
 * come; or, if the server says how many come, later: from the part, by the
 * worker as a large file grows, and to its end by the finisher.  While job is
 * out, the worker's thread alone is at digests, and reads part.
 */
struct job_digest {
	bool			 later;
	struct digests		 digests;
	struct archive_part	*part;
	struct worker_job	 job;
	char			 sha256[SHA256_HEX];	/* of the whole file */
};

/* Why the attempt failed; known before JOB_FAILED, also while a fresh link is
 * asked for. */
struct job_failure {
	enum trouble		 kind;
	struct errbuf		 err;
};

struct job {
	struct downloads	*downloads;
	enum job_state		 state;
	STAILQ_ENTRY(job)	 next;		/* in one of these lists */
	int64_t			 started_ms;	/* when it left the queue */
	struct job_output	 output;
	struct job_link		 link;
	struct job_file		 file;
	struct job_transfer	 transfer;
	struct job_digest	 digest;
	struct archive_commit	 commit;	/* its way to its place */
	struct job_failure	 failure;
	bool			 recorded;	/* its row took it */
	/* Called when what is under way has ended. */
	void			(*on_transfer)(struct job *);
	void			(*on_link)(struct job *, enum job_link_answer);
};

#endif
