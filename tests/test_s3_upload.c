/* archive/s3_upload: what an upload that goes on asks of the store. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/crypto.h"
#include "lib/hex.h"
#include "net/http.h"
#include "archive/archive.h"
#include "archive/s3_protocol.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"
#include "tests/scratch.h"

/* This test is the store, and its clock: no request leaves the program. */
bool	__wrap_http_start(struct http_engine *, const struct http_request *,
	    struct http_response *);
void	__wrap_http_turn(struct http_engine *, int);
void	__wrap_http_engine_free(struct http_engine *);
void	__real_http_engine_free(struct http_engine *);
int64_t	__wrap_clock_ms(void);

#define PARTS	4
#define REPLIES	6
#define KEY	"some/novita/2026/03/20/task-1/0.png"

/* What one request is told; all zeroes: what a store in order says. */
struct reply {
	enum http_verdict	 verdict;
	long			 status;
	const char		*etag, *type, *answer;	/* NULL: "" */
	int64_t			 size;		/* by HEAD; -1: none */
};

static struct {
	struct http_request	 req;
	struct http_response	*response;	/* of it; NULL: none is in
						   flight */
	char			 asked[512];	/* METHOD QUERY;... */
	int			 there;		/* parts of an earlier run */
	int			 idle;		/* waits for nothing */
	int64_t			 now_ms;
	int64_t			 waited_ms;	/* for the last request */
	const struct reply	*replies;	/* REPLIES of them, or NULL */
	int			 nreplies;	/* used */
	bool			 forgets;	/* then as the last but one */
} store;

int64_t
__wrap_clock_ms(void)
{
	return store.now_ms;
}

static const char *
say_parts(void)
{
	static char	 text[1024], item[200];
	unsigned char	 digest[MD5_BYTES];
	char		 hex[2 * MD5_BYTES + 1];
	char		*bytes = malloc((size_t)S3_PART_BYTES);
	struct md5	*sum = md5_new();
	int		 i;

	CU_ASSERT_FATAL(bytes != NULL && sum != NULL);
	memset(bytes, 'x', (size_t)S3_PART_BYTES);
	CU_ASSERT_TRUE(md5_update(sum, bytes, (size_t)S3_PART_BYTES));
	CU_ASSERT_TRUE(md5_finish(sum, digest));
	hex_encode(digest, sizeof(digest), hex);
	free(bytes);
	text[0] = '\0';
	for (i = 1; i <= store.there; i++) {
		(void)snprintf(item, sizeof(item), "<Part><PartNumber>%d"
		    "</PartNumber><ETag>&quot;%s&quot;</ETag></Part>", i, hex);
		(void)strncat(text, item, sizeof(text) - strlen(text) - 1);
	}
	return text;
}

static const char *
answer_to(const struct http_request *req)
{
	if (strstr(req->url, "max-uploads=") != NULL)
		return "<Upload><Key>" KEY "</Key><UploadId>one</UploadId>"
		    "</Upload>";
	if (strstr(req->url, "max-parts=") != NULL)
		return say_parts();
	return "<R/>";
}

bool
__wrap_http_start(struct http_engine *engine, const struct http_request *req,
    struct http_response *response)
{
	const char	*query = strchr(req->url, '?');
	size_t		 n = strlen(store.asked);

	(void)engine;
	CU_ASSERT_PTR_NULL(store.response);
	(void)snprintf(store.asked + n, sizeof(store.asked) - n, "%s %.12s;",
	    req->method, query != NULL ? query + 1 : "");
	store.req = *req;
	store.response = response;
	return true;
}

/* As a store in order, which has no MD5 for its ETags. */
static struct reply
reply_usual(const struct http_request *req)
{
	struct reply	r = { .status = 200, .etag = "\"a-tag\"" };

	if (strcmp(req->method, "HEAD") == 0)
		r.size = PARTS * S3_PART_BYTES;
	else
		r.answer = answer_to(req);
	return r;
}

