/* The page's own parts that need no database: sessions, where a request came
 * from, ranges, files of the archive, and links into a store. */
#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/time.h"
#include "archive/s3_link.h"
#include "archive/stored_file.h"
#include "web/file.h"
#include "web/session.h"
#include "tests/cunit_main.h"
#include "tests/scratch.h"

#define NOW	(INT64_C(1796000000) * USEC_PER_SEC)

static char	web_secret[] = "a secret of the page", web_other[] = "another one";
static char	web_none[] = "", web_url[] = "https://hooks.example.com/genhook/";

static struct conf	web_conf = { .web_secret = web_secret,
			    .web_url = web_url };

/* ---- sessions ----------------------------------------------------------- */

static void
session_from(struct web_session *s, const char *cookies, int64_t now)
{
	char		 var[2048];
	char		*env[] = { var, NULL };
	struct request	 req = { .env = env };

	(void)snprintf(var, sizeof(var), "HTTP_COOKIE=%s", cookies);
	web_session_read(&web_conf, &req, now, s);
}

static void
test_session_is_what_was_signed(void)
{
	struct web_session	s = { .may = WEB_ACT, .name = "anna",
				    .since_us = NOW }, got;
	char			value[WEB_COOKIE_MAX], cookies[1024];

	CU_ASSERT_TRUE(web_session_cookie(&web_conf, &s, value));
	(void)snprintf(cookies, sizeof(cookies), "a=b; genhook_session=1.a.2.ff.00; "
	    "genhook_session=%s; c=d", value);
	session_from(&got, cookies, NOW + 5);
	CU_ASSERT_EQUAL(got.may, WEB_ACT);
	CU_ASSERT_STRING_EQUAL(got.name, "anna");
	CU_ASSERT_EQUAL(got.since_us, NOW);

	/* 30 days, and no more; and none that has not begun. */
	session_from(&got, cookies, NOW + INT64_C(30) * 86400 * USEC_PER_SEC);
	CU_ASSERT_EQUAL(got.may, WEB_ACT);
	session_from(&got, cookies, NOW + INT64_C(30) * 86400 * USEC_PER_SEC + 1);
	CU_ASSERT_EQUAL(got.may, WEB_ANYONE);
	session_from(&got, cookies, NOW - INT64_C(3600) * USEC_PER_SEC);
	CU_ASSERT_EQUAL(got.may, WEB_ANYONE);

	/* Another secret, none of it. */
	web_conf.web_secret = web_other;
	session_from(&got, cookies, NOW + 5);
	CU_ASSERT_EQUAL(got.may, WEB_ANYONE);
	web_conf.web_secret = web_secret;
}

/* No byte of a cookie may be another one, and none may be missing. */
static void
test_session_forged(void)
{
	struct web_session	s = { .may = WEB_LOOK, .name = "bo",
				    .since_us = NOW }, got;
	char			value[WEB_COOKIE_MAX], cookies[1024];
	size_t			i, len, head = strlen(WEB_COOKIE "=");

	CU_ASSERT_TRUE(web_session_cookie(&web_conf, &s, value));
	len = (size_t)snprintf(cookies, sizeof(cookies), WEB_COOKIE "=%s", value);
	session_from(&got, cookies, NOW);
	CU_ASSERT_EQUAL(got.may, WEB_LOOK);
	for (i = head; i < len; i++) {
		cookies[i] ^= 1;
		session_from(&got, cookies, NOW);
		CU_ASSERT_EQUAL(got.may, WEB_ANYONE);
		CU_ASSERT_EQUAL(got.name[0], '\0');
		cookies[i] ^= 1;
	}
	for (i = len - 1; i >= head; i--) {
		cookies[i] = '\0';
		session_from(&got, cookies, NOW);
		CU_ASSERT_EQUAL(got.may, WEB_ANYONE);
	}
}

