/*
 * One output on its way home: download, resume after a cut, and the checks
 * before it comes to rest.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/clock.h"
#include "lib/db.h"
#include "lib/hex.h"
#include "lib/log.h"
#include "lib/units.h"
#include "lib/xalloc.h"
#include "batch/download/job_state.h"

#define RESUMES_MAX	3	/* at once, after cuts, in one attempt */
#define SUM_EVERY	(INT64_C(1) * 1024 * 1024)
#define SUM_AT_ONCE	(INT64_C(4) * 1024 * 1024)	/* some milliseconds */
#define CROWD		16	/* files to be settled */
#define MARK_EVERY	(INT64_C(8) * 1024 * 1024)

/* What an answer has not touched can still be of use. */
static void
job_drop(struct job *j)
{
	worker_wait(j->run->worker, &j->summing);
	if (j->opened)
		archive_abort(j->part);
	else
		archive_leave(j->part);
	j->part = NULL;
}

void
job_free(struct job *j)
{
	job_drop(j);
	digests_free(&j->digests);
	free(j->provider);
	free(j->task_id);
	free(j->position);
	free(j->kind);
	free(j->url);
	free(j->model);
	free(j->commit.location);
	free(j);
}

/* Can this be an output at all? */
static bool
job_fits(struct job *j, struct errbuf *err)
{
	char	host[256];

	if (j->media == NULL)
		j->media = media_detect(j->run->mime, j->watch.head,
		    j->watch.headlen);
	if (media_fits(j->media, j->kind, j->watch.headlen, err) &&
	    media_agrees(j->media, j->kind, j->response.content_type, err))
		return true;
	http_host(j->url, host, sizeof(host));
	errbuf_set(err, "%s: %s", host, err->text);
	return false;
}

/*
 * Is it all of it?  Where the format has no sure end, a server that says how
 * long its answer is may be believed.
 */
static bool
job_is_whole(struct job *j, struct errbuf *err)
{
	enum media_end	end = media_end(j->media, &j->watch);
	char		host[256];

	if (end == MEDIA_WHOLE || (end == MEDIA_UNSURE && j->response.framed))
		return true;
	http_host(j->url, host, sizeof(host));
	errbuf_set(err, "%s: the file was cut short", host);
	return false;
}

/*
 * The run's time is over.  A file of which nothing can be kept, though it had
 * half of a run and more, counts as tried; the others go back as if they had
 * never been claimed.
 */
static void
job_cut(struct job *j, bool kept)
{
	struct sweep	*s = j->run->sweep;
	char		 size[32];
	struct errbuf	 words;

	if (kept || run_stopping() || s->run.broken ||
	    clock_ms() - j->started_ms < s->run.conf->max_seconds * 500)
		return;
	units_bytes(j->bytes, size);
	errbuf_set(&words, "not complete within the %lld s of a run (%s came)",
	    (long long)s->run.conf->max_seconds, size);
	job_fail(j, TROUBLE_PASSING, words.text);
}

/*
 * The attempt is over without the whole file.  What came of it is left for
 * the next one, if that can make sure that it is of the same file.
 */
static bool
job_leave(struct job *j)
{
	bool	kept;

	worker_wait(j->run->worker, &j->summing);
	kept = j->part != NULL && j->mark[0] != '\0' &&
	    (!j->opened || archive_mark(j->part, j->mark));
	if (kept) {
		archive_leave(j->part);
		j->part = NULL;
	} else
		job_drop(j);
	return kept;
}

static enum trouble
trouble_of_status(long status)
{
	return http_status_may_pass(status) ? TROUBLE_PASSING : TROUBLE_GONE;
}

static bool
link_has_ended(const struct job *j)
{
	return j->expires_at != 0 && j->expires_at <= time(NULL);
}

/* An answer that a part of another size or age would explain. */
static bool
part_is_unfit(const struct job *j)
{
	return j->kept > 0 && !j->response.resumed && j->response.status != 200 &&
	    (j->response.status == 206 || j->response.status == 416);
}

/* A link that is no good, for which there could be a better one. */
static bool
may_ask(struct job *j, enum trouble trouble)
{
	bool	gone = trouble == TROUBLE_GONE && (j->response.status == 403 ||
		    j->response.status == 404 || j->response.status == 410);

	return !j->asked && (gone || (link_has_ended(j) &&
	    (trouble == TROUBLE_GONE || trouble == TROUBLE_CONTENT))) &&
	    run_goes_on(&j->run->sweep->run, sweep_ends_ms(j->run->sweep));
}

/* A cut that the next bytes can follow at once. */
static bool
may_resume(struct job *j)
{
	return j->response.received > 0 && j->mark[0] != '\0' &&
	    j->resumes < RESUMES_MAX && !link_has_ended(j) &&
	    run_goes_on(&j->run->sweep->run, sweep_ends_ms(j->run->sweep));
}