static void
reply_give(const struct http_request *req, struct http_response *response,
    const struct reply *r)
{
	const char	*answer = r->answer != NULL ? r->answer : "";
	bool		 head = strcmp(req->method, "HEAD") == 0;

	response->verdict = r->verdict;
	response->status = r->status;
	response->length = head ? r->size : (int64_t)strlen(answer);
	(void)snprintf(response->etag, sizeof(response->etag), "%s",
	    r->etag != NULL ? r->etag : "");
	(void)snprintf(response->content_type, sizeof(response->content_type),
	    "%s", r->type != NULL ? r->type : "");
	if (r->verdict != HTTP_ANSWERED)
		errbuf_set(&response->err, "is not there");
	if (!head && *answer != '\0')
		CU_ASSERT_TRUE(req->on_body(req->arg, answer, strlen(answer)));
	req->on_done(req->arg);
}

void
__wrap_http_turn(struct http_engine *engine, int timeout_ms)
{
	struct http_request	 req = store.req;
	struct http_response	*response = store.response;
	struct reply		 r = { 0 };

	(void)engine;
	if (response == NULL) {
		store.idle += timeout_ms > 0;
		store.now_ms += timeout_ms;
		store.waited_ms += timeout_ms;
		CU_ASSERT_FATAL(store.idle < 1000);
		return;
	}
	store.response = NULL;
	store.waited_ms = 0;
	if (store.replies != NULL && store.nreplies < REPLIES)
		r = store.replies[store.nreplies++];
	else if (store.forgets)
		r = store.replies[REPLIES - 2];
	if (r.verdict == HTTP_ANSWERED && r.status == 0)
		r = reply_usual(&req);
	reply_give(&req, response, &r);
}

/* Ends what is in flight. */
void
__wrap_http_engine_free(struct http_engine *engine)
{
	static const struct reply	aborted = { .verdict = HTTP_ABORTED };
	struct http_response		*response = store.response;

	store.response = NULL;
	if (response != NULL)
		reply_give(&store.req, response, &aborted);
	__real_http_engine_free(engine);
}

static struct archive *
archive_of(char dir[SCRATCH_PATH])
{
	static char		 url[] = "s3://bucket/some",
				 endpoint[] = "http://127.0.0.1:9";
	static struct conf	 conf;
	struct archive		*a;
	struct errbuf		 err;

	conf = (struct conf){ .archive_url = url, .s3_endpoint = endpoint,
	    .s3_staging_dir = dir };
	memset(&store, 0, sizeof(store));
	scratch_make(dir);
	a = archive_open(&conf, "host:1:1", &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(a);
	return a;
}

static void
archive_end(struct archive *a, const char *dir)
{
	archive_close(a);
	scratch_remove(dir);
}

static const struct archive_key	key = { "novita", "task-1", "0", 1774000000 };

/* An upload that stopped after so many parts. */
static bool
upload_rest(struct archive *a, int there, struct archive_commit *c)
{
	char	*bytes = malloc((size_t)S3_PART_BYTES);
	bool	 ok;
	int	 i;

	CU_ASSERT_FATAL(bytes != NULL);
	memset(bytes, 'x', (size_t)S3_PART_BYTES);
	store.asked[0] = '\0';
	store.nreplies = store.idle = 0;
	store.there = there;
	c->part = archive_begin(a, &key, -1, &c->err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c->part);
	for (i = 0; i < PARTS; i++)
		CU_ASSERT_TRUE(archive_write(c->part, bytes,
		    (size_t)S3_PART_BYTES, &c->err));
	ok = archive_commit(a, c);
	CU_ASSERT_EQUAL(c->location != NULL, ok);
	free(c->location);
	free(bytes);
	return ok;
}

/* What is there is not sent again, and costs no wait either. */
static void
test_resume(void)
{
	struct archive_commit	 c = { .extension = "png" },
				 d = { .extension = "png" };
	char			 dir[SCRATCH_PATH];
	struct archive		*a = archive_of(dir);

	CU_ASSERT_TRUE(upload_rest(a, PARTS, &c));
	CU_ASSERT_STRING_EQUAL(store.asked, "GET max-uploads=;"
	    "GET max-parts=10;POST uploadId=one;HEAD ;");
	CU_ASSERT_EQUAL(store.idle, 0);
	CU_ASSERT_TRUE(upload_rest(a, PARTS - 2, &d));
	CU_ASSERT_STRING_EQUAL(store.asked, "GET max-uploads=;"
	    "GET max-parts=10;PUT partNumber=3;PUT partNumber=4;"
	    "POST uploadId=one;HEAD ;");
	CU_ASSERT_EQUAL(store.idle, 0);
	archive_end(a, dir);
}

#define HELLO_MD5	"5d41402abc4b2a76b9719d911017c592"

#define PUTS	"PUT partNumber=1;PUT partNumber=2;PUT partNumber=3;" \
		"PUT partNumber=4;"
#define CREATED	{ .status = 200, .answer = "<UploadId>two</UploadId>" }
#define GONE	{ .status = 404, .answer = "<Error><Code>NoSuchUpload</Code>" \
		"</Error>" }