/* A header of that name is no word of the web server's. */
static void
test_session_of_remote_user(void)
{
	static const struct {
		const char	*var;
		bool		 trusted;
		enum web_right	 may;
	} cases[] = {
		{ "REMOTE_USER=anna", true, WEB_ACT },
		{ "REMOTE_USER=anna", false, WEB_ANYONE },
		{ "HTTP_REMOTE_USER=anna", true, WEB_ANYONE },
		{ "REMOTE_USER=", true, WEB_ANYONE },
		{ "REMOTE_USER=an\"na", true, WEB_ANYONE },
	};
	struct web_session	s;
	char			var[64];
	char			*env[] = { var, NULL };
	struct request		req = { .env = env };
	size_t			i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)snprintf(var, sizeof(var), "%s", cases[i].var);
		web_conf.web_trust_remote_user = cases[i].trusted;
		web_session_read(&web_conf, &req, NOW, &s);
		CU_ASSERT_EQUAL(s.may, cases[i].may);
		CU_ASSERT_EQUAL(s.since_us, 0);
	}
	web_conf.web_trust_remote_user = false;
}

static void
test_same_origin(void)
{
	static const struct {
		const char	*origin, *host, *site;
		bool		 same;
	} cases[] = {
		{ "X=", "HTTP_HOST=h:8080", "Y=", true },
		{ "HTTP_ORIGIN=http://h:8080", "HTTP_HOST=h:8080", "Y=", true },
		{ "HTTP_ORIGIN=http://H:8080", "HTTP_HOST=h:8080", "Y=", true },
		{ "HTTP_ORIGIN=http://h:8081", "HTTP_HOST=h:8080", "Y=", false },
		{ "HTTP_ORIGIN=http://h", "HTTP_HOST=h.evil.example", "Y=", false },
		{ "HTTP_ORIGIN=http://evil.example", "HTTP_HOST=h", "Y=", false },
		{ "HTTP_ORIGIN=null", "HTTP_HOST=h", "Y=", false },
		{ "HTTP_ORIGIN=", "HTTP_HOST=h", "Y=", false },
		/* What browsers see, behind a proxy that says another name. */
		{ "HTTP_ORIGIN=https://hooks.example.com", "HTTP_HOST=inside", "Y=", true },
		{ "HTTP_ORIGIN=https://hooks.example.com.evil.example", "HTTP_HOST=inside", "Y=", false },
		{ "HTTP_ORIGIN=https://seen.example", "HTTP_HOST=inside", "HTTP_SEC_FETCH_SITE=same-origin", true },
		{ "HTTP_ORIGIN=http://h", "HTTP_HOST=h", "HTTP_SEC_FETCH_SITE=cross-site", false },
		{ "X=", "HTTP_HOST=h", "HTTP_SEC_FETCH_SITE=same-site", false },
		{ "X=", "HTTP_HOST=h", "HTTP_SEC_FETCH_SITE=none", false },
	};
	char		vars[3][128];
	char		*env[] = { vars[0], vars[1], vars[2], NULL };
	struct request	req = { .env = env };
	size_t		i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)snprintf(vars[0], sizeof(vars[0]), "%s", cases[i].origin);
		(void)snprintf(vars[1], sizeof(vars[1]), "%s", cases[i].host);
		(void)snprintf(vars[2], sizeof(vars[2]), "%s", cases[i].site);
		CU_ASSERT_EQUAL(web_is_same_origin(&web_conf, &req),
		    cases[i].same);
		if (web_is_same_origin(&web_conf, &req) != cases[i].same)
			fprintf(stderr, "\n    %s %s %s\n", vars[0], vars[1],
			    vars[2]);
	}
}

static void
test_names(void)
{
	CU_ASSERT_TRUE(web_name_is_valid("anna"));
	CU_ASSERT_TRUE(web_name_is_valid("anna.b@example.org"));
	CU_ASSERT_FALSE(web_name_is_valid(""));
	CU_ASSERT_FALSE(web_name_is_valid("an na"));
	CU_ASSERT_FALSE(web_name_is_valid("an\"na"));
	CU_ASSERT_FALSE(web_name_is_valid("0123456789012345678901234567890123456789"
	    "0123456789012345678901234"));
}

