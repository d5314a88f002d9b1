/* Bring the outputs home before their links end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "archive.h"
#include "clock.h"
#include "crypto.h"
#include "http.h"
#include "log.h"
#include "media.h"
#include "progress.h"
#include "retry.h"
#include "sweep.h"

#define TURN_MS		100
#define DOUBT_ATTEMPTS	2	/* see job_is_whole() */
#define CLAIM_AGAIN_MS	1000	/* after a claim that brought less than asked */

struct download {
	struct sweep		*sweep;
	struct archive		*archive;
	struct http_engine	*engine;
	int64_t			 claim_ms;	/* not before */
	bool			 more;		/* the last claim was full */
	bool			 full;		/* the archive takes no more */
};

/* One output on its way. */
struct job {
	struct http_request	 req;
	struct download		*run;
	char			*provider, *task_id, *position, *kind, *url;
	int64_t			 expires_at;	/* s since 1970; 0: unknown */
	int64_t			 attempts;	/* this one counted */
	time_t			 day;
	int64_t			 started_ms;
	struct archive_part	*part;
	struct sha256		*digest;
	const struct media	*media;		/* once enough bytes came */
	struct media_watch	 watch;
	enum trouble		 trouble;	/* why on_body() stopped */
};

static void
job_free(struct job *j)
{
	archive_abort(j->part);
	(void)sha256_finish(j->digest, NULL);
	free(j->provider);
	free(j->task_id);
	free(j->position);
	free(j->kind);
	free(j->url);
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
	log_line(LOG_WARN, "%s: another sweep has taken it over", name);
}

/* Tell the database what becomes of the output. */
static void
write_failure(struct job *j, const char *status, int64_t wait_s,
    struct errbuf *words)
{
	struct sweep	*s = j->run->sweep;
	char		 wait[32];
	struct db_param	 params[7];
	struct db_rows	*rows = NULL;
	struct errbuf	 why;

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
	    *db_value(rows, 0, 0) != 't')
		lease_lost(j);
	db_rows_free(rows);
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

static void
job_fail(struct job *j, enum trouble trouble, const char *words)
{
	struct retry_facts	 facts = {
		.trouble = trouble,
		.attempts = j->attempts,
		.expires_at = j->expires_at,
		.now = time(NULL),
		.retry_after_s = j->req.retry_after_s,
	};
	struct errbuf		 copy;
	const char		*status;
	int64_t			 wait_s;

	errbuf_set(&copy, "%s", words);
	status = retry_decide(&facts, &wait_s);
	if (trouble == TROUBLE_OURS) {
		if (!j->run->full)
			sweep_warn(j->run->sweep, "%s", words);
		j->run->full = true;
	}
	count_failure(j, status, words);
	write_failure(j, status, wait_s, &copy);
}

/* The file is in its place: the row follows.  False: no longer our output. */
static bool
write_success(struct job *j, const char *location, const char *sha256_hex)
{
	struct sweep	*s = j->run->sweep;
	char		 bytes[24];
	struct db_param	 params[9];
	struct db_rows	*rows = NULL;
	struct errbuf	 etag, why;
	enum db_verdict	 v;

	/* One that is no text could not be sent back as it came. */
	errbuf_set(&etag, "%s", j->req.etag);
	sweep_clean_words(&etag);
	if (strcmp(etag.text, j->req.etag) != 0)
		etag.text[0] = '\0';
	(void)snprintf(bytes, sizeof(bytes), "%lld",
	    (long long)j->req.received);
	params[0] = sweep_text(j->provider);
	params[1] = sweep_text(j->task_id);
	params[2] = sweep_text(j->position);
	params[3] = sweep_text(s->owner);
	params[4] = sweep_text(location);
	params[5] = sweep_text(bytes);
	params[6] = sweep_text(sha256_hex);
	params[7] = sweep_text(j->media->content_type);
	params[8] = sweep_text(etag.text[0] != '\0' ? etag.text : NULL);
	v = sweep_run(s, DB_STORE_OUTPUT, params, &rows, &why);
	if (v == DB_REFUSED)
		job_fail(j, TROUBLE_OURS, why.text);
	else if (v == DB_OK && *db_value(rows, 0, 0) != 't') {
		lease_lost(j);
		v = DB_REFUSED;
	}
	db_rows_free(rows);
	return v == DB_OK;
}

