/* When somebody is told of what, at the end of a run. */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/log.h"
#include "lib/pgarray.h"
#include "common/spool.h"
#include "batch/alert.h"
#include "batch/alert_send.h"

#define ALERT_SOURCE		"sweep"
#define ALERT_EVERY_S		50	/* cron's minute, and its jitter */
#define ALERT_CANNOT_AFTER_S	120
#define ALERT_PATH_ROOM		4096
#define ALERT_NOTE_MAX		64
#define ALERT_CANNOT		"no sweep can begin"

/* Columns of DB_NOTE_ATTENTION. */
enum { STATE, KEY, REASON, PROVIDER, TASK_ID, DETAILS, CURE, SINCE };

/* ---- files of the spool's folder ---------------------------------------- */

/* False: the path is too long. */
static bool
alert_path(const struct conf *conf, const char *name,
    char path[ALERT_PATH_ROOM])
{
	int	n = snprintf(path, ALERT_PATH_ROOM, "%s/%s", conf->spool_dir,
		    name);

	return n > 0 && n < ALERT_PATH_ROOM;
}

/* Has a minute passed since the last time that this was asked of that file?
 * Where it cannot be known, it has. */
static bool
alert_minute_is_over(const struct conf *conf, const char *name)
{
	char		path[ALERT_PATH_ROOM];
	struct stat	st;
	time_t		now = time(NULL);
	int		fd;

	if (!alert_path(conf, name, path) || (fd = open(path, O_WRONLY |
	    O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0640)) == -1)
		return true;
	/* A new file is of now, and one byte tells it from an old one. */
	if (fstat(fd, &st) == 0 && st.st_size > 0 && st.st_mtime <= now &&
	    now - st.st_mtime < ALERT_EVERY_S) {
		(void)close(fd);
		return false;
	}
	(void)file_write_all(fd, "\n", 1);
	(void)futimens(fd, NULL);
	(void)close(fd);
	return true;
}

/* What is known of runs that cannot begin; all zeroes: nothing. */
struct alert_cannot {
	int64_t	since;		/* seconds since 1970 */
	int64_t	told;		/* when it was told last; 0: never */
};

static void
alert_read_cannot(const char *path, struct alert_cannot *c)
{
	char	*text;
	size_t	 len;
	int	 fd;

	*c = (struct alert_cannot){ 0 };
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return;
	text = file_read_all(fd, ALERT_NOTE_MAX, &len);
	(void)close(fd);
	if (text == NULL || sscanf(text, "%" SCNd64 " %" SCNd64, &c->since,
	    &c->told) != 2)
		*c = (struct alert_cannot){ 0 };
	free(text);
}

static void
alert_write_cannot(const char *path, const struct alert_cannot *c)
{
	char	text[ALERT_NOTE_MAX];
	int	fd, n;

	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW |
	    O_NONBLOCK | O_CLOEXEC, 0640);
	if (fd == -1)
		return;
	n = snprintf(text, sizeof(text), "%" PRId64 " %" PRId64 "\n", c->since,
	    c->told);
	(void)file_write_all(fd, text, (size_t)n);
	(void)close(fd);
}

/* ---- what was found ----------------------------------------------------- */

static bool
alert_tell(struct run *r, const struct alert_finding *f, size_t n)
{
	struct errbuf	err;

	if (alert_send(r->conf, f, n, &err))
		return true;
	run_warn(r, "an alert of %zu findings could not be sent, and waits for "
	    "a later run: %s", n, err.text);
	return false;
}

static bool
alert_tell_cannot(struct run *r, const struct alert_cannot *c,
    const char *state)
{
	char				since[32] = "?";
	const struct alert_finding	f = {
		.state = state, .reason = ALERT_CANNOT,
		.details = r->error.text, .since = since,
		.cure = "run genhook-sweep as the user that cron names, and "
		    "mend what it says"
	};
	struct tm			tm;
	time_t				at = (time_t)c->since;

	if (gmtime_r(&at, &tm) != NULL)
		(void)strftime(since, sizeof(since), "%Y-%m-%dT%H:%M:%SZ",
		    &tm);
	return alert_tell(r, &f, 1);
}