/* ---- files -------------------------------------------------------------- */

static void
test_ranges(void)
{
	static const struct {
		const char	*header;
		int64_t		 size;
		enum web_range	 wanted;
		int64_t		 from, bytes;
	} cases[] = {
		{ NULL, 10, WEB_RANGE_ALL, 0, 0 },
		{ "bytes=0-0", 10, WEB_RANGE_PART, 0, 1 },
		{ "bytes=0-", 10, WEB_RANGE_PART, 0, 10 },
		{ "bytes=3-5", 10, WEB_RANGE_PART, 3, 3 },
		{ "bytes=3-99", 10, WEB_RANGE_PART, 3, 7 },
		{ "bytes=-4", 10, WEB_RANGE_PART, 6, 4 },
		{ "bytes=-99", 10, WEB_RANGE_PART, 0, 10 },
		{ "bytes=9-9", 10, WEB_RANGE_PART, 9, 1 },
		{ "bytes=10-", 10, WEB_RANGE_NONE, 0, 0 },
		{ "bytes=10-20", 10, WEB_RANGE_NONE, 0, 0 },
		{ "bytes=-0", 10, WEB_RANGE_NONE, 0, 0 },
		{ "bytes=0-0", 0, WEB_RANGE_NONE, 0, 0 },
		{ "bytes=99999999999999999999-", 10, WEB_RANGE_NONE, 0, 0 },
		{ "bytes=1-99999999999999999999", 10, WEB_RANGE_PART, 1, 9 },
		{ "bytes=5-3", 10, WEB_RANGE_ALL, 0, 0 },
		{ "bytes=-", 10, WEB_RANGE_ALL, 0, 0 },
		{ "bytes=", 10, WEB_RANGE_ALL, 0, 0 },
		{ "bytes=0-1,3-4", 10, WEB_RANGE_ALL, 0, 0 },
		{ "bytes=a-b", 10, WEB_RANGE_ALL, 0, 0 },
		{ "bytes=+1-2", 10, WEB_RANGE_ALL, 0, 0 },
		{ "items=0-1", 10, WEB_RANGE_ALL, 0, 0 },
	};
	int64_t	from, bytes;
	size_t	i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		from = bytes = 0;
		CU_ASSERT_EQUAL(web_range_read(cases[i].header, cases[i].size,
		    &from, &bytes), cases[i].wanted);
		CU_ASSERT_EQUAL(from, cases[i].from);
		CU_ASSERT_EQUAL(bytes, cases[i].bytes);
	}
}

static void
test_types(void)
{
	CU_ASSERT_STRING_EQUAL(web_file_type("image/png"), "image/png");
	CU_ASSERT_STRING_EQUAL(web_file_type("audio/x-wav"), "audio/wav");
	CU_ASSERT_PTR_NULL(web_file_type("image/svg+xml"));
	CU_ASSERT_PTR_NULL(web_file_type("text/html"));
	CU_ASSERT_PTR_NULL(web_file_type("text/plain"));
	CU_ASSERT_PTR_NULL(web_file_type("application/pdf"));
	CU_ASSERT_PTR_NULL(web_file_type("image/png; x"));
	CU_ASSERT_PTR_NULL(web_file_type(NULL));
}

