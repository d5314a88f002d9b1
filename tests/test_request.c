/* server/receive: requests as lighttpd passes them on, and their answers, with
 * no database. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/json.h"
#include "server/receive.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"
#include "tests/scratch.h"

#define TOKEN		"tok-novita-1"
#define MAX_BODY	2048
#define FIXTURE		"tests/fixtures/novita/callback-images.json"

static char		 dir[SCRATCH_PATH], spool_dir[SCRATCH_PATH + 16];
static struct conf	*conf;
static struct spool	*spool;
static struct committer	*committer;

/* ---- the two small functions ------------------------------------------- */

static void
test_variables(void)
{
	char		 a[] = "A=1", b[] = "AB=2", twice[] = "A=3",
			 none[] = "C=", bare[] = "D", eq[] = "E=x=y";
	char *const	 env[] = { b, a, twice, none, bare, eq, NULL };
	struct request	 r = { .env = env };

	CU_ASSERT_STRING_EQUAL(request_get(&r, "A"), "1");
	CU_ASSERT_STRING_EQUAL(request_get(&r, "AB"), "2");
	CU_ASSERT_STRING_EQUAL(request_get(&r, "C"), "");
	CU_ASSERT_STRING_EQUAL(request_get(&r, "E"), "x=y");
	CU_ASSERT_PTR_NULL(request_get(&r, "D"));
	CU_ASSERT_PTR_NULL(request_get(&r, "F"));
	CU_ASSERT_PTR_NULL(request_get(&r, "ABC"));
	CU_ASSERT_EQUAL(request_count(&r, "A"), 2);
	CU_ASSERT_EQUAL(request_count(&r, "AB"), 1);
	CU_ASSERT_EQUAL(request_count(&r, "D"), 0);
	CU_ASSERT_EQUAL(request_count(&r, "F"), 0);
}

/* ---- one request after another, with a database that is away ----------- */

/* A NULL provider is novita, "" the one that the path names, NULL method POST, NULL path "/" TOKEN, NULL body
 * a good callback, NULL length its size; "-": the variable is not there. */
struct row {
	const char	*provider, *method, *path, *length, *body;
	const char	*more[3];	/* further variables */
	int		 http;
	const char	*says;		/* part of the body */
	int		 files;		/* more in the spool than before */
};

struct body {
	const char	*text;
	size_t		 left;
};

static size_t
body_read(void *arg, char *buf, size_t n)
{
	struct body	*b = arg;

	if (n > b->left)
		n = b->left;
	memcpy(buf, b->text, n);
	b->text += n;
	b->left -= n;
	return n;
}

static void
env_add(char **env, const char *name, const char *value)
{
	while (*env != NULL)
		env++;
	if (strcmp(value, "-") != 0)
		scratch_need(asprintf(env, "%s=%s", name, value) != -1, name);
}

/* The answer to a row, without what lies before its JSON. */
static int
ask(const struct row *row, const char *text, size_t len, char *json,
    size_t room)
{
	struct receiver	 rx = { NULL, conf, committer, spool, 0 };
	struct body	 body = { text, len };
	char		*env[16] = { NULL }, size[24], out[ANSWER_TEXT_MAX];
	struct request	 req = { .env = env, .read = body_read, .arg = &body };
	struct callback	 cb;
	struct capture	 cap;
	char		 said[8192], *at;
	size_t		 i;

	rx.provider = row->provider != NULL && *row->provider == '\0' ? NULL :
	    provider_find(row->provider != NULL ? row->provider : "novita");
	(void)snprintf(size, sizeof(size), "%zu", len);
	env_add(env, "REQUEST_METHOD", row->method != NULL ? row->method :
	    "POST");
	env_add(env, "PATH_INFO", row->path != NULL ? row->path : "/" TOKEN);
	env_add(env, "CONTENT_LENGTH", row->length != NULL ? row->length :
	    size);
	env_add(env, "REMOTE_ADDR", "127.0.0.1");
	for (i = 0; i < COUNT(row->more) && row->more[i] != NULL; i++) {
		size_t	cut = strcspn(row->more[i], "=");
		char	name[64];

		(void)snprintf(name, sizeof(name), "%.*s", (int)cut,
		    row->more[i]);
		env_add(env, name, row->more[i] + cut + 1);
	}
	capture_begin(&cap);
	CU_ASSERT_FALSE(receive_begin(&cb, &rx, &req));
	(void)receive_end(&cb, out);
	(void)capture_end(&cap, said, sizeof(said));
	for (i = 0; i < COUNT(env); i++)
		free(env[i]);
	/* A log names no token. */
	CU_ASSERT_PTR_NULL(strstr(said, TOKEN));
	at = strstr(out, "\r\n\r\n");
	CU_ASSERT_PTR_NOT_NULL_FATAL(at);
	(void)snprintf(json, room, "%s", at + 4);
	CU_ASSERT_EQUAL(strncmp(out, "Status: ", 8), 0);
	return (int)strtol(out + 8, NULL, 10);
}

