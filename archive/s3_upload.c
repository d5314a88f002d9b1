#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/crypto.h"
#include "lib/hex.h"
#include "archive/archive_driver.h"
#include "archive/s3_upload.h"

#define TRIES_MAX	4	/* of one request, in one run */
#define FIRST_WAIT_MS	500
#define RESTARTS_MAX	2	/* of an upload that the store forgot */
#define READ_BYTES	((size_t)256 * 1024)
#define COMPLETE_S	300	/* for the store to put the parts together */

struct part {
	unsigned char	md5[MD5_BYTES];
	char		etag[S3_ETAG_MAX];	/* "": not there yet */
};

enum step { STEP_PUT, STEP_FIND, STEP_LIST, STEP_CREATE, STEP_PART,
    STEP_COMPLETE, STEP__MAX };

/* A file on its way into the store. */
struct upload {
	struct s3_call		 call;
	struct s3_store		*store;
	struct archive_commit	*commit;
	enum step		 step;
	bool			 marked;	/* the part is known as whole */
	int			 fd;
	char			 key[S3_KEY_MAX];
	int64_t			 bytes, part_bytes;
	struct part		*parts;
	size_t			 nparts, part;
	char			 id[S3_ID_MAX];	/* the store's, of the upload */
	int64_t			 from;		/* the body in the file */
	char			*body;		/* or the body itself */
	char			 etag[S3_ETAG_MAX];	/* as it should be */
	int			 tries, restarts;
	int64_t			 not_before_ms;
};

/* --- the end of an upload */

static void
upload_end(struct upload *u)
{
	struct archive_commit	*c = u->commit;

	if (c->ok || !u->marked)
		archive_abort(c->part);
	else
		archive_leave(c->part);
	c->kept = !c->ok && u->marked;
	c->part = NULL;
	c->work = NULL;
	c->done = true;
	s3_call_reset(&u->call);
	free(u->parts);
	free(u->body);
	free(u);
}

/* The run has no time left for it. */
static void
upload_cut(struct upload *u)
{
	errbuf_set(&u->commit->err, "the run ended before it was stored");
	u->commit->cut = true;
	upload_end(u);
}

static void
upload_fail(struct upload *u, const char *words)
{
	errbuf_set(&u->commit->err, "%s", words);
	upload_end(u);
}

/* What keeps this one out keeps out all. */
static void
store_fail(struct s3_store *s, const char *words)
{
	if (s->down)
		return;
	s->down = true;
	errbuf_set(&s->down_why, "%s", words);
}

static void
upload_done(struct upload *u)
{
	const struct s3_place	*place = &u->store->place;
	size_t			 size = strlen(place->bucket) +
				    strlen(u->key) + sizeof("s3:///");

	if ((u->commit->location = calloc(1, size)) == NULL) {
		upload_fail(u, "out of memory");
		return;
	}
	(void)snprintf(u->commit->location, size, "s3://%s/%s", place->bucket,
	    u->key);
	u->commit->ok = true;
	upload_end(u);
}

/* --- bodies */

/* One read of the bytes that are sent next, for both sums. */
static bool
sum_file(int fd, int64_t from, int64_t len, struct sha256 *sha256,
    struct md5 *md5)
{
	char	*buf = malloc(READ_BYTES);
	ssize_t	 n = 1;
	bool	 ok = buf != NULL;

	for (; ok && len > 0; from += n, len -= n) {
		n = pread(fd, buf, len < (int64_t)READ_BYTES ? (size_t)len :
		    READ_BYTES, from);
		ok = n > 0 && sha256_update(sha256, buf, (size_t)n) &&
		    (md5 == NULL || md5_update(md5, buf, (size_t)n));
	}
	free(buf);
	return ok;
}

/*
 * The body is so much of the file.  Writes its SHA-256 in hex, and its MD5,
 * which all kinds of stores check; where MD5 is refused to us they have the
 * other sum.
 */
