/*
 * The step that makes small pictures, for the page, of pictures and films that are
 * stored: each by a process of its own (thumb/), since it reads foreign files.
 */
#include <sys/file.h>
#include <sys/mman.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/log.h"
#include "common/spool.h"
#include "net/http.h"
#include "archive/s3_link.h"
#include "archive/stored_file.h"
#include "batch/place.h"
#include "batch/steps.h"
#include "batch/thumb_child.h"

#define THUMBS_CLAIM	"8"
#define THUMBS_LINK_S	60
#define THUMBS_TURN_MS	100

/* The kinds of file that a small picture is made of, and the types of each: what
 * is not installed for one of a kind is not for the others. */
static const struct {
	const char	*types;		/* as an array of PostgreSQL */
	const char	*begins;	/* of each type */
} thumbs_kinds[] = {
	{ "image/png,image/jpeg,image/webp,image/gif,image/avif", "image/" },
	{ "video/mp4,video/quicktime,video/webm", "video/" }
};
#define THUMBS_KINDS	(sizeof(thumbs_kinds) / sizeof(thumbs_kinds[0]))

struct thumbs {
	struct run	*run;
	char		 program[4096];
	bool		 missing[THUMBS_KINDS];	/* what makes them is */
	bool		 store_away;	/* the store has trouble that may pass */
};

/* A claimed output; borrowed from the claim. */
struct thumbs_row {
	const char	*provider, *task_id, *position;
	const char	*location, *content_type, *sha256;
};

/* ---- the file ----------------------------------------------------------- */

/* An object on its way into memory. */
struct thumbs_fetch {
	struct http_response	 res;
	int			 fd;
	bool			 done;
};

static bool
fetch_on_body(void *arg, const void *bytes, size_t len)
{
	struct thumbs_fetch	*f = arg;

	return file_write_all(f->fd, bytes, len);
}

static void
fetch_on_done(void *arg)
{
	struct thumbs_fetch	*f = arg;

	f->done = true;
}

static void
fetch_run(struct thumbs_fetch *f, const char *link)
{
	const struct http_request	 req = {
		.policy = HTTP_OPERATOR_HOST,
		.url = link,
		.file_only = true,
		.max_bytes = (int64_t)THUMB_FILE_MAX,
		.timeout_s = THUMBS_LINK_S,
		.arg = f,
		.on_body = fetch_on_body,
		.on_done = fetch_on_done
	};
	struct http_engine		*engine = http_engine_new(1, true);

	f->res.verdict = HTTP_ABORTED;
	if (engine == NULL || !http_start(engine, &req, &f->res))
		f->done = true;
	while (!f->done && !run_stopping())
		http_turn(engine, THUMBS_TURN_MS);
	http_engine_free(engine);
}

/* May the store give the object another time, that it did not give now? */
static bool
fetch_may_pass(const struct thumbs_fetch *f)
{
	return f->res.verdict == HTTP_ANSWERED ?
	    http_status_may_pass(f->res.status) :
	    f->res.verdict == HTTP_TROUBLE || f->res.verdict == HTTP_ABORTED;
}

/* From the store, into a file in memory that is gone when it is closed. */
static int
thumbs_fetch(struct thumbs *t, const struct thumbs_row *row,
    struct errbuf *err)
{
	struct thumbs_fetch	 f = { .fd = memfd_create("object",
				    MFD_CLOEXEC) };
	char			*link;

	(void)errbuf_no_memory(err);
	link = s3_link(t->run->conf, row->location, row->content_type,
	    "attachment", THUMBS_LINK_S, time(NULL), err);
	if (link != NULL && f.fd != -1) {
		fetch_run(&f, link);
		if (f.res.verdict == HTTP_ANSWERED && f.res.is_file &&
		    lseek(f.fd, 0, SEEK_SET) == 0) {
			free(link);
			return f.fd;
		}
		errbuf_set(err, "the store answered %ld: %s", f.res.status,
		    f.res.err.text);
		t->store_away |= fetch_may_pass(&f);
	}
	free(link);
	if (f.fd != -1)
		(void)close(f.fd);
	return -1;
}

static int
thumbs_open(struct thumbs *t, const struct thumbs_row *row, struct errbuf *err)
{
	if (strncmp(row->location, "s3://", 5) == 0)
		return thumbs_fetch(t, row, err);
	return stored_file_open(t->run->conf->archive_url, row->location, err);
}

/* ---- one of them -------------------------------------------------------- */

/* With neither picture nor words the claim is given back. */
static void
thumbs_finish(struct thumbs *t, const struct thumbs_row *row,
    const char *picture, size_t len, const char *words)
{
	struct db_param	params[] = {
		db_text(row->provider), db_text(row->task_id),
		db_text(row->position), db_text(row->sha256),
		db_text(NULL), db_text(words)
	};
	struct errbuf	err;

	if (picture != NULL)
		params[4] = (struct db_param){ picture, (int)len };
	if (run_query(t->run, DB_FINISH_THUMB, params, NULL, &err) ==
	    DB_REFUSED)
		log_line(LOG_WARN, "small picture of %s %s: %s",
		    row->provider, row->task_id, err.text);
}