static void
assert_row(const struct row *row)
{
	struct json_object	*doc;
	struct errbuf		 err;
	char			 json[ANSWER_TEXT_MAX], *text = NULL;
	size_t			 len;
	long			 before = spool_count(spool);
	int			 http, failures =
				    (int)CU_get_number_of_failures();

	if (row->body == NULL)
		text = fixture_read(FIXTURE, &len);
	else
		len = strlen(row->body);
	http = ask(row, text != NULL ? text : row->body, len, json,
	    sizeof(json));
	free(text);
	CU_ASSERT_EQUAL(http, row->http);
	CU_ASSERT_EQUAL(json_parse(json, strlen(json), &doc, &err), JSON_OK);
	CU_ASSERT_PTR_NOT_NULL(json_string_at(doc, http == 200 ? "status" :
	    "error"));
	json_free(doc);
	CU_ASSERT_PTR_NOT_NULL(strstr(json, row->says));
	CU_ASSERT_EQUAL(spool_count(spool) - before, row->files);
	if ((int)CU_get_number_of_failures() != failures)
		fprintf(stderr, "\n    %s %s %s: %d %s\n",
		    row->method != NULL ? row->method : "POST",
		    row->path != NULL ? row->path : "/TOKEN",
		    row->length != NULL ? row->length : "", http, json);
}

static void
assert_rows(const struct row *rows, size_t n)
{
	size_t	i;

	for (i = 0; i < n; i++)
		assert_row(&rows[i]);
}

#define SPOOLED		200, "{\"status\":\"spooled\"}", 1
#define NOT_FOUND	404, "{\"error\":\"not found\"}", 0

static void
test_paths(void)
{
	static const struct row	rows[] = {
		{ NULL, NULL, NULL, NULL, NULL, { NULL }, SPOOLED },
		{ NULL, NULL, TOKEN, NULL, NULL, { NULL }, SPOOLED },
		{ NULL, NULL, "/tok-novita-2", NULL, NULL, { NULL }, SPOOLED },
		{ NULL, NULL, "-", NULL, NULL, { NULL }, NOT_FOUND },
		{ NULL, NULL, "", NULL, NULL, { NULL }, NOT_FOUND },
		{ NULL, NULL, "/", NULL, NULL, { NULL }, NOT_FOUND },
		{ NULL, NULL, "//", NULL, NULL, { NULL }, NOT_FOUND },
		{ NULL, NULL, "//" TOKEN, NULL, NULL, { NULL }, NOT_FOUND },
		{ NULL, NULL, "/" TOKEN "/", NULL, NULL, { NULL }, SPOOLED },
		{ NULL, NULL, "/" TOKEN "//", NULL, NULL, { NULL }, NOT_FOUND },
		{ NULL, NULL, "/" TOKEN "/x", NULL, NULL, { NULL }, NOT_FOUND },
		{ NULL, NULL, "/tok-novita", NULL, NULL, { NULL }, NOT_FOUND },
		{ NULL, NULL, "/" TOKEN "1", NULL, NULL, { NULL }, NOT_FOUND },
		{ NULL, NULL, "/TOK-NOVITA-1", NULL, NULL, { NULL },
		    NOT_FOUND },
		{ NULL, NULL, "/" TOKEN " ", NULL, NULL, { NULL }, NOT_FOUND },
		{ NULL, NULL, "/" TOKEN "%00", NULL, NULL, { NULL },
		    NOT_FOUND },
		{ NULL, NULL, "/" TOKEN "?a", NULL, NULL, { NULL }, NOT_FOUND },
		{ NULL, NULL, "/x/" TOKEN, NULL, NULL, { NULL }, NOT_FOUND },
		{ NULL, NULL, "/healthz", NULL, NULL, { NULL }, NOT_FOUND },
		{ NULL, NULL, "/tok-apimart", NULL, NULL, { NULL },
		    NOT_FOUND },
		/* Only apimart appends something. */
		{ NULL, NULL, "/" TOKEN "/callback", NULL, NULL, { NULL },
		    NOT_FOUND },
		{ "apimart", NULL, "/tok-apimart", NULL, NULL, { NULL },
		    SPOOLED },
		{ "apimart", NULL, "/tok-apimart/callback", NULL, NULL,
		    { NULL }, SPOOLED },
		{ "apimart", NULL, "/tok-apimart/callback/", NULL, NULL,
		    { NULL }, SPOOLED },
		{ "apimart", NULL, "/tok-apimart/callbackx", NULL, NULL,
		    { NULL }, NOT_FOUND },
		{ "apimart", NULL, "/tok-apimart/call", NULL, NULL, { NULL },
		    NOT_FOUND },
		{ "apimart", NULL, "/callback", NULL, NULL, { NULL },
		    NOT_FOUND },
		{ "apimart", NULL, "/" TOKEN, NULL, NULL, { NULL },
		    NOT_FOUND },
	};

	assert_rows(rows, COUNT(rows));
}