/* A failure, unless a fresh link takes its place.  True: j goes on. */
static bool
job_lacks(struct job *j, enum trouble trouble, const char *words)
{
	job_drop(j);
	j->tried = true;
	j->lacked = trouble;
	errbuf_set(&j->lacks, "%s", words);
	if (may_ask(j, trouble) && job_ask(j))
		return true;
	job_fail(j, trouble, j->lacks.text);
	return false;
}

/* Is it what the server's own headers promised? */
static bool
job_agrees_with_header(struct job *j, const unsigned char *sum,
    const unsigned char *md5, struct errbuf *err)
{
	const struct digest_header	*p = &j->response.digest_header;
	char			 ours[DIGEST_HEADER_SHA256], host[256];
	const char		*name = NULL;

	base64_encode(sum, SHA256_BYTES, ours);
	if (p->sha256[0] != '\0' && strcmp(p->sha256, ours) != 0)
		name = "SHA-256";
	base64_encode(md5, MD5_BYTES, ours);
	if (p->md5[0] != '\0' && strcmp(p->md5, ours) != 0)
		name = "MD5";
	if (name == NULL)
		return true;
	http_host(j->url, host, sizeof(host));
	errbuf_set(err, "%s: the file has not the %s that the server said",
	    host, name);
	return false;
}

/* The sum follows the writing, while what is written is still in memory. */
static void
sum_some(struct worker_job *e)
{
	struct job	*j = e->arg;
	struct errbuf	 err;

	if (!digests_update_from_part(&j->digests, j->sum_of, j->digests.bytes + SUM_AT_ONCE,
	    &err))
		j->digests.broken = true;
}

/* The last look at a whole file; for one at rest on the finisher's threads. */
static bool
job_check(struct archive_commit *c)
{
	struct job	*j = c->arg;
	unsigned char	 digest[SHA256_BYTES], md5[MD5_BYTES] = { 0 };

	j->trouble = TROUBLE_OURS;
	worker_wait(j->run->worker, &j->summing);
	if (j->digests.md5 == NULL)
		j->response.digest_header.md5[0] = '\0';
	if ((j->at_rest && !digests_update_from_part(&j->digests, c->part, j->bytes,
	    &c->err)) || !digests_final(&j->digests, j->bytes, digest, md5,
	    &c->err))
		return false;
	hex_encode(digest, sizeof(digest), j->sum);
	j->trouble = TROUBLE_CONTENT;
	if (!job_agrees_with_header(j, digest, md5, &c->err))
		return false;
	j->trouble = TROUBLE_OURS;
	return true;
}

/* The whole file is there.  True: j goes on, to rest or with another link. */
static bool
job_store(struct job *j)
{
	struct errbuf	err;

	if (!job_fits(j, &err) || !job_is_whole(j, &err))
		return job_lacks(j, TROUBLE_CONTENT, err.text);
	/* Moving our file over one that another sweep has stored meanwhile
	 * would make that one's row wrong. */
	if (!sweep_lease_is_safe(j->run->sweep)) {
		job_lease_lost(j);
		return false;
	}
	memset(&j->commit, 0, sizeof(j->commit));
	j->commit.part = j->part;
	j->commit.arg = j;
	if (j->at_rest)
		j->commit.prepare = job_check;
	else if (!job_check(&j->commit))
		return job_lacks(j, j->trouble, j->commit.err.text);
	if (archive_whole(j->mark) != NULL &&
	    strcmp(archive_whole(j->mark), j->sum) != 0) {
		job_drop(j);
		return job_download(j);
	}
	j->commit.extension = j->media->extension;
	j->commit.content_type = j->media->content_type;
	j->commit.sha256 = j->sum;
	j->part = NULL;
	finisher_put(j->run->finisher, &j->commit);
	return true;
}

/* What came to rest gets its row, or its failure. */
static void
take_settled(struct fetch_run *run, bool all)
{
	struct archive_commit	*c;
	struct job		*j;

	while ((c = finisher_reap(run->finisher, all)) != NULL) {
		j = c->arg;
		if (c->ok)
			rows_add(j);
		else if (c->cut || !job_lacks(j, c->kept ? TROUBLE_STORE :
		    j->trouble, c->err.text))
			job_free(j);
	}
}

void
fetch_settled(struct fetch_run *run, bool all)
{
	struct job	*j;

	take_settled(run, all);
	rows_write(run);
	while (all && db_writer_pending(run->db_writer) > 0) {
		db_writer_reap(run->db_writer, true);
		rows_write(run);
	}
	/* A broken run writes no more: their leases run out. */
	while (all && (j = STAILQ_FIRST(&run->home)) != NULL) {
		STAILQ_REMOVE_HEAD(&run->home, next);
		job_free(j);
	}
}

