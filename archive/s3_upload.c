/*
 * An upload's life: it begins with a staged file that is marked as whole, asks
 * the store step by step, tries again, and ends with an object or with a file
 * that waits for the next run.
 */
#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/crypto.h"
#include "archive/archive_driver.h"
#include "archive/s3_upload.h"
#include "archive/s3_upload_steps.h"

#define TRIES_MAX	4	/* of one request, in one run */
#define FIRST_WAIT_MS	500
#define RESTARTS_MAX	2	/* of an upload that the store forgot */

static const struct {
	const char	*method;
	bool		(*begin)(struct s3_upload *, char hex[SHA256_HEX]);
	void		(*take)(struct s3_upload *);
} s3_steps[] = {
	[S3_STEP_PUT]	   = { "PUT",  s3_put_begin,	  s3_put_take },
	[S3_STEP_FIND]	   = { "GET",  s3_find_begin,	  s3_find_take },
	[S3_STEP_LIST]	   = { "GET",  s3_list_begin,	  s3_list_take },
	[S3_STEP_CREATE]   = { "POST", s3_create_begin,	  s3_create_take },
	[S3_STEP_PART]	   = { "PUT",  s3_part_begin,	  s3_part_take },
	[S3_STEP_COMPLETE] = { "POST", s3_complete_begin, s3_complete_take },
	[S3_STEP_HEAD]	   = { "HEAD", s3_head_begin,	  s3_head_take },
};
_Static_assert(sizeof(s3_steps) / sizeof(s3_steps[0]) == S3_STEP__MAX,
    "a step has no row");

/* --- the end */

static void
s3_upload_end(struct s3_upload *u)
{
	struct archive_commit	*c = u->commit;

	if (c->ok || !u->marked)
		archive_abort(c->part);
	else
		archive_leave(c->part);
	c->kept = !c->ok && u->marked;
	c->part = NULL;
	c->work = NULL;
	c->done = true;
	s3_call_reset(&u->call);
	free(u->parts);
	free(u->body);
	free(u);
}

/* The run has no time left for it. */
static void
s3_upload_cut(struct s3_upload *u)
{
	errbuf_set(&u->commit->err, "the run ended before it was stored");
	u->commit->cut = true;
	s3_upload_end(u);
}

void
s3_upload_fail(struct s3_upload *u, const char *words)
{
	errbuf_set(&u->commit->err, "%s", words);
	s3_upload_end(u);
}

/* The same, for what keeps all other uploads out of the store as well. */
static void
s3_store_fail(struct s3_upload *u, const char *words)
{
	if (!u->store->down)
		errbuf_set(&u->store->down_err, "%s", words);
	u->store->down = true;
	s3_upload_fail(u, words);
}

void
s3_upload_done(struct s3_upload *u)
{
	const struct s3_place	*place = &u->store->place;
	size_t			 size = strlen(place->bucket) +
				    strlen(u->key) + sizeof("s3:///");

	if ((u->commit->location = calloc(1, size)) == NULL) {
		s3_upload_fail(u, "out of memory");
		return;
	}
	(void)snprintf(u->commit->location, size, "s3://%s/%s", place->bucket,
	    u->key);
	u->commit->ok = true;
	s3_upload_end(u);
}

/* --- answers */

/* Once more, a little later; or, after some tries, in another run. */
static void
s3_upload_retry(struct s3_upload *u, const char *words)
{
	int64_t	wait_ms = (int64_t)FIRST_WAIT_MS << u->tries;

	if (++u->tries >= TRIES_MAX) {
		s3_store_fail(u, words);
		return;
	}
	u->not_before_ms = clock_ms() + wait_ms / 2 +
	    (int64_t)random_below((uint32_t)wait_ms);
}

/* The store knows nothing of the upload: a new one. */
static void
s3_upload_restart(struct s3_upload *u, const char *words)
{
	if (u->restarts++ < RESTARTS_MAX && u->nparts > 0)
		u->step = S3_STEP_CREATE;
	else
		s3_upload_fail(u, words);
}

static void
s3_upload_trouble(struct s3_upload *u, enum s3_trouble trouble,
    const char *words)
{
	switch (trouble) {
	case S3_BUSY:
		s3_upload_retry(u, words);
		break;
	case S3_CLOSED:
		s3_store_fail(u, words);
		break;
	case S3_GONE:
		s3_upload_restart(u, words);
		break;
	case S3_REFUSED:
		s3_upload_fail(u, words);
		break;
	}
}

/* The trouble with an answer, in words for a person. */
static void
s3_upload_say(struct s3_upload *u, enum s3_trouble trouble,
    const char *meaning, const char *code)
{
	const struct s3_place	*place = &u->store->place;
	struct errbuf		 words;

	/* A key that may write need not have the right to list. */
	if ((u->step == S3_STEP_FIND || u->step == S3_STEP_LIST) &&
	    trouble != S3_BUSY) {
		u->step = S3_STEP_CREATE;
		return;
	}
	errbuf_set(&words, "the store %s, bucket %s: %s (HTTP %ld%s%s)",
	    place->host, place->bucket, meaning, u->call.response.status,
	    *code != '\0' ? " " : "", code);
	s3_upload_trouble(u, trouble, words.text);
}

/* The answer is an error; status: what it is taken for. */
static void
s3_upload_refused(struct s3_upload *u, const char *text, long status)
{
	char			 code[64];
	const char		*meaning;
	enum s3_trouble		 trouble;

	(void)s3_xml_text(text, "Code", code, sizeof(code));
	trouble = u->step == S3_STEP_HEAD ?
	    s3_head_classify(status, &meaning) :
	    s3_classify(status, code, &meaning);
	s3_upload_say(u, trouble, meaning, code);
}