static bool
set_body(struct upload *u, int64_t from, int64_t len, char hex[SHA256_HEX],
    unsigned char md5[MD5_BYTES])
{
	struct sha256	*sha256 = sha256_new();
	struct md5	*sum = md5_new();
	unsigned char	 digest[SHA256_BYTES];
	char		 base64[MD5_BYTES * 2];
	bool		 ok = sha256 != NULL && sum_file(u->fd, from, len,
			    sha256, sum);

	ok = sha256_finish(sha256, digest) && ok;
	hex_encode(digest, sizeof(digest), hex);
	if (sum != NULL) {
		ok = md5_finish(sum, md5) && ok;
		base64_encode(md5, MD5_BYTES, base64);
		(void)snprintf(u->call.md5, sizeof(u->call.md5),
		    "Content-MD5: %s", base64);
		hex_encode(md5, MD5_BYTES, u->etag);
	}
	u->from = from;
	u->call.req.body_bytes = len;
	return ok;
}

static size_t
on_send(void *arg, void *buf, size_t size, int64_t at)
{
	struct s3_call	*call = arg;
	struct upload	*u = call->arg;
	ssize_t		 n;

	if (u->body != NULL) {
		memcpy(buf, u->body + at, size);
		return size;
	}
	n = pread(u->fd, buf, size, u->from + at);
	return n > 0 ? (size_t)n : 0;
}

static void
set_type(struct upload *u)
{
	if (u->commit->content_type != NULL)
		(void)snprintf(u->call.type, sizeof(u->call.type),
		    "Content-Type: %s", u->commit->content_type);
}

/* --- the steps: what each asks, and what it takes from the answer.  begin
 * writes the body's SHA-256 to hex. */

static bool
put_begin(struct upload *u, char hex[SHA256_HEX])
{
	unsigned char	md5[MD5_BYTES] = { 0 };

	u->call.req.on_send = on_send;
	set_type(u);
	return set_body(u, 0, u->bytes, hex, md5) &&
	    s3_call_url(&u->call, u->store, u->key);
}

/* Is the object, or part, what was sent? */
static bool
etag_fits(struct upload *u)
{
	char	encryption[32];

	http_header(&u->call.response, "x-amz-server-side-encryption", encryption,
	    sizeof(encryption));
	return !s3_etag_differs(u->call.response.etag, u->etag, encryption);
}

static const char	damaged[] = "the store's ETag is of other bytes than "
			    "were sent";

static void
put_take(struct upload *u)
{
	if (etag_fits(u))
		upload_done(u);
	else
		upload_fail(u, damaged);
}

static bool
find_begin(struct upload *u, char hex[SHA256_HEX])
{
	(void)hex;
	return s3_call_url(&u->call, u->store, "") && s3_call_query(&u->call,
	    "?max-uploads=100&prefix=", u->key) && s3_call_query(&u->call,
	    "&uploads=", "");
}

/* An upload of this very object that was not completed: since the lease is
 * ours, nobody else is at it. */
static void
find_take(struct upload *u)
{
	const char	*at = s3_call_answer(&u->call);
	char		*item, key[S3_KEY_MAX];

	u->id[0] = '\0';
	while (u->id[0] == '\0' && (item = s3_xml_next(&at, "Upload")) !=
	    NULL) {
		if (!s3_xml_text(item, "Key", key, sizeof(key)) ||
		    strcmp(key, u->key) != 0 ||
		    !s3_xml_text(item, "UploadId", u->id, sizeof(u->id)))
			u->id[0] = '\0';
		free(item);
	}
	u->step = u->id[0] != '\0' ? STEP_LIST : STEP_CREATE;
}

static bool
list_begin(struct upload *u, char hex[SHA256_HEX])
{
	(void)hex;
	return s3_call_url(&u->call, u->store, u->key) &&
	    s3_call_query(&u->call, "?max-parts=1000&uploadId=", u->id);
}

/* Whether these parts are of this file is seen when it is their turn. */
static void
list_take(struct upload *u)
{
	const char	*at = s3_call_answer(&u->call);
	char		*item, number[16], etag[S3_ETAG_MAX];
	long		 n;

	while ((item = s3_xml_next(&at, "Part")) != NULL) {
		if (s3_xml_text(item, "PartNumber", number, sizeof(number)) &&
		    s3_xml_text(item, "ETag", etag, sizeof(etag)) &&
		    (n = strtol(number, NULL, 10)) >= 1 &&
		    (size_t)n <= u->nparts)
			memcpy(u->parts[n - 1].etag, etag, sizeof(etag));
		free(item);
	}
	u->part = 0;
	u->step = STEP_PART;
}

