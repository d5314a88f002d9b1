/* net/http_response: which answers are a file, or the rest of one, what may prove
 * later that it is still the same, and how much is taken. */
#include <string.h>
#include <strings.h>

#include "net/http_internal.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"

void		__wrap_http_header(const struct http_response *, const char *,
		    char *, size_t);
bool		__wrap_http_info_read(struct http_transfer *);
const char	*__wrap_http_location(const struct http_transfer *);
void		__wrap_http_count_bytes(struct http_engine *, size_t);

#define HEADERS	4
#define DATE	"Mon, 30 Nov 2026 12:00:00 GMT"
#define OLD	"Mon, 30 Nov 2026 11:58:00 GMT"
#define YOUNG	"Mon, 30 Nov 2026 11:59:30 GMT"

/* An answer, to a request from that byte on if it is still that. */
static const struct row {
	long		 status;
	const char	*headers[HEADERS];
	int64_t		 from;
	const char	*if_range;
	bool		 is_file, resumed;
	const char	*validator;
} rows[] = {
	{ 200, { "ETag: \"a\"" }, 0, "", true, false, "\"a\"" },
	{ 200, { "ETag: \"b\"" }, 10, "\"a\"", true, false, "\"b\"" },
	{ 404, { "ETag: \"a\"" }, 0, "", false, false, "\"a\"" },
	{ 500, { NULL }, 0, "", false, false, "" },
	{ 204, { NULL }, 0, "", false, false, "" },
	/* Not asked for, and whole, or at least begun. */
	{ 206, { "Content-Range: bytes 0-99/100" }, 0, "", true, false, "" },
	{ 206, { "Content-Range: bytes 0-99/*" }, 0, "", false, false, "" },
	{ 206, { "Content-Range: bytes 5-99/100" }, 0, "", false, false, "" },
	{ 206, { NULL }, 0, "", false, false, "" },
	/* The rest: from the very byte on, and of the same file. */
	{ 206, { "Content-Range: bytes 10-99/100", "ETag: \"a\"" }, 10, "\"a\"",
	  true, true, "\"a\"" },
	{ 206, { "content-range: BYTES 10-99/*", "ETag: \"a\"" }, 10, "\"a\"",
	  true, true, "\"a\"" },
	{ 206, { "Content-Range: bytes 10-99/100" }, 10, "\"a\"", true, true,
	  "" },
	{ 206, { "Content-Range: bytes 10-99/100", "ETag: \"b\"" }, 10, "\"a\"",
	  false, false, "\"b\"" },
	{ 206, { "Content-Range: bytes 9-99/100", "ETag: \"a\"" }, 10, "\"a\"",
	  false, false, "\"a\"" },
	{ 206, { "Content-Range: bytes 0-99/100", "ETag: \"a\"" }, 10, "\"a\"",
	  false, false, "\"a\"" },
	{ 206, { "Content-Range: bytes 99-10/100", "ETag: \"a\"" }, 99, "\"a\"",
	  false, false, "\"a\"" },
	{ 206, { "Content-Range: lines 10-99/100", "ETag: \"a\"" }, 10, "\"a\"",
	  false, false, "\"a\"" },
	{ 416, { "Content-Range: bytes */100", "ETag: \"a\"" }, 100, "\"a\"",
	  false, false, "\"a\"" },
	/* What proves that it is the same, and what does not. */
	{ 200, { "ETag: W/\"a\"" }, 0, "", true, false, "" },
	{ 200, { "ETag: a" }, 0, "", true, false, "" },
	{ 200, { "ETag: W/\"a\"", "Date: " DATE, "Last-Modified: " OLD }, 0, "",
	  true, false, OLD },
	{ 200, { "Date: " DATE, "Last-Modified: " OLD }, 0, "", true, false,
	  OLD },
	{ 200, { "Date: " DATE, "Last-Modified: " YOUNG }, 0, "", true, false,
	  "" },
	{ 200, { "Date: " OLD, "Last-Modified: " DATE }, 0, "", true, false,
	  "" },
	{ 200, { "Last-Modified: " OLD }, 0, "", true, false, "" },
	{ 200, { "Date: " DATE, "Last-Modified: yesterday" }, 0, "", true,
	  false, "" },
	/* In a coding that libcurl took off no byte is where it was. */
	{ 206, { "Content-Range: bytes 10-99/100", "ETag: \"a\"",
	  "Content-Encoding: gzip" }, 10, "\"a\"", false, false, "" },
	{ 200, { "ETag: \"a\"", "Content-Encoding: br" }, 0, "", true, false,
	  "" },
	{ 200, { "ETag: \"a\"", "Content-Encoding: utf-8" }, 0, "", true, false,
	  "\"a\"" },
};

