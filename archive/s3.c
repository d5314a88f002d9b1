/*
 * The S3 driver: outputs as objects in an S3-compatible store, under the keys
 * that they would have as paths in a tree of directories.  A file is written to
 * a directory of this machine, the staging directory, as a part of the dir
 * driver; when it is whole it is sent from there (s3_upload.c).  It is marked
 * as whole before that, and stays until the store has it: a run that is killed,
 * or a store that is away, costs no second download.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include "lib/buf.h"
#include "lib/clock.h"
#include "archive/archive_driver.h"
#include "archive/s3_clean.h"
#include "archive/s3_client.h"
#include "archive/s3_upload.h"

#define AT_ONCE		8	/* requests in flight */
#define TURN_MS		50
#define GRACE_MS	700	/* for what is in flight when time is up */
#define STAGED_S	(7 * 86400)	/* what nobody came back for */
#define STAMP		"/.uploads-cleaned"

struct s3_archive {
	struct archive		 base;
	struct archive		*staging;	/* of the dir driver */
	char			*stamp;		/* when the store's uploads were
						   cleaned last: a file's age */
	struct s3_store		 store;
	atomic_bool		 hurry;
	int64_t			 grace_ms;	/* until then; 0: not yet set */
};

/* When the run's time is up, nothing new begins, and what is in flight gets a
 * moment; then it is cut. */
static void
s3_mind_end(struct s3_archive *a)
{
	if (!atomic_load(&a->hurry) || a->store.engine == NULL)
		return;
	if (a->grace_ms == 0)
		a->grace_ms = clock_ms() + GRACE_MS;
	if (clock_ms() < a->grace_ms)
		return;
	http_engine_free(a->store.engine);
	a->store.engine = NULL;
}

/* On the thread that commits: it alone is at the store's engine. */
static void
s3_commit(struct archive *archive, struct archive_commit *const *list,
    size_t n)
{
	struct s3_archive	*a = (struct s3_archive *)archive;
	bool			 ended = false, more = false;
	size_t			 i;

	s3_mind_end(a);
	for (i = 0; i < n; i++) {
		if (!list[i]->done && s3_upload_go_on(&a->store, list[i],
		    atomic_load(&a->hurry)))
			more = true;
		ended = ended || list[i]->done;
	}
	if (!ended && a->store.engine != NULL)
		http_turn(a->store.engine, more ? 0 : TURN_MS);
}

/* From any thread. */
static void
s3_hurry(struct archive *archive)
{
	atomic_store(&((struct s3_archive *)archive)->hurry, true);
}

static long
s3_clean(struct archive *archive, time_t before)
{
	struct s3_archive	*a = (struct s3_archive *)archive;
	long			 removed;

	removed = archive_clean(a->staging, before - STAGED_S);
	return removed + s3_clean_uploads(&a->store, a->stamp, before);
}

/* --- the rest is the staging directory's */

static struct archive_part *
s3_begin(struct archive *archive, const struct archive_key *key,
    int64_t length, struct errbuf *err)
{
	return archive_begin(((struct s3_archive *)archive)->staging, key,
	    length, err);
}

static struct archive_part *
s3_reopen(struct archive *archive, const struct archive_key *key,
    int64_t *bytes, char mark[ARCHIVE_MARK_MAX])
{
	return archive_reopen(((struct s3_archive *)archive)->staging, key,
	    bytes, mark);
}

static void
s3_close(struct archive *archive)
{
	struct s3_archive	*a = (struct s3_archive *)archive;

	http_engine_free(a->store.engine);
	archive_close(a->staging);
	free(a->stamp);
	free(a);
}

/* A part's archive is the staging directory, so what is done with a part goes
 * to the dir driver and does not come here. */
static const struct archive_ops s3_ops = {
	.begin	= s3_begin,
	.reopen	= s3_reopen,
	.commit	= s3_commit,
	.hurry	= s3_hurry,
	.clean	= s3_clean,
	.close	= s3_close,
};

static bool
s3_open_staging(struct s3_archive *a, const char *dir, const char *owner,
    struct errbuf *err)
{
	struct buf	stamp, url;

	buf_init(&stamp, SIZE_MAX);
	buf_printf(&stamp, "%s" STAMP, dir);
	a->stamp = buf_take(&stamp);
	buf_init(&url, SIZE_MAX);
	buf_text(&url, "file:///");
	buf_percent(&url, dir + 1, "");
	if (a->stamp != NULL && buf_ok(&url))
		a->staging = archive_dir_open(url.data, owner, err);
	else
		(void)errbuf_no_memory(err);
	buf_free(&url);
	return a->staging != NULL;
}

/* NULL: no memory. */
static struct s3_archive *
s3_new(const struct conf *conf)
{
	struct s3_archive	*a = calloc(1, sizeof(*a));

	if (a == NULL || (a->store.engine = http_engine_new(AT_ONCE, false)) ==
	    NULL) {
		free(a);
		return NULL;
	}
	a->base.ops = &s3_ops;
	a->store.keys.access = conf->s3_access_key;
	a->store.keys.secret = conf->s3_secret_key;
	a->store.keys.region = conf->s3_region;
	return a;
}

struct archive *
archive_s3_open(const struct conf *conf, const char *owner,
    struct errbuf *err)
{
	struct s3_archive	*a = s3_new(conf);

	if (a == NULL) {
		(void)errbuf_no_memory(err);
		return NULL;
	}
	if (s3_place_read(&a->store.place, conf->archive_url,
	    conf->s3_endpoint, err) &&
	    s3_open_staging(a, conf->s3_staging_dir, owner, err))
		return &a->base;
	s3_close(&a->base);
	return NULL;
}