static bool
create_begin(struct upload *u, char hex[SHA256_HEX])
{
	(void)hex;
	set_type(u);
	return s3_call_url(&u->call, u->store, u->key) &&
	    s3_call_query(&u->call, "?uploads=", "");
}

static void
create_take(struct upload *u)
{
	size_t	i;

	if (!s3_xml_text(s3_call_answer(&u->call), "UploadId", u->id,
	    sizeof(u->id)) || u->id[0] == '\0') {
		upload_fail(u, "the store's answer has no UploadId");
		return;
	}
	for (i = 0; i < u->nparts; i++)
		u->parts[i].etag[0] = '\0';
	u->part = 0;
	u->step = STEP_PART;
}

static int64_t
part_length(const struct upload *u)
{
	int64_t	left = u->bytes - (int64_t)u->part * u->part_bytes;

	return left < u->part_bytes ? left : u->part_bytes;
}

/* Without the quotes, as it is sent back. */
static void
strip_etag(char *etag)
{
	size_t	from = strspn(etag, "\""), len = strcspn(etag + from, "\"");

	memmove(etag, etag + from, len);
	etag[len] = '\0';
}

static bool
part_begin(struct upload *u, char hex[SHA256_HEX])
{
	struct part	*part = &u->parts[u->part];
	char		 query[64];

	u->call.req.on_send = on_send;
	(void)snprintf(query, sizeof(query), "?partNumber=%zu&uploadId=",
	    u->part + 1);
	return set_body(u, (int64_t)u->part * u->part_bytes, part_length(u),
	    hex, part->md5) && s3_call_url(&u->call, u->store, u->key) &&
	    s3_call_query(&u->call, query, u->id);
}

static void
part_next(struct upload *u)
{
	if (++u->part == u->nparts)
		u->step = STEP_COMPLETE;
}

static void
part_take(struct upload *u)
{
	struct part	*part = &u->parts[u->part];

	if (!etag_fits(u)) {
		upload_fail(u, damaged);
		return;
	}
	(void)snprintf(part->etag, sizeof(part->etag), "%.*s",
	    (int)sizeof(part->etag) - 1, u->call.response.etag);
	part_next(u);
}

/* The list of all parts; an ETag is sent back as it came. */
static bool
complete_begin(struct upload *u, char hex[SHA256_HEX])
{
	unsigned char	 digest[SHA256_BYTES], (*md5)[MD5_BYTES];
	size_t		 i, size = 128 + u->nparts * (S3_ETAG_MAX + 96);
	FILE		*fp;
	bool		 ok;

	free(u->body);
	if ((u->body = calloc(1, size)) == NULL ||
	    (fp = fmemopen(u->body, size, "w")) == NULL)
		return false;
	(void)fputs("<CompleteMultipartUpload xmlns="
	    "\"http://s3.amazonaws.com/doc/2006-03-01/\">", fp);
	for (i = 0; i < u->nparts; i++) {
		strip_etag(u->parts[i].etag);
		(void)fprintf(fp, "<Part><PartNumber>%zu</PartNumber><ETag>"
		    "&quot;%s&quot;</ETag></Part>", i + 1, u->parts[i].etag);
	}
	(void)fputs("</CompleteMultipartUpload>", fp);
	if (fclose(fp) != 0 || (md5 = calloc(u->nparts, MD5_BYTES)) == NULL)
		return false;
	for (i = 0; i < u->nparts; i++)
		memcpy(md5[i], u->parts[i].md5, MD5_BYTES);
	u->etag[0] = '\0';
	(void)s3_parts_etag(md5, u->nparts, u->etag);
	free(md5);
	ok = sha256(u->body, strlen(u->body), digest);
	hex_encode(digest, sizeof(digest), hex);
	u->call.req.on_send = on_send;
	u->call.req.body_bytes = (int64_t)strlen(u->body);
	u->call.req.patient = true;
	u->call.req.timeout_s = COMPLETE_S;
	(void)snprintf(u->call.type, sizeof(u->call.type),
	    "Content-Type: application/xml");
	return ok && s3_call_url(&u->call, u->store, u->key) &&
	    s3_call_query(&u->call, "?uploadId=", u->id);
}

