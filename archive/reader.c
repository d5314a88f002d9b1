/* Files of an archive by their locations: finds the kind of a URL, passes each call on
 * to it (reader_dir.c, reader_s3.c), and sums what is read. */
#include <sys/stat.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/hex.h"
#include "archive/reader_driver.h"
#include "archive/stored_file.h"

static const struct {
	const char	*scheme;
	struct reader	*(*open)(const struct conf *, struct errbuf *);
} reader_kinds[] = {
	{ "file://",	reader_dir_open },
	{ "s3://",	reader_s3_open },
};

struct reader *
reader_open(const struct conf *conf, struct errbuf *err)
{
	const char	*scheme;
	size_t		 i;

	for (i = 0; i < sizeof(reader_kinds) / sizeof(reader_kinds[0]); i++) {
		scheme = reader_kinds[i].scheme;
		if (strncmp(conf->archive_url, scheme, strlen(scheme)) == 0)
			return reader_kinds[i].open(conf, err);
	}
	errbuf_set(err, "\"%s\" is neither file:// nor s3://",
	    conf->archive_url);
	return NULL;
}

void
reader_close(struct reader *r)
{
	if (r != NULL)
		r->ops->close(r);
}

const char *
reader_prefix(const struct reader *r)
{
	return r->prefix;
}

void
reader_check(struct reader *r, struct reader_file *const *list, size_t n)
{
	r->ops->check(r, list, n);
}

void
reader_remove(struct reader *r, struct reader_file *const *list, size_t n)
{
	r->ops->remove(r, list, n);
}

/* Which file it is; false: it cannot be told. */
static bool
reader_stat(struct reader *r, const char *location, struct stat *st)
{
	struct errbuf	err;
	int		fd;
	bool		ok;

	if (r->root == NULL ||
	    (fd = stored_file_open(r->root, location, &err)) == -1)
		return false;
	ok = fstat(fd, st) == 0;
	(void)close(fd);
	return ok;
}

bool
reader_is_same(struct reader *r, const char *location, struct reader *other,
    const char *other_location)
{
	struct stat	a, b;

	return reader_stat(r, location, &a) &&
	    reader_stat(other, other_location, &b) &&
	    a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

void
reader_file_is(struct reader_file *f, enum reader_verdict verdict,
    const char *words)
{
	f->verdict = verdict;
	errbuf_set(&f->err, "%s", words);
}

void
reader_sum_begin(struct reader_sum *sum)
{
	sum->state = sha256_new();
	sum->bytes = 0;
}

bool
reader_sum_piece(struct reader_sum *sum, struct reader_file *f,
    const void *data, size_t len)
{
	sum->bytes += (int64_t)len;
	if (sum->state != NULL && !sha256_update(sum->state, data, len)) {
		(void)sha256_finish(sum->state, NULL);
		sum->state = NULL;
	}
	return f->each == NULL || f->each(f, data, len);
}

void
reader_sum_end(struct reader_sum *sum, struct reader_file *f)
{
	unsigned char	digest[SHA256_BYTES];
	char		hex[SHA256_HEX];

	if (!sha256_finish(sum->state, digest)) {
		reader_file_is(f, READER_TROUBLE, "out of memory");
		return;
	}
	hex_encode(digest, sizeof(digest), hex);
	if (sum->bytes == f->bytes && strcmp(hex, f->sha256) == 0) {
		f->verdict = READER_OK;
		return;
	}
	f->verdict = READER_DIFFERS;
	errbuf_set(&f->err, "it has %lld bytes with the SHA-256 %s, and its "
	    "row says %lld with %s", (long long)sum->bytes, hex,
	    (long long)f->bytes, f->sha256);
}
