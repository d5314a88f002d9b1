/*
 * What becomes of an output, as the database and the log are told, on the main
 * thread.  A failure is written at once; stored files wait for each other and
 * go to the db_writer's thread, many rows in a statement.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/db.h"
#include "lib/log.h"
#include "lib/pgarray.h"
#include "lib/utf8.h"
#include "lib/xalloc.h"
#include "batch/download/retry.h"
#include "batch/download/rows.h"

#define ROWS_AT_ONCE	256

/* What stands in the log before the words: which output it is about. */
static void
rows_name(const struct job *j, char *buf, size_t bufsz)
{
	const struct job_output	*o = &j->output;

	(void)snprintf(buf, bufsz, "%s/%s/%s", o->provider, o->task_id,
	    o->position);
}

void
rows_lease_lost(const struct job *j)
{
	char	name[320];

	rows_name(j, name, sizeof(name));
	log_line(LOG_WARN, "%s: another sweep has taken it over, or its file",
	    name);
}

/* Tell the database what becomes of the output.  False: it is another's. */
static bool
rows_tell_failure(struct job *j, const char *status, int64_t wait_s,
    struct errbuf *words)
{
	struct run	*run = j->downloads->run;
	char		 wait[DB_NUMBER_MAX];
	struct db_param	 params[7];
	struct db_rows	*rows = NULL;
	struct errbuf	 err;
	bool		 ours = true;

	utf8_clean(words->text);
	params[0] = db_text(j->output.provider);
	params[1] = db_text(j->output.task_id);
	params[2] = db_text(j->output.position);
	params[3] = db_text(run->owner);
	params[4] = db_text(status);
	params[5] = db_text(words->text);
	params[6] = db_interval(wait_s, wait);
	if (run_query(run, DB_FAIL_OUTPUT, params, &rows, &err) == DB_OK &&
	    *db_value(rows, 0, 0) != 't') {
		ours = false;
		rows_lease_lost(j);
	}
	db_rows_free(rows);
	return ours;
}

static void
rows_count_failure(struct job *j, const char *status, const char *words)
{
	struct downloads	*d = j->downloads;
	struct sweep_counts	*c = &d->sweep->counts;
	char			 name[320];

	rows_name(j, name, sizeof(name));
	if (strcmp(status, "pending") == 0 ||
	    strcmp(status, "uncounted") == 0) {
		c->retried++;
		log_line(LOG_INFO, "%s: attempt %lld: %s", name,
		    (long long)j->output.attempts, words);
		return;
	}
	if (strcmp(status, "expired") == 0)
		c->expired++;
	else
		c->failed++;
	run_warn(d->run, "%s: %s: %s", name, status, words);
}

/* Once for all: what keeps one file out of the archive keeps out the others.
 * Where they wait for it on this machine, more may come. */
static void
rows_note_archive(struct downloads *d, const struct job_failure *f)
{
	bool	*noted = f->kind == TROUBLE_OURS ? &d->disk_full :
		    &d->store_down;

	if (!*noted)
		run_hindered(d->run, "%s", f->err.text);
	*noted = true;
}

/* The failure's words, and why there was no better link. */
static void
rows_words(const struct job *j, struct errbuf *words)
{
	if (j->link.why_none.text[0] != '\0')
		errbuf_set(words, "%s; no fresh link: %s", j->failure.err.text,
		    j->link.why_none.text);
	else
		errbuf_set(words, "%s", j->failure.err.text);
}

void
rows_write_failure(struct job *j)
{
	struct retry_facts	 facts = {
		.trouble = j->failure.kind,
		.attempts = j->output.attempts,
		.expires_at = j->link.expires_at,
		.now = time(NULL),
		.retry_after_s = j->transfer.response.retry_after_s,
		.hope = j->link.hope,
		.finished_at = j->output.finished_at,
	};
	bool			 ours = facts.trouble == TROUBLE_OURS,
				 store = facts.trouble == TROUBLE_STORE;
	struct errbuf		 words;
	const char		*status;
	int64_t			 wait_s;

	rows_words(j, &words);
	status = retry_decide(&facts, &wait_s);
	if (ours || store)
		rows_note_archive(j->downloads, &j->failure);
	if (rows_tell_failure(j, store ? "held" : status, wait_s, &words))
		rows_count_failure(j, status, words.text);
}

enum { C_PROVIDER, C_TASK_ID, C_POSITION, C_LOCATION, C_BYTES, C_SHA256,
    C_CONTENT_TYPE, C_ETAG, COLUMNS };

