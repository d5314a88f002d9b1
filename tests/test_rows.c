/* batch/download/rows and what leads there: which files get a row as stored,
 * and which of these count. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/pgarray.h"
#include "common/statements.h"
#include "batch/download/job_internal.h"
#include "tests/cunit_main.h"
#include "tests/scratch.h"

/* This test is the finisher, the thread that writes, and the database. */
struct archive_commit *__wrap_finisher_reap(struct finisher *, bool);
void	__wrap_db_writer_put(struct db_writer *, struct db_write *);
void	__wrap_db_writer_reap(struct db_writer *, bool);
int	__wrap_db_writer_pending(const struct db_writer *);
int	__wrap_db_rows_count(const struct db_rows *);
const char *__wrap_db_value(const struct db_rows *, int, int);
void	__wrap_db_rows_free(struct db_rows *);
enum db_verdict __wrap_run_query(struct run *, const struct db_stmt *,
	    const struct db_param *, struct db_rows **, struct errbuf *);

/* No digest is under way. */
void	__wrap_worker_wait(struct worker *, struct worker_job *);

#define JOBS	3
#define WRITES	16

static struct {
	struct archive_commit	*finished[JOBS];
	size_t			 nfinished;
	struct db_write		*put[WRITES];
	size_t			 nput, nreaped;
	enum db_verdict		 verdicts[WRITES];	/* of the writes */
	const char		*took[WRITES];	/* which rows of each: "1 3" */
	char			 failures[512];	/* POSITION STATUS: WORDS;... */
	bool			 failure_is_ours;
} world;

static const char	*row_now;	/* what the rows of this write are */

struct archive_commit *
__wrap_finisher_reap(struct finisher *f, bool wait)
{
	(void)f;
	(void)wait;
	return world.nfinished > 0 ? world.finished[--world.nfinished] : NULL;
}

void
__wrap_db_writer_put(struct db_writer *w, struct db_write *write)
{
	(void)w;
	CU_ASSERT_FATAL(world.nput < WRITES);
	CU_ASSERT_PTR_EQUAL(write->stmt, DB_STORE_OUTPUTS);
	world.put[world.nput++] = write;
}

int
__wrap_db_writer_pending(const struct db_writer *w)
{
	(void)w;
	return (int)(world.nput - world.nreaped);
}

void
__wrap_db_writer_reap(struct db_writer *w, bool wait)
{
	size_t		 i = world.nreaped;
	struct db_write	*write;

	(void)w;
	(void)wait;
	if (i == world.nput)
		return;
	world.nreaped++;
	write = world.put[i];
	write->verdict = world.verdicts[i];
	errbuf_set(&write->err, "refused by the database");
	row_now = world.took[i] != NULL ? world.took[i] : "";
	write->on_done(write);
}

void
__wrap_worker_wait(struct worker *w, struct worker_job *job)
{
	(void)w;
	CU_ASSERT_FALSE(job->out);
}

int
__wrap_db_rows_count(const struct db_rows *rows)
{
	(void)rows;
	return (int)(strlen(row_now) + 1) / 2;
}

const char *
__wrap_db_value(const struct db_rows *rows, int row, int col)
{
	static char	 value[2];

	(void)col;
	if (rows != NULL)
		return world.failure_is_ours ? "t" : "f";
	value[0] = row_now[2 * row];
	return value;
}

void
__wrap_db_rows_free(struct db_rows *rows)
{
	(void)rows;
}

enum db_verdict
__wrap_run_query(struct run *run, const struct db_stmt *stmt,
    const struct db_param *params, struct db_rows **rows, struct errbuf *err)
{
	size_t	n = strlen(world.failures);

	(void)run;
	(void)err;
	CU_ASSERT_PTR_EQUAL(stmt, DB_FAIL_OUTPUT);
	(void)snprintf(world.failures + n, sizeof(world.failures) - n,
	    "%s %s: %s;", (const char *)params[2].value,
	    (const char *)params[4].value, (const char *)params[5].value);
	*rows = (struct db_rows *)&world;	/* not NULL, and never read */
	return DB_OK;
}

/* --- the jobs */

static struct sweep	sweep;
static struct downloads	downloads;
static const struct media	png = { "image/png", "png" };

static void
world_begin(void)
{
	memset(&world, 0, sizeof(world));
	memset(&sweep, 0, sizeof(sweep));
	memset(&downloads, 0, sizeof(downloads));
	world.failure_is_ours = true;
	downloads.sweep = &sweep;
	downloads.run = &sweep.run;
	STAILQ_INIT(&downloads.queue);
	STAILQ_INIT(&downloads.to_record);
}

/* One whose file the archive was given; what became of it is ok, kept or not. */
static struct job *
job_at_archive(const char *position, bool ok, bool kept)
{
	struct job	*j = calloc(1, sizeof(*j));

	CU_ASSERT_PTR_NOT_NULL_FATAL(j);
	j->downloads = &downloads;
	j->state = JOB_FINISHING;
	j->output.provider = strdup("novita");
	j->output.task_id = strdup("task");
	j->output.position = strdup(position);
	j->output.kind = strdup("image");
	j->output.attempts = 1;
	j->link.url = strdup("https://a/0");
	j->file.bytes = 100;
	j->file.media = &png;
	j->failure.kind = TROUBLE_OURS;
	j->commit.arg = j;
	j->commit.done = true;
	j->commit.ok = ok;
	j->commit.kept = kept;
	j->commit.location = ok ? strdup("file:///0.png") : NULL;
	errbuf_set(&j->commit.err, "%s", ok ? "" : "no room");
	world.finished[world.nfinished++] = &j->commit;
	return j;
}

