/*
 * One transfer of an output: from the request to the part of its file, and
 * what becomes of the part when the transfer did not bring all of it.  All on
 * the main thread, but for the worker's share of the digests.
 */
#include <stdio.h>
#include <string.h>

#include "batch/api_headers.h"
#include "batch/download/transfer.h"
#include "batch/download/verify.h"

#define DIGEST_EVERY	(INT64_C(1) * 1024 * 1024)
#define DIGEST_AT_ONCE	(INT64_C(4) * 1024 * 1024)	/* some milliseconds */
#define MARK_EVERY	(INT64_C(8) * 1024 * 1024)
#define FILL_AT_ONCE	65536

bool
transfer_fail(struct job *j, enum trouble kind, const char *words)
{
	j->failure.kind = kind;
	errbuf_set(&j->failure.err, "%s", words);
	return false;
}

/* --- the part, between transfers */

void
transfer_drop(struct job *j)
{
	worker_wait(j->downloads->worker, &j->digest.job);
	if (j->transfer.opened)
		archive_abort(j->file.part);
	else
		archive_leave(j->file.part);
	j->file.part = NULL;
}

void
transfer_discard(struct job *j)
{
	j->transfer.opened = true;
	transfer_drop(j);
}

bool
transfer_leave(struct job *j)
{
	struct job_file	*f = &j->file;
	bool		 kept;

	worker_wait(j->downloads->worker, &j->digest.job);
	kept = f->part != NULL && f->mark[0] != '\0' &&
	    (!j->transfer.opened || archive_mark(f->part, f->mark));
	if (kept) {
		archive_leave(f->part);
		f->part = NULL;
	} else
		transfer_drop(j);
	return kept;
}

/* As if nothing had come yet.  False: no memory. */
static bool
transfer_reset(struct job *j)
{
	struct job_file	*f = &j->file;

	memset(&f->watch, 0, sizeof(f->watch));
	f->media = NULL;
	f->bytes = f->kept = f->marked_at = 0;
	f->mark[0] = '\0';
	memset(&j->transfer.response, 0, sizeof(j->transfer.response));
	j->transfer.opened = j->digest.later = false;
	return digests_begin(&j->digest.digests);
}

/* --- bytes */

/* The next bytes of the file, also of what an earlier attempt left. */
static void
transfer_take(void *arg, const void *data, size_t len)
{
	struct job	*j = arg;

	media_watch(&j->file.watch, data, len);
	j->file.bytes += (int64_t)len;
	if (!j->digest.later)
		digests_update(&j->digest.digests, data, len);
}

/* On the worker's thread: the digests follow the writing, while what is
 * written is still in memory. */
static void
transfer_digest_some(struct worker_job *job)
{
	struct job_digest	*d = job->arg;
	struct errbuf		 err;

	if (!digests_update_from_part(&d->digests, d->part, d->digests.bytes +
	    DIGEST_AT_ONCE, &err))
		d->digests.broken = true;
}

/* So much of a large file has come that its digests can go on. */
static void
transfer_have_digested(struct job *j, size_t len)
{
	if (!j->digest.later || j->transfer.response.length <= ARCHIVE_SMALL ||
	    j->file.bytes / DIGEST_EVERY ==
	    (j->file.bytes - (int64_t)len) / DIGEST_EVERY)
		return;
	(void)worker_put(j->downloads->worker, &j->digest.job);
}

/* Much has come: let a next run have it even if this one is killed. */
static void
transfer_mark(struct job_file *f)
{
	if (f->bytes - f->marked_at < MARK_EVERY || f->mark[0] == '\0')
		return;
	if (f->marked_at == 0)
		(void)archive_mark(f->part, f->mark);
	f->marked_at = f->bytes;
}

/* A new file begins. */
static bool
transfer_open_new(struct job *j)
{
	struct http_response	*res = &j->transfer.response;
	struct job_file		*f = &j->file;
	struct job_digest	*d = &j->digest;

	(void)snprintf(f->mark, sizeof(f->mark), "%s", res->validator);
	if (res->digest_header.md5[0] != '\0')
		digests_want_md5(&d->digests);
	d->later = res->length >= 0;
	archive_abort(f->part);
	f->part = archive_begin(j->downloads->archive, &j->output.key,
	    res->length, &res->err);
	d->job.run = transfer_digest_some;
	d->job.arg = d;
	d->part = f->part;
	return f->part != NULL;
}

