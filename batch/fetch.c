/*
 * One output on its way home: download, resume after a cut, a fresh link for
 * one that has ended, and the end that is written to the database.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "crypto.h"
#include "fetch.h"
#include "log.h"
#include "media.h"
#include "pgarray.h"
#include "renew.h"
#include "retry.h"

#define RESUMES_MAX	3	/* at once, after cuts, in one attempt */
#define STORE_AT_ONCE	256
#define AT_REST_MAX	(INT64_C(16) * 1024 * 1024)
#define MARK_EVERY	(INT64_C(8) * 1024 * 1024)

/* One output on its way. */
struct job {
	struct http_request	 req;
	struct fetch_run	*run;
	char			*provider, *task_id, *position, *kind, *url;
	char			*model;		/* or NULL */
	const struct account	*account;	/* NULL: not in the settings */
	int64_t			 outputs;	/* of the task */
	bool			 paused;	/* the account is left alone */
	bool			 asked;		/* for a fresh link already */
	bool			 hope;		/* one may come later */
	struct errbuf		 asked_why;	/* why none came */
	int			 resumes;
	int64_t			 kept;		/* bytes of an earlier attempt */
	char			 mark[ARCHIVE_MARK_MAX];	/* of these */
	int64_t			 marked;	/* at which size */
	int64_t			 expires_at;	/* s since 1970; 0: unknown */
	int64_t			 attempts;	/* this one counted */
	time_t			 day;
	int64_t			 started_ms;
	struct archive_part	*part;
	struct sha256		*digest;
	struct md5		*md5;		/* NULL: not promised */
	bool			 at_rest;	/* summed once it is whole, on
						   another processor */
	int64_t			 bytes;		/* in the part, all told */
	const struct media	*media;		/* once enough bytes came */
	struct media_watch	 watch;
	bool			 opened;	/* bytes of this answer are in */
	bool			 broken;	/* the digest is */
	enum trouble		 trouble;	/* why on_body() stopped */
	struct archive_commit	 commit;	/* its way to rest */
	char			 sum[SHA256_HEX];
	bool			 written;	/* its row took it */
	struct job		*next;		/* in the queue */
	bool			 tried;		/* a link, in this attempt */
	enum trouble		 lacked;	/* with which end, */
	struct errbuf		 lacks;		/* in words, while asking */
};

/* What an answer has not touched can still be of use. */
static void
job_drop(struct job *j)
{
	if (j->opened)
		archive_abort(j->part);
	else
		archive_leave(j->part);
	j->part = NULL;
}

static void
job_free(struct job *j)
{
	job_drop(j);
	(void)sha256_finish(j->digest, NULL);
	(void)md5_finish(j->md5, NULL);
	free(j->provider);
	free(j->task_id);
	free(j->position);
	free(j->kind);
	free(j->url);
	free(j->model);
	free(j->commit.location);
	free(j);
}

/* What stands in the log before the words: which output it is about. */
static void
job_name(const struct job *j, char *buf, size_t bufsz)
{
	(void)snprintf(buf, bufsz, "%s/%s/%s", j->provider, j->task_id,
	    j->position);
}

static void
lease_lost(struct job *j)
{
	char	name[320];

	job_name(j, name, sizeof(name));
	log_line(LOG_WARN, "%s: another sweep has taken it over, or its file",
	    name);
}

/* Tell the database what becomes of the output.  False: it is another's. */
static bool
write_failure(struct job *j, const char *status, int64_t wait_s,
    struct errbuf *words)
{
	struct sweep	*s = j->run->sweep;
	char		 wait[32];
	struct db_param	 params[7];
	struct db_rows	*rows = NULL;
	struct errbuf	 why;
	bool		 ours = true;