/* Can this be an output at all? */
static bool
job_fits(struct job *j, struct errbuf *why)
{
	char	host[256];

	if (j->media == NULL)
		j->media = media_sniff(j->watch.head, j->watch.headlen);
	if (media_fits(j->media, j->kind, j->watch.headlen, why))
		return true;
	http_host(j->url, host, sizeof(host));
	errbuf_set(why, "%s: %s", host, why->text);
	return false;
}

/*
 * Is it all of it?  A server that says how long its answer is gets the doubt
 * for some attempts; then its file is what there is.
 */
static bool
job_is_whole(struct job *j, struct errbuf *why)
{
	enum media_end	end = media_end(j->media, &j->watch);
	char		host[256];

	if (end == MEDIA_WHOLE || (j->req.framed && (end == MEDIA_UNSURE ||
	    j->attempts > DOUBT_ATTEMPTS)))
		return true;
	http_host(j->url, host, sizeof(host));
	errbuf_set(why, "%s: the file was cut short", host);
	return false;
}

static void
job_store(struct job *j)
{
	struct sweep	*s = j->run->sweep;
	unsigned char	 digest[SHA256_BYTES];
	char		 hex[SHA256_HEX], *location = NULL;
	struct errbuf	 why;
	bool		 ok;

	if (!job_fits(j, &why) || !job_is_whole(j, &why)) {
		job_fail(j, TROUBLE_CONTENT, why.text);
		return;
	}
	/* Moving our file over one that another sweep has stored meanwhile
	 * would make that one's row wrong. */
	if (!sweep_lease_is_safe(s)) {
		lease_lost(j);
		return;
	}
	ok = sha256_finish(j->digest, digest);
	j->digest = NULL;
	if (!ok) {
		job_fail(j, TROUBLE_OURS, "could not compute a SHA-256");
		return;
	}
	hex_encode(digest, sizeof(digest), hex);
	ok = archive_commit(j->part, j->media->extension, &location, &why);
	j->part = NULL;
	if (!ok)
		job_fail(j, TROUBLE_OURS, why.text);
	else if (write_success(j, location, hex)) {
		s->counts.stored++;
		s->counts.bytes += j->req.received;
	}
	free(location);
}

/*
 * The run's time is over.  A link that had half of a run and more for itself
 * counts as tried; the others go back as if they had never been claimed.
 */
static void
job_cut(struct job *j)
{
	struct sweep	*s = j->run->sweep;
	char		 size[32];
	struct errbuf	 words;

	if (sweep_stopping() || s->broken || clock_ms() - j->started_ms <
	    s->conf->max_seconds * 500)
		return;
	sweep_size_words(j->req.received, size, sizeof(size));
	errbuf_set(&words, "not complete within the %lld s of a run (%s came)",
	    (long long)s->conf->max_seconds, size);
	job_fail(j, TROUBLE_PASSING, words.text);
}

static enum trouble
trouble_of_status(long status)
{
	return http_status_may_pass(status) ? TROUBLE_PASSING : TROUBLE_GONE;
}

static void
on_done(struct http_request *req)
{
	struct job	*j = req->arg;

	switch (req->verdict) {
	case HTTP_ANSWERED:
		if (req->status == 200)
			job_store(j);
		else
			job_fail(j, trouble_of_status(req->status),
			    req->why.text);
		break;
	case HTTP_TROUBLE:
		job_fail(j, TROUBLE_PASSING, req->why.text);
		break;
	case HTTP_FORBIDDEN:
	case HTTP_TOO_LARGE:
		job_fail(j, TROUBLE_FINAL, req->why.text);
		break;
	case HTTP_STOPPED:
		job_fail(j, j->trouble, req->why.text);
		break;
	case HTTP_ABORTED:
		job_cut(j);
		break;
	}
	job_free(j);
}

static bool
job_begin(struct job *j)
{
	struct archive_key	key = { j->provider, j->task_id, j->position,
				    j->day };

	j->trouble = TROUBLE_OURS;
	j->part = archive_begin(j->run->archive, &key, j->req.length,
	    &j->req.why);
	return j->part != NULL;
}

