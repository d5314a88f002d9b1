/* The digests of a file, over lib/crypto.h. */
#include "batch/download/digests.h"

void
digests_free(struct digests *s)
{
	(void)sha256_finish(s->sha256, NULL);
	(void)md5_finish(s->md5, NULL);
	s->sha256 = NULL;
	s->md5 = NULL;
}

bool
digests_begin(struct digests *s)
{
	digests_free(s);
	s->sha256 = sha256_new();
	s->bytes = 0;
	s->broken = s->sha256 == NULL;
	return !s->broken;
}

void
digests_want_md5(struct digests *s)
{
	s->md5 = md5_new();
}

void
digests_update(void *digests, const void *data, size_t len)
{
	struct digests	*s = digests;

	if (s->broken || !sha256_update(s->sha256, data, len) ||
	    (s->md5 != NULL && !md5_update(s->md5, data, len)))
		s->broken = true;
	s->bytes += (int64_t)len;
}

bool
digests_update_from_part(struct digests *s, struct archive_part *part,
    int64_t end, struct errbuf *err)
{
	return s->bytes >= end || archive_replay(part, s->bytes,
	    end - s->bytes, digests_update, s, err);
}

bool
digests_final(struct digests *s, int64_t bytes,
    unsigned char sha256[SHA256_BYTES], unsigned char md5[MD5_BYTES],
    struct errbuf *err)
{
	bool	ok = sha256_finish(s->sha256, sha256) && !s->broken;

	s->sha256 = NULL;
	if (s->md5 != NULL)
		ok = md5_finish(s->md5, md5) && ok;
	s->md5 = NULL;
	if (!ok)
		errbuf_set(err, "could not compute a SHA-256");
	else if (s->bytes != bytes)
		errbuf_set(err, "%lld bytes came, and %lld of them are there",
		    (long long)bytes, (long long)s->bytes);
	return ok && s->bytes == bytes;
}