/* An answer came whole.  It can be an error although its status is 200: to
 * S3_STEP_COMPLETE the store sends the status before it knows, and what stands
 * between may answer in its place. */
static void
s3_upload_answered(struct s3_upload *u)
{
	const struct http_response	*res = &u->call.response;
	const char			*text = s3_call_answer(&u->call);

	if (res->status / 100 != 2)
		s3_upload_refused(u, text, res->status);
	else if (s3_xml_has(text, "Error"))
		s3_upload_refused(u, text, 500);
	else if (s3_is_page(text, res->content_type))
		s3_upload_say(u, S3_CLOSED, "it answers with a web page: see "
		    "archive.s3_endpoint", "");
	else {
		u->tries = 0;
		s3_steps[u->step].take(u);
	}
}

/* A request has ended; called by http_turn(). */
static void
s3_upload_on_done(struct s3_call *call)
{
	struct s3_upload	*u = call->arg;
	struct errbuf		 words;

	errbuf_set(&words, "the store %s", call->response.err.text);
	switch (call->response.verdict) {
	case HTTP_ANSWERED:
		s3_upload_answered(u);
		break;
	case HTTP_ABORTED:
		s3_upload_cut(u);
		break;
	case HTTP_FORBIDDEN:
		s3_store_fail(u, words.text);
		break;
	case HTTP_TROUBLE:
	case HTTP_STOPPED:
	case HTTP_TOO_LARGE:
		s3_upload_retry(u, words.text);
		break;
	}
}

/* --- the beginning, and each step */

/* Is the staged file still the one that was downloaded?  Of a large one, which
 * is sent in parts, this is not known. */
static bool
s3_upload_is_sound(const struct s3_upload *u, const char *hex)
{
	return u->step != S3_STEP_PUT || u->commit->sha256 == NULL ||
	    strcmp(hex, u->commit->sha256) == 0;
}

/* Send the next request.  True: the upload needs no answer to go on. */
static bool
s3_upload_ask(struct s3_upload *u)
{
	char	hex[SHA256_HEX] = S3_NO_BODY;
	bool	ok;

	s3_call_reset(&u->call);
	u->call.arg = u;
	if (u->step != S3_STEP_COMPLETE) {
		free(u->body);
		u->body = NULL;
	}
	ok = s3_steps[u->step].begin(u, hex);
	if (ok && s3_part_is_there(u)) {
		s3_part_next(u);
		return true;
	}
	if (ok && !s3_upload_is_sound(u, hex)) {
		u->marked = false;
		s3_upload_fail(u, "the staged file is not what was downloaded");
		return false;
	}
	if (!ok || !s3_call_start(&u->call, u->store, s3_steps[u->step].method,
	    hex, s3_upload_on_done))
		s3_upload_fail(u, "could not read the staged file, or no memory");
	return false;
}

/* Note that the part is a whole file, so that a later run need not download it
 * again. */
static void
s3_upload_mark(struct s3_upload *u)
{
	char	mark[ARCHIVE_MARK_MAX];

	if (u->commit->sha256 == NULL)
		return;
	(void)snprintf(mark, sizeof(mark), ARCHIVE_WHOLE "%s",
	    u->commit->sha256);
	u->marked = archive_mark(u->commit->part, mark);
}

/* In one request, or in parts?  False: no memory. */
static bool
s3_upload_plan(struct s3_upload *u)
{
	struct stat	st = { 0 };

	u->bytes = fstat(u->fd, &st) == 0 ? st.st_size : 0;
	u->part_bytes = s3_part_bytes(u->bytes);
	u->step = S3_STEP_PUT;
	if (u->part_bytes == 0)
		return true;
	u->step = S3_STEP_FIND;
	u->nparts = (size_t)((u->bytes + u->part_bytes - 1) / u->part_bytes);
	u->parts = calloc(u->nparts, sizeof(*u->parts));
	return u->parts != NULL;
}

/* Of a part that has a file, or is given one.  NULL with err. */
static struct s3_upload *
s3_upload_new(struct s3_store *s, struct archive_part *part,
    const char *extension, struct errbuf *err)
{
	struct s3_upload	*u = calloc(1, sizeof(*u));
	char			 place[S3_KEY_MAX];

	if (u == NULL) {
		(void)errbuf_no_memory(err);
		return NULL;
	}
	u->store = s;
	u->fd = archive_dir_file(part, extension, place, sizeof(place), err);
	(void)snprintf(u->key, sizeof(u->key), "%s%.*s", s->place.prefix,
	    (int)(sizeof(u->key) - sizeof(s->place.prefix)), place);
	if (u->fd != -1)
		return u;
	free(u);
	return NULL;
}

/* False: it could not begin, and c is done. */
static bool
s3_upload_begin(struct s3_store *s, struct archive_commit *c)
{
	struct s3_upload	*u = s3_upload_new(s, c->part, c->extension,
				    &c->err);

	if (u == NULL) {
		archive_abort(c->part);
		c->part = NULL;
		c->done = true;
		return false;
	}
	u->commit = c;
	c->work = u;
	s3_upload_mark(u);
	if (s3_upload_plan(u))
		return true;
	s3_upload_fail(u, "out of memory");
	return false;
}

bool
s3_upload_go_on(struct s3_store *s, struct archive_commit *c, bool hurry)
{
	struct s3_upload	*u;

	if (c->work == NULL && !s3_upload_begin(s, c))
		return false;
	u = c->work;
	if (u->call.in_flight)
		return false;
	if (s->engine == NULL || hurry)
		s3_upload_cut(u);
	else if (s->down)
		s3_upload_fail(u, s->down_err.text);
	else if (http_free_slots(s->engine) > 0 &&
	    u->not_before_ms <= clock_ms())
		return s3_upload_ask(u);
	return false;
}
