#include <stdio.h>
#include <string.h>

#include "lib/crypto.h"
#include "lib/hex.h"
#include "archive/archive.h"

#define LETTERS	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS	"0123456789"

/* How much of a long id still stands in its name, for the human eye. */
#define PREFIX_LEN	30

static struct archive *
open_files(const struct conf *conf, const char *owner, struct errbuf *err)
{
	return archive_file_open(conf->archive_url, owner, err);
}

static const struct {
	const char	*scheme;
	struct archive	*(*open)(const struct conf *, const char *,
			    struct errbuf *);
} kinds[] = {
	{ "file://",	open_files },
	{ "s3://",	archive_s3_open },
};

struct archive *
archive_open(const struct conf *conf, const char *owner, struct errbuf *err)
{
	size_t	i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strncmp(conf->archive_url, kinds[i].scheme,
		    strlen(kinds[i].scheme)) == 0)
			return kinds[i].open(conf, owner, err);
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

/* Names that stand for themselves; none of them begins with '_'. */
static bool
is_plain(const char *id)
{
	return *id != '\0' && strchr("._-", *id) == NULL &&
	    strlen(id) < ARCHIVE_NAME_MAX &&
	    strspn(id, LETTERS DIGITS "._-") == strlen(id);
}

/* '_', then the id with all but letters, digits, '.' and inner '-' as _xx. */
static bool
escape(const char *id, char *name, size_t namesz)
{
	size_t	n = 0;
	int	len;

	name[n++] = '_';
	name[n] = '\0';
	for (; *id != '\0'; id++) {
		bool	keep = strchr(LETTERS DIGITS ".", *id) != NULL ||
			    (*id == '-' && n > 1);

		len = snprintf(name + n, namesz - n, keep ? "%c" : "_%02x",
		    (unsigned char)*id);
		if (len < 0 || (size_t)len >= namesz - n)
			return false;
		n += (size_t)len;
	}
	return true;
}

/* "_-", the harmless head of the id, '-', and the whole id's SHA-256. */
static bool
digest_name(const char *id, char *name, size_t namesz)
{
	unsigned char	digest[SHA256_BYTES];
	char		hex[SHA256_HEX];
	int		head = (int)strspn(id, LETTERS DIGITS);

	if (!sha256(id, strlen(id), digest))
		return false;
	hex_encode(digest, sizeof(digest), hex);
	(void)snprintf(name, namesz, "_-%.*s-%s",
	    head < PREFIX_LEN ? head : PREFIX_LEN, id, hex);
	return true;
}

bool
archive_name(const char *id, char name[ARCHIVE_NAME_MAX])
{
	if (is_plain(id)) {
		(void)snprintf(name, ARCHIVE_NAME_MAX, "%s", id);
		return true;
	}
	return escape(id, name, ARCHIVE_NAME_MAX) ||
	    digest_name(id, name, ARCHIVE_NAME_MAX);
}
