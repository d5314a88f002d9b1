/*
 * Moving stored files from one archive to another.  A batch of files goes through the
 * steps together: read from the old archive into parts of the new one, made
 * visible, read again there, their rows changed, and then the old copies removed.  Up to
 * the rows nothing has happened that a second run would not do again; what is left
 * of removing the table genhook.moves knows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/pgarray.h"
#include "lib/time.h"
#include "cli/archive_move.h"
#include "cli/cli.h"
#include "cli/statements.h"

#define BATCH_FILES	64
#define BATCH_BYTES	"67108864"
#define COPIES_AT_ONCE	64
#define TRIES_MAX	3
#define TRY_AGAIN_S	1

/* Columns of DB_MOVABLE_OUTPUTS. */
enum { MOVE_PROVIDER, MOVE_TASK, MOVE_POSITION, MOVE_LOCATION, MOVE_BYTES,
    MOVE_SHA256, MOVE_TYPE, MOVE_STORED_AT };

/* A file on its way. */
struct move_file {
	const char		*provider, *task_id, *position;	/* of the rows */
	struct move		*move;
	struct reader_file	 old, new;
	struct archive_key	 key;
	struct archive_commit	 commit;	/* has the part */
	char			 extension[32];
	bool			 is_there;	/* whole, and read again */
	bool			 settled;	/* its row says so */
};

struct move_batch {
	struct db_rows		*rows;
	struct move_file	 files[BATCH_FILES];
	size_t			 n;
};

static void
move_show(struct move *m)
{
	struct progress_facts	facts = { .what = "moving" };

	facts.done = m->moved + m->missing + m->differing + m->failed +
	    m->changed;
	facts.total = m->total;
	facts.bytes = m->read_bytes;
	progress_show(m->progress, &facts);
}

static void
move_warn(struct move *m, const char *location, const char *words)
{
	progress_wipe(m->progress);
	log_line(LOG_WARN, "%s: %s", location, words);
}

/* --- what a row says of its file */

/* The day that it lies under, by its place ".../YYYY/MM/DD/TASK/FILE"; where it is at
 * no such place, the day on which it was stored. */
static time_t
move_day(const char *location, const char *stored_at)
{
	struct tm	 tm = { 0 };
	const char	*p = location + strlen(location);
	char		 day[11];
	int		 slashes = 0;

	while (p > location && slashes < 5)
		slashes += *--p == '/';
	(void)snprintf(day, sizeof(day), "%s", slashes == 5 ? p + 1 : "");
	if (strptime(day, "%Y/%m/%d", &tm) != NULL && strlen(day) == 10)
		return timegm(&tm);
	return (time_t)db_number(stored_at);
}

static void
move_extension(const char *location, char *extension, size_t size)
{
	const char	*name = strrchr(location, '/');
	const char	*dot = name != NULL ? strrchr(name, '.') : NULL;
	size_t		 i;

	(void)snprintf(extension, size, "%s", dot != NULL ? dot + 1 : "");
	for (i = 0; extension[i] != '\0'; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyz0123456789",
		    extension[i]) == NULL)
			break;
	if (i == 0 || extension[i] != '\0')
		(void)snprintf(extension, size, "bin");
}

/* A piece of the old copy: into the new one. */
static bool
move_piece(struct reader_file *old, const void *data, size_t len)
{
	struct move_file	*f = old->arg;

	f->move->read_bytes += (int64_t)len;
	move_show(f->move);
	return archive_write(f->commit.part, data, len, &old->err);
}

static bool
move_piece_again(struct reader_file *new, const void *data, size_t len)
{
	struct move_file	*f = new->arg;

	(void)data;
	(void)len;
	move_show(f->move);
	return true;
}

static void
move_file_init(struct move *m, struct move_file *f, const struct db_rows *rows,
    int row)
{
	memset(f, 0, sizeof(*f));
	f->move = m;
	f->provider = db_value(rows, row, MOVE_PROVIDER);
	f->task_id = db_value(rows, row, MOVE_TASK);
	f->position = db_value(rows, row, MOVE_POSITION);
	f->old.location = db_value(rows, row, MOVE_LOCATION);
	f->old.bytes = f->new.bytes =
	    db_number(db_value(rows, row, MOVE_BYTES));
	f->old.sha256 = f->new.sha256 = f->commit.sha256 =
	    db_value(rows, row, MOVE_SHA256);
	f->old.arg = f->new.arg = f;
	f->old.each = move_piece;
	f->new.each = move_piece_again;
	move_extension(f->old.location, f->extension, sizeof(f->extension));
	f->commit.extension = f->extension;
	f->commit.content_type = db_value(rows, row, MOVE_TYPE) != NULL ?
	    db_value(rows, row, MOVE_TYPE) : "application/octet-stream";
	f->key.provider = f->provider;
	f->key.task_id = f->task_id;
	f->key.position = f->position;
	f->key.day = move_day(f->old.location,
	    db_value(rows, row, MOVE_STORED_AT));
}