	sweep_clean_words(words);
	(void)snprintf(wait, sizeof(wait), "%lld s", (long long)wait_s);
	params[0] = sweep_text(j->provider);
	params[1] = sweep_text(j->task_id);
	params[2] = sweep_text(j->position);
	params[3] = sweep_text(s->owner);
	params[4] = sweep_text(status);
	params[5] = sweep_text(words->text);
	params[6] = sweep_text(wait);
	if (sweep_run(s, DB_FAIL_OUTPUT, params, &rows, &why) == DB_OK &&
	    *db_value(rows, 0, 0) != 't') {
		ours = false;
		lease_lost(j);
	}
	db_rows_free(rows);
	return ours;
}

static void
count_failure(struct job *j, const char *status, const char *words)
{
	struct sweep	*s = j->run->sweep;
	char		 name[320];

	job_name(j, name, sizeof(name));
	if (strcmp(status, "pending") == 0) {
		s->counts.retried++;
		log_line(LOG_INFO, "%s: attempt %lld: %s", name,
		    (long long)j->attempts, words);
		return;
	}
	if (strcmp(status, "expired") == 0)
		s->counts.expired++;
	else
		s->counts.failed++;
	sweep_warn(s, "%s: %s: %s", name, status, words);
}

/* Once for all: what keeps one file out of the archive keeps out the others.
 * Where they wait for it on this machine, more may come. */
static void
note_our_trouble(struct fetch_run *run, enum trouble trouble,
    const char *words)
{
	bool	*noted = trouble == TROUBLE_OURS ? &run->full : &run->held;

	if (!*noted)
		sweep_warn(run->sweep, "%s", words);
	*noted = true;
}

static void
job_fail(struct job *j, enum trouble trouble, const char *words)
{
	struct retry_facts	 facts = {
		.trouble = trouble,
		.attempts = j->attempts,
		.expires_at = j->expires_at,
		.now = time(NULL),
		.retry_after_s = j->req.retry_after_s,
		.hope = j->hope,
	};
	struct errbuf		 copy;
	const char		*status;
	int64_t			 wait_s;

	if (j->asked_why.text[0] != '\0')
		errbuf_set(&copy, "%s; no fresh link: %s", words,
		    j->asked_why.text);
	else
		errbuf_set(&copy, "%s", words);
	status = retry_decide(&facts, &wait_s);
	if (trouble == TROUBLE_OURS || trouble == TROUBLE_STORE)
		note_our_trouble(j->run, trouble, words);
	if (write_failure(j, trouble == TROUBLE_STORE ? "held" : status, wait_s,
	    &copy))
		count_failure(j, status, copy.text);
}

enum { C_PROVIDER, C_TASK_ID, C_POSITION, C_LOCATION, C_BYTES, C_SHA256,
    C_CONTENT_TYPE, C_ETAG, COLUMNS };

static void
fill_columns(struct pgarray *c, const struct job *j)
{
	struct errbuf	etag;
	char		bytes[24];

	/* One that is no text could not be sent back as it came. */
	errbuf_set(&etag, "%s", j->req.etag);
	sweep_clean_words(&etag);
	(void)snprintf(bytes, sizeof(bytes), "%lld", (long long)j->bytes);
	pgarray_text(&c[C_PROVIDER], j->provider);
	pgarray_text(&c[C_TASK_ID], j->task_id);
	pgarray_int4(&c[C_POSITION], (int32_t)sweep_number(j->position));
	pgarray_text(&c[C_LOCATION], j->commit.location);
	pgarray_text(&c[C_BYTES], bytes);
	pgarray_text(&c[C_SHA256], j->sum);
	pgarray_text(&c[C_CONTENT_TYPE], j->media->content_type);
	pgarray_text(&c[C_ETAG], j->req.etag[0] != '\0' &&
	    strcmp(etag.text, j->req.etag) == 0 ? etag.text : NULL);
}

/* The files of n jobs are in their places: the rows follow.  Sets written of
 * those whose row took it. */