/* The first bytes of an answer: to begin with, or to follow what is there. */
static bool
transfer_open(struct job *j)
{
	j->transfer.opened = true;
	if (j->file.part != NULL && j->transfer.response.resumed)
		return archive_replay(j->file.part, 0, j->file.kept,
		    transfer_take, j, &j->transfer.response.err);
	return transfer_open_new(j);
}

/* False with err: no more is wanted, and the job's failure has the kind. */
static bool
transfer_on_body(void *arg, const void *data, size_t len)
{
	struct job	*j = arg;
	struct job_file	*f = &j->file;
	struct errbuf	*err = &j->transfer.response.err;

	j->failure.kind = TROUBLE_OURS;
	if (!j->transfer.opened && !transfer_open(j))
		return false;
	transfer_take(j, data, len);
	if (f->media == NULL && f->watch.headlen == MEDIA_HEAD &&
	    !media_is_open(&f->watch) && !verify_media(j, err)) {
		j->failure.kind = TROUBLE_CONTENT;
		return false;
	}
	if (!j->digest.later && j->digest.digests.broken) {
		errbuf_set(err, "could not compute a SHA-256");
		return false;
	}
	if (!archive_write(f->part, data, len, err))
		return false;
	transfer_mark(f);
	transfer_have_digested(j, len);
	return true;
}

bool
transfer_fill(struct job *j, const void *data, size_t len)
{
	struct http_response	*res = &j->transfer.response;
	const char		*p = data;
	size_t			 n;

	res->length = (int64_t)len;
	res->framed = true;
	for (; len > 0; p += n, len -= n) {
		n = len < FILL_AT_ONCE ? len : FILL_AT_ONCE;
		if (!transfer_on_body(j, p, n))
			return transfer_fail(j, j->failure.kind, res->err.text);
	}
	return true;
}

static void
transfer_on_done(void *arg)
{
	struct job	*j = arg;

	j->on_transfer(j);
}

/* --- the beginning */

/* What is there of the file; a whole one would be found by
 * transfer_find_whole(), and was no good if it is still there. */
static void
transfer_reopen(struct job *j)
{
	struct job_file	*f = &j->file;

	if (!f->none_kept)
		f->part = archive_reopen(j->downloads->archive, &j->output.key,
		    &f->kept, f->mark);
	f->none_kept = false;
	if (f->part == NULL || archive_whole(f->mark) == NULL)
		return;
	archive_abort(f->part);
	f->part = NULL;
	f->kept = 0;
	f->mark[0] = '\0';
}

/* With the account's key, where the file is one of the API's own. */
static bool
transfer_start(struct job *j, struct http_request *req)
{
	struct api_headers	headers = { .key = NULL };
	bool			ok;

	ok = (!api_headers_open(j->output.account, j->link.url) ||
	    api_headers_set(&headers, j->output.account, NULL, req)) &&
	    http_start(j->downloads->engine, req, &j->transfer.response);
	api_headers_free(&headers);
	return ok;
}

bool
transfer_begin(struct job *j, void (*on_end)(struct job *))
{
	bool			ok = transfer_reset(j);
	struct http_request	req = {
		.policy = HTTP_PUBLIC_LINK,
		.url = j->link.url,
		.file_only = true,
		.max_bytes = j->downloads->run->conf->max_output_bytes,
		.on_body = transfer_on_body,
		.on_done = transfer_on_done,
		.arg = j,
	};

	if (!url_is_link(j->link.url))
		return transfer_fail(j, TROUBLE_GONE,
		    "the link is no http or https URL");
	transfer_reopen(j);
	req.from = j->file.kept;
	req.if_range = j->file.mark;
	j->on_transfer = on_end;
	return (ok && transfer_start(j, &req)) ||
	    transfer_fail(j, TROUBLE_OURS, "out of memory");
}

bool
transfer_find_whole(struct job *j)
{
	struct job_file	*f = &j->file;
	struct errbuf	 err;

	if (!transfer_reset(j) ||
	    (f->part = archive_reopen(j->downloads->archive, &j->output.key,
	    &f->kept, f->mark)) == NULL) {
		f->none_kept = true;
		return false;
	}
	j->transfer.opened = j->transfer.response.framed =
	    archive_whole(f->mark) != NULL;
	if (j->transfer.opened && archive_replay(f->part, 0, f->kept,
	    transfer_take, j, &err))
		return true;
	transfer_drop(j);
	return false;
}
