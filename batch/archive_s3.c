/*
 * Outputs as objects in an S3-compatible store, under the keys that a tree of
 * files would have as paths.  A download is written to a directory of this
 * machine, as an archive of files has its parts, and sent from there when it
 * is whole.  It is marked as whole before that, and stays until the store has
 * it: a run that is killed, or a store that is away, costs no second download.
 * A large file goes in parts, and the next run goes on where one stopped; an
 * object is there for others to see only once it is complete.
 */
#include <sys/stat.h>

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "archive.h"
#include "clock.h"
#include "crypto.h"
#include "http.h"
#include "provider.h"
#include "s3.h"

#define AT_ONCE		8	/* requests in flight */
#define TURN_MS		50
#define GRACE_MS	700	/* for what is in flight when time is up */
#define TRIES_MAX	4	/* of one request, in one run */
#define FIRST_WAIT_MS	500
#define RESTARTS_MAX	2	/* of an upload that the store forgot */
#define ANSWER_MAX	((size_t)1024 * 1024)
#define READ_BYTES	((size_t)256 * 1024)
#define COMPLETE_S	300	/* for the store to put the parts together */
#define CLEAN_EVERY_S	3600
#define CLEAN_WITHIN_MS	3000
#define STAGED_S	(7 * 86400)	/* what nobody came back for */
#define STAMP		"/.uploads-cleaned"
#define NO_BODY		"e3b0c44298fc1c149afbf4c8996fb924" \
			"27ae41e4649b934ca495991b7852b855"	/* SHA-256 */

struct s3_archive {
	struct archive		 base;
	struct archive		*staging;
	char			*stamp;		/* when it was cleaned last */
	struct s3_place		 place;
	struct http_keys	 keys;		/* the settings' */
	struct http_engine	*engine;	/* NULL: time is up */
	bool			 down;		/* no use in asking again */
	struct errbuf		 down_why;
	atomic_bool		 hurry;
	int64_t			 grace_ms;	/* until then; 0: not yet set */
};

/* A request to the store, and its answer. */
struct call {
	struct http_request	 req;
	char			 url[S3_URL_MAX];
	char			 sha256[96], md5[64], type[128];
	const char		*lines[4];
	char			*answer;	/* the body, with a NUL */
	size_t			 len;
	bool			 in_flight;
};

struct part {
	unsigned char	md5[MD5_BYTES];
	char		etag[S3_ETAG_MAX];	/* "": not there yet */
};

enum step { STEP_PUT, STEP_FIND, STEP_LIST, STEP_CREATE, STEP_PART,
    STEP_COMPLETE, STEP__MAX };

/* A file on its way into the store. */
struct upload {
	struct call		 call;
	struct s3_archive	*archive;
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

/* --- requests */

static void
call_reset(struct call *call)
{
	free(call->answer);
	memset(call, 0, sizeof(*call));
}

static bool
on_body(struct http_request *req, const void *data, size_t len)
{
	struct call	*call = (struct call *)(void *)req;
	char		*more = realloc(call->answer, call->len + len + 1);

	if (more == NULL)
		return false;
	call->answer = more;
	memcpy(more + call->len, data, len);
	call->len += len;
	more[call->len] = '\0';
	return true;
}

static const char *
answer_of(const struct call *call)
{
	return call->answer != NULL ? call->answer : "";
}

/* The URL of an object, to which a query can be added; of none ("") that of
 * the bucket. */
static bool
call_url(struct call *call, const struct s3_archive *a, const char *key)
{
	int	len = snprintf(call->url, sizeof(call->url), "%s%s",
		    a->place.root, key);

	return len > 0 && (size_t)len < sizeof(call->url);
}

static bool
call_query(struct call *call, const char *query, const char *value)
{
	size_t	len = strlen(call->url);
	int	n = snprintf(call->url + len, sizeof(call->url) - len, "%s",
		    query);

	return n > 0 && (size_t)n < sizeof(call->url) - len &&
	    s3_append_escaped(call->url, sizeof(call->url), value);
}

/* sha256: of the body, in hex. */
static bool
call_start(struct call *call, struct s3_archive *a, const char *method,
    const char *sha256, void (*on_done)(struct http_request *))
{
	size_t	n = 0;

	(void)snprintf(call->sha256, sizeof(call->sha256),
	    "x-amz-content-sha256: %s", sha256);
	call->lines[n++] = call->sha256;
	if (call->md5[0] != '\0')
		call->lines[n++] = call->md5;
	if (call->type[0] != '\0')
		call->lines[n++] = call->type;
	call->req.url = call->url;
	call->req.method = method;
	call->req.keys = &a->keys;
	call->req.lines = call->lines;
	call->req.max_bytes = (int64_t)ANSWER_MAX;
	call->req.on_body = on_body;
	call->req.on_done = on_done;
	call->in_flight = http_start(a->engine, &call->req);
	return call->in_flight;
}

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
	call_reset(&u->call);
	free(u->parts);
	free(u->body);
	free(u);
}