static void
complete_take(struct upload *u)
{
	char	encryption[32], etag[S3_ETAG_MAX];

	http_header(&u->call.response, "x-amz-server-side-encryption", encryption,
	    sizeof(encryption));
	if (s3_xml_text(s3_call_answer(&u->call), "ETag", etag, sizeof(etag)) &&
	    s3_etag_differs(etag, u->etag, encryption))
		upload_fail(u, damaged);
	else
		upload_done(u);
}

static const struct {
	const char	*method;
	bool		(*begin)(struct upload *, char hex[SHA256_HEX]);
	void		(*take)(struct upload *);
} steps[] = {
	[STEP_PUT]	= { "PUT",  put_begin,	    put_take },
	[STEP_FIND]	= { "GET",  find_begin,	    find_take },
	[STEP_LIST]	= { "GET",  list_begin,	    list_take },
	[STEP_CREATE]	= { "POST", create_begin,   create_take },
	[STEP_PART]	= { "PUT",  part_begin,	    part_take },
	[STEP_COMPLETE]	= { "POST", complete_begin, complete_take },
};
_Static_assert(sizeof(steps) / sizeof(steps[0]) == STEP__MAX,
    "a step has no row");

/* --- answers */

/* Once more, a little later; or, after some tries, in another run. */
static void
try_again(struct upload *u, const char *words)
{
	int64_t	wait_ms = (int64_t)FIRST_WAIT_MS << u->tries;

	if (++u->tries >= TRIES_MAX) {
		store_fail(u->store, words);
		upload_fail(u, words);
		return;
	}
	u->not_before_ms = clock_ms() + wait_ms / 2 +
	    (int64_t)arc4random_uniform((uint32_t)wait_ms);
}

/* The store knows nothing of the upload: a new one. */
static void
start_over(struct upload *u, const char *words)
{
	if (u->restarts++ < RESTARTS_MAX && u->nparts > 0)
		u->step = STEP_CREATE;
	else
		upload_fail(u, words);
}

static void
refused(struct upload *u, const char *code)
{
	struct s3_store	*s = u->store;
	const char		*meaning;
	enum s3_trouble		 trouble = s3_judge(u->call.response.status, code,
				    &meaning);
	struct errbuf		 words;

	errbuf_set(&words, "the store %s, bucket %s: %s (HTTP %ld%s%s)",
	    s->place.host, s->place.bucket, meaning, u->call.response.status,
	    *code != '\0' ? " " : "", code);
	/* Whoever may write need not have the right to list. */
	if ((u->step == STEP_FIND || u->step == STEP_LIST) &&
	    trouble != S3_BUSY) {
		u->step = STEP_CREATE;
		return;
	}
	switch (trouble) {
	case S3_BUSY:
		try_again(u, words.text);
		break;
	case S3_CLOSED:
		store_fail(s, words.text);
		upload_fail(u, words.text);
		break;
	case S3_GONE:
		start_over(u, words.text);
		break;
	case S3_REFUSED:
		upload_fail(u, words.text);
		break;
	}
}

/* An answer came whole.  That to the list of parts can be an error although
 * its status is 200. */
static void
answered(struct upload *u)
{
	char		 code[64];
	const char	*text = s3_call_answer(&u->call);
	bool		 fine = u->call.response.status / 100 == 2;

	(void)s3_xml_text(text, "Code", code, sizeof(code));
	if (u->step == STEP_COMPLETE && strstr(text, "<Error>") != NULL) {
		fine = false;
		if (u->call.response.status == 200)
			u->call.response.status = 500;
	}
	if (!fine) {
		refused(u, code);
		return;
	}
	u->tries = 0;
	steps[u->step].take(u);
}