/* One program for all: the path names the provider, and it has to have an
 * account. */
static void
test_paths_of_all(void)
{
	static const struct row	rows[] = {
		{ "", NULL, "/novita/" TOKEN, NULL, NULL, { NULL }, SPOOLED },
		{ "", NULL, "/novita/" TOKEN "/", NULL, NULL, { NULL },
		    SPOOLED },
		{ "", NULL, "/apimart/tok-apimart/callback", NULL, NULL,
		    { NULL }, SPOOLED },
		{ "", NULL, "/novita/" TOKEN "/callback", NULL, NULL, { NULL },
		    NOT_FOUND },
		{ "", NULL, "/apimart/" TOKEN, NULL, NULL, { NULL },
		    NOT_FOUND },
		{ "", NULL, "/novita/tok-apimart", NULL, NULL, { NULL },
		    NOT_FOUND },
		{ "", NULL, "/wavespeed/tok-wavespeed", NULL, NULL, { NULL },
		    401, "\"error\"", 0 },
		{ "", NULL, "/wavespeed/tok-wavespeed", NULL, NULL,
		    { "HTTP_WEBHOOK_ID=a", "HTTP_WEBHOOK_ID=b" }, 400,
		    "HTTP_WEBHOOK_ID came twice", 0 },
		{ "", NULL, "/novita", NULL, NULL, { NULL }, NOT_FOUND },
		{ "", NULL, "/novita/", NULL, NULL, { NULL }, NOT_FOUND },
		{ "", NULL, "/novit/" TOKEN, NULL, NULL, { NULL }, NOT_FOUND },
		{ "", NULL, "/novitax/" TOKEN, NULL, NULL, { NULL },
		    NOT_FOUND },
		{ "", NULL, "//novita/" TOKEN, NULL, NULL, { NULL },
		    NOT_FOUND },
		{ "", NULL, "novita/" TOKEN, NULL, NULL, { NULL }, NOT_FOUND },
		{ "", NULL, "/" TOKEN, NULL, NULL, { NULL }, NOT_FOUND },
		{ "", NULL, "", NULL, NULL, { NULL }, NOT_FOUND },
		{ "", NULL, "-", NULL, NULL, { NULL }, NOT_FOUND },
		{ "", NULL, "/", NULL, NULL, { NULL }, NOT_FOUND },
		/* It is built in, but nobody has an account there. */
		{ "", NULL, "/replicate/" TOKEN, NULL, NULL, { NULL },
		    NOT_FOUND },
		{ "", "GET", "/replicate/healthz", NULL, NULL, { NULL }, 405,
		    "not POST", 0 },
		{ "", "GET", "/healthz", NULL, NULL, { NULL }, 405, "not POST",
		    0 },
		{ "", "GET", "/novita/" TOKEN, NULL, NULL, { NULL }, 405,
		    "not POST", 0 },
	};

	assert_rows(rows, COUNT(rows));
}

