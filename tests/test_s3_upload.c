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
#include "tests/scratch.h"

/* This test is the store: no request leaves the program. */
bool	__wrap_http_start(struct http_engine *, const struct http_request *,
	    struct http_response *);
void	__wrap_http_turn(struct http_engine *, int);

#define PARTS	4
#define KEY	"some/novita/2026/03/20/task-1/0.png"

static struct {
	struct http_request	 req;
	struct http_response	*response;	/* of it; NULL: none is in
						   flight */
	char			 asked[512];	/* METHOD QUERY;... */
	int			 there;		/* parts of an earlier run */
	int			 idle;		/* waits for nothing */
	size_t			 small;		/* 0, or a row of smalls + 1 */
} store;

static void	answer_small(const struct http_request *,
		    struct http_response *);

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

void
__wrap_http_turn(struct http_engine *engine, int timeout_ms)
{
	struct http_request	 req = store.req;
	struct http_response	*response = store.response;
	const char		*answer;

	(void)engine;
	if (response == NULL) {
		store.idle += timeout_ms > 0;
		return;
	}
	store.response = NULL;
	if (store.small > 0) {
		answer_small(&req, response);
		return;
	}
	answer = answer_to(&req);
	(void)snprintf(response->etag, sizeof(response->etag), "\"a-tag\"");
	if (strcmp(req.method, "HEAD") == 0)
		response->length = PARTS * S3_PART_BYTES;
	else
		CU_ASSERT_TRUE(req.on_body(req.arg, answer, strlen(answer)));
	response->status = 200;
	response->verdict = HTTP_ANSWERED;
	req.on_done(req.arg);
}

/* An upload that stopped after so many parts. */
static bool
upload_rest(struct archive *a, int there)
{
	struct archive_key	 k = { "novita", "task-1", "0", 1774000000 };
	struct archive_commit	 c = { .extension = "png" };
	char			*bytes = malloc((size_t)S3_PART_BYTES);
	bool			 ok;
	int			 i;

	CU_ASSERT_FATAL(bytes != NULL);
	memset(bytes, 'x', (size_t)S3_PART_BYTES);
	memset(&store, 0, sizeof(store));
	store.there = there;
	c.part = archive_begin(a, &k, -1, &c.err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c.part);
	for (i = 0; i < PARTS; i++)
		CU_ASSERT_TRUE(archive_write(c.part, bytes,
		    (size_t)S3_PART_BYTES, &c.err));
	ok = archive_commit(a, &c);
	free(c.location);
	free(bytes);
	return ok;
}