static const struct row	*row;

void
__wrap_http_header(const struct http_response *res, const char *name, char *buf,
    size_t size)
{
	size_t	i, len = strlen(name);

	(void)res;
	buf[0] = '\0';
	for (i = 0; i < HEADERS && row->headers[i] != NULL; i++)
		if (strncasecmp(row->headers[i], name, len) == 0 &&
		    row->headers[i][len] == ':')
			(void)snprintf(buf, size, "%s",
			    row->headers[i] + len + 2);
}

bool
__wrap_http_info_read(struct http_transfer *t)
{
	t->response->status = row->status;
	t->response->length = -1;
	return false;
}

const char *
__wrap_http_location(const struct http_transfer *t)
{
	(void)t;
	return NULL;
}

void
__wrap_http_count_bytes(struct http_engine *e, size_t n)
{
	(void)e;
	(void)n;
}

static size_t	taken;

static bool
take(void *arg, const void *data, size_t n)
{
	(void)arg;
	(void)data;
	taken += n;
	return true;
}

static struct http_transfer
transfer_of(struct http_response *res)
{
	struct http_transfer	t = {
		.response = res,
		.rules = http_rules_of(HTTP_PUBLIC_LINK, false),
		.request = { .policy = HTTP_PUBLIC_LINK, .file_only = true,
		    .from = row->from, .max_bytes = 100, .on_body = take },
	};

	memset(res, 0, sizeof(*res));
	(void)snprintf(t.if_range, sizeof(t.if_range), "%s", row->if_range);
	taken = 0;
	return t;
}

static void
test_rows(void)
{
	struct http_response	res;
	struct http_transfer	t;
	size_t			i;
	int			before;

	for (i = 0; i < COUNT(rows); i++) {
		before = (int)CU_get_number_of_failures();
		row = &rows[i];
		t = transfer_of(&res);
		http_headers_read(&t);
		CU_ASSERT_EQUAL(res.is_file, row->is_file);
		CU_ASSERT_EQUAL(res.resumed, row->resumed);
		CU_ASSERT_STRING_EQUAL(res.validator, row->validator);
		/* Nothing of an error's page is taken for a file. */
		t = transfer_of(&res);
		CU_ASSERT_EQUAL(http_take_body((char[]){ "x" }, 1, 1, &t),
		    row->is_file);
		CU_ASSERT_EQUAL(taken, row->is_file);
		if ((int)CU_get_number_of_failures() != before)
			fprintf(stderr, "\n    row %zu: %ld %s\n", i,
			    row->status, row->headers[0]);
	}
}

/* Of a resume the first part counts, too; and a piece is no file. */
static void
test_bytes(void)
{
	static const struct row	whole = { 200, { NULL }, 0, "", true, false, "" };
	static const struct row	rest = { 206,
	    { "Content-Range: bytes 60-99/100" }, 60, "\"a\"", true, true, "" };
	struct http_response	res;
	struct http_transfer	t;
	char			bytes[200] = "";

	row = &whole;
	t = transfer_of(&res);
	CU_ASSERT_EQUAL(http_take_body(bytes, 1, 100, &t), 100);
	CU_ASSERT_FALSE(http_is_piece(&t) || t.too_large);
	CU_ASSERT_EQUAL(http_take_body(bytes, 1, 1, &t), 0);
	CU_ASSERT_TRUE(t.too_large);
	row = &rest;
	t = transfer_of(&res);
	CU_ASSERT_EQUAL(http_take_body(bytes, 1, 39, &t), 39);
	CU_ASSERT_TRUE(http_is_piece(&t));
	CU_ASSERT_EQUAL(http_take_body(bytes, 1, 1, &t), 1);
	CU_ASSERT_FALSE(http_is_piece(&t) || t.too_large);
	CU_ASSERT_EQUAL(http_take_body(bytes, 1, 1, &t), 0);
	CU_ASSERT_TRUE(t.too_large);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "rows", test_rows },
		{ "bytes", test_bytes },
		{ NULL, NULL }
	};

	return cunit_run("http response", tests);
}