static enum db_verdict
write_rows(struct sweep *s, struct job *const *jobs, size_t n,
    struct errbuf *why)
{
	struct pgarray	 c[COLUMNS];
	struct db_param	 params[COLUMNS + 1] = { sweep_text(s->owner) };
	struct db_rows	*rows = NULL;
	enum db_verdict	 v = DB_REFUSED;
	bool		 ok = true;
	size_t		 i;

	for (i = 0; i < COLUMNS; i++)
		pgarray_begin(&c[i], i == C_POSITION ? PG_INT4 : PG_TEXT);
	for (i = 0; i < n; i++)
		fill_columns(c, jobs[i]);
	for (i = 0; i < COLUMNS; i++) {
		ok = pgarray_end(&c[i]) && ok;
		params[i + 1].value = c[i].data;
		params[i + 1].len = (int)c[i].len;
	}
	if (ok)
		v = sweep_run(s, DB_STORE_OUTPUTS, params, &rows, why);
	else
		errbuf_set(why, "out of memory");
	for (i = 0; v == DB_OK && i < (size_t)db_rows_count(rows); i++)
		jobs[sweep_number(db_value(rows, (int)i, 0)) - 1]->written =
		    true;
	db_rows_free(rows);
	for (i = 0; i < COLUMNS; i++)
		pgarray_free(&c[i]);
	return v;
}

/* One row that the database refuses must not keep back the others, so then
 * each goes alone. */
static void
write_success(struct sweep *s, struct job *const *jobs, size_t n)
{
	struct errbuf	why;
	enum db_verdict	v;
	size_t		i;

	if (n == 0 || s->broken)
		return;
	v = write_rows(s, jobs, n, &why);
	for (i = 0; v == DB_REFUSED && n > 1 && i < n; i++)
		write_success(s, &jobs[i], 1);
	if (v == DB_REFUSED && n == 1)
		job_fail(jobs[0], TROUBLE_OURS, why.text);
	for (i = 0; v == DB_OK && i < n; i++) {
		if (!jobs[i]->written) {
			lease_lost(jobs[i]);
			continue;
		}
		s->counts.stored++;
		s->counts.bytes += jobs[i]->bytes;
	}
}

/* Can this be an output at all? */
static bool
job_fits(struct job *j, struct errbuf *why)
{
	char	host[256];

	if (j->media == NULL)
		j->media = media_sniff(j->run->sniffer, j->watch.head,
		    j->watch.headlen);
	if (media_fits(j->media, j->kind, j->watch.headlen, why) &&
	    media_agrees(j->media, j->kind, j->req.content_type, why))
		return true;
	http_host(j->url, host, sizeof(host));
	errbuf_set(why, "%s: %s", host, why->text);
	return false;
}

/*
 * Is it all of it?  Where the format has no sure end, a server that says how
 * long its answer is may be believed.
 */
static bool
job_is_whole(struct job *j, struct errbuf *why)
{
	enum media_end	end = media_end(j->media, &j->watch);
	char		host[256];

	if (end == MEDIA_WHOLE || (end == MEDIA_UNSURE && j->req.framed))
		return true;
	http_host(j->url, host, sizeof(host));
	errbuf_set(why, "%s: the file was cut short", host);
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

	if (kept || sweep_stopping() || s->broken || clock_ms() - j->started_ms <
	    s->conf->max_seconds * 500)
		return;
	sweep_size_words(j->bytes, size, sizeof(size));
	errbuf_set(&words, "not complete within the %lld s of a run (%s came)",
	    (long long)s->conf->max_seconds, size);
	job_fail(j, TROUBLE_PASSING, words.text);
}

/*
 * The attempt is over without the whole file.  What came of it is left for
 * the next one, if that can make sure that it is of the same file.
 */
static bool
job_leave(struct job *j)
{
	bool	kept = j->part != NULL && j->mark[0] != '\0' &&
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
	return j->kept > 0 && !j->req.resumed && j->req.status != 200 &&
	    (j->req.status == 206 || j->req.status == 416);
}