/* What makes this kind is not here: it is claimed no more in this run. */
static void
thumbs_note_missing(struct thumbs *t, const char *content_type)
{
	size_t	i;

	for (i = 0; i < THUMBS_KINDS; i++)
		if (strncmp(content_type, thumbs_kinds[i].begins,
		    strlen(thumbs_kinds[i].begins)) == 0)
			t->missing[i] = true;
}

static void
thumbs_make(struct thumbs *t, const struct thumbs_row *row)
{
	struct thumb_child	child;
	struct errbuf		err;
	int			fd = thumbs_open(t, row, &err);

	if (fd == -1) {
		log_line(LOG_DEBUG, "no small picture of %s %s: %s",
		    row->provider, row->task_id, err.text);
		thumbs_finish(t, row, NULL, 0, run_stopping() ||
		    t->store_away ? NULL : err.text);
		return;
	}
	thumb_child_run(t->program, fd, row->content_type, run_stopping,
	    &child);
	(void)close(fd);
	switch (child.ended) {
	case THUMB_MADE:
		thumbs_finish(t, row, child.picture, child.len, NULL);
		break;
	case THUMB_REFUSED:
		thumbs_finish(t, row, NULL, 0, child.err.text);
		break;
	case THUMB_NOT_INSTALLED:
	case THUMB_COULD_NOT_RUN:
		thumbs_note_missing(t, row->content_type);
		thumbs_finish(t, row, NULL, 0, NULL);
		break;
	}
	free(child.picture);
}

/* ---- all of them -------------------------------------------------------- */

/* The types that can still be made, as an array; false: none. */
static bool
thumbs_types(const struct thumbs *t, char *text, size_t size)
{
	struct buf	types;
	size_t		i;
	bool		some = false;

	buf_over(&types, text, size);
	buf_text(&types, "{");
	for (i = 0; i < THUMBS_KINDS; i++) {
		if (t->missing[i])
			continue;
		buf_printf(&types, "%s%s", some ? "," : "",
		    thumbs_kinds[i].types);
		some = true;
	}
	buf_text(&types, "}");
	return some;
}

/* Claim some and make them.  False: there is nothing more to do. */
static bool
thumbs_round(struct thumbs *t, int64_t until_ms)
{
	char			 types[256];
	struct thumbs_row	 row;
	struct db_param		 params[2];
	struct db_rows		*rows = NULL;
	struct errbuf		 err;
	int			 i, n;

	if (!thumbs_types(t, types, sizeof(types)))
		return false;
	params[0] = db_text(types);
	params[1] = db_text(THUMBS_CLAIM);
	if (run_query(t->run, DB_CLAIM_THUMBS, params, &rows, &err) != DB_OK)
		return false;
	n = db_rows_count(rows);
	for (i = 0; i < n; i++) {
		row = (struct thumbs_row){ db_value(rows, i, 0),
		    db_value(rows, i, 1), db_value(rows, i, 2),
		    db_value(rows, i, 3), db_value(rows, i, 4),
		    db_value(rows, i, 5) };
		if (!t->store_away && run_goes_on(t->run, until_ms))
			thumbs_make(t, &row);
		else
			thumbs_finish(t, &row, NULL, 0, NULL);
		run_beat(t->run);
	}
	db_rows_free(rows);
	/* The next run asks the store again. */
	return n > 0 && !t->store_away;
}

/* One run of a machine makes them, so that runs which come fast upon one another do
 * not take the processors from files that are to come home.  False: another one is
 * at it.  The lock's descriptor; -1: none can be had, which is no reason to make
 * none. */
static bool
thumbs_lock(const struct conf *conf, int *fd)
{
	char	path[4096];

	(void)snprintf(path, sizeof(path), "%s/%s", conf->spool_dir,
	    SPOOL_THUMBS_LOCK);
	*fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (*fd == -1 || flock(*fd, LOCK_EX | LOCK_NB) == 0 ||
	    errno != EWOULDBLOCK)
		return true;
	(void)close(*fd);
	return false;
}

static void
thumbs_make_all(struct sweep *s, int64_t until_ms)
{
	struct thumbs	t = { .run = &s->run };
	struct db_param	params[1];
	char		keep[DB_NUMBER_MAX];
	struct errbuf	err;

	if (!thumb_child_find(t.program, sizeof(t.program)))
		return;
	place_leave();
	while (run_goes_on(t.run, until_ms) && thumbs_round(&t, until_ms))
		continue;
	params[0] = db_int(s->run.conf->web_thumbs, keep);
	(void)run_query(t.run, DB_RETAIN_THUMBS, params, NULL, &err);
}

void
thumbs_step(struct sweep *s, int64_t until_ms)
{
	const struct conf	*conf = s->run.conf;
	int			 lock;

	if (*conf->web_secret == '\0' || conf->web_thumbs == 0 ||
	    !thumbs_lock(conf, &lock))
		return;
	thumbs_make_all(s, until_ms);
	if (lock != -1)
		(void)close(lock);
}