static void
test_methods(void)
{
	static const struct row	rows[] = {
		{ NULL, "GET", NULL, NULL, NULL, { NULL }, 405, "not POST", 0 },
		{ NULL, "HEAD", NULL, NULL, NULL, { NULL }, 405, "not POST",
		    0 },
		{ NULL, "PUT", NULL, NULL, NULL, { NULL }, 405, "not POST", 0 },
		{ NULL, "post", NULL, NULL, NULL, { NULL }, 405, "not POST",
		    0 },
		{ NULL, "POSTS", NULL, NULL, NULL, { NULL }, 405, "not POST",
		    0 },
		{ NULL, "", NULL, NULL, NULL, { NULL }, 405, "not POST", 0 },
		{ NULL, "-", NULL, NULL, NULL, { NULL }, 405, "not POST", 0 },
		{ NULL, "\033[2J\"", NULL, NULL, NULL, { NULL }, 405,
		    "?[2J\\\"", 0 },
	};

	assert_rows(rows, COUNT(rows));
}

static void
test_headers(void)
{
	static const struct row	rows[] = {
		{ NULL, NULL, NULL, NULL, NULL,
		    { "HTTP_CONTENT_ENCODING=gzip" }, 415, "gzip", 0 },
		{ NULL, NULL, NULL, NULL, NULL,
		    { "HTTP_CONTENT_ENCODING=identity, gzip" }, 415,
		    "identity", 0 },
		{ NULL, NULL, NULL, NULL, NULL,
		    { "HTTP_CONTENT_ENCODING=identity" }, SPOOLED },
		{ NULL, NULL, NULL, NULL, NULL,
		    { "HTTP_CONTENT_ENCODING=IDENTITY" }, SPOOLED },
		{ NULL, NULL, NULL, NULL, NULL,
		    { "HTTP_CONTENT_ENCODING=" }, SPOOLED },
		{ NULL, NULL, NULL, NULL, NULL,
		    { "HTTP_CONTENT_ENCODING=identity",
		      "HTTP_CONTENT_ENCODING=gzip" }, 400,
		    "HTTP_CONTENT_ENCODING came twice", 0 },
		{ NULL, NULL, NULL, NULL, NULL, { "CONTENT_LENGTH=2" }, 400,
		    "CONTENT_LENGTH came twice", 0 },
		/* What decides nothing may come twice. */
		{ NULL, NULL, NULL, NULL, NULL,
		    { "HTTP_USER_AGENT=a", "HTTP_USER_AGENT=b" }, SPOOLED },
		{ NULL, NULL, NULL, NULL, NULL,
		    { "HTTP_WEBHOOK_ID=a", "HTTP_WEBHOOK_ID=b" }, SPOOLED },
		{ "wavespeed", NULL, "/tok-wavespeed", NULL, NULL,
		    { "HTTP_WEBHOOK_ID=a", "HTTP_WEBHOOK_ID=b" }, 400,
		    "HTTP_WEBHOOK_ID came twice", 0 },
		{ "wavespeed", NULL, "/tok-wavespeed", NULL, NULL,
		    { "HTTP_WEBHOOK_SIGNATURE=a", "HTTP_WEBHOOK_SIGNATURE=a" },
		    400, "HTTP_WEBHOOK_SIGNATURE came twice", 0 },
		/* Unsigned: refused, and while the database is away, not kept. */
		{ "wavespeed", NULL, "/tok-wavespeed", NULL, NULL, { NULL },
		    401, "\"error\"", 0 },
	};

	assert_rows(rows, COUNT(rows));
}

