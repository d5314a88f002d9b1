/*
 * An upload and its steps, for the files that carry it out alone: s3_upload.c
 * (its life, and what answers mean), s3_put.c (a file in one request),
 * s3_multipart.c (a large file in parts), s3_head.c (the proof that the store
 * has it) and s3_body.c (what is sent).  All of it runs on the thread that
 * commits.
 */
#ifndef GENHOOK_S3_UPLOAD_STEPS_H
#define GENHOOK_S3_UPLOAD_STEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/crypto.h"
#include "archive/archive.h"
#include "archive/s3_client.h"
#include "archive/s3_proof.h"

/* What is asked next.  A small file needs PUT alone; a large one goes
 * FIND → LIST → PART… → COMPLETE where an earlier run began, and else
 * FIND → CREATE → PART… → COMPLETE.  Either ends with HEAD where the store's
 * ETag proves nothing. */
enum s3_step {
	S3_STEP_PUT,		/* the whole file */
	S3_STEP_FIND,		/* is there an upload that was begun? */
	S3_STEP_LIST,		/* which parts has it? */
	S3_STEP_CREATE,		/* a new upload */
	S3_STEP_PART,		/* one part */
	S3_STEP_COMPLETE,	/* make the object of all parts */
	S3_STEP_HEAD,		/* has it the object, and of what size? */
	S3_STEP__MAX
};

struct s3_part {
	unsigned char	md5[MD5_BYTES];
	char		etag[S3_ETAG_MAX];	/* bare; "": not there yet */
	bool		proven;			/* it is of md5 */
};

/* A file on its way into the store. */
struct s3_upload {
	struct s3_call		 call;		/* the request under way */
	struct s3_store		*store;
	struct archive_commit	*commit;
	enum s3_step		 step;
	bool			 marked;	/* its part is noted as whole */
	char			 key[S3_KEY_MAX];	/* the object's */
	int			 fd;		/* of the staged file */
	int64_t			 bytes;		/* of which it has */

	/* Of a large file. */
	int64_t			 part_bytes;
	struct s3_part		*parts;
	size_t			 nparts, part;	/* part: the next to send */
	char			 id[S3_ID_MAX];	/* the store's, of the upload */

	/* What is sent. */
	int64_t			 from;		/* the body's place in the file, */
	char			*body;		/* or the body itself */
	char			 etag[S3_ETAG_MAX];	/* as it should be;
						   "": not known */

	int			 tries, restarts;
	int64_t			 not_before_ms;	/* wait until then */
};

/* The object is there: the upload is freed, and its commit is done. */
void	s3_upload_done(struct s3_upload *);
/* It will not be, in this run: the same, with these words. */
void	s3_upload_fail(struct s3_upload *, const char *words);

/*
 * The body is len bytes of the file.  Writes its SHA-256 in hex, and its MD5,
 * which all kinds of stores check; where libcrypto refuses MD5, the store
 * checks the SHA-256 alone.  False: the file cannot be read, or no memory.
 */
bool	s3_body_of_file(struct s3_upload *, int64_t from, int64_t len,
	    char hex[SHA256_HEX], unsigned char md5[MD5_BYTES]);
/* The body is this text, which is taken over.  False: no memory. */
bool	s3_body_of_text(struct s3_upload *, char *text, char hex[SHA256_HEX]);
/* The header line that says what kind of file it is. */
void	s3_body_type(struct s3_upload *);

/* What the etag of this answer proves of what was sent. */
enum s3_proof s3_upload_proof(const struct s3_upload *, const char *etag);
/* It has failed: the store has other bytes. */
void	s3_upload_fail_other(struct s3_upload *);
/* The store says that it has the whole object, with this etag: the upload is
 * done, has failed, or has to ask by HEAD. */
void	s3_object_take(struct s3_upload *, const char *etag);
/* What an answer to HEAD means whose status is no success, as s3_classify(): it
 * has no body. */
enum s3_trouble s3_head_classify(long status, const char **words);

/*
 * The steps.  begin makes the request and writes the SHA-256 of its body to
 * hex, which holds that of none; false: it could not.  take looks at a good
 * answer, and sets what the next step is or ends the upload.
 */
bool	s3_put_begin(struct s3_upload *, char hex[SHA256_HEX]);
void	s3_put_take(struct s3_upload *);
bool	s3_find_begin(struct s3_upload *, char hex[SHA256_HEX]);
void	s3_find_take(struct s3_upload *);
bool	s3_list_begin(struct s3_upload *, char hex[SHA256_HEX]);
void	s3_list_take(struct s3_upload *);
bool	s3_create_begin(struct s3_upload *, char hex[SHA256_HEX]);
void	s3_create_take(struct s3_upload *);
bool	s3_part_begin(struct s3_upload *, char hex[SHA256_HEX]);
void	s3_part_take(struct s3_upload *);
bool	s3_complete_begin(struct s3_upload *, char hex[SHA256_HEX]);
void	s3_complete_take(struct s3_upload *);
bool	s3_head_begin(struct s3_upload *, char hex[SHA256_HEX]);
void	s3_head_take(struct s3_upload *);

/* Is the part, whose request was just made, there from an earlier run, with the
 * right bytes?  Then it need not be sent. */
bool	s3_part_is_there(struct s3_upload *);
/* The part is in the store: on to the next, or to the end. */
void	s3_part_next(struct s3_upload *);

#endif