/* Only what lies in the archive's folder, and no way out of it. */
static void
test_files_of_the_archive(void)
{
	static const struct {
		const char	*scheme, *below;
		bool		 opens;
	} cases[] = {
		{ "file://", "/a/in", true },
		{ "file://localhost", "/a/in", true },
		{ "file://", "/a/%69n", true },
		{ "file://", "/out", false },
		{ "file://", "/a/../out", false },
		{ "file://", "/a/%2e%2e/out", false },
		{ "file://", "/a/link", false },
		{ "file://", "/a/dirlink/out", false },
		{ "file://", "/a/fifo", false },
		{ "file://", "/a/none", false },
		{ "file://", "/a", false },
		{ "file://", "/a/", false },
		{ "file://", "/ab/in", false },
		{ "file://elsewhere", "/a/in", false },
		{ "s3://", "/a/in", false },
		{ "", "/a/in", false },
	};
	static const char *const	folders[] = { "a", "ab" };
	static const char *const	files[] = { "a/in", "ab/in", "out" };
	char				dir[SCRATCH_PATH], path[512], url[512];
	struct errbuf			err;
	size_t				i;
	int				fd;

	scratch_make(dir);
	for (i = 0; i < 2; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, folders[i]);
		scratch_need(mkdir(path, 0700) == 0, path);
	}
	for (i = 0; i < 3; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		scratch_write(path, 0600, "x");
	}
	(void)snprintf(path, sizeof(path), "%s/a/link", dir);
	scratch_need(symlink("../out", path) == 0, path);
	(void)snprintf(path, sizeof(path), "%s/a/dirlink", dir);
	scratch_need(symlink("..", path) == 0, path);
	(void)snprintf(path, sizeof(path), "%s/a/fifo", dir);
	scratch_need(mkfifo(path, 0600) == 0, path);
	(void)snprintf(url, sizeof(url), "file://%s/a", dir);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s%s%s", cases[i].scheme,
		    dir, cases[i].below);
		fd = stored_file_open(url, path, &err);
		CU_ASSERT_EQUAL(fd != -1, cases[i].opens);
		if ((fd != -1) != cases[i].opens)
			fprintf(stderr, "\n    %s: %s\n", path,
			    fd == -1 ? err.text : "opened");
		if (fd != -1)
			(void)close(fd);
	}
	scratch_remove(dir);
}

/* ---- links into a store ------------------------------------------------- */

/* The example of the Amazon S3 API Reference, "Authenticating Requests: Using
 * Query Parameters". */
static void
test_link_is_amazons(void)
{
	static char	archive[] = "s3://examplebucket",
			endpoint[] = "https://examplebucket.s3.amazonaws.com",
			region[] = "us-east-1",
			access[] = "AKIAIOSFODNN7EXAMPLE",
			secret[] = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
	struct conf	conf = { .archive_url = archive, .s3_endpoint = endpoint,
			    .s3_region = region, .s3_access_key = access,
			    .s3_secret_key = secret };
	struct errbuf	err;
	char		*link;

	/* 2013-05-24T00:00:00Z */
	link = s3_link(&conf, "s3://examplebucket/test.txt", NULL, NULL, 86400,
	    1369353600, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(link);
	CU_ASSERT_STRING_EQUAL(link, "https://examplebucket.s3.amazonaws.com/"
	    "test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential="
	    "AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
	    "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400"
	    "&X-Amz-SignedHeaders=host&X-Amz-Signature="
	    "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
	free(link);
	CU_ASSERT_PTR_NULL(s3_link(&conf, "s3://otherbucket/test.txt", NULL,
	    NULL, 60, 1369353600, &err));
	CU_ASSERT_PTR_NULL(s3_link(&conf, "s3://examplebucket2/test.txt", NULL,
	    NULL, 60, 1369353600, &err));
	conf.archive_url = web_none;
	CU_ASSERT_PTR_NULL(s3_link(&conf, "s3://examplebucket/test.txt", NULL,
	    NULL, 60, 1369353600, &err));
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "a session is what was signed",
		    test_session_is_what_was_signed },
		{ "a session that was forged", test_session_forged },
		{ "whom the web server names", test_session_of_remote_user },
		{ "where a POST came from", test_same_origin },
		{ "names", test_names },
		{ "ranges", test_ranges },
		{ "types", test_types },
		{ "files of the archive", test_files_of_the_archive },
		{ "a link is Amazon's", test_link_is_amazons },
		{ NULL, NULL }
	};

	return cunit_run("web", tests);
}