static bool
job_answered(struct job *j)
{
	if (j->response.status == 200 || j->response.resumed)
		return job_store(j);
	if (part_is_unfit(j) && j->resumes++ < RESUMES_MAX) {
		j->opened = true;
		job_drop(j);
		return job_download(j);
	}
	return job_lacks(j, trouble_of_status(j->response.status),
	    j->response.err.text);
}

static bool
job_cut_off(struct job *j)
{
	struct errbuf	words = j->response.err;
	bool		again = may_resume(j);

	if (job_leave(j) && again) {
		j->resumes++;
		return job_download(j);
	}
	job_fail(j, TROUBLE_PASSING, words.text);
	return false;
}

static void
on_done(void *arg)
{
	struct job	*j = arg;
	bool		 goes_on = false;

	switch (j->response.verdict) {
	case HTTP_ANSWERED:
		goes_on = job_answered(j);
		break;
	case HTTP_TROUBLE:
		goes_on = job_cut_off(j);
		break;
	case HTTP_FORBIDDEN:
	case HTTP_TOO_LARGE:
		job_fail(j, TROUBLE_FINAL, j->response.err.text);
		break;
	case HTTP_STOPPED:
		goes_on = job_lacks(j, j->trouble, j->response.err.text);
		break;
	case HTTP_ABORTED:
		job_cut(j, job_leave(j));
		break;
	}
	if (!goes_on)
		job_free(j);
}

static void
take_piece(void *arg, const void *data, size_t len)
{
	struct job	*j = arg;

	media_watch(&j->watch, data, len);
	j->bytes += (int64_t)len;
	if (!j->at_rest)
		digests_update(&j->digests, data, len);
}

/* The first bytes of an answer: to begin with, or to follow what is there. */
static bool
job_open(struct job *j)
{
	j->opened = true;
	if (j->part != NULL && j->response.resumed)
		return archive_replay(j->part, 0, j->kept, take_piece, j,
		    &j->response.err);
	(void)snprintf(j->mark, sizeof(j->mark), "%s", j->response.validator);
	if (j->response.digest_header.md5[0] != '\0')
		digests_want_md5(&j->digests);
	j->at_rest = j->response.length >= 0;
	archive_abort(j->part);
	j->part = archive_begin(j->run->archive, &j->key, j->response.length,
	    &j->response.err);
	j->summing.run = sum_some;
	j->summing.arg = j;
	j->sum_of = j->part;
	return j->part != NULL;
}

/* Much has come: let a next run have it even if this one is killed. */
static void
job_mark(struct job *j)
{
	if (j->bytes - j->marked < MARK_EVERY || j->mark[0] == '\0')
		return;
	if (j->marked == 0)
		(void)archive_mark(j->part, j->mark);
	j->marked = j->bytes;
}

/* So much of a large file has come that its sum can go on. */
static void
job_sum_some(struct job *j, size_t len)
{
	if (!j->at_rest || j->response.length <= ARCHIVE_SMALL ||
	    j->bytes / SUM_EVERY == (j->bytes - (int64_t)len) / SUM_EVERY)
		return;
	(void)worker_put(j->run->worker, &j->summing);
}

static bool
on_body(void *arg, const void *data, size_t len)
{
	struct job	*j = arg;
	struct errbuf	*err = &j->response.err;

	j->trouble = TROUBLE_OURS;
	if (!j->opened && !job_open(j))
		return false;
	take_piece(j, data, len);
	if (j->media == NULL && j->watch.headlen == MEDIA_HEAD &&
	    !job_fits(j, err)) {
		j->trouble = TROUBLE_CONTENT;
		return false;
	}
	if (!j->at_rest && j->digests.broken) {
		errbuf_set(err, "could not compute a SHA-256");
		return false;
	}
	if (!archive_write(j->part, data, len, err))
		return false;
	job_mark(j);
	job_sum_some(j, len);
	return true;
}

/* As if nothing had come yet. */
static bool
job_reset(struct job *j)
{
	memset(&j->watch, 0, sizeof(j->watch));
	memset(&j->response, 0, sizeof(j->response));
	j->media = NULL;
	j->bytes = j->kept = j->marked = 0;
	j->mark[0] = '\0';
	j->opened = j->at_rest = false;
	return digests_begin(&j->digests);
}

static bool
job_start(struct job *j)
{
	struct http_request	req = {
		.policy = HTTP_PUBLIC_LINK,
		.url = j->url,
		.file_only = true,
		.from = j->kept,
		.if_range = j->mark,
		.max_bytes = j->run->sweep->run.conf->max_output_bytes,
		.on_body = on_body,
		.on_done = on_done,
		.arg = j,
	};

	return http_start(j->run->engine, &req, &j->response);
}

