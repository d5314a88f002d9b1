/* The digests of a file, from its bytes and from its part. */
#include <string.h>

#include "batch/download/digests.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"
#include "tests/scratch.h"

#define SIZE	((size_t)3 * 1024 * 1024)	/* so that it is a file */

static char		 dir[SCRATCH_PATH];
static struct conf	 conf;
static char		 url[SCRATCH_PATH + 8];
static unsigned char	 data[SIZE], want[SHA256_BYTES];

static const struct archive_key	key = { "novita", "task-1", "0", 1774000000 };

/* The same whatever the pieces are, and again after a new beginning. */
static void
test_pieces(void)
{
	static const size_t	pieces[] = { 1, 64, 1000, SIZE };
	struct digests		s = { .bytes = 7 };
	unsigned char		sum[SHA256_BYTES], md5[MD5_BYTES] = { 1 };
	struct errbuf		err;
	size_t			i, at, n;

	for (i = 0; i < COUNT(pieces); i++) {
		CU_ASSERT_TRUE_FATAL(digests_begin(&s));
		digests_update(&s, "what another answer had", 23);
		CU_ASSERT_TRUE_FATAL(digests_begin(&s));
		for (at = 0; at < SIZE; at += n) {
			n = pieces[i] < SIZE - at ? pieces[i] : SIZE - at;
			digests_update(&s, data + at, n);
		}
		CU_ASSERT_TRUE(digests_final(&s, SIZE, sum, md5, &err));
		CU_ASSERT_EQUAL(memcmp(sum, want, sizeof(sum)), 0);
		CU_ASSERT_EQUAL(md5[0], 1);
	}
	digests_free(&s);
}

static void
test_md5(void)
{
	struct digests	s = { .bytes = 0 };
	unsigned char	sum[SHA256_BYTES], md5[MD5_BYTES];
	char		text[25];
	struct errbuf	err;

	CU_ASSERT_TRUE_FATAL(digests_begin(&s));
	digests_want_md5(&s);
	digests_update(&s, "abc", 3);
	CU_ASSERT_TRUE(digests_final(&s, 3, sum, md5, &err));
	base64_encode(md5, sizeof(md5), text);
	CU_ASSERT_STRING_EQUAL(text, "kAFQmDzST7DWlj99KOF/cg==");
}

/* A sum is of all the bytes, or there is none. */
static const struct {
	size_t		 take;
	int64_t		 bytes;
	const char	*err;		/* NULL: it is right */
} lengths[] = {
	{ 10, 10, NULL },
	{ 0, 0, NULL },
	{ 10, 11, "11 bytes came, and 10 of them are there" },
	{ 10, 9, "9 bytes came, and 10 of them are there" },
	{ 0, 1, "1 bytes came, and 0 of them are there" },
};

static void
test_lengths(void)
{
	struct digests	s = { .bytes = 0 };
	unsigned char	sum[SHA256_BYTES], md5[MD5_BYTES];
	struct errbuf	err;
	size_t		i;

	for (i = 0; i < COUNT(lengths); i++) {
		errbuf_set(&err, "%s", "");
		CU_ASSERT_TRUE_FATAL(digests_begin(&s));
		digests_update(&s, data, lengths[i].take);
		CU_ASSERT_EQUAL(digests_final(&s, lengths[i].bytes, sum, md5,
		    &err), lengths[i].err == NULL);
		CU_ASSERT_STRING_EQUAL(err.text, lengths[i].err != NULL ?
		    lengths[i].err : "");
	}
	/* What is broken stays so. */
	CU_ASSERT_TRUE_FATAL(digests_begin(&s));
	s.broken = true;
	digests_update(&s, data, 5);
	CU_ASSERT_FALSE(digests_final(&s, 5, sum, md5, &err));
	CU_ASSERT_STRING_EQUAL(err.text, "could not compute a SHA-256");
}

static struct archive_part *
part_of(struct archive *a)
{
	struct archive_part	*part;
	struct errbuf		 err;

	part = archive_begin(a, &key, SIZE, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(part);
	CU_ASSERT_TRUE_FATAL(archive_write(part, data, SIZE, &err));
	return part;
}

/* Whoever has a hand in the folder: the part is made that long. */
static void
meddle(off_t size)
{
	struct dirent	*e;
	char		*path;
	DIR		*d = opendir(dir);

	scratch_need(d != NULL, dir);
	while ((e = readdir(d)) != NULL) {
		if (strncmp(e->d_name, ".part-", 6) != 0)
			continue;
		scratch_need(asprintf(&path, "%s/%s", dir, e->d_name) != -1 &&
		    truncate(path, size) == 0, e->d_name);
		free(path);
	}
	(void)closedir(d);
}

/* read: how much is summed before the part becomes size bytes long. */
static const struct {
	int64_t		 read;
	off_t		 size;
	bool		 ok;
} parts[] = {
	{ 0, SIZE, true },
	{ 1024 * 1024, SIZE, true },
	{ SIZE, SIZE, true },
	{ 0, SIZE - 1, false },
	{ 1024 * 1024, SIZE / 2, false },
	{ 0, 0, false },
	{ SIZE * 2, SIZE, true },
};

static void
test_parts(void)
{
	struct archive_part	*part;
	struct archive		*a;
	struct digests		 s = { .bytes = 0 };
	unsigned char		 sum[SHA256_BYTES], md5[MD5_BYTES];
	struct errbuf		 err;
	size_t			 i;
	bool			 ok;

	a = archive_open(&conf, "host:1:1", &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(a);
	for (i = 0; i < COUNT(parts); i++) {
		part = part_of(a);
		CU_ASSERT_TRUE_FATAL(digests_begin(&s));
		CU_ASSERT_TRUE(digests_update_from_part(&s, part, parts[i].read, &err));
		meddle(parts[i].size);
		CU_ASSERT_TRUE(digests_update_from_part(&s, part, SIZE, &err));
		ok = digests_final(&s, SIZE, sum, md5, &err);
		CU_ASSERT_EQUAL(ok, parts[i].ok);
		CU_ASSERT(!ok || memcmp(sum, want, sizeof(sum)) == 0);
		archive_abort(part);
	}
	/* One that has grown was summed too far, and is read no further. */
	part = part_of(a);
	CU_ASSERT_TRUE_FATAL(digests_begin(&s));
	meddle(SIZE + 100000);
	CU_ASSERT_TRUE(digests_update_from_part(&s, part, SIZE + 50000, &err));
	CU_ASSERT_TRUE(digests_update_from_part(&s, part, SIZE, &err));
	CU_ASSERT_FALSE(digests_final(&s, SIZE, sum, md5, &err));
	archive_abort(part);
	archive_close(a);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "pieces", test_pieces },
		{ "MD5", test_md5 },
		{ "as many bytes as came", test_lengths },
		{ "parts that another changes", test_parts },
		{ NULL, NULL }
	};
	size_t	i;
	int	failed;

	for (i = 0; i < SIZE; i++)
		data[i] = (unsigned char)(i * 2654435761U >> 13);
	(void)sha256(data, SIZE, want);
	scratch_make(dir);
	(void)snprintf(url, sizeof(url), "file://%s", dir);
	conf.archive_url = url;
	failed = cunit_run("digests", tests);
	scratch_remove(dir);
	return failed;
}
