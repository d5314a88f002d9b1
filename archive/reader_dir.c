/* Files of an archive in a tree of directories, by their locations. */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/file_url.h"
#include "archive/reader_driver.h"
#include "archive/stored_file.h"

#define PIECE_BYTES	((size_t)256 * 1024)

struct dir_reader {
	struct reader	 base;
	char		*piece;
};

/* The next piece of a file.  False: that was all, or no more is wanted. */
static bool
reader_dir_piece(struct dir_reader *d, struct reader_file *f, int fd,
    struct reader_sum *sum)
{
	ssize_t	n;

	do
		n = read(fd, d->piece, PIECE_BYTES);
	while (n == -1 && errno == EINTR);
	if (n == -1) {
		reader_file_is(f, READER_TROUBLE, strerror(errno));
		return false;
	}
	if (n > 0 && !reader_sum_piece(sum, f, d->piece, (size_t)n)) {
		f->verdict = READER_STOPPED;
		return false;
	}
	return n > 0;
}

static void
reader_dir_one(struct dir_reader *d, struct reader_file *f)
{
	struct reader_sum	sum;
	int			fd;

	fd = stored_file_open(d->base.root, f->location, &f->err);
	if (fd == -1) {
		f->verdict = f->err.class == ERR_NO_FILE ? READER_MISSING :
		    READER_TROUBLE;
		return;
	}
	/* What the disk has, as far as the system lets one ask it. */
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	f->verdict = READER_OK;
	reader_sum_begin(&sum);
	while (reader_dir_piece(d, f, fd, &sum))
		continue;
	(void)close(fd);
	if (f->verdict == READER_OK)
		reader_sum_end(&sum, f);
	else
		(void)sha256_finish(sum.state, NULL);
}

static void
reader_dir_check(struct reader *r, struct reader_file *const *list, size_t n)
{
	size_t	i;

	for (i = 0; i < n; i++)
		reader_dir_one((struct dir_reader *)r, list[i]);
}

static void
reader_dir_remove(struct reader *r, struct reader_file *const *list, size_t n)
{
	size_t	i;

	for (i = 0; i < n; i++) {
		list[i]->verdict = READER_OK;
		if (!stored_file_remove(r->root, list[i]->location,
		    &list[i]->err))
			list[i]->verdict = list[i]->err.class == ERR_NO_FILE ?
			    READER_MISSING : READER_TROUBLE;
	}
}

static void
reader_dir_close(struct reader *r)
{
	free(((struct dir_reader *)r)->piece);
	free(r);
}

static const struct reader_ops reader_dir_ops = {
	.check	= reader_dir_check,
	.remove	= reader_dir_remove,
	.close	= reader_dir_close,
};

/* Is it a directory that can be looked into?  Then what its files' locations begin
 * with is known. */
static bool
reader_dir_begin(struct dir_reader *d, const char *url, struct errbuf *err)
{
	char		*path = file_url_path(url), *prefix;
	struct stat	 st;
	int		 n = -1;

	if (path == NULL || stat(path, &st) == -1 || !S_ISDIR(st.st_mode)) {
		errbuf_set(err, "\"%s\": %s", url, path == NULL ?
		    "it is not file:// and an absolute path" :
		    "there is no such directory");
		free(path);
		return false;
	}
	prefix = file_url_of(strcmp(path, "/") == 0 ? "" : path);
	if (prefix != NULL)
		n = snprintf(d->base.prefix, sizeof(d->base.prefix), "%s/",
		    prefix);
	free(prefix);
	free(path);
	if (n > 0 && (size_t)n < sizeof(d->base.prefix))
		return true;
	errbuf_set(err, "\"%s\" is too long, or there is no memory", url);
	return false;
}

struct reader *
reader_dir_open(const struct conf *conf, struct errbuf *err)
{
	struct dir_reader	*d = calloc(1, sizeof(*d));

	if (d == NULL || (d->piece = malloc(PIECE_BYTES)) == NULL) {
		free(d);
		(void)errbuf_no_memory(err);
		return NULL;
	}
	d->base.ops = &reader_dir_ops;
	d->base.root = conf->archive_url;
	if (reader_dir_begin(d, conf->archive_url, err))
		return &d->base;
	reader_dir_close(&d->base);
	return NULL;
}
