/* The looks that a file has to pass before it is stored: its type, its end and
 * its digests. */
#include <string.h>

#include "lib/hex.h"
#include "batch/download/verify.h"

/* Put the link's host before words. */
static void
verify_name_host(const struct job *j, struct errbuf *err, const char *words)
{
	char	host[256];

	http_host(j->link.url, host, sizeof(host));
	errbuf_set(err, "%s: %s", host, words);
}

bool
verify_media(struct job *j, struct errbuf *err)
{
	const struct http_response	*res = &j->transfer.response;
	const char			*kind = j->output.kind;
	struct job_file			*f = &j->file;
	struct errbuf			 words;

	if (f->media == NULL)
		f->media = media_named(media_of(j->downloads->mime, &f->watch),
		    &f->watch, j->link.url, res->content_type);
	if (res->encoded && !media_is_sure(f->media))
		errbuf_set(&words, "it came in a coding that could not be "
		    "undone");
	else if (media_fits(f->media, kind, f->watch.headlen, &words) &&
	    media_agrees(f->media, kind, res->content_type, &words))
		return true;
	verify_name_host(j, err, words.text);
	return false;
}

/* Where the format has no sure end, a server that says how long its answer is
 * may be believed. */
bool
verify_whole(const struct job *j, struct errbuf *err)
{
	enum media_end	end = media_end(j->file.media, &j->file.watch);

	if (end == MEDIA_WHOLE ||
	    (end == MEDIA_UNSURE && j->transfer.response.framed))
		return true;
	verify_name_host(j, err, "the file was cut short");
	return false;
}

/* The digest that the server said and the file has not, or NULL. */
static const char *
verify_header(const struct digest_header *said, const unsigned char *sha256,
    const unsigned char *md5)
{
	char		 ours[DIGEST_HEADER_SHA256];
	const char	*name = NULL;

	base64_encode(sha256, SHA256_BYTES, ours);
	if (said->sha256[0] != '\0' && strcmp(said->sha256, ours) != 0)
		name = "SHA-256";
	base64_encode(md5, MD5_BYTES, ours);
	if (said->md5[0] != '\0' && strcmp(said->md5, ours) != 0)
		name = "MD5";
	return name;
}

/* Is it what the server's own headers promised? */
static bool
verify_promise(struct job *j, const unsigned char *sha256,
    const unsigned char *md5, struct errbuf *err)
{
	const char	*name = verify_header(
			    &j->transfer.response.digest_header, sha256, md5);
	char		 host[256];

	if (name == NULL)
		return true;
	http_host(j->link.url, host, sizeof(host));
	errbuf_set(err, "%s: the file has not the %s that the server said",
	    host, name);
	return false;
}

bool
verify_digests(struct archive_commit *c)
{
	struct job		*j = c->arg;
	struct job_digest	*d = &j->digest;
	unsigned char		 sha256[SHA256_BYTES], md5[MD5_BYTES] = { 0 };

	j->failure.kind = TROUBLE_OURS;
	worker_wait(j->downloads->worker, &d->job);
	if (d->digests.md5 == NULL)
		j->transfer.response.digest_header.md5[0] = '\0';
	if (d->later && !digests_update_from_part(&d->digests, c->part,
	    j->file.bytes, &c->err))
		return false;
	if (!digests_final(&d->digests, j->file.bytes, sha256, md5, &c->err))
		return false;
	hex_encode(sha256, sizeof(sha256), d->sha256);
	if (verify_promise(j, sha256, md5, &c->err))
		return true;
	j->failure.kind = TROUBLE_CONTENT;
	return false;
}
