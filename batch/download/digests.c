/* The digests of a file, over lib/crypto.h. */
#include "batch/download/digests.h"

void
digests_free(struct digests *d)
{
	(void)sha256_finish(d->sha256, NULL);
	(void)md5_finish(d->md5, NULL);
	d->sha256 = NULL;
	d->md5 = NULL;
}

bool
digests_begin(struct digests *d)
{
	digests_free(d);
	d->sha256 = sha256_new();
	d->bytes = 0;
	d->broken = d->sha256 == NULL;
	return !d->broken;
}

void
digests_want_md5(struct digests *d)
{
	d->md5 = md5_new();
}

void
digests_update(void *digests, const void *data, size_t len)
{
	struct digests	*d = digests;

	if (d->broken || !sha256_update(d->sha256, data, len) ||
	    (d->md5 != NULL && !md5_update(d->md5, data, len)))
		d->broken = true;
	d->bytes += (int64_t)len;
}

bool
digests_update_from_part(struct digests *d, struct archive_part *part,
    int64_t end, struct errbuf *err)
{
	return d->bytes >= end || archive_replay(part, d->bytes,
	    end - d->bytes, digests_update, d, err);
}

bool
digests_final(struct digests *d, int64_t bytes,
    unsigned char sha256[SHA256_BYTES], unsigned char md5[MD5_BYTES],
    struct errbuf *err)
{
	bool	ok = sha256_finish(d->sha256, sha256) && !d->broken;

	d->sha256 = NULL;
	if (d->md5 != NULL)
		ok = md5_finish(d->md5, md5) && ok;
	d->md5 = NULL;
	if (!ok)
		errbuf_set(err, "could not compute a SHA-256");
	else if (d->bytes != bytes)
		errbuf_set(err, "%lld bytes came, and %lld of them are there",
		    (long long)bytes, (long long)d->bytes);
	return ok && d->bytes == bytes;
}