/* A link that is no good, for which there could be a better one. */
static bool
may_ask(struct job *j, enum trouble trouble)
{
	bool	gone = trouble == TROUBLE_GONE && (j->req.status == 403 ||
		    j->req.status == 404 || j->req.status == 410);

	return !j->asked && (gone || (link_has_ended(j) &&
	    (trouble == TROUBLE_GONE || trouble == TROUBLE_CONTENT))) &&
	    sweep_goes_on(j->run->sweep, sweep_moment(j->run->sweep, 100));
}

/* A cut that the next bytes can follow at once. */
static bool
may_resume(struct job *j)
{
	return j->req.received > 0 && j->mark[0] != '\0' &&
	    j->resumes < RESUMES_MAX && !link_has_ended(j) &&
	    sweep_goes_on(j->run->sweep, sweep_moment(j->run->sweep, 100));
}

static bool	job_ask(struct job *);
static bool	job_download(struct job *);

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

/* Both sums; false when they could not be computed. */
static bool
job_sum(struct job *j, unsigned char sum[SHA256_BYTES],
    unsigned char md5[MD5_BYTES])
{
	bool	ok = sha256_finish(j->digest, sum) && !j->broken;

	if (j->md5 != NULL)
		ok = md5_finish(j->md5, md5) && ok;
	else
		j->req.promise.md5[0] = '\0';
	j->digest = NULL;
	j->md5 = NULL;
	return ok;
}

/* Is it what the server's own headers promised? */
static bool
job_is_as_promised(struct job *j, const unsigned char *sum,
    const unsigned char *md5, struct errbuf *why)
{
	const struct promise	*p = &j->req.promise;
	char			 ours[PROMISE_SHA256], host[256];
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
	errbuf_set(why, "%s: the file has not the %s that the server said",
	    host, name);
	return false;
}

static void
take_sums(void *arg, const void *data, size_t len)
{
	struct job	*j = arg;

	if (!sha256_update(j->digest, data, len) ||
	    (j->md5 != NULL && !md5_update(j->md5, data, len)))
		j->broken = true;
}

/* The last look at a whole file; for one at rest on the settler's threads. */
static bool
job_check(struct archive_commit *c)
{
	struct job	*j = c->arg;
	unsigned char	 digest[SHA256_BYTES], md5[MD5_BYTES] = { 0 };

	j->trouble = TROUBLE_OURS;
	if (j->at_rest && !archive_replay(c->part, take_sums, j, &c->why))
		return false;
	if (!job_sum(j, digest, md5)) {
		errbuf_set(&c->why, "could not compute a SHA-256");
		return false;
	}
	hex_encode(digest, sizeof(digest), j->sum);
	j->trouble = TROUBLE_CONTENT;
	if (!job_is_as_promised(j, digest, md5, &c->why))
		return false;
	j->trouble = TROUBLE_OURS;
	return true;
}

/* The whole file is there.  True: j goes on, to rest or with another link. */
static bool
job_store(struct job *j)
{
	struct errbuf	why;

	if (!job_fits(j, &why) || !job_is_whole(j, &why))
		return job_lacks(j, TROUBLE_CONTENT, why.text);
	/* Moving our file over one that another sweep has stored meanwhile
	 * would make that one's row wrong. */
	if (!sweep_lease_is_safe(j->run->sweep)) {
		lease_lost(j);
		return false;
	}
	memset(&j->commit, 0, sizeof(j->commit));
	j->commit.part = j->part;
	j->commit.arg = j;
	if (j->at_rest)
		j->commit.prepare = job_check;
	else if (!job_check(&j->commit))
		return job_lacks(j, j->trouble, j->commit.why.text);
	if (archive_whole(j->mark) != NULL &&
	    strcmp(archive_whole(j->mark), j->sum) != 0) {
		job_drop(j);
		return job_download(j);
	}
	j->commit.extension = j->media->extension;
	j->commit.content_type = j->media->content_type;
	j->commit.sha256 = j->sum;
	j->part = NULL;
	settler_give(j->run->settler, &j->commit);
	return true;
}

