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
} store;

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

int
main(void)
{
	static const struct test	tests[] = {
		{ "an upload goes on", test_resume },
		{ NULL, NULL }
	};

	return cunit_run("s3_upload", tests);
}