static void
rows_fill_columns(struct pgarray *c, const struct job *j)
{
	const char	*came = j->transfer.response.etag;
	struct errbuf	 etag;
	char		 bytes[24];

	/* One that is no text could not be sent back as it came. */
	errbuf_set(&etag, "%s", came);
	utf8_clean(etag.text);
	(void)snprintf(bytes, sizeof(bytes), "%lld", (long long)j->file.bytes);
	pgarray_text(&c[C_PROVIDER], j->output.provider);
	pgarray_text(&c[C_TASK_ID], j->output.task_id);
	pgarray_int4(&c[C_POSITION], (int32_t)db_number(j->output.position));
	pgarray_text(&c[C_LOCATION], j->commit.location);
	pgarray_text(&c[C_BYTES], bytes);
	pgarray_text(&c[C_SHA256], j->digest.sha256);
	pgarray_text(&c[C_CONTENT_TYPE], j->file.media->content_type);
	pgarray_text(&c[C_ETAG], *came != '\0' &&
	    strcmp(etag.text, came) == 0 ? etag.text : NULL);
}

/* The rows of jobs whose files are in their places, on their way. */
struct rows_batch {
	struct db_write		 write;
	struct downloads	*downloads;
	void			(*on_end)(struct job *, const struct errbuf *);
	struct pgarray		 c[COLUMNS];
	struct db_param		 params[COLUMNS + 1];
	struct job		*jobs[ROWS_AT_ONCE];
	int			 n;
};

static void
rows_batch_free(struct rows_batch *b)
{
	size_t	i;

	db_rows_free(b->write.rows);
	for (i = 0; i < COLUMNS; i++)
		pgarray_free(&b->c[i]);
	free(b);
}

/* The jobs whose rows took it are stored; the others' leases were lost. */
static void
rows_count_stored(struct rows_batch *b)
{
	struct sweep_counts	*c = &b->downloads->sweep->counts;
	int			 i;

	for (i = 0; i < db_rows_count(b->write.rows); i++)
		b->jobs[db_number(db_value(b->write.rows, i, 0)) -
		    1]->recorded = true;
	for (i = 0; i < b->n; i++) {
		if (!b->jobs[i]->recorded) {
			rows_lease_lost(b->jobs[i]);
			continue;
		}
		c->stored++;
		c->bytes += b->jobs[i]->file.bytes;
	}
}

static void	rows_send(struct rows_batch *);

static struct rows_batch *
rows_batch_new(struct downloads *d,
    void (*on_end)(struct job *, const struct errbuf *))
{
	struct rows_batch	*b = xcalloc(sizeof(*b));

	b->downloads = d;
	b->on_end = on_end;
	return b;
}

static void
rows_send_alone(struct rows_batch *of, struct job *j)
{
	struct rows_batch	*b = rows_batch_new(of->downloads, of->on_end);

	b->jobs[b->n++] = j;
	rows_send(b);
}

/* One that the database refuses must not keep back the others, so then each
 * goes alone. */
static void
rows_on_written(struct db_write *write)
{
	struct rows_batch	*b = write->arg;
	bool			 refused = write->verdict == DB_REFUSED;
	int			 i;

	b->downloads->recording--;
	if (write->verdict == DB_OK)
		rows_count_stored(b);
	for (i = 0; i < b->n; i++) {
		if (refused && b->n > 1)
			rows_send_alone(b, b->jobs[i]);
		else
			b->on_end(b->jobs[i], refused ? &write->err : NULL);
	}
	rows_batch_free(b);
}

static bool
rows_fill_params(struct rows_batch *b)
{
	bool	ok = true;
	int	i;

	for (i = 0; i < COLUMNS; i++)
		pgarray_begin(&b->c[i], i == C_POSITION ? PG_INT4 : PG_TEXT);
	for (i = 0; i < b->n; i++)
		rows_fill_columns(b->c, b->jobs[i]);
	b->params[0] = db_text(b->downloads->run->owner);
	for (i = 0; i < COLUMNS; i++) {
		ok = pgarray_end(&b->c[i]) && ok;
		b->params[i + 1] = pgarray_param(&b->c[i]);
	}
	return ok;
}

/* The batch is the db_writer's until rows_on_written(). */
static void
rows_send(struct rows_batch *b)
{
	b->write.stmt = DB_STORE_OUTPUTS;
	b->write.params = b->params;
	b->write.on_done = rows_on_written;
	b->write.arg = b;
	b->downloads->recording++;
	if (rows_fill_params(b)) {
		db_writer_put(b->downloads->db_writer, &b->write);
		return;
	}
	b->write.verdict = DB_REFUSED;
	(void)errbuf_no_memory(&b->write.err);
	rows_on_written(&b->write);
}

void
rows_add(struct job *j)
{
	STAILQ_INSERT_TAIL(&j->downloads->to_record, j, next);
}

void
rows_write(struct downloads *d,
    void (*on_end)(struct job *, const struct errbuf *))
{
	struct rows_batch	*b;
	struct job		*j;

	/* While some are being written others gather: the fewer statements. */
	if (STAILQ_EMPTY(&d->to_record) || d->recording > 0 ||
	    d->run->broken)
		return;
	b = rows_batch_new(d, on_end);
	while (b->n < ROWS_AT_ONCE &&
	    (j = STAILQ_FIRST(&d->to_record)) != NULL) {
		STAILQ_REMOVE_HEAD(&d->to_record, next);
		b->jobs[b->n++] = j;
	}
	rows_send(b);
}
