/* batch/download/verify: the sums that a server said of a file, and the end of one
 * that was cut short. */
#include <string.h>

#include "lib/crypto.h"
#include "batch/download/verify.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"

void		__wrap_worker_wait(struct worker *, struct worker_job *);
enum media_end	__wrap_media_end(const struct media *,
		    const struct media_watch *);

#define TEXT	"hello"
#define SHA256	"LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="
#define MD5	"XUFAKrxLKna5cZ2REBfFkg=="
#define HEX	"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

static enum media_end	end;

/* The worker has nothing to do. */
void
__wrap_worker_wait(struct worker *w, struct worker_job *job)
{
	(void)w;
	(void)job;
}

enum media_end
__wrap_media_end(const struct media *m, const struct media_watch *watch)
{
	(void)m;
	(void)watch;
	return end;
}

/* What a server says, of a file of TEXT, whether its MD5 was computed, and whether
 * it is believed. */
static const struct row {
	const char		*sha256, *md5;
	bool			 has_md5, ok;
	const char		*err;
} rows[] = {
	{ "", "", true, true, NULL },
	{ SHA256, "", true, true, NULL },
	{ "", MD5, true, true, NULL },
	{ SHA256, MD5, true, true, NULL },
	{ "MPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=", "", true, false,
	  "SHA-256" },
	{ "MPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=", MD5, true, false,
	  "SHA-256" },
	{ "", "YUFAKrxLKna5cZ2REBfFkg==", true, false, "MD5" },
	{ SHA256, "YUFAKrxLKna5cZ2REBfFkg==", true, false, "MD5" },
	/* What was not computed cannot be compared. */
	{ SHA256, "YUFAKrxLKna5cZ2REBfFkg==", false, true, NULL },
};

static void
row_try(const struct row *row, int64_t bytes, bool ok, const char *err)
{
	static struct downloads	 downloads;
	static char		 url[] = "https://cdn.example/a?secret=1";
	struct job		 j = { .downloads = &downloads };
	struct archive_commit	 c = { .arg = &j };
	struct digest_header	*said = &j.transfer.response.digest_header;

	j.link.url = url;
	j.file.bytes = bytes;
	(void)snprintf(said->sha256, sizeof(said->sha256), "%s", row->sha256);
	(void)snprintf(said->md5, sizeof(said->md5), "%s", row->md5);
	CU_ASSERT_TRUE_FATAL(digests_begin(&j.digest.digests));
	if (row->has_md5)
		digests_want_md5(&j.digest.digests);
	digests_update(&j.digest.digests, TEXT, strlen(TEXT));
	CU_ASSERT_EQUAL(verify_digests(&c), ok);
	if (ok) {
		CU_ASSERT_STRING_EQUAL(j.digest.sha256, HEX);
	} else {
		CU_ASSERT_PTR_NOT_NULL(strstr(c.err.text, err));
		CU_ASSERT_PTR_NULL(strstr(c.err.text, "secret"));
	}
	CU_ASSERT_EQUAL(j.failure.kind, ok || bytes != (int64_t)strlen(TEXT) ?
	    TROUBLE_OURS : TROUBLE_CONTENT);
	digests_free(&j.digest.digests);
}

static void
test_digests(void)
{
	size_t	i;

	for (i = 0; i < COUNT(rows); i++)
		row_try(&rows[i], (int64_t)strlen(TEXT), rows[i].ok,
		    rows[i].err);
	/* It is not of as many bytes as came. */
	row_try(&rows[0], 4, false, "");
}

static const struct {
	enum media_end	 end;
	bool		 framed, whole;
} ends[] = {
	{ MEDIA_WHOLE, false, true },
	{ MEDIA_WHOLE, true, true },
	{ MEDIA_UNSURE, true, true },
	{ MEDIA_UNSURE, false, false },
	{ MEDIA_SHORT, true, false },
	{ MEDIA_SHORT, false, false },
};

static void
test_ends(void)
{
	static char	url[] = "https://cdn.example/a?secret=1";
	struct job	j = { .file = { .bytes = 1 } };
	struct errbuf	err;
	size_t		i;

	j.link.url = url;
	for (i = 0; i < COUNT(ends); i++) {
		end = ends[i].end;
		j.transfer.response.framed = ends[i].framed;
		errbuf_set(&err, "%s", "");
		CU_ASSERT_EQUAL(verify_whole(&j, &err), ends[i].whole);
		if (!ends[i].whole)
			CU_ASSERT_STRING_EQUAL(err.text,
			    "cdn.example: the file was cut short");
	}
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "digests", test_digests },
		{ "ends", test_ends },
		{ NULL, NULL }
	};

	return cunit_run("verify", tests);
}