static void
test_lengths(void)
{
	static const struct row	rows[] = {
		{ NULL, NULL, NULL, "-", NULL, { NULL }, 400, "no number", 0 },
		{ NULL, NULL, NULL, "", NULL, { NULL }, 400, "no number", 0 },
		{ NULL, NULL, NULL, "-1", NULL, { NULL }, 400, "no number",
		    0 },
		{ NULL, NULL, NULL, "+3", NULL, { NULL }, 400, "no number",
		    0 },
		{ NULL, NULL, NULL, " 3", NULL, { NULL }, 400, "no number",
		    0 },
		{ NULL, NULL, NULL, "0x3", NULL, { NULL }, 400, "no number",
		    0 },
		{ NULL, NULL, NULL, "3.0", NULL, { NULL }, 400, "no number",
		    0 },
		{ NULL, NULL, NULL, "3,3", NULL, { NULL }, 400, "no number",
		    0 },
		{ NULL, NULL, NULL, "99999999999999999999", NULL, { NULL },
		    400, "no number", 0 },
		{ NULL, NULL, NULL, "999999999999999999", NULL, { NULL }, 413,
		    "over the limit of 2048", 0 },
		{ NULL, NULL, NULL, "2049", NULL, { NULL }, 413,
		    "body of 2049 bytes is over the limit of 2048", 0 },
		{ NULL, NULL, NULL, "3", "{}", { NULL }, 400,
		    "body ended after 2 of 3 bytes", 0 },
		{ NULL, NULL, NULL, "2048", "", { NULL }, 400,
		    "body ended after 0 of 2048 bytes", 0 },
		/* No length is known where the web server says so: to the end. */
		{ NULL, NULL, NULL, "-", NULL,
		    { "HTTP_TRANSFER_ENCODING=chunked" }, SPOOLED },
		{ NULL, NULL, NULL, "", NULL,
		    { "HTTP_TRANSFER_ENCODING=Chunked" }, SPOOLED },
		{ NULL, NULL, NULL, "-1", NULL,
		    { "SERVER_SOFTWARE=Caddy/v2.6.2" }, SPOOLED },
		{ NULL, NULL, NULL, "-1", NULL,
		    { "HTTP_TRANSFER_ENCODING=chunked" }, 400, "no number", 0 },
		{ NULL, NULL, NULL, "-", NULL,
		    { "HTTP_TRANSFER_ENCODING=gzip, chunked" }, 400,
		    "no number", 0 },
		{ NULL, NULL, NULL, "-", "",
		    { "HTTP_TRANSFER_ENCODING=chunked" }, 400, "\"error\"",
		    1 },
		{ NULL, NULL, NULL, "3", "{}",
		    { "HTTP_TRANSFER_ENCODING=chunked" }, 400,
		    "body ended after 2 of 3 bytes", 0 },
		/* What is rejected for its text is evidence, and is kept. */
		{ NULL, NULL, NULL, "0", "", { NULL }, 400, "\"error\"", 1 },
		{ NULL, NULL, NULL, "1", "{}", { NULL }, 400, "\"error\"", 1 },
		{ NULL, NULL, NULL, NULL, "{\"a\":01}", { NULL }, 400,
		    "\"error\"", 1 },
		{ NULL, NULL, NULL, NULL, "{}", { NULL }, SPOOLED },
		{ NULL, NULL, NULL, "0000000000000002", "{}", { NULL },
		    SPOOLED },
	};

	assert_rows(rows, COUNT(rows));
}

/* A body of the largest size, and of one byte more. */
static void
test_largest(void)
{
	static const struct {
		size_t		len;
		struct row	row;
	} rows[] = {
		{ MAX_BODY - 1, { .http = 200, .says = "spooled",
		    .files = 1 } },
		{ MAX_BODY, { .http = 200, .says = "spooled", .files = 1 } },
		{ MAX_BODY + 1, { .http = 413, .says = "over the limit" } },
	};
	struct row	row;
	char		body[MAX_BODY + 2];
	size_t		i;

	for (i = 0; i < COUNT(rows); i++) {
		memset(body, ' ', sizeof(body));
		memcpy(body, "{}", 2);
		body[rows[i].len] = '\0';
		row = rows[i].row;
		row.body = body;
		assert_row(&row);
		/* Where the end is the only sign of how much it is, too. */
		row.length = "-";
		row.more[0] = "HTTP_TRANSFER_ENCODING=chunked";
		assert_row(&row);
	}
}

/* A token in the body does not reach the disk. */
static void
test_redacted(void)
{
	static const struct row	row = {
		.body = "{\"hook\":\"https://h.example/" TOKEN "\",\"again\":"
		    "\"tok%2dnovita%2D2\"}",
		.http = 200, .says = "spooled", .files = 1
	};
	struct dirent		**list = NULL;
	char			 path[2 * SCRATCH_PATH], *text;
	size_t			 len;
	int			 n, i, seen = 0;

	assert_row(&row);
	n = scandir(spool_dir, &list, NULL, alphasort);
	CU_ASSERT_FATAL(n > 0);
	for (i = 0; i < n; i++) {
		if (strstr(list[i]->d_name, ".delivery") != NULL) {
			(void)snprintf(path, sizeof(path), "%s/%.200s",
			    spool_dir, list[i]->d_name);
			text = fixture_read(path, &len);
			CU_ASSERT_PTR_NULL(strstr(text, "tok-novita"));
			CU_ASSERT_PTR_NULL(strstr(text, "tok%2dnovita"));
			seen += strstr(text, "\"https://h.example/[token]\","
			    "\"again\":\"[token]\"") != NULL;
			free(text);
		}
		free(list[i]);
	}
	free(list);
	CU_ASSERT_EQUAL(seen, 1);
}