/* What is there is not sent again, and costs no wait either. */
static void
test_resume(void)
{
	char		 dir[SCRATCH_PATH], url[] = "s3://bucket/some",
			 endpoint[] = "http://127.0.0.1:9";
	struct conf	 conf = { .archive_url = url, .s3_endpoint = endpoint,
			    .s3_staging_dir = dir };
	struct archive	*a;
	struct errbuf	 err;

	scratch_make(dir);
	a = archive_open(&conf, "host:1:1", &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(a);
	CU_ASSERT_TRUE(upload_rest(a, PARTS));
	CU_ASSERT_STRING_EQUAL(store.asked, "GET max-uploads=;"
	    "GET max-parts=10;POST uploadId=one;HEAD ;");
	CU_ASSERT_EQUAL(store.idle, 0);
	CU_ASSERT_TRUE(upload_rest(a, PARTS - 2));
	CU_ASSERT_STRING_EQUAL(store.asked, "GET max-uploads=;"
	    "GET max-parts=10;PUT partNumber=3;PUT partNumber=4;"
	    "POST uploadId=one;HEAD ;");
	CU_ASSERT_EQUAL(store.idle, 0);
	archive_close(a);
	scratch_remove(dir);
}

#define HELLO_MD5	"5d41402abc4b2a76b9719d911017c592"
#define HELLO_SHA256	"2cf24dba5fb0a30e26e83b2ac5b9e29e" \
			"1b161e5c1fa7425e73043362938b9824"

#define OTHER_SHA256	"486ea46224d1bb4fb680f34f7c9ad96a" \
			"8f24ec88be73ea8e5a6c65260e9cb8a7"

/* What one answer to the small file "hello" makes of it. */
static const struct {
	const char	*sha256;	/* that the download had */
	long		 status;
	const char	*etag, *type, *answer;
	int64_t		 size;		/* by HEAD; -1: none */
	bool		 ok, kept;
	const char	*asked;
} smalls[] = {
	{ HELLO_SHA256, 200, "\"" HELLO_MD5 "\"", "", "", 0, true, false,
	    "PUT ;" },
	{ HELLO_SHA256, 200, "", "", "", 5, true, false, "PUT ;HEAD ;" },
	{ HELLO_SHA256, 200, "", "", "", 4, false, true, "PUT ;HEAD ;" },
	{ HELLO_SHA256, 200, "", "", "", -1, false, true, "PUT ;HEAD ;" },
	{ HELLO_SHA256, 200, "\"" HELLO_MD5 "\"", "text/html",
	    "<!doctype html>", 5, false, true, "PUT ;" },
	{ HELLO_SHA256, 200, "\"" HELLO_MD5 "\"", "",
	    "<Error><Code>AccessDenied</Code></Error>", 5, false, true,
	    "PUT ;" },
	{ HELLO_SHA256, 403, "\"" HELLO_MD5 "\"", "", "", 5, false, true,
	    "PUT ;" },
	/* The file is not what was downloaded: nothing of it is sent, and
	 * nothing kept. */
	{ OTHER_SHA256, 200, "\"" HELLO_MD5 "\"", "", "", 5, false, false,
	    "" },
};

static void
answer_small(const struct http_request *req, struct http_response *response)
{
	size_t		 i = store.small - 1;
	const char	*answer = smalls[i].answer;
	bool		 head = strcmp(req->method, "HEAD") == 0;

	response->status = head ? 200 : smalls[i].status;
	response->length = head ? smalls[i].size : (int64_t)strlen(answer);
	(void)snprintf(response->etag, sizeof(response->etag), "%s",
	    head ? "" : smalls[i].etag);
	(void)snprintf(response->content_type, sizeof(response->content_type),
	    "%s", head ? "" : smalls[i].type);
	if (!head && *answer != '\0')
		CU_ASSERT_TRUE(req->on_body(req->arg, answer, strlen(answer)));
	response->verdict = HTTP_ANSWERED;
	req->on_done(req->arg);
}

static void
small_one(struct archive *a, size_t i)
{
	struct archive_key	 k = { "novita", "task-1", "0", 1774000000 };
	struct archive_commit	 c = { .extension = "png",
				    .content_type = "image/png" };
	char			 mark[ARCHIVE_MARK_MAX], sha256[SHA256_HEX];
	int64_t			 bytes;

	memset(&store, 0, sizeof(store));
	store.small = i + 1;
	(void)snprintf(sha256, sizeof(sha256), "%s", smalls[i].sha256);
	c.sha256 = sha256;
	c.part = archive_begin(a, &k, 5, &c.err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c.part);
	CU_ASSERT_TRUE(archive_write(c.part, "hello", 5, &c.err));
	CU_ASSERT_EQUAL(archive_commit(a, &c), smalls[i].ok);
	CU_ASSERT_EQUAL(c.kept, smalls[i].kept);
	CU_ASSERT_EQUAL(c.location != NULL, smalls[i].ok);
	CU_ASSERT_EQUAL(c.err.text[0] == '\0', smalls[i].ok);
	CU_ASSERT_STRING_EQUAL(store.asked, smalls[i].asked);
	free(c.location);
	/* A later run has it, or has to download it. */
	c.part = archive_reopen(a, &k, &bytes, mark);
	CU_ASSERT_EQUAL(c.part != NULL, smalls[i].kept);
	if (c.part != NULL) {
		CU_ASSERT_EQUAL(bytes, 5);
		CU_ASSERT_STRING_EQUAL(mark, ARCHIVE_WHOLE HELLO_SHA256);
		archive_abort(c.part);
	}
}

/* Each in a run of its own, as a store may be down for one. */
static void
test_small(void)
{
	char		 dir[SCRATCH_PATH], url[] = "s3://bucket/some",
			 endpoint[] = "http://127.0.0.1:9";
	struct conf	 conf = { .archive_url = url, .s3_endpoint = endpoint,
			    .s3_staging_dir = dir };
	struct archive	*a;
	struct errbuf	 err;
	size_t		 i;

	for (i = 0; i < sizeof(smalls) / sizeof(smalls[0]); i++) {
		scratch_make(dir);
		a = archive_open(&conf, "host:1:1", &err);
		CU_ASSERT_PTR_NOT_NULL_FATAL(a);
		small_one(a, i);
		archive_close(a);
		scratch_remove(dir);
	}
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "an upload goes on", test_resume },
		{ "answers to a small file", test_small },
		{ NULL, NULL }
	};

	return cunit_run("s3_upload", tests);
}
