/*
 * Outputs as objects in an S3-compatible store, under the keys that a tree of
 * files would have as paths.  A download is written to a directory of this
 * machine, as an archive of files has its parts, and sent from there when it
 * is whole.  It is marked as whole before that, and stays until the store has
 * it: a run that is killed, or a store that is away, costs no second download.
 * A large file goes in parts, and the next run goes on where one stopped; an
 * object is there for others to see only once it is complete.
 */
#include <sys/stat.h>

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/clock.h"
#include "handlers/provider.h"
#include "archive/archive_driver.h"
#include "archive/s3_client.h"
#include "archive/s3_upload.h"

#define AT_ONCE		8	/* requests in flight */
#define TURN_MS		50
#define GRACE_MS	700	/* for what is in flight when time is up */
#define CLEAN_EVERY_S	3600
#define CLEAN_WITHIN_MS	3000
#define STAGED_S	(7 * 86400)	/* what nobody came back for */
#define STAMP		"/.uploads-cleaned"

struct s3_archive {
	struct archive		 base;
	struct archive		*staging;
	char			*stamp;		/* when it was cleaned last */
	struct s3_store		 store;
	atomic_bool		 hurry;
	int64_t			 grace_ms;	/* until then; 0: not yet set */
};

/* Time is up: nothing new begins, and what is in flight gets a moment. */
static void
mind_the_end(struct s3_archive *a)
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

static void
s3_commit(struct archive *archive, struct archive_commit *const *list,
    size_t n)
{
	struct s3_archive	*a = (struct s3_archive *)archive;
	bool			 ended = false, more = false;
	size_t			 i;

	mind_the_end(a);
	for (i = 0; i < n; i++) {
		if (!list[i]->done && s3_upload_go_on(&a->store, list[i],
		    atomic_load(&a->hurry)))
			more = true;
		ended = ended || list[i]->done;
	}
	if (!ended && a->store.engine != NULL)
		http_turn(a->store.engine, more ? 0 : TURN_MS);
}

static void
s3_hurry(struct archive *archive)
{
	atomic_store(&((struct s3_archive *)archive)->hurry, true);
}

/* --- uploads that nobody came back for */

/* Ask and wait.  False: no good answer in time. */
static bool
ask(struct s3_archive *a, struct s3_call *call, const char *method,
    int64_t until_ms)
{
	if (!s3_call_start(call, &a->store, method, S3_NO_BODY, NULL))
		return false;
	while (call->in_flight && clock_ms() < until_ms)
		http_turn(a->store.engine, TURN_MS);
	if (call->in_flight) {
		http_engine_free(a->store.engine);
		a->store.engine = NULL;
	}
	return call->response.verdict == HTTP_ANSWERED &&
	    call->response.status / 100 == 2;
}

/* Is it one that genhook would have: PREFIX PROVIDER/YYYY/... ? */
static bool
is_ours(const struct s3_archive *a, const char *key)
{
	size_t	len = strlen(a->store.place.prefix), i;

	if (strncmp(key, a->store.place.prefix, len) != 0)
		return false;
	key += len;
	for (i = 0; providers[i] != NULL; i++) {
		len = strlen(providers[i]->name);
		if (strncmp(key, providers[i]->name, len) == 0 &&
		    key[len] == '/' && strspn(key + len + 1,
		    "0123456789") == 4 && key[len + 5] == '/')
			return true;
	}
	return false;
}

/* One upload of the list: was it begun before then, and is it gone now? */
static bool
clean_one(struct s3_archive *a, const char *item, time_t before,
    int64_t until_ms)
{
	struct s3_call	call = { 0 };
	char		key[S3_KEY_MAX], id[S3_ID_MAX], begun[40];
	int64_t		when;
	bool		ok;

	if (!s3_xml_text(item, "Key", key, sizeof(key)) ||
	    !s3_xml_text(item, "UploadId", id, sizeof(id)) ||
	    !s3_xml_text(item, "Initiated", begun, sizeof(begun)) ||
	    (when = s3_time(begun)) == 0 || when >= (int64_t)before ||
	    !is_ours(a, key))
		return false;
	ok = s3_call_url(&call, &a->store, key) &&
	    s3_call_query(&call, "?uploadId=", id) &&
	    ask(a, &call, "DELETE", until_ms);
	s3_call_reset(&call);
	return ok;
}

/* Has it been an hour?  Then it is now. */
static bool
clean_is_due(const struct s3_archive *a)
{
	struct stat	st;
	int		fd;

	if (stat(a->stamp, &st) == 0 && time(NULL) - st.st_mtime <
	    CLEAN_EVERY_S)
		return false;
	fd = open(a->stamp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW |
	    O_CLOEXEC, 0640);
	if (fd == -1)
		return false;
	(void)futimens(fd, NULL);
	(void)close(fd);
	return true;
}

static long
s3_clean(struct archive *archive, time_t before)
{
	struct s3_archive	*a = (struct s3_archive *)archive;
	struct s3_call		 call = { 0 };
	const char		*at;
	char			*item;
	int64_t			 until_ms = clock_ms() + CLEAN_WITHIN_MS;
	long			 removed = archive_clean(a->staging, before -
				    STAGED_S);

	if (!clean_is_due(a))
		return removed;
	if (s3_call_url(&call, &a->store, "") && s3_call_query(&call,
	    "?max-uploads=1000&prefix=", a->store.place.prefix) &&
	    s3_call_query(&call, "&uploads=", "") &&
	    ask(a, &call, "GET", until_ms)) {
		at = s3_call_answer(&call);
		while (a->store.engine != NULL && clock_ms() < until_ms &&
		    (item = s3_xml_next(&at, "Upload")) != NULL) {
			removed += clean_one(a, item, before, until_ms);
			free(item);
		}
	}
	s3_call_reset(&call);
	return removed;
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

/* Its parts are the staging directory's, and so is what is done with them. */
static const struct archive_ops s3_ops = {
	.begin	= s3_begin,
	.reopen	= s3_reopen,
	.commit	= s3_commit,
	.hurry	= s3_hurry,
	.clean	= s3_clean,
	.close	= s3_close,
};

static bool
open_staging(struct s3_archive *a, const char *dir, const char *owner,
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

struct archive *
archive_s3_open(const struct conf *conf, const char *owner,
    struct errbuf *err)
{
	struct s3_archive	*a = calloc(1, sizeof(*a));

	if (a == NULL || (a->store.engine = http_engine_new(AT_ONCE, false)) ==
	    NULL) {
		(void)errbuf_no_memory(err);
		free(a);
		return NULL;
	}
	a->base.ops = &s3_ops;
	a->store.keys.access = conf->s3_access_key;
	a->store.keys.secret = conf->s3_secret_key;
	a->store.keys.region = conf->s3_region;
	if (s3_place_read(&a->store.place, conf->archive_url, conf->s3_endpoint,
	    err) && open_staging(a, conf->s3_staging_dir, owner, err))
		return &a->base;
	s3_close(&a->base);
	return NULL;
}