/* Nowhere to keep it: only then is the sender asked to come again. */
static void
test_no_spool(void)
{
	static const struct row	accepted = {
		.http = 503, .says = "not stored, please send again"
	};
	static const struct row	rejected = {
		.body = "{", .http = 400, .says = "\"error\""
	};
	struct committer	*kept = committer;
	struct spool		*full;
	struct errbuf		 err;

	full = spool_open(spool_dir, 0, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(full);
	committer = committer_start(conf, full, false, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(committer);
	assert_row(&accepted);
	assert_row(&rejected);
	committer_free(committer);
	spool_close(full);
	committer = kept;
}

/* Database and spool, as JSON; and nothing of it ends the JSON. */
static void
assert_health(const struct row *row)
{
	struct json_object	*doc;
	struct errbuf		 err;
	char			 json[ANSWER_TEXT_MAX];
	int64_t			 n = -1;

	CU_ASSERT_EQUAL(ask(row, "", 0, json, sizeof(json)), 503);
	CU_ASSERT_EQUAL_FATAL(json_parse(json, strlen(json), &doc, &err),
	    JSON_OK);
	CU_ASSERT_STRING_EQUAL(json_string_at(doc, "status"), "unavailable");
	CU_ASSERT_STRING_EQUAL(json_string_at(doc, "database"),
	    "unavailable");
	CU_ASSERT(json_int_at(doc, "spool_files", &n));
	CU_ASSERT_EQUAL(n, spool_count(spool));
	CU_ASSERT(json_int_at(doc, "schema_version", &n));
	CU_ASSERT(json_int_at(doc, "uptime_seconds", &n));
	json_free(doc);
}

static void
test_health(void)
{
	static const struct row	rows[] = {
		{ .method = "GET", .path = "/healthz" },
		{ .method = "HEAD", .path = "/healthz" },
		{ .provider = "", .method = "GET", .path = "/apimart/healthz" },
		{ .provider = "", .method = "GET", .path = "/novita/healthz" },
	};
	size_t			i;

	for (i = 0; i < COUNT(rows); i++)
		assert_health(&rows[i]);
}

static void
start(void)
{
	struct errbuf	err;
	char		path[SCRATCH_PATH + 32], text[1024];

	scratch_make(dir);
	(void)snprintf(spool_dir, sizeof(spool_dir), "%s/spool", dir);
	(void)snprintf(path, sizeof(path), "%s/genhook.conf", dir);
	(void)snprintf(text, sizeof(text),
	    "database {\n conninfo = \"host=/nonexistent dbname=x\"\n}\n"
	    "receiver {\n max_body = %d\n spool_dir = \"%s\"\n}\n"
	    "novita default {\n token = {\"" TOKEN "\", \"tok-novita-2\"}\n}\n"
	    "apimart default {\n token = {\"tok-apimart\"}\n}\n"
	    "wavespeed default {\n token = {\"tok-wavespeed\"}\n"
	    " webhook_secret = {\"whsec_x\"}\n}\n", MAX_BODY, spool_dir);
	scratch_write(path, 0600, text);
	if ((conf = conf_load(path, &err)) == NULL ||
	    (spool = spool_open(spool_dir, 1 << 20, &err)) == NULL ||
	    (committer = committer_start(conf, spool, false, &err)) == NULL) {
		fprintf(stderr, "%s\n", err.text);
		exit(2);
	}
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "variables", test_variables },
		{ "paths", test_paths },
		{ "paths of all", test_paths_of_all },
		{ "methods", test_methods },
		{ "headers", test_headers },
		{ "lengths", test_lengths },
		{ "largest", test_largest },
		{ "redacted", test_redacted },
		{ "no spool", test_no_spool },
		{ "health", test_health },
		{ NULL, NULL }
	};
	int	status;

	start();
	status = cunit_run("request", tests);
	committer_free(committer);
	spool_close(spool);
	conf_free(conf);
	scratch_remove(dir);
	return status;
}