#define FOUND	"GET max-uploads=;GET max-parts=10;"
#define USUAL	{ .status = 0 }

/* What a large upload does when the store has forgotten it, or shows no list. */
static const struct {
	struct reply	 replies[REPLIES];
	bool		 ok;
	const char	*asked;
	int		 there;		/* parts of an earlier run */
} larges[] = {
	{ { { .status = 403 }, CREATED }, .ok = true, .asked = "GET max-uploads=;"
	    "POST uploads=;" PUTS "POST uploadId=two;HEAD ;" },
	{ { USUAL, { .status = 404 }, CREATED }, .ok = true, .asked = FOUND
	    "POST uploads=;" PUTS "POST uploadId=two;HEAD ;" },
	{ { USUAL, USUAL, GONE, CREATED }, .ok = true, .asked = FOUND "PUT partNumber=1;"
	    "POST uploads=;" PUTS "POST uploadId=two;HEAD ;" },
	{ { USUAL, USUAL, GONE, CREATED, GONE, CREATED }, .ok = true, .asked = FOUND
	    "PUT partNumber=1;POST uploads=;PUT partNumber=1;POST uploads=;"
	    PUTS "POST uploadId=two;HEAD ;" },
	/* Nothing of it counts in the next one. */
	{ { USUAL, USUAL, GONE, CREATED }, .ok = true, .asked = FOUND
	    "PUT partNumber=3;POST uploads=;" PUTS "POST uploadId=two;HEAD ;",
	    .there = 2 },
	/* Nor does another object's upload, or a part of other bytes. */
	{ { { .status = 200, .answer = "<Upload><Key>some/other.png</Key>"
	    "<UploadId>six</UploadId></Upload>" }, CREATED }, .ok = true,
	    .asked = "GET max-uploads=;POST uploads=;" PUTS
	    "POST uploadId=two;HEAD ;" },
	{ { USUAL, { .status = 200, .answer = "<Part><PartNumber>1</PartNumber>"
	    "<ETag>&quot;" HELLO_MD5 "&quot;</ETag></Part>" } }, .ok = true,
	    .asked = FOUND PUTS "POST uploadId=one;HEAD ;" },
	/* A list that is not to be had just now is waited for. */
	{ { { .status = 503 } }, .ok = true, .asked = "GET max-uploads=;" FOUND PUTS
	    "POST uploadId=one;HEAD ;" },
	{ { { .status = 403 }, { .status = 200 } }, .asked = "GET max-uploads=;"
	    "POST uploads=;" },
	/* Another's bytes for a part, or no ETag. */
	{ { USUAL, USUAL, { .status = 200, .etag =
	    "\"" HELLO_MD5 "\"" } }, .asked = FOUND
	    "PUT partNumber=1;" },
	{ { USUAL, USUAL, { .status = 200 } }, .asked = FOUND
	    "PUT partNumber=1;" },
};