static bool
on_body(struct http_request *req, const void *data, size_t len)
{
	struct job	*j = req->arg;

	media_watch(&j->watch, data, len);
	if (j->media == NULL && j->watch.headlen == MEDIA_HEAD) {
		j->trouble = TROUBLE_CONTENT;
		if (!job_fits(j, &req->why))
			return false;
	}
	if (j->part == NULL && !job_begin(j))
		return false;
	j->trouble = TROUBLE_OURS;
	if (!sha256_update(j->digest, data, len)) {
		errbuf_set(&req->why, "could not compute a SHA-256");
		return false;
	}
	return archive_write(j->part, data, len, &req->why);
}

static struct job *
job_new(struct download *d, const struct db_rows *rows, int row)
{
	struct job	*j = sweep_alloc(sizeof(*j));
	const char	*finished = db_value(rows, row, 7);

	j->run = d;
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
	j->started_ms = clock_ms();
	j->digest = sha256_new();
	return j;
}

static void
job_start(struct download *d, const struct db_rows *rows, int row)
{
	struct job	*j = job_new(d, rows, row);

	j->req.url = j->url;
	j->req.download = true;
	j->req.max_bytes = d->sweep->conf->max_output_bytes;
	j->req.on_body = on_body;
	j->req.on_done = on_done;
	j->req.arg = j;
	if (j->digest != NULL && http_start(d->engine, &j->req))
		return;
	job_fail(j, TROUBLE_OURS, "out of memory");
	job_free(j);
}

/* Lease as many outputs as there are free slots, and begin them. */
static void
claim(struct download *d)
{
	struct sweep	*s = d->sweep;
	int		 asked = http_free_slots(d->engine), got, i;
	char		 lease[32], limit[16];
	struct db_param	 params[5];
	struct db_rows	*rows = NULL;
	struct errbuf	 why;

	(void)snprintf(lease, sizeof(lease), "%d s", SWEEP_LEASE_S);
	(void)snprintf(limit, sizeof(limit), "%d", asked);
	params[0] = sweep_text(s->owner);
	params[1] = sweep_text(lease);
	params[2] = sweep_text(limit);
	params[3] = sweep_text(s->provider);
	params[4] = sweep_text(s->task_id);
	if (sweep_run(s, DB_CLAIM_OUTPUTS, params, &rows, &why) != DB_OK) {
		sweep_break(s, why.text);
		return;
	}
	got = db_rows_count(rows);
	for (i = 0; i < got; i++)
		job_start(d, rows, i);
	db_rows_free(rows);
	d->more = got == asked;
	d->claim_ms = clock_ms() + (d->more ? 0 : CLAIM_AGAIN_MS);
}

static void
work(struct download *d)
{
	struct sweep	*s = d->sweep;
	int64_t		 until = sweep_moment(s, 100);

	while (sweep_goes_on(s, until)) {
		if (!d->full && http_free_slots(d->engine) > 0 &&
		    clock_ms() >= d->claim_ms)
			claim(d);
		if (http_in_flight(d->engine) == 0 && (d->full || !d->more))
			break;
		http_turn(d->engine, TURN_MS);
		sweep_beat(s);
		progress_show(s->progress, "downloads", s->counts.stored,
		    http_in_flight(d->engine), http_bytes(d->engine));
	}
}

/* What this run claimed and did not come to is anybody's at once. */
static void
release(struct sweep *s)
{
	struct db_param	params[1] = { sweep_text(s->owner) };
	struct errbuf	why;

	if (!s->broken)
		(void)sweep_run(s, DB_RELEASE_OUTPUTS, params, NULL, &why);
}

void
sweep_download(struct sweep *s)
{
	struct download	d = { .sweep = s };
	struct errbuf	why;

	if (!sweep_goes_on(s, sweep_moment(s, 100)))
		return;
	if ((d.archive = archive_open(s->conf, s->owner, &why)) == NULL) {
		sweep_break(s, why.text);
		return;
	}
	d.engine = http_engine_new((int)s->conf->downloads_in_flight,
	    s->conf->allow_private_networks);
	if (d.engine != NULL)
		work(&d);
	else
		sweep_break(s, "out of memory");
	http_engine_free(d.engine);
	archive_close(d.archive);
	release(s);
}