/* What came to rest gets its row, or its failure. */
void
fetch_settled(struct fetch_run *run, bool all)
{
	struct archive_commit	*c = settler_take(run->settler, all), *next;
	struct job		*batch[STORE_AT_ONCE], *j;
	size_t			 n = 0;

	for (; c != NULL; c = next) {
		next = c->next;
		j = c->arg;
		if (c->ok)
			batch[n++] = j;
		else if (c->cut || !job_lacks(j, c->kept ? TROUBLE_STORE :
		    j->trouble, c->why.text))
			job_free(j);
		if (n == 0 || (n < STORE_AT_ONCE && next != NULL))
			continue;
		write_success(run->sweep, batch, n);
		while (n > 0)
			job_free(batch[--n]);
	}
}

static bool
job_answered(struct job *j)
{
	if (j->req.status == 200 || j->req.resumed)
		return job_store(j);
	if (part_is_unfit(j) && j->resumes++ < RESUMES_MAX) {
		j->opened = true;
		job_drop(j);
		return job_download(j);
	}
	return job_lacks(j, trouble_of_status(j->req.status),
	    j->req.why.text);
}

static bool
job_cut_off(struct job *j)
{
	struct errbuf	words = j->req.why;
	bool		again = may_resume(j);

	if (job_leave(j) && again) {
		j->resumes++;
		return job_download(j);
	}
	job_fail(j, TROUBLE_PASSING, words.text);
	return false;
}