static void
test_large(void)
{
	char		 dir[SCRATCH_PATH];
	struct archive	*a;
	size_t		 i;

	for (i = 0; i < COUNT(larges); i++) {
		struct archive_commit	c = { .extension = "png" };

		a = archive_of(dir);
		store.replies = larges[i].replies;
		CU_ASSERT_EQUAL(upload_rest(a, larges[i].there, &c),
		    larges[i].ok);
		CU_ASSERT_STRING_EQUAL(store.asked, larges[i].asked);
		archive_end(a, dir);
	}
}

/* One that the store forgets again and again is given up for this run. */
static void
test_forgotten(void)
{
	static const struct reply	 gone[REPLIES] = { { .status = 403 },
					    CREATED, GONE, CREATED, GONE,
					    CREATED };
	struct archive_commit		 c = { .extension = "png" };
	char				 dir[SCRATCH_PATH];
	struct archive			*a = archive_of(dir);

	store.replies = gone;
	store.forgets = true;
	CU_ASSERT_FALSE(upload_rest(a, 0, &c));
	CU_ASSERT_STRING_EQUAL(store.asked, "GET max-uploads=;POST uploads=;"
	    "PUT partNumber=1;POST uploads=;PUT partNumber=1;POST uploads=;"
	    "PUT partNumber=1;");
	archive_end(a, dir);
}

#define HELLO_SHA256	"2cf24dba5fb0a30e26e83b2ac5b9e29e" \
			"1b161e5c1fa7425e73043362938b9824"

#define OTHER_SHA256	"486ea46224d1bb4fb680f34f7c9ad96a" \
			"8f24ec88be73ea8e5a6c65260e9cb8a7"

#define MD5(hex)	"\"" hex "\""
#define TAKEN		{ .status = 200, .etag = MD5(HELLO_MD5) }
#define BUSY		{ .status = 503 }
#define LOST(v)		{ .verdict = v }
#define HEAD(bytes)	{ .status = 200, .size = bytes }

/* What answers to the small file "hello" make of it, and of the next one of the
 * run. */
static const struct small {
	const char	*sha256;	/* that the download had */
	struct reply	 replies[REPLIES];
	bool		 ok, kept;
	const char	*asked;
	bool		 down;		/* the next one is not even asked for */
	bool		 cut;
} smalls[] = {
	{ HELLO_SHA256, { TAKEN }, .ok = true, .asked = "PUT ;" },
	{ HELLO_SHA256, { { .status = 200 }, HEAD(5) }, .ok = true,
	    .asked = "PUT ;HEAD ;" },
	{ HELLO_SHA256, { { .status = 200 }, HEAD(4) }, .kept = true,
	    .asked = "PUT ;HEAD ;" },
	{ HELLO_SHA256, { { .status = 200 }, HEAD(-1) }, .kept = true,
	    .asked = "PUT ;HEAD ;" },
	{ HELLO_SHA256, { { .status = 200 }, { .status = 200, .size = 5,
	    .type = "text/html" } }, .kept = true, .asked = "PUT ;HEAD ;" },
	{ HELLO_SHA256, { { .status = 200 }, { .status = 200, .size = 5,
	    .etag = MD5("5d41402abc4b2a76b9719d911017c593") } }, .kept = true,
	    .asked = "PUT ;HEAD ;" },
	{ HELLO_SHA256, { { .status = 200 }, { .status = 403 } }, .kept = true,
	    .asked = "PUT ;HEAD ;", .down = true },
	{ HELLO_SHA256, { { .status = 200, .etag =
	    MD5("5d41402abc4b2a76b9719d911017c593") } }, .kept = true,
	    .asked = "PUT ;" },
	{ HELLO_SHA256, { { .status = 200, .etag = MD5(HELLO_MD5),
	    .type = "text/html", .answer = "<!doctype html>" } }, .kept = true,
	    .asked = "PUT ;", .down = true },
	/* A refusal, whatever its status says. */
	{ HELLO_SHA256, { { .status = 200, .etag = MD5(HELLO_MD5),
	    .answer = "<Error><Code>AccessDenied</Code></Error>" } },
	    .kept = true, .asked = "PUT ;", .down = true },
	{ HELLO_SHA256, { { .status = 403, .etag = MD5(HELLO_MD5) } },
	    .kept = true, .asked = "PUT ;", .down = true },
	/* Of this object alone. */
	{ HELLO_SHA256, { { .status = 400, .answer =
	    "<Error><Code>EntityTooLarge</Code></Error>" } }, .kept = true,
	    .asked = "PUT ;" },
	/* It may pass: so often, and then not again in this run. */
	{ HELLO_SHA256, { BUSY, TAKEN }, .ok = true, .asked = "PUT ;PUT ;" },
	{ HELLO_SHA256, { BUSY, BUSY, BUSY, TAKEN }, .ok = true,
	    .asked = "PUT ;PUT ;PUT ;PUT ;" },
	{ HELLO_SHA256, { BUSY, BUSY, BUSY, BUSY, TAKEN }, .kept = true,
	    .asked = "PUT ;PUT ;PUT ;PUT ;", .down = true },
	{ HELLO_SHA256, { LOST(HTTP_TROUBLE), LOST(HTTP_STOPPED),
	    LOST(HTTP_TOO_LARGE), TAKEN }, .ok = true,
	    .asked = "PUT ;PUT ;PUT ;PUT ;" },
	/* Each request has its own tries. */
	{ HELLO_SHA256, { BUSY, BUSY, BUSY, { .status = 200 }, BUSY, HEAD(5) },
	    .ok = true, .asked = "PUT ;PUT ;PUT ;PUT ;HEAD ;HEAD ;" },
	{ HELLO_SHA256, { LOST(HTTP_FORBIDDEN) }, .kept = true, .asked = "PUT ;",
	    .down = true },
	{ HELLO_SHA256, { LOST(HTTP_ABORTED) }, .kept = true, .asked = "PUT ;",
	    .cut = true },
	/* The file is not what was downloaded: nothing of it is sent, and
	 * nothing kept. */
	{ OTHER_SHA256, { TAKEN }, .asked = "" },
};