static void
on_done(struct s3_call *call)
{
	struct upload	*u = call->arg;
	struct errbuf	 words;

	errbuf_set(&words, "the store %s", call->response.err.text);
	switch (call->response.verdict) {
	case HTTP_ANSWERED:
		answered(u);
		break;
	case HTTP_ABORTED:
		upload_cut(u);
		break;
	case HTTP_FORBIDDEN:
		store_fail(u->store, words.text);
		upload_fail(u, words.text);
		break;
	case HTTP_TROUBLE:
	case HTTP_STOPPED:
	case HTTP_TOO_LARGE:
		try_again(u, words.text);
		break;
	}
}

/* --- an upload's life */

/* A part that is there from an earlier run, and has the right bytes. */
static bool
part_is_there(struct upload *u)
{
	struct part	*part = &u->parts[u->part];

	if (u->step != STEP_PART || part->etag[0] == '\0')
		return false;
	strip_etag(part->etag);
	return u->call.md5[0] != '\0' && strcmp(part->etag, u->etag) == 0;
}

/* True: it needs no answer to go on. */
static bool
upload_step(struct upload *u)
{
	char	hex[SHA256_HEX] = S3_NO_BODY;
	bool	ok;

	s3_call_reset(&u->call);
	u->call.arg = u;
	if (u->step != STEP_COMPLETE) {
		free(u->body);
		u->body = NULL;
	}
	ok = steps[u->step].begin(u, hex);
	if (ok && part_is_there(u)) {
		part_next(u);
		return true;
	}
	if (ok && u->step == STEP_PUT && u->commit->sha256 != NULL &&
	    strcmp(hex, u->commit->sha256) != 0) {
		u->marked = false;
		upload_fail(u, "the staged file is not what was downloaded");
		return false;
	}
	if (!ok || !s3_call_start(&u->call, u->store, steps[u->step].method,
	    hex, on_done))
		upload_fail(u, "could not read the staged file, or no memory");
	return false;
}

static void
upload_mark(struct upload *u)
{
	char	mark[ARCHIVE_MARK_MAX];

	if (u->commit->sha256 == NULL)
		return;
	(void)snprintf(mark, sizeof(mark), ARCHIVE_WHOLE "%s",
	    u->commit->sha256);
	u->marked = archive_mark(u->commit->part, mark);
}

/* False: there is no memory, and c is done. */
static bool
upload_begin(struct s3_store *s, struct archive_commit *c)
{
	struct upload	*u = calloc(1, sizeof(*u));
	struct stat	 st = { 0 };
	char		 place[S3_KEY_MAX];

	if (u == NULL) {
		(void)errbuf_no_memory(&c->err);
		archive_abort(c->part);
		c->done = true;
		return false;
	}
	u->fd = archive_dir_file(c->part, c->extension, place,
	    sizeof(place), &c->err);
	if (u->fd == -1) {
		free(u);
		archive_abort(c->part);
		c->done = true;
		return false;
	}
	u->store = s;
	u->commit = c;
	c->work = u;
	upload_mark(u);
	(void)snprintf(u->key, sizeof(u->key), "%s%.*s", s->place.prefix,
	    (int)(sizeof(u->key) - sizeof(s->place.prefix)), place);
	u->bytes = fstat(u->fd, &st) == 0 ? st.st_size : 0;
	u->part_bytes = s3_part_bytes(u->bytes);
	u->step = STEP_PUT;
	if (u->part_bytes == 0)
		return true;
	u->step = STEP_FIND;
	u->nparts = (size_t)((u->bytes + u->part_bytes - 1) / u->part_bytes);
	if ((u->parts = calloc(u->nparts, sizeof(*u->parts))) != NULL)
		return true;
	upload_fail(u, "out of memory");
	return false;
}

bool
s3_upload_go_on(struct s3_store *s, struct archive_commit *c, bool hurry)
{
	struct upload	*u = c->work;

	if (u == NULL && !upload_begin(s, c))
		return false;
	u = c->work;
	if (u->call.in_flight)
		return false;
	if (s->engine == NULL || hurry)
		upload_cut(u);
	else if (s->down)
		upload_fail(u, s->down_why.text);
	else if (http_free_slots(s->engine) > 0 &&
	    u->not_before_ms <= clock_ms())
		return upload_step(u);
	return false;
}