/* --- the steps of a batch */

/* Of the files that are not there yet: the old copies into parts. */
static void
batch_read(struct move *m, struct move_batch *b)
{
	struct reader_file	*list[BATCH_FILES] = { NULL };
	size_t			 i, n = 0;

	for (i = 0; i < b->n; i++) {
		struct move_file	*f = &b->files[i];

		if (f->is_there || f->old.verdict == READER_MISSING ||
		    f->old.verdict == READER_DIFFERS)
			continue;
		f->commit.part = archive_begin(m->archive, &f->key,
		    f->old.bytes, &f->old.err);
		f->old.verdict = READER_TROUBLE;
		if (f->commit.part != NULL)
			list[n++] = &f->old;
	}
	reader_check(m->from, list, n);
}

/* Make the parts visible that are whole. */
static void
batch_commit(struct move *m, struct move_batch *b)
{
	struct archive_commit	*list[BATCH_FILES] = { NULL };
	size_t			 i, n = 0, left;

	for (i = 0; i < b->n; i++) {
		struct move_file	*f = &b->files[i];

		if (f->is_there)
			continue;
		f->commit.done = f->commit.ok = f->commit.kept = false;
		free(f->commit.location);
		f->commit.location = NULL;
		if (f->commit.part == NULL)
			continue;
		if (f->old.verdict == READER_OK && archive_ready(m->archive,
		    f->commit.part, &f->old.err)) {
			list[n++] = &f->commit;
			continue;
		}
		archive_abort(f->commit.part);
		f->commit.part = NULL;
	}
	while (n > 0) {
		archive_commit_some(m->archive, list, n);
		for (i = left = 0; i < n; i++)
			if (!list[i]->done)
				list[left++] = list[i];
		n = left;
		move_show(m);
	}
	for (i = 0; i < b->n; i++)
		b->files[i].commit.part = NULL;
}

/* Read what was made visible. */
static void
batch_check(struct move *m, struct move_batch *b)
{
	struct reader_file	*list[BATCH_FILES] = { NULL };
	size_t			 i, n = 0;

	for (i = 0; i < b->n; i++) {
		struct move_file	*f = &b->files[i];

		if (!f->commit.ok || f->is_there)
			continue;
		f->new.location = f->commit.location;
		list[n++] = &f->new;
	}
	reader_check(m->to, list, n);
	for (i = 0; i < n; i++)
		((struct move_file *)list[i]->arg)->is_there =
		    list[i]->verdict == READER_OK;
}

/* Has the file's end been seen, one way or another? */
static bool
batch_is_over(const struct move_file *f)
{
	return f->is_there || f->old.verdict == READER_MISSING ||
	    f->old.verdict == READER_DIFFERS;
}

/* Bring the files to the new archive; what does not go is tried again.  False: none
 * went, for reasons that another file would meet as well. */
static bool
batch_bring(struct move *m, struct move_batch *b)
{
	size_t	i, over = 0;
	int	tries;

	for (tries = 0; tries < TRIES_MAX; tries++) {
		if (tries > 0)
			(void)sleep(TRY_AGAIN_S);
		batch_read(m, b);
		batch_commit(m, b);
		batch_check(m, b);
		for (i = over = 0; i < b->n; i++)
			over += batch_is_over(&b->files[i]);
		if (over == b->n || *m->stop)
			break;
	}
	return over > 0 || b->n == 0 || *m->stop;
}

/* Why a file is not at its new place: counted and told. */
static void
file_tell(struct move *m, const struct move_file *f)
{
	if (f->old.verdict == READER_MISSING) {
		m->missing++;
		move_warn(m, f->old.location, "there is no such file");
	} else if (f->old.verdict == READER_DIFFERS) {
		m->differing++;
		move_warn(m, f->old.location, f->old.err.text);
	} else {
		m->failed++;
		move_warn(m, f->old.location, f->commit.ok ? f->new.err.text :
		    f->old.verdict == READER_OK ? f->commit.err.text :
		    f->old.err.text);
	}
}

/* A copy that is not what it should be is no use to anybody. */
static void
file_drop_copy(struct move *m, struct move_file *f)
{
	struct reader_file	*list[1] = { &f->new };
	struct errbuf		 why = f->new.err;

	if (f->is_there || !f->commit.ok || f->new.verdict != READER_DIFFERS ||
	    reader_is_same(m->from, f->old.location, m->to, f->new.location))
		return;
	reader_remove(m->to, list, 1);
	f->new.verdict = READER_DIFFERS;
	f->new.err = why;
}