/* The file, on its way. */
static struct archive_commit
small_begin(struct archive *a, const char *sha256)
{
	struct archive_commit	c = { .extension = "png",
				    .content_type = "image/png",
				    .sha256 = sha256 };

	store.asked[0] = '\0';
	store.nreplies = 0;
	c.part = archive_begin(a, &key, 5, &c.err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c.part);
	CU_ASSERT_TRUE(archive_write(c.part, "hello", 5, &c.err));
	return c;
}

/* A later run has it, or has to download it. */
static void
small_is_kept(struct archive *a, bool kept)
{
	char			 mark[ARCHIVE_MARK_MAX];
	int64_t			 bytes;
	struct archive_part	*part = archive_reopen(a, &key, &bytes, mark);

	CU_ASSERT_EQUAL(part != NULL, kept);
	if (part == NULL)
		return;
	CU_ASSERT_EQUAL(bytes, 5);
	CU_ASSERT_STRING_EQUAL(mark, ARCHIVE_WHOLE HELLO_SHA256);
	archive_abort(part);
}

static void
small_one(struct archive *a, const struct small *row)
{
	struct archive_commit	c = small_begin(a, row->sha256);

	store.replies = row->replies;
	CU_ASSERT_EQUAL(archive_commit(a, &c), row->ok);
	CU_ASSERT_EQUAL(c.kept, row->kept);
	CU_ASSERT_EQUAL(c.cut, row->cut);
	CU_ASSERT_EQUAL(c.location != NULL, row->ok);
	CU_ASSERT_EQUAL(c.err.text[0] == '\0', row->ok);
	CU_ASSERT_STRING_EQUAL(store.asked, row->asked);
	free(c.location);
	small_is_kept(a, row->kept);
}

/* What keeps out all keeps out the next one, without a question. */
static void
small_next(struct archive *a, bool down)
{
	static const struct reply	taken[REPLIES] = { TAKEN };
	struct archive_commit		c = small_begin(a, HELLO_SHA256);

	store.replies = taken;
	CU_ASSERT_EQUAL(archive_commit(a, &c), !down);
	CU_ASSERT_EQUAL(c.kept, down);
	CU_ASSERT_FALSE(c.cut);
	CU_ASSERT_EQUAL(c.err.text[0] == '\0', !down);
	CU_ASSERT_STRING_EQUAL(store.asked, down ? "" : "PUT ;");
	free(c.location);
}

