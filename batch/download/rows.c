/* What becomes of an output, as the database and the log are told. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/db.h"
#include "lib/log.h"
#include "lib/pgarray.h"
#include "lib/utf8.h"
#include "lib/xalloc.h"
#include "batch/download/job_state.h"
#include "batch/download/retry.h"

#define STORE_AT_ONCE	256

/* What stands in the log before the words: which output it is about. */
static void
job_name(const struct job *j, char *buf, size_t bufsz)
{
	(void)snprintf(buf, bufsz, "%s/%s/%s", j->provider, j->task_id,
	    j->position);
}

void
job_lease_lost(struct job *j)
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
	char		 wait[DB_NUMBER_MAX];
	struct db_param	 params[7];
	struct db_rows	*rows = NULL;
	struct errbuf	 err;
	bool		 ours = true;

	utf8_clean(words->text);
	params[0] = db_text(j->provider);
	params[1] = db_text(j->task_id);
	params[2] = db_text(j->position);
	params[3] = db_text(s->run.owner);
	params[4] = db_text(status);
	params[5] = db_text(words->text);
	params[6] = db_interval(wait_s, wait);
	if (run_query(&s->run, DB_FAIL_OUTPUT, params, &rows, &err) == DB_OK &&
	    *db_value(rows, 0, 0) != 't') {
		ours = false;
		job_lease_lost(j);
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
	run_warn(&s->run, "%s: %s: %s", name, status, words);
}

/* Once for all: what keeps one file out of the archive keeps out the others.
 * Where they wait for it on this machine, more may come. */
static void
note_our_trouble(struct fetch_run *run, enum trouble trouble,
    const char *words)
{
	bool	*noted = trouble == TROUBLE_OURS ? &run->full : &run->held;

	if (!*noted)
		run_warn(&run->sweep->run, "%s", words);
	*noted = true;
}

void
job_fail(struct job *j, enum trouble trouble, const char *words)
{
	struct retry_facts	 facts = {
		.trouble = trouble,
		.attempts = j->attempts,
		.expires_at = j->expires_at,
		.now = time(NULL),
		.retry_after_s = j->response.retry_after_s,
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
	errbuf_set(&etag, "%s", j->response.etag);
	utf8_clean(etag.text);
	(void)snprintf(bytes, sizeof(bytes), "%lld", (long long)j->bytes);
	pgarray_text(&c[C_PROVIDER], j->provider);
	pgarray_text(&c[C_TASK_ID], j->task_id);
	pgarray_int4(&c[C_POSITION], (int32_t)db_number(j->position));
	pgarray_text(&c[C_LOCATION], j->commit.location);
	pgarray_text(&c[C_BYTES], bytes);
	pgarray_text(&c[C_SHA256], j->sum);
	pgarray_text(&c[C_CONTENT_TYPE], j->media->content_type);
	pgarray_text(&c[C_ETAG], j->response.etag[0] != '\0' &&
	    strcmp(etag.text, j->response.etag) == 0 ? etag.text : NULL);
}

/* The rows of jobs whose files are in their places, on their way. */
struct batch {
	struct db_write	 note;
	struct fetch_run	*run;
	struct pgarray		 c[COLUMNS];
	struct db_param		 params[COLUMNS + 1];
	struct job		*jobs[STORE_AT_ONCE];
	int			 n;
};

static void
batch_free(struct batch *b)
{
	size_t	i;

	db_rows_free(b->note.rows);
	for (i = 0; i < COLUMNS; i++)
		pgarray_free(&b->c[i]);
	free(b);
}

/* The jobs whose rows took it are stored; the others' leases were lost. */
static void
count_stored(struct batch *b)
{
	struct sweep	*s = b->run->sweep;
	int		 i;

	for (i = 0; i < db_rows_count(b->note.rows); i++)
		b->jobs[db_number(db_value(b->note.rows, i, 0)) -
		    1]->written = true;
	for (i = 0; i < b->n; i++) {
		if (!b->jobs[i]->written) {
			job_lease_lost(b->jobs[i]);
			continue;
		}
		s->counts.stored++;
		s->counts.bytes += b->jobs[i]->bytes;
	}
}

static void	rows_give(struct fetch_run *, struct job *const *, int);

/* One that the database refuses must not keep back the others, so then each
 * goes alone. */
static void
on_written(struct db_write *note)
{
	struct batch	*b = note->arg;
	int		 i;

	b->run->writing--;
	if (note->verdict == DB_OK)
		count_stored(b);
	for (i = 0; i < b->n; i++) {
		if (note->verdict == DB_REFUSED && b->n > 1) {
			rows_give(b->run, &b->jobs[i], 1);
			continue;
		}
		if (note->verdict == DB_REFUSED)
			job_fail(b->jobs[i], TROUBLE_OURS, note->err.text);
		job_free(b->jobs[i]);
	}
	batch_free(b);
}

static bool
fill_params(struct batch *b)
{
	bool	ok = true;
	int	i;

	for (i = 0; i < COLUMNS; i++)
		pgarray_begin(&b->c[i], i == C_POSITION ? PG_INT4 : PG_TEXT);
	for (i = 0; i < b->n; i++)
		fill_columns(b->c, b->jobs[i]);
	b->params[0] = db_text(b->run->sweep->run.owner);
	for (i = 0; i < COLUMNS; i++) {
		ok = pgarray_end(&b->c[i]) && ok;
		b->params[i + 1] = pgarray_param(&b->c[i]);
	}
	return ok;
}

/* Their rows are the writer's to write. */
static void
rows_give(struct fetch_run *run, struct job *const *jobs, int n)
{
	struct batch	*b = xcalloc(sizeof(*b));

	b->run = run;
	b->n = n;
	memcpy(b->jobs, jobs, (size_t)n * sizeof(*jobs));
	b->note.stmt = DB_STORE_OUTPUTS;
	b->note.params = b->params;
	b->note.on_done = on_written;
	b->note.arg = b;
	run->writing++;
	if (fill_params(b)) {
		db_writer_put(run->db_writer, &b->note);
		return;
	}
	b->note.verdict = DB_REFUSED;
	(void)errbuf_no_memory(&b->note.err);
	on_written(&b->note);
}

void
rows_add(struct job *j)
{
	STAILQ_INSERT_TAIL(&j->run->home, j, next);
}

void
rows_write(struct fetch_run *run)
{
	struct job	*jobs[STORE_AT_ONCE], *j;
	int		 n = 0;

	/* While some are being written others gather: the fewer statements. */
	if (STAILQ_EMPTY(&run->home) || run->writing > 0 ||
	    run->sweep->run.broken)
		return;
	while (n < STORE_AT_ONCE && (j = STAILQ_FIRST(&run->home)) != NULL) {
		STAILQ_REMOVE_HEAD(&run->home, next);
		jobs[n++] = j;
	}
	rows_give(run, jobs, n);
}