static void
on_done(struct http_request *req)
{
	struct job	*j = req->arg;
	bool		 goes_on = false;

	switch (req->verdict) {
	case HTTP_ANSWERED:
		goes_on = job_answered(j);
		break;
	case HTTP_TROUBLE:
		goes_on = job_cut_off(j);
		break;
	case HTTP_FORBIDDEN:
	case HTTP_TOO_LARGE:
		job_fail(j, TROUBLE_FINAL, req->why.text);
		break;
	case HTTP_STOPPED:
		goes_on = job_lacks(j, j->trouble, req->why.text);
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
		take_sums(j, data, len);
}

/* The first bytes of an answer: to begin with, or to follow what is there. */
static bool
job_open(struct job *j)
{
	struct archive_key	key = { j->provider, j->task_id, j->position,
				    j->day };

	j->opened = true;
	if (j->part != NULL && j->req.resumed)
		return archive_replay(j->part, take_piece, j, &j->req.why);
	(void)snprintf(j->mark, sizeof(j->mark), "%s", j->req.validator);
	if (j->req.promise.md5[0] != '\0')
		j->md5 = md5_new();
	j->at_rest = j->req.length >= 0 && j->req.length <= AT_REST_MAX;
	archive_abort(j->part);
	j->part = archive_begin(j->run->archive, &key, j->req.length,
	    &j->req.why);
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

static bool
on_body(struct http_request *req, const void *data, size_t len)
{
	struct job	*j = req->arg;

	j->trouble = TROUBLE_OURS;
	if (!j->opened && !job_open(j))
		return false;
	take_piece(j, data, len);
	if (j->media == NULL && j->watch.headlen == MEDIA_HEAD &&
	    !job_fits(j, &req->why)) {
		j->trouble = TROUBLE_CONTENT;
		return false;
	}
	if (j->broken) {
		errbuf_set(&req->why, "could not compute a SHA-256");
		return false;
	}
	if (!archive_write(j->part, data, len, &req->why))
		return false;
	job_mark(j);
	return true;
}

/* As if nothing had come yet. */
static bool
job_reset(struct job *j)
{
	(void)sha256_finish(j->digest, NULL);
	(void)md5_finish(j->md5, NULL);
	j->md5 = NULL;
	j->digest = sha256_new();
	memset(&j->watch, 0, sizeof(j->watch));
	memset(&j->req, 0, sizeof(j->req));
	j->media = NULL;
	j->bytes = j->kept = j->marked = 0;
	j->mark[0] = '\0';
	j->opened = j->broken = j->at_rest = false;
	return j->digest != NULL;
}

/* False: there was no memory, and j has failed. */
static bool
job_download(struct job *j)
{
	struct archive_key	key = { j->provider, j->task_id, j->position,
				    j->day };
	bool			ok = job_reset(j);

	if (j->part == NULL)
		j->part = archive_reopen(j->run->archive, &key, &j->kept,
		    j->mark);
	if (j->part != NULL && archive_whole(j->mark) != NULL) {
		archive_abort(j->part);
		j->part = NULL;
		j->kept = 0;
		j->mark[0] = '\0';
	}
	j->req.url = j->url;
	j->req.download = true;
	j->req.from = j->kept;
	j->req.if_range = j->mark;
	j->req.max_bytes = j->run->sweep->conf->max_output_bytes;
	j->req.on_body = on_body;
	j->req.on_done = on_done;
	j->req.arg = j;
	if (ok && http_start(j->run->engine, &j->req))
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
	struct archive_key	key = { j->provider, j->task_id, j->position,
				    j->day };
	struct errbuf		why;

	if (!job_reset(j) || (j->part = archive_reopen(j->run->archive, &key,
	    &j->kept, j->mark)) == NULL)
		return false;
	j->opened = j->req.framed = archive_whole(j->mark) != NULL;
	if (j->opened && archive_replay(j->part, take_piece, j, &why))
		return true;
	job_drop(j);
	return false;
}

/* The database has to know the link before it is used: whoever takes over
 * from us needs it. */
static bool
write_link(struct job *j, const struct output *fresh)
{
	struct sweep	*s = j->run->sweep;
	char		 expires[32];
	struct db_param	 params[7];
	struct db_rows	*rows = NULL;
	struct errbuf	 why;
	bool		 ok;

	(void)snprintf(expires, sizeof(expires), "%lld",
	    (long long)(fresh->expires_at / USEC_PER_SEC));
	params[0] = sweep_text(j->provider);
	params[1] = sweep_text(j->task_id);
	params[2] = sweep_text(j->position);
	params[3] = sweep_text(s->owner);
	params[4] = sweep_text(fresh->url);
	params[5] = sweep_text(fresh->expires_at != 0 ? expires : NULL);
	params[6] = sweep_text(expires_source_words[fresh->expires_source]);
	ok = sweep_run(s, DB_RENEW_OUTPUT, params, &rows, &why) == DB_OK &&
	    *db_value(rows, 0, 0) == 't';
	db_rows_free(rows);
	if (ok) {
		free(j->url);
		j->url = sweep_copy(fresh->url);
		j->expires_at = fresh->expires_at / USEC_PER_SEC;
	}
	return ok;
}

/* What an answer says of the account holds for all that it has here. */
static void
note_account(struct job *j, const struct ask *a)
{
	struct sweep	*s = j->run->sweep;
	bool		*refused = &j->run->refused[a->account -
			    s->conf->accounts];

	if (a->verdict == POLL_RATE_LIMITED)
		sweep_pause(s, a->account, a->retry_after_s, a->why.text);
	if (a->verdict != POLL_BAD_KEY || *refused)
		return;
	*refused = true;
	sweep_warn(s, "%s %s: the API key is refused (%s); it is not asked "
	    "for fresh links", a->account->provider->name, a->account->name,
	    a->why.text);
}

static void
on_answer(struct ask *a)
{
	struct job		*j = a->arg;
	struct renew_wish	 wish = { j->position, j->kind, j->outputs,
				    j->url };
	struct result		 result = { 0 };
	const struct output	*fresh = NULL;
	enum renew_verdict	 v = RENEW_LATER;

	if (a->aborted) {
		job_free(j);
		return;
	}
	note_account(j, a);
	if (a->answered)
		v = renew_choose(a, &wish, &result, &fresh, &j->asked_why);
	else
		errbuf_set(&j->asked_why, "%s", a->why.text);
	j->hope = v == RENEW_LATER;
	if (v == RENEW_FRESH) {
		j->asked_why.text[0] = '\0';
		if (!write_link(j, fresh))
			v = RENEW_LATER;
	}
	result_free(&result);
	if (v == RENEW_FRESH || !j->tried) {
		if (!job_download(j))
			job_free(j);
		return;
	}
	job_fail(j, j->lacked, j->lacks.text);
	job_free(j);
}

/*
 * Ask the provider for a fresh link.  False: it cannot be asked, or not now;
 * then asked_why and hope say so.
 */
static bool
job_ask(struct job *j)
{
	struct fetch_run	*run = j->run;
	struct ask		*a;

	j->asked = true;
	if (j->account == NULL || *j->account->api_key == '\0')
		return false;
	j->hope = j->paused ||
	    run->refused[j->account - run->sweep->conf->accounts];
	if (j->hope) {
		errbuf_set(&j->asked_why, "%s", j->paused ?
		    "the provider wants no questions now" :
		    "the API key is refused");
		return false;
	}
	a = sweep_alloc(sizeof(*a));
	a->account = j->account;
	a->arg = j;
	a->on_answer = on_answer;
	return ask_start(a, run->engine, j->task_id, j->model, &j->asked_why);
}

static struct job *
job_new(struct fetch_run *run, const struct db_rows *rows, int row)
{
	struct job	*j = sweep_alloc(sizeof(*j));
	const char	*finished = db_value(rows, row, 7);
	const char	*account = db_value(rows, row, 8);
	const char	*paused = db_value(rows, row, 11);

	j->run = run;
	j->provider = sweep_copy(db_value(rows, row, 0));
	j->task_id = sweep_copy(db_value(rows, row, 1));
	j->position = sweep_copy(db_value(rows, row, 2));
	j->kind = sweep_copy(db_value(rows, row, 3));
	j->url = sweep_copy(db_value(rows, row, 4));
	j->expires_at = sweep_number(db_value(rows, row, 5));
	j->attempts = sweep_number(db_value(rows, row, 6));
	/* The same at each attempt, so that the file's place is the same. */
	j->day = finished != NULL ? (time_t)sweep_number(finished) :
	    time(NULL);
	if (account != NULL && provider_find(j->provider) != NULL)
		j->account = conf_account(run->sweep->conf,
		    provider_find(j->provider), account);
	j->model = sweep_copy(db_value(rows, row, 9));
	j->outputs = sweep_number(db_value(rows, row, 10));
	j->paused = paused != NULL && *paused == 't';
	return j;
}

void
fetch_queue(struct fetch_run *run, const struct db_rows *rows, int row)
{
	struct job	*j = job_new(run, rows, row);

	if (run->first == NULL)
		run->last = &run->first;
	*run->last = j;
	run->last = &j->next;
	run->queued++;
}

static struct job *
unqueue(struct fetch_run *run)
{
	struct job	*j = run->first;

	if (j != NULL) {
		run->first = j->next;
		j->next = NULL;
		run->queued--;
		if (run->first == NULL)
			run->last = &run->first;
	}
	return j;
}

void
fetch_fill(struct fetch_run *run)
{
	struct job	*j;

	while (http_free_slots(run->engine) > 0 &&
	    (j = unqueue(run)) != NULL) {
		j->started_ms = clock_ms();
		if (job_is_home(j)) {
			if (!job_store(j))
				job_free(j);
			continue;
		}
		/* A dead link is tried all the same, when there is no better
		 * one: not all that is said of its end is true. */
		if (link_has_ended(j) && job_ask(j))
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