/* Each in a run of its own, as a store may be down for one. */
static void
test_small(void)
{
	char		 dir[SCRATCH_PATH];
	struct archive	*a;
	size_t		 i;

	for (i = 0; i < COUNT(smalls); i++) {
		unsigned int	before = CU_get_number_of_failures();

		a = archive_of(dir);
		small_one(a, &smalls[i]);
		small_next(a, smalls[i].down);
		archive_end(a, dir);
		if (CU_get_number_of_failures() != before)
			(void)fprintf(stderr, "\n    row %zu: asked \"%s\"\n", i,
			    store.asked);
	}
}

/* How long is waited before the second, third and fourth try. */
static void
test_waits(void)
{
	static const struct reply	 busy[REPLIES] = { BUSY, BUSY, BUSY, TAKEN };
	struct archive_commit		 c;
	struct archive_commit		*list = &c;
	char				 dir[SCRATCH_PATH];
	struct archive			*a = archive_of(dir);
	int64_t				 asked_ms = 0, least_ms = 250;
	int				 tries = 0;

	c = small_begin(a, HELLO_SHA256);
	store.replies = busy;
	while (!c.done) {
		if (store.nreplies > tries) {
			tries = store.nreplies;
			asked_ms = store.now_ms;
		}
		archive_commit_some(a, &list, 1);
		if (store.nreplies > tries && tries > 0) {
			CU_ASSERT(store.now_ms - asked_ms >= least_ms);
			CU_ASSERT(store.now_ms - asked_ms <= 3 * least_ms + 50);
			least_ms *= 2;
		}
	}
	CU_ASSERT_TRUE(c.ok);
	CU_ASSERT_EQUAL(tries, 3);
	free(c.location);
	archive_end(a, dir);
}

/* Once the run's time is up nothing is begun, what is in flight gets a moment, and
 * what waits stays for the next run. */
static void
test_hurry(void)
{
	struct archive_commit	 c[2];
	struct archive_commit	*list[] = { &c[0], &c[1] };
	char			 dir[SCRATCH_PATH];
	struct archive		*a = archive_of(dir);

	c[0] = small_begin(a, HELLO_SHA256);
	archive_hurry(a);
	CU_ASSERT_FALSE(archive_commit(a, list[0]));
	CU_ASSERT_TRUE(c[0].cut);
	CU_ASSERT_TRUE(c[0].kept);
	CU_ASSERT_STRING_EQUAL(store.asked, "");
	store.now_ms += 1000;
	c[1] = small_begin(a, HELLO_SHA256);
	CU_ASSERT_FALSE(archive_commit(a, list[1]));
	CU_ASSERT_TRUE(c[1].cut);
	small_is_kept(a, true);
	archive_end(a, dir);
}

/* What has no file here cannot be sent, nor kept. */
static void
test_no_file(void)
{
	struct archive_commit	 c;
	char			 dir[SCRATCH_PATH];
	struct archive		*a = archive_of(dir);

	c = small_begin(a, HELLO_SHA256);
	scratch_remove(dir);
	CU_ASSERT_FALSE(archive_commit(a, &c));
	CU_ASSERT_TRUE(c.done);
	CU_ASSERT_FALSE(c.kept);
	CU_ASSERT_PTR_NULL(c.part);
	CU_ASSERT_STRING_EQUAL(store.asked, "");
	CU_ASSERT(c.err.text[0] != '\0');
	archive_end(a, dir);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "an upload goes on", test_resume },
		{ "answers to a large file", test_large },
		{ "an upload that is forgotten", test_forgotten },
		{ "answers to a small file", test_small },
		{ "waits", test_waits },
		{ "the run's end", test_hurry },
		{ "no staged file", test_no_file },
		{ NULL, NULL }
	};

	return cunit_run("s3_upload", tests);
}