static void
collect(char said[4096])
{
	struct capture	cap;

	capture_begin(&cap);
	job_collect(&downloads, true);
	(void)capture_end(&cap, said, 4096);
}

/* No file, no row: whatever the archive's trouble is. */
static void
test_archive_failed(void)
{
	char	said[4096];

	world_begin();
	(void)job_at_archive("1", false, true);
	(void)job_at_archive("0", false, false);
	collect(said);
	CU_ASSERT_EQUAL(world.nput, 0);
	CU_ASSERT_STRING_EQUAL(world.failures,
	    "0 uncounted: no room;1 held: no room;");
	CU_ASSERT_EQUAL(sweep.counts.stored, 0);
	CU_ASSERT_EQUAL(sweep.counts.bytes, 0);
	CU_ASSERT_EQUAL(sweep.counts.retried, 2);
	/* Nor is one counted that another run has meanwhile. */
	world_begin();
	world.failure_is_ours = false;
	(void)job_at_archive("0", false, false);
	collect(said);
	CU_ASSERT_EQUAL(sweep.counts.retried, 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(said,
	    "novita/task/0: another sweep has taken it over"));
}

/* Nor is anything told of one that the run had no time left for. */
static void
test_archive_cut(void)
{
	char	said[4096];

	world_begin();
	job_at_archive("0", false, true)->commit.cut = true;
	collect(said);
	CU_ASSERT_EQUAL(world.nput, 0);
	CU_ASSERT_STRING_EQUAL(world.failures, "");
	CU_ASSERT_EQUAL(sweep.counts.retried, 0);
}

/* A row that did not take it is another run's. */
static void
test_lost_row(void)
{
	char	said[4096];

	world_begin();
	(void)job_at_archive("2", true, false);
	(void)job_at_archive("1", true, false);
	(void)job_at_archive("0", true, false);
	world.took[0] = "1 3";
	collect(said);
	CU_ASSERT_EQUAL(world.nput, 1);
	CU_ASSERT_EQUAL(sweep.counts.stored, 2);
	CU_ASSERT_EQUAL(sweep.counts.bytes, 200);
	CU_ASSERT_STRING_EQUAL(world.failures, "");
	CU_ASSERT_PTR_NOT_NULL(strstr(said,
	    "novita/task/1: another sweep has taken it over"));
	CU_ASSERT_PTR_NULL(strstr(said, "task/0"));
	CU_ASSERT_PTR_NULL(strstr(said, "task/2"));
}

/* One that the database refuses costs the others nothing. */
static void
test_refused_row(void)
{
	char	said[4096];

	world_begin();
	(void)job_at_archive("2", true, false);
	(void)job_at_archive("1", true, false);
	(void)job_at_archive("0", true, false);
	world.verdicts[0] = world.verdicts[2] = DB_REFUSED;
	world.took[1] = world.took[3] = "1";
	collect(said);
	CU_ASSERT_EQUAL(world.nput, 4);
	CU_ASSERT_EQUAL(sweep.counts.stored, 2);
	CU_ASSERT_EQUAL(sweep.counts.bytes, 200);
	CU_ASSERT_STRING_EQUAL(world.failures,
	    "1 uncounted: refused by the database;");
}

/* The database is away: nothing is known, so nothing is counted. */
static void
test_away(void)
{
	char	said[4096];

	world_begin();
	(void)job_at_archive("0", true, false);
	world.verdicts[0] = DB_AWAY;
	collect(said);
	CU_ASSERT_EQUAL(world.nput, 1);
	CU_ASSERT_EQUAL(sweep.counts.stored, 0);
	CU_ASSERT_STRING_EQUAL(world.failures, "");
	CU_ASSERT_STRING_EQUAL(said, "");
	CU_ASSERT_EQUAL(downloads.recording, 0);
}

/* A broken run writes nothing more of what it has; the lease runs out. */
static void
test_broken(void)
{
	char	said[4096];

	world_begin();
	downloads.run->broken = true;
	(void)job_at_archive("0", true, false);
	collect(said);
	CU_ASSERT_EQUAL(world.nput, 0);
	CU_ASSERT_STRING_EQUAL(world.failures, "");
	CU_ASSERT_EQUAL(sweep.counts.stored, 0);
	CU_ASSERT_TRUE(STAILQ_EMPTY(&downloads.to_record));
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "the archive failed", test_archive_failed },
		{ "the archive was cut short", test_archive_cut },
		{ "a lost row", test_lost_row },
		{ "a refused row", test_refused_row },
		{ "no database", test_away },
		{ "a broken run", test_broken },
		{ NULL, NULL }
	};

	return cunit_run("rows", tests);
}