bool
job_download(struct job *j)
{
	bool	ok = job_reset(j);

	if (!url_is_link(j->url)) {
		job_fail(j, TROUBLE_GONE, "the link is no http or https URL");
		return false;
	}
	if (j->part == NULL && !j->bare)
		j->part = archive_reopen(j->run->archive, &j->key, &j->kept,
		    j->mark);
	if (j->part != NULL && archive_whole(j->mark) != NULL) {
		archive_abort(j->part);
		j->part = NULL;
		j->kept = 0;
		j->mark[0] = '\0';
	}
	j->bare = false;
	if (ok && job_start(j))
		return true;
	job_fail(j, TROUBLE_OURS, "out of memory");
	return false;
}

/*
 * Did an earlier attempt bring the whole file, and the archive not take it?
 * Then job_store() can go on with it, whatever became of the link.
 */
static bool
job_is_home(struct job *j)
{
	struct errbuf	err;

	if (!job_reset(j) || (j->part = archive_reopen(j->run->archive,
	    &j->key, &j->kept, j->mark)) == NULL) {
		j->bare = true;
		return false;
	}
	j->opened = j->response.framed = archive_whole(j->mark) != NULL;
	if (j->opened && archive_replay(j->part, 0, j->kept, take_piece, j,
	    &err))
		return true;
	job_drop(j);
	return false;
}

/* The columns of DB_CLAIM_OUTPUTS. */
enum { C_PROVIDER, C_TASK_ID, C_POSITION, C_KIND, C_URL, C_EXPIRES,
    C_ATTEMPTS, C_FINISHED, C_ACCOUNT, C_MODEL, C_OUTPUTS, C_PAUSED };

static struct job *
job_new(struct fetch_run *run, const struct db_rows *rows, int row)
{
	struct job	*j = xcalloc(sizeof(*j));
	const char	*finished = db_value(rows, row, C_FINISHED);
	const char	*account = db_value(rows, row, C_ACCOUNT);
	const char	*paused = db_value(rows, row, C_PAUSED);

	j->run = run;
	j->provider = xstrdup(db_value(rows, row, C_PROVIDER));
	j->task_id = xstrdup(db_value(rows, row, C_TASK_ID));
	j->position = xstrdup(db_value(rows, row, C_POSITION));
	j->kind = xstrdup(db_value(rows, row, C_KIND));
	j->url = xstrdup(db_value(rows, row, C_URL));
	j->expires_at = db_number(db_value(rows, row, C_EXPIRES));
	j->attempts = db_number(db_value(rows, row, C_ATTEMPTS));
	j->key.provider = j->provider;
	j->key.task_id = j->task_id;
	j->key.position = j->position;
	/* The same at each attempt, so that the file's place is the same. */
	j->key.day = finished != NULL ? (time_t)db_number(finished) :
	    time(NULL);
	if (account != NULL && provider_find(j->provider) != NULL)
		j->account = conf_account(run->sweep->run.conf,
		    provider_find(j->provider), account);
	j->model = xstrdup(db_value(rows, row, C_MODEL));
	j->outputs = db_number(db_value(rows, row, C_OUTPUTS));
	j->paused = paused != NULL && *paused == 't';
	return j;
}

void
fetch_queue(struct fetch_run *run, const struct db_rows *rows, int row)
{
	struct job	*j = job_new(run, rows, row);

	STAILQ_INSERT_TAIL(&run->queue, j, next);
	run->queued++;
}

static struct job *
unqueue(struct fetch_run *run)
{
	struct job	*j = STAILQ_FIRST(&run->queue);

	if (j != NULL) {
		STAILQ_REMOVE_HEAD(&run->queue, next);
		run->queued--;
	}
	return j;
}

/* Files come faster than they can be settled: let the processors do that. */
static bool
is_crowded(const struct fetch_run *run)
{
	return finisher_pending(run->finisher) >= CROWD &&
	    archive_is_crowded(run->archive);
}

void
fetch_fill(struct fetch_run *run)
{
	struct job	*j;

	while (http_free_slots(run->engine) > 0 && !is_crowded(run) &&
	    (j = unqueue(run)) != NULL) {
		j->started_ms = clock_ms();
		if (job_is_home(j)) {
			if (!job_store(j))
				job_free(j);
			continue;
		}
		/* A dead link is tried all the same, when there is no better
		 * one: not all that is said of its end is true. */
		if ((link_has_ended(j) || !url_is_link(j->url)) && job_ask(j))
			continue;
		if (!job_download(j))
			job_free(j);
	}
}

void
fetch_drop(struct fetch_run *run)
{
	struct job	*j;

	while ((j = unqueue(run)) != NULL)
		job_free(j);
}