/* --- rows */

struct move_arrays {
	struct pgarray	provider, task_id, position, source, sha256,
			destination;
};

static void
arrays_begin(struct move_arrays *a)
{
	pgarray_begin(&a->provider, PG_TEXT);
	pgarray_begin(&a->task_id, PG_TEXT);
	pgarray_begin(&a->position, PG_INT4);
	pgarray_begin(&a->source, PG_TEXT);
	pgarray_begin(&a->sha256, PG_TEXT);
	pgarray_begin(&a->destination, PG_TEXT);
}

static void
arrays_add(struct move_arrays *a, const struct move_file *f)
{
	pgarray_text(&a->provider, f->provider);
	pgarray_text(&a->task_id, f->task_id);
	pgarray_int4(&a->position, (int32_t)db_number(f->position));
	pgarray_text(&a->source, f->old.location);
	pgarray_text(&a->sha256, f->old.sha256);
	pgarray_text(&a->destination, f->new.location);
}

static bool
arrays_end(struct move_arrays *a)
{
	return pgarray_end(&a->provider) && pgarray_end(&a->task_id) &&
	    pgarray_end(&a->position) && pgarray_end(&a->source) &&
	    pgarray_end(&a->sha256) && pgarray_end(&a->destination);
}

static void
arrays_free(struct move_arrays *a)
{
	pgarray_free(&a->provider);
	pgarray_free(&a->task_id);
	pgarray_free(&a->position);
	pgarray_free(&a->source);
	pgarray_free(&a->sha256);
	pgarray_free(&a->destination);
}

static bool
arrays_send(struct move *m, const struct move_arrays *a, struct db_rows **rows)
{
	const struct db_param	params[] = {
		pgarray_param(&a->provider), pgarray_param(&a->task_id),
		pgarray_param(&a->position), pgarray_param(&a->source),
		pgarray_param(&a->sha256), pgarray_param(&a->destination),
		db_text(m->keep ? "true" : "false")
	};

	return cli_query(m->db, DB_SETTLE_MOVES, params, rows);
}

/* Give the rows of what is there their new locations.  False: the database does not
 * do it, which has been said. */
static bool
batch_settle(struct move *m, struct move_batch *b)
{
	struct move_file	*sent[BATCH_FILES];
	struct move_arrays	 a;
	struct db_rows		*rows = NULL;
	size_t			 i, n = 0;
	int			 row;
	bool			 ok;

	arrays_begin(&a);
	for (i = 0; i < b->n; i++)
		if (b->files[i].is_there) {
			arrays_add(&a, &b->files[i]);
			sent[n++] = &b->files[i];
		}
	ok = arrays_end(&a) && (n == 0 || arrays_send(m, &a, &rows));
	for (row = 0; ok && rows != NULL && row < db_rows_count(rows); row++) {
		i = (size_t)db_number(db_value(rows, row, 0)) - 1;
		if (i < n)
			sent[i]->settled = true;
	}
	db_rows_free(rows);
	arrays_free(&a);
	return ok;
}

static void
batch_count(struct move *m, struct move_batch *b)
{
	size_t	i;

	for (i = 0; i < b->n; i++) {
		struct move_file	*f = &b->files[i];

		file_drop_copy(m, f);
		if (f->settled) {
			m->moved++;
			m->bytes += f->old.bytes;
		} else if (f->is_there) {
			m->changed++;
			move_warn(m, f->old.location, "its row was changed or "
			    "deleted meanwhile");
		} else if (!*m->stop || batch_is_over(f))
			file_tell(m, f);
	}
}

/* --- old copies */

/* Forget those that are gone, from the table too. */
static bool
copies_forget(struct move *m, const struct reader_file *files, size_t n)
{
	struct pgarray	gone;
	struct db_param	param;
	size_t		i;
	bool		ok;

	pgarray_begin(&gone, PG_TEXT);
	for (i = 0; i < n; i++) {
		if (files[i].verdict == READER_OK)
			m->removed++;
		if (files[i].verdict == READER_OK ||
		    files[i].verdict == READER_MISSING)
			pgarray_text(&gone, files[i].location);
		else {
			m->failed++;
			move_warn(m, files[i].location, files[i].err.text);
		}
	}
	ok = pgarray_end(&gone);
	param = pgarray_param(&gone);
	ok = ok && cli_query(m->db, DB_FORGET_COPIES, &param, NULL);
	pgarray_free(&gone);
	return ok;
}

static bool
copies_remove(struct move *m, struct reader_file *files, size_t n)
{
	struct reader_file	*list[COPIES_AT_ONCE] = { NULL };
	size_t			 i;

	for (i = 0; i < n; i++)
		list[i] = &files[i];
	reader_remove(m->from, list, n);
	return copies_forget(m, files, n);
}

