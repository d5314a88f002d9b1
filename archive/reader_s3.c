/* Files of an archive in an S3-compatible store, by their locations: some requests
 * at once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "archive/reader_driver.h"
#include "archive/s3_client.h"

#define READER_AT_ONCE	8
#define READER_TURN_MS	1000

struct store_reader {
	struct reader		 base;
	struct s3_store		 store;
};

/* One request, and the file that it is for; NULL: the place is free. */
struct store_job {
	struct s3_call		 call;
	struct reader_file	*file;
	struct reader_sum	 sum;
	struct store_reader	*reader;
	bool			 stopped;	/* by the file's each() */
};

/* How a request begins, and what its answer means.  begin: false without memory. */
struct store_task {
	bool	(*begin)(struct store_job *);
	void	(*end)(struct store_job *);
};

static bool
store_url(struct store_job *j)
{
	const struct s3_store	*s = &j->reader->store;
	const char		*key = j->file->location + strlen("s3://") +
				    strlen(s->place.bucket) + 1;

	return s3_call_url(&j->call, s, key);
}

/* No answer, or one that says no.  missing: what 404 means. */
static void
store_refused(struct store_job *j)
{
	const struct http_response	*res = &j->call.response;
	const char			*words;

	if (res->verdict != HTTP_ANSWERED)
		errbuf_set(&j->file->err, "the store %s", res->err.text);
	else {
		(void)s3_classify(res->status, "", &words);
		errbuf_set(&j->file->err, "the store %s, bucket %s: %s (HTTP "
		    "%ld)", j->reader->store.place.host,
		    j->reader->store.place.bucket, words, res->status);
	}
	j->file->verdict = READER_TROUBLE;
	if (res->verdict == HTTP_ANSWERED && res->status == 404)
		reader_file_is(j->file, READER_MISSING, "the store has no "
		    "such object");
}

/* --- a file to its end */

static bool
store_piece(struct s3_call *call, const void *data, size_t len)
{
	struct store_job	*j = call->arg;

	j->stopped = !reader_sum_piece(&j->sum, j->file, data, len);
	return !j->stopped;
}

static bool
store_get_begin(struct store_job *j)
{
	reader_sum_begin(&j->sum);
	j->call.on_piece = store_piece;
	j->call.req.file_only = true;
	j->call.req.max_bytes = j->file->bytes > 0 ? j->file->bytes : 1;
	return store_url(j) &&
	    s3_call_start(&j->call, &j->reader->store, "GET", S3_NO_BODY, NULL);
}

static void
store_get_end(struct store_job *j)
{
	const struct http_response	*res = &j->call.response;

	if (res->verdict == HTTP_ANSWERED && res->is_file) {
		reader_sum_end(&j->sum, j->file);
		return;
	}
	(void)sha256_finish(j->sum.state, NULL);
	if (j->stopped)
		j->file->verdict = READER_STOPPED;
	else if (res->verdict == HTTP_TOO_LARGE)
		reader_file_is(j->file, READER_DIFFERS, "the object is longer "
		    "than its row says");
	else
		store_refused(j);
}

static const struct store_task store_get = { store_get_begin, store_get_end };

/* --- the end of a file */

static bool
store_delete_begin(struct store_job *j)
{
	return store_url(j) && s3_call_start(&j->call, &j->reader->store,
	    "DELETE", S3_NO_BODY, NULL);
}

static void
store_delete_end(struct store_job *j)
{
	const struct http_response	*res = &j->call.response;

	if (res->verdict == HTTP_ANSWERED && res->status / 100 == 2)
		j->file->verdict = READER_OK;
	else
		store_refused(j);
}

static const struct store_task store_delete = {
	store_delete_begin, store_delete_end
};

/* --- some at once */

static void
store_begin(struct store_reader *r, const struct store_task *task,
    struct store_job *j, struct reader_file *f)
{
	memset(j, 0, sizeof(*j));
	j->reader = r;
	j->file = f;
	j->call.arg = j;
	if (strncmp(f->location, r->base.prefix, strlen(r->base.prefix)) != 0)
		reader_file_is(f, READER_TROUBLE, "it is not in this archive");
	else if (task->begin(j))
		return;
	else
		reader_file_is(f, READER_TROUBLE, "out of memory");
	(void)sha256_finish(j->sum.state, NULL);
	s3_call_reset(&j->call);
	j->file = NULL;
}

/* True: it was at work, and has ended. */
static bool
store_end(const struct store_task *task, struct store_job *j)
{
	if (j->file == NULL || j->call.in_flight)
		return false;
	task->end(j);
	s3_call_reset(&j->call);
	j->file = NULL;
	return true;
}

static void
store_run(struct store_reader *r, const struct store_task *task,
    struct reader_file *const *list, size_t n)
{
	struct store_job	*jobs = calloc(READER_AT_ONCE, sizeof(*jobs));
	size_t			 i, next = 0, busy;

	for (i = 0; jobs == NULL && i < n; i++)
		reader_file_is(list[i], READER_TROUBLE, "out of memory");
	if (jobs == NULL)
		return;
	do {
		for (i = busy = 0; i < READER_AT_ONCE; i++) {
			(void)store_end(task, &jobs[i]);
			while (jobs[i].file == NULL && next < n)
				store_begin(r, task, &jobs[i], list[next++]);
			busy += jobs[i].file != NULL;
		}
		if (busy > 0)
			http_turn(r->store.engine, READER_TURN_MS);
	} while (busy > 0);
	free(jobs);
}

static void
reader_s3_check(struct reader *r, struct reader_file *const *list, size_t n)
{
	store_run((struct store_reader *)r, &store_get, list, n);
}

static void
reader_s3_remove(struct reader *r, struct reader_file *const *list, size_t n)
{
	store_run((struct store_reader *)r, &store_delete, list, n);
}

static void
reader_s3_close(struct reader *r)
{
	http_engine_free(((struct store_reader *)r)->store.engine);
	free(r);
}

static const struct reader_ops reader_s3_ops = {
	.check	= reader_s3_check,
	.remove	= reader_s3_remove,
	.close	= reader_s3_close,
};

struct reader *
reader_s3_open(const struct conf *conf, struct errbuf *err)
{
	struct store_reader	*r = calloc(1, sizeof(*r));

	if (r == NULL || (r->store.engine = http_engine_new(READER_AT_ONCE,
	    false)) == NULL) {
		free(r);
		(void)errbuf_no_memory(err);
		return NULL;
	}
	r->base.ops = &reader_s3_ops;
	r->store.keys.access = conf->s3_access_key;
	r->store.keys.secret = conf->s3_secret_key;
	r->store.keys.region = conf->s3_region;
	if (s3_place_read(&r->store.place, conf->archive_url,
	    conf->s3_endpoint, err)) {
		(void)snprintf(r->base.prefix, sizeof(r->base.prefix),
		    "s3://%s/%s", r->store.place.bucket,
		    r->store.place.prefix);
		return &r->base;
	}
	reader_s3_close(&r->base);
	return NULL;
}