/* The run has no time left for it. */
static void
upload_cut(struct upload *u)
{
	errbuf_set(&u->commit->why, "the run ended before it was stored");
	u->commit->cut = true;
	upload_end(u);
}

static void
upload_fail(struct upload *u, const char *words)
{
	errbuf_set(&u->commit->why, "%s", words);
	upload_end(u);
}

/* What keeps this one out keeps out all. */
static void
store_fail(struct s3_archive *a, const char *words)
{
	if (a->down)
		return;
	a->down = true;
	errbuf_set(&a->down_why, "%s", words);
}

static void
upload_done(struct upload *u)
{
	const struct s3_place	*place = &u->archive->place;
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
on_send(struct http_request *req, void *buf, size_t size, int64_t at)
{
	struct upload	*u = req->arg;
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
	    call_url(&u->call, u->archive, u->key);
}

/* Is the object, or part, what was sent? */
static bool
etag_fits(struct upload *u)
{
	char	encryption[32];

	http_header(&u->call.req, "x-amz-server-side-encryption", encryption,
	    sizeof(encryption));
	return !s3_etag_differs(u->call.req.etag, u->etag, encryption);
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
	return call_url(&u->call, u->archive, "") && call_query(&u->call,
	    "?max-uploads=100&prefix=", u->key) && call_query(&u->call,
	    "&uploads=", "");
}

/* An upload of this very object that was not completed: since the lease is
 * ours, nobody else is at it. */
static void
find_take(struct upload *u)
{
	const char	*at = answer_of(&u->call);
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
	return call_url(&u->call, u->archive, u->key) &&
	    call_query(&u->call, "?max-parts=1000&uploadId=", u->id);
}

/* Whether these parts are of this file is seen when it is their turn. */
static void
list_take(struct upload *u)
{
	const char	*at = answer_of(&u->call);
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
	return call_url(&u->call, u->archive, u->key) &&
	    call_query(&u->call, "?uploads=", "");
}

static void
create_take(struct upload *u)
{
	size_t	i;

	if (!s3_xml_text(answer_of(&u->call), "UploadId", u->id,
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
	    hex, part->md5) && call_url(&u->call, u->archive, u->key) &&
	    call_query(&u->call, query, u->id);
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
	    (int)sizeof(part->etag) - 1, u->call.req.etag);
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
	return ok && call_url(&u->call, u->archive, u->key) &&
	    call_query(&u->call, "?uploadId=", u->id);
}

static void
complete_take(struct upload *u)
{
	char	encryption[32], etag[S3_ETAG_MAX];

	http_header(&u->call.req, "x-amz-server-side-encryption", encryption,
	    sizeof(encryption));
	if (s3_xml_text(answer_of(&u->call), "ETag", etag, sizeof(etag)) &&
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
		store_fail(u->archive, words);
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
	struct s3_archive	*a = u->archive;
	const char		*meaning;
	enum s3_trouble		 trouble = s3_judge(u->call.req.status, code,
				    &meaning);
	struct errbuf		 words;

	errbuf_set(&words, "the store %s, bucket %s: %s (HTTP %ld%s%s)",
	    a->place.host, a->place.bucket, meaning, u->call.req.status,
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
		store_fail(a, words.text);
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
	const char	*text = answer_of(&u->call);
	bool		 fine = u->call.req.status / 100 == 2;

	(void)s3_xml_text(text, "Code", code, sizeof(code));
	if (u->step == STEP_COMPLETE && strstr(text, "<Error>") != NULL) {
		fine = false;
		if (u->call.req.status == 200)
			u->call.req.status = 500;
	}
	if (!fine) {
		refused(u, code);
		return;
	}
	u->tries = 0;
	steps[u->step].take(u);
}

static void
on_done(struct http_request *req)
{
	struct upload	*u = req->arg;
	struct errbuf	 words;

	u->call.in_flight = false;
	errbuf_set(&words, "the store %s", req->why.text);
	switch (req->verdict) {
	case HTTP_ANSWERED:
		answered(u);
		break;
	case HTTP_ABORTED:
		upload_cut(u);
		break;
	case HTTP_FORBIDDEN:
		store_fail(u->archive, words.text);
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

static void
upload_step(struct upload *u)
{
	char	hex[SHA256_HEX] = NO_BODY;
	bool	ok;

	call_reset(&u->call);
	u->call.req.arg = u;
	if (u->step != STEP_COMPLETE) {
		free(u->body);
		u->body = NULL;
	}
	ok = steps[u->step].begin(u, hex);
	if (ok && part_is_there(u)) {
		part_next(u);
		return;
	}
	if (ok && u->step == STEP_PUT && u->commit->sha256 != NULL &&
	    strcmp(hex, u->commit->sha256) != 0) {
		u->marked = false;
		upload_fail(u, "the staged file is not what was downloaded");
		return;
	}
	if (!ok || !call_start(&u->call, u->archive, steps[u->step].method,
	    hex, on_done))
		upload_fail(u, "could not read the staged file, or no memory");
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
upload_begin(struct s3_archive *a, struct archive_commit *c)
{
	struct upload	*u = calloc(1, sizeof(*u));
	struct stat	 st = { 0 };
	char		 place[S3_KEY_MAX];

	if (u == NULL) {
		errbuf_set(&c->why, "out of memory");
		archive_abort(c->part);
		c->done = true;
		return false;
	}
	u->archive = a;
	u->commit = c;
	c->work = u;
	u->fd = archive_file_look(c->part, c->extension, place,
	    sizeof(place));
	upload_mark(u);
	(void)snprintf(u->key, sizeof(u->key), "%s%.*s", a->place.prefix,
	    (int)(sizeof(u->key) - sizeof(a->place.prefix)), place);
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

/* Let it do what it can do now. */
static void
upload_go_on(struct s3_archive *a, struct archive_commit *c)
{
	struct upload	*u = c->work;

	if (u == NULL && !upload_begin(a, c))
		return;
	u = c->work;
	if (u->call.in_flight)
		return;
	if (a->engine == NULL || atomic_load(&a->hurry))
		upload_cut(u);
	else if (a->down)
		upload_fail(u, a->down_why.text);
	else if (http_free_slots(a->engine) > 0 &&
	    u->not_before_ms <= clock_ms())
		upload_step(u);
}

/* Time is up: nothing new begins, and what is in flight gets a moment. */
static void
mind_the_end(struct s3_archive *a)
{
	if (!atomic_load(&a->hurry) || a->engine == NULL)
		return;
	if (a->grace_ms == 0)
		a->grace_ms = clock_ms() + GRACE_MS;
	if (clock_ms() < a->grace_ms)
		return;
	http_engine_free(a->engine);
	a->engine = NULL;
}

static void
s3_commit(struct archive *archive, struct archive_commit *const *list,
    size_t n)
{
	struct s3_archive	*a = (struct s3_archive *)archive;
	bool			 ended = false;
	size_t			 i;

	mind_the_end(a);
	for (i = 0; i < n; i++) {
		if (!list[i]->done)
			upload_go_on(a, list[i]);
		ended = ended || list[i]->done;
	}
	if (!ended && a->engine != NULL)
		http_turn(a->engine, TURN_MS);
}

static void
s3_hurry(struct archive *archive)
{
	atomic_store(&((struct s3_archive *)archive)->hurry, true);
}

/* --- uploads that nobody came back for */

static void
on_cleaned(struct http_request *req)
{
	((struct call *)(void *)req)->in_flight = false;
}

/* Ask and wait.  False: no good answer in time. */
static bool
ask(struct s3_archive *a, struct call *call, const char *method,
    int64_t until_ms)
{
	if (!call_start(call, a, method, NO_BODY, on_cleaned))
		return false;
	while (call->in_flight && clock_ms() < until_ms)
		http_turn(a->engine, TURN_MS);
	if (call->in_flight) {
		http_engine_free(a->engine);
		a->engine = NULL;
	}
	return call->req.verdict == HTTP_ANSWERED &&
	    call->req.status / 100 == 2;
}

/* Is it one that genhook would have: PREFIX PROVIDER/YYYY/... ? */
static bool
is_ours(const struct s3_archive *a, const char *key)
{
	size_t	len = strlen(a->place.prefix), i;

	if (strncmp(key, a->place.prefix, len) != 0)
		return false;
	key += len;
	for (i = 0; providers[i] != NULL; i++) {
		len = strlen(providers[i]->name);
		if (strncmp(key, providers[i]->name, len) == 0 &&
		    key[len] == '/' && strspn(key + len + 1,
		    "0123456789") == 4 && key[len + 5] == '/')
			return true;
	}
	return false;
}

/* One upload of the list: was it begun before then, and is it gone now? */
static bool
clean_one(struct s3_archive *a, const char *item, time_t before,
    int64_t until_ms)
{
	struct call	call = { 0 };
	char		key[S3_KEY_MAX], id[S3_ID_MAX], begun[40];
	int64_t		when;
	bool		ok;

	if (!s3_xml_text(item, "Key", key, sizeof(key)) ||
	    !s3_xml_text(item, "UploadId", id, sizeof(id)) ||
	    !s3_xml_text(item, "Initiated", begun, sizeof(begun)) ||
	    (when = s3_time(begun)) == 0 || when >= (int64_t)before ||
	    !is_ours(a, key))
		return false;
	ok = call_url(&call, a, key) && call_query(&call, "?uploadId=", id) &&
	    ask(a, &call, "DELETE", until_ms);
	call_reset(&call);
	return ok;
}

/* Has it been an hour?  Then it is now. */
static bool
clean_is_due(const struct s3_archive *a)
{
	struct stat	st;
	int		fd;

	if (stat(a->stamp, &st) == 0 && time(NULL) - st.st_mtime <
	    CLEAN_EVERY_S)
		return false;
	fd = open(a->stamp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW |
	    O_CLOEXEC, 0640);
	if (fd == -1)
		return false;
	(void)futimens(fd, NULL);
	(void)close(fd);
	return true;
}

static long
s3_clean(struct archive *archive, time_t before)
{
	struct s3_archive	*a = (struct s3_archive *)archive;
	struct call		 call = { 0 };
	const char		*at;
	char			*item;
	int64_t			 until_ms = clock_ms() + CLEAN_WITHIN_MS;
	long			 removed = archive_clean(a->staging, before -
				    STAGED_S);

	if (!clean_is_due(a))
		return removed;
	if (call_url(&call, a, "") && call_query(&call,
	    "?max-uploads=1000&prefix=", a->place.prefix) &&
	    call_query(&call, "&uploads=", "") &&
	    ask(a, &call, "GET", until_ms)) {
		at = answer_of(&call);
		while (a->engine != NULL && clock_ms() < until_ms &&
		    (item = s3_xml_next(&at, "Upload")) != NULL) {
			removed += clean_one(a, item, before, until_ms);
			free(item);
		}
	}
	call_reset(&call);
	return removed;
}

/* --- the rest is the staging directory's */

static struct archive_part *
s3_begin(struct archive *archive, const struct archive_key *key,
    int64_t length, struct errbuf *why)
{
	return archive_begin(((struct s3_archive *)archive)->staging, key,
	    length, why);
}

static struct archive_part *
s3_reopen(struct archive *archive, const struct archive_key *key,
    int64_t *bytes, char mark[ARCHIVE_MARK_MAX])
{
	return archive_reopen(((struct s3_archive *)archive)->staging, key,
	    bytes, mark);
}

static void
s3_close(struct archive *archive)
{
	struct s3_archive	*a = (struct s3_archive *)archive;

	http_engine_free(a->engine);
	archive_close(a->staging);
	free(a->stamp);
	free(a);
}

/* Its parts are the staging directory's, and so is what is done with them. */
static const struct archive_ops s3_ops = {
	.begin	= s3_begin,
	.reopen	= s3_reopen,
	.commit	= s3_commit,
	.hurry	= s3_hurry,
	.clean	= s3_clean,
	.close	= s3_close,
};

static bool
open_staging(struct s3_archive *a, const char *dir, const char *owner,
    struct errbuf *why)
{
	size_t	 size = 3 * strlen(dir) + sizeof(STAMP) + sizeof("file:///");
	char	*url = calloc(1, size);

	if ((a->stamp = calloc(1, size)) != NULL && url != NULL) {
		(void)snprintf(a->stamp, size, "%s" STAMP, dir);
		(void)snprintf(url, size, "file:///");
		(void)s3_append_escaped(url, size, dir + 1);
		a->staging = archive_file_open(url, owner, why);
	} else
		errbuf_set(why, "out of memory");
	free(url);
	return a->staging != NULL;
}

struct archive *
archive_s3_open(const struct conf *conf, const char *owner,
    struct errbuf *why)
{
	struct s3_archive	*a = calloc(1, sizeof(*a));

	if (a == NULL || (a->engine = http_engine_new(AT_ONCE, false)) ==
	    NULL) {
		errbuf_set(why, "out of memory");
		free(a);
		return NULL;
	}
	a->base.ops = &s3_ops;
	a->keys.access = conf->s3_access_key;
	a->keys.secret = conf->s3_secret_key;
	a->keys.region = conf->s3_region;
	if (s3_place_read(&a->place, conf->archive_url, conf->s3_endpoint,
	    why) && open_staging(a, conf->s3_staging_dir, owner, why))
		return &a->base;
	s3_close(&a->base);
	return NULL;
}