/* The old copies of a batch whose rows are settled. */
static bool
batch_remove(struct move *m, const struct move_batch *b)
{
	struct reader_file	files[BATCH_FILES];
	size_t			i, n = 0;

	if (m->keep)
		return true;
	memset(files, 0, sizeof(files));
	for (i = 0; i < b->n; i++) {
		const struct move_file	*f = &b->files[i];

		if (!f->settled)
			continue;
		if (reader_is_same(m->from, f->old.location, m->to,
		    f->new.location)) {
			move_warn(m, f->old.location, "not removed: it is the "
			    "new file under another name");
			m->failed++;
			continue;
		}
		files[n++].location = f->old.location;
	}
	return n == 0 || copies_remove(m, files, n);
}

/* What an earlier run had no time to remove.  False: the database does not do
 * it. */
static bool
move_old_copies(struct move *m)
{
	struct reader_file	 files[COPIES_AT_ONCE];
	struct db_param		 param = db_text(reader_prefix(m->from));
	struct db_rows		*rows = NULL;
	bool			 ok, more = true;
	int64_t			 removed;
	int			 i, n;

	for (ok = true; ok && more && !*m->stop;) {
		rows = NULL;
		if (!cli_query(m->db, DB_OLD_COPIES, &param, &rows))
			return false;
		n = db_rows_count(rows);
		memset(files, 0, sizeof(files));
		for (i = 0; i < n; i++)
			files[i].location = db_value(rows, i, 0);
		removed = m->removed;
		ok = n == 0 || copies_remove(m, files, (size_t)n);
		/* Those that cannot be removed come again. */
		more = n == COPIES_AT_ONCE && m->removed > removed;
		db_rows_free(rows);
	}
	return ok;
}

/* --- all of them */

/* Where the walk has got to. */
struct move_key {
	char	*provider, *task_id, *position;
};

static bool
key_set(struct move_key *k, const char *provider, const char *task_id,
    const char *position)
{
	free(k->provider);
	free(k->task_id);
	free(k->position);
	k->provider = strdup(provider);
	k->task_id = strdup(task_id);
	k->position = strdup(position);
	return k->provider != NULL && k->task_id != NULL &&
	    k->position != NULL;
}

static void
key_free(struct move_key *k)
{
	free(k->provider);
	free(k->task_id);
	free(k->position);
}

/* The next files behind the key, which is moved on.  False: that was all, or with
 * *ok false it could not be asked. */
static bool
batch_take(struct move *m, struct move_batch *b, struct move_key *k, bool *ok)
{
	char			 limit[DB_NUMBER_MAX];
	const struct db_param	 params[] = {
		db_text(reader_prefix(m->from)), db_text(k->provider),
		db_text(k->task_id), db_text(k->position),
		db_int(BATCH_FILES, limit), db_text(BATCH_BYTES)
	};
	int			 i, last;

	b->rows = NULL;
	b->n = 0;
	*ok = cli_query(m->db, DB_MOVABLE_OUTPUTS, params, &b->rows);
	if (!*ok || (last = db_rows_count(b->rows) - 1) == -1)
		return false;
	for (i = 0; i < last && i < BATCH_FILES; i++)
		move_file_init(m, &b->files[b->n++], b->rows, i);
	*ok = key_set(k, db_value(b->rows, last, MOVE_PROVIDER),
	    db_value(b->rows, last, MOVE_TASK),
	    db_value(b->rows, last, MOVE_POSITION));
	return *ok;
}

static void
batch_free(struct move_batch *b)
{
	size_t	i;

	for (i = 0; i < b->n; i++)
		free(b->files[i].commit.location);
	db_rows_free(b->rows);
	b->rows = NULL;
	b->n = 0;
}

/* One batch from its beginning to its end.  False: no use in going on. */
static bool
batch_do(struct move *m, struct move_batch *b)
{
	bool	ok = batch_bring(m, b);

	if (!batch_settle(m, b))
		return false;
	batch_count(m, b);
	move_show(m);
	return batch_remove(m, b) && ok;
}

enum move_end
move_all(struct move *m)
{
	struct move_batch	*b = calloc(1, sizeof(*b));
	struct move_key		 key = { NULL, NULL, NULL };
	bool			 ok = b != NULL && key_set(&key, "", "", "0");

	if (!ok)
		(void)cli_wrong("out of memory");
	ok = ok && move_old_copies(m);
	while (ok && !*m->stop && batch_take(m, b, &key, &ok)) {
		ok = batch_do(m, b);
		batch_free(b);
	}
	if (b != NULL)
		batch_free(b);
	free(b);
	key_free(&key);
	return !ok ? MOVE_CUT : *m->stop ? MOVE_STOPPED : MOVE_ALL;
}
