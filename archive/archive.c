/*
 * The archive: finds the kind of a URL, and passes each call on to it (dir.c or
 * s3.c).
 */
#include <string.h>

#include "archive/archive_driver.h"

static struct archive *
archive_open_dir(const struct conf *conf, const char *owner,
    struct errbuf *err)
{
	return archive_dir_open(conf->archive_url, owner, err);
}

static const struct {
	const char	*scheme;
	struct archive	*(*open)(const struct conf *, const char *,
			    struct errbuf *);
} archive_kinds[] = {
	{ "file://",	archive_open_dir },
	{ "s3://",	archive_s3_open },
};

struct archive *
archive_open(const struct conf *conf, const char *owner, struct errbuf *err)
{
	const char	*scheme;
	size_t		 i;

	for (i = 0; i < sizeof(archive_kinds) / sizeof(archive_kinds[0]); i++) {
		scheme = archive_kinds[i].scheme;
		if (strncmp(conf->archive_url, scheme, strlen(scheme)) == 0)
			return archive_kinds[i].open(conf, owner, err);
	}
	errbuf_set(err, "archive.url is neither file:// nor s3://");
	return NULL;
}

void
archive_close(struct archive *archive)
{
	if (archive != NULL)
		archive->ops->close(archive);
}

struct archive_part *
archive_begin(struct archive *archive, const struct archive_key *key,
    int64_t length, struct errbuf *err)
{
	return archive->ops->begin(archive, key, length, err);
}

struct archive_part *
archive_reopen(struct archive *archive, const struct archive_key *key,
    int64_t *bytes, char mark[ARCHIVE_MARK_MAX])
{
	return archive->ops->reopen(archive, key, bytes, mark);
}

bool
archive_replay(struct archive_part *part, int64_t from, int64_t most,
    void (*each)(void *, const void *, size_t), void *arg, struct errbuf *err)
{
	return part->archive->ops->replay(part, from, most, each, arg, err);
}

bool
archive_mark(struct archive_part *part, const char *mark)
{
	return part->archive->ops->mark(part, mark);
}

const char *
archive_whole(const char *mark)
{
	return strncmp(mark, ARCHIVE_WHOLE, strlen(ARCHIVE_WHOLE)) == 0 ?
	    mark + strlen(ARCHIVE_WHOLE) : NULL;
}

void
archive_leave(struct archive_part *part)
{
	if (part != NULL)
		part->archive->ops->leave(part);
}

bool
archive_write(struct archive_part *part, const void *data, size_t len,
    struct errbuf *err)
{
	return part->archive->ops->write(part, data, len, err);
}

bool
archive_ready(struct archive *archive, struct archive_part *part,
    struct errbuf *err)
{
	return archive->ops->ready == NULL || archive->ops->ready(part, err);
}

void
archive_commit_some(struct archive *archive,
    struct archive_commit *const *list, size_t n)
{
	archive->ops->commit(archive, list, n);
}

void
archive_hurry(struct archive *archive)
{
	if (archive->ops->hurry != NULL)
		archive->ops->hurry(archive);
}

bool
archive_is_crowded(struct archive *archive)
{
	return archive->ops->is_crowded != NULL &&
	    archive->ops->is_crowded(archive);
}

bool
archive_commit(struct archive *archive, struct archive_commit *c)
{
	while (!c->done)
		archive_commit_some(archive, &c, 1);
	return c->ok;
}

void
archive_abort(struct archive_part *part)
{
	if (part != NULL)
		part->archive->ops->abort(part);
}

long
archive_clean(struct archive *archive, time_t before)
{
	return archive->ops->clean(archive, before);
}