void
alert_cannot_begin(struct run *r)
{
	char			path[ALERT_PATH_ROOM];
	struct alert_cannot	c;
	int64_t			now = (int64_t)time(NULL);

	if (!alert_is_set(r->conf) || run_stopping() ||
	    !alert_path(r->conf, SPOOL_ALERT_NOTE, path))
		return;
	alert_read_cannot(path, &c);
	if (c.since == 0 || c.since > now)
		c = (struct alert_cannot){ .since = now };
	else if (now - c.since >= ALERT_CANNOT_AFTER_S && (c.told == 0 ||
	    now - c.told >= r->conf->alert_remind_hours * 3600) &&
	    alert_tell_cannot(r, &c, c.told == 0 ? "new" : "reminder"))
		c.told = now;
	alert_write_cannot(path, &c);
}

/* A run had the database again: who was told that none can begin hears it. */
static void
alert_can_begin(struct run *r)
{
	char			path[ALERT_PATH_ROOM];
	struct alert_cannot	c;

	if (!alert_path(r->conf, SPOOL_ALERT_NOTE, path) ||
	    access(path, F_OK) == -1)
		return;
	alert_read_cannot(path, &c);
	if (c.told == 0 || !alert_is_set(r->conf) ||
	    alert_tell_cannot(r, &c, "well"))
		(void)unlink(path);
}

static void
alert_note_told(struct run *r, const struct db_rows *rows)
{
	struct db_param	params[2];
	struct pgarray	keys;
	struct errbuf	err;
	int		i;

	pgarray_begin(&keys, PG_TEXT);
	for (i = 0; i < db_rows_count(rows); i++)
		pgarray_text(&keys, db_value(rows, i, KEY));
	if (pgarray_end(&keys)) {
		params[0] = db_text(ALERT_SOURCE);
		params[1] = pgarray_param(&keys);
		if (run_query(r, DB_ALERTS_TOLD, params, NULL, &err) != DB_OK)
			run_warn(r, "an alert was sent, and may be again: %s",
			    err.text);
	}
	pgarray_free(&keys);
}

static void
alert_tell_rows(struct run *r, const struct db_rows *rows)
{
	size_t			 n = (size_t)db_rows_count(rows), i;
	struct alert_finding	*f = calloc(n, sizeof(*f));

	for (i = 0; f != NULL && i < n; i++)
		f[i] = (struct alert_finding) {
			.state = db_value(rows, (int)i, STATE),
			.reason = db_value(rows, (int)i, REASON),
			.provider = db_value(rows, (int)i, PROVIDER),
			.task_id = db_value(rows, (int)i, TASK_ID),
			.details = db_value(rows, (int)i, DETAILS),
			.cure = db_value(rows, (int)i, CURE),
			.since = db_value(rows, (int)i, SINCE)
		};
	if (f != NULL && alert_tell(r, f, n))
		alert_note_told(r, rows);
	free(f);
}

static void
alert_look(struct run *r)
{
	char		 remind[32];
	struct db_param	 param;
	struct db_rows	*rows = NULL;
	struct errbuf	 err;

	(void)snprintf(remind, sizeof(remind), "%lld hours",
	    (long long)r->conf->alert_remind_hours);
	param = db_text(remind);
	if (run_query(r, DB_NOTE_ATTENTION, &param, &rows, &err) != DB_OK)
		run_warn(r, "nobody can be alerted: %s", err.text);
	else if (db_rows_count(rows) > 0)
		alert_tell_rows(r, rows);
	db_rows_free(rows);
}

void
alert_after_run(struct run *r)
{
	struct errbuf	err;

	if (run_stopping() || r->broken)
		return;
	alert_can_begin(r);
	if (alert_is_set(r->conf) &&
	    alert_minute_is_over(r->conf, SPOOL_ALERT_MINUTE))
		alert_look(r);
	if (*r->conf->alert_ping_url != '\0' && !run_stopping() &&
	    alert_minute_is_over(r->conf, SPOOL_PING_MINUTE) &&
	    !alert_ping(r->conf, &err))
		run_warn(r, "alert.ping_url could not be had: %s", err.text);
}
