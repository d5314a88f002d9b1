/* batch/db_writer: writes are done in order, and each is reported once. */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "batch/db_writer.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"
#include "tests/no_threads.h"
#include "tests/scratch.h"

enum db_verdict	__wrap_run_query_any_thread(const struct run *,
		    const struct db_stmt *, const struct db_param *, struct db_rows **,
		    struct errbuf *);

#define MANY	40

/* A note, and what became of it. */
struct entry {
	struct db_write	 note;
	struct entry		*more;		/* given once this is done */
	size_t			 nth;		/* to be done; 0: not yet */
};

static struct entry	 entries[MANY];
static struct db_param	 params[MANY];	/* whose address says which note's */
static struct run	 run;
static struct db_writer	*writer;
static size_t		 ndone;

/* The database's part: it answers in the writer's thread. */
static struct {
	size_t		 odd;		/* the note that gets another answer */
	enum db_verdict	 verdict;
	int		 sleep_us;
	atomic_int	 asked, woken, wrong;
} database;

enum db_verdict
__wrap_run_query_any_thread(const struct run *r, const struct db_stmt *stmt,
    const struct db_param *param, struct db_rows **rows, struct errbuf *err)
{
	size_t	i = (size_t)(param - params);

	(void)rows;
	if (r != &run || stmt != DB_STORE_OUTPUTS ||
	    atomic_fetch_add(&database.asked, 1) != (int)i)
		atomic_fetch_add(&database.wrong, 1);
	(void)usleep((useconds_t)database.sleep_us);
	if (i != database.odd)
		return DB_OK;
	errbuf_set(err, "the database has its reasons");
	return database.verdict;
}

static void
on_wake(void *arg)
{
	atomic_fetch_add(arg == &database ? &database.woken : &database.wrong,
	    1);
}

static void
on_done(struct db_write *note)
{
	struct entry	*e = note->arg;

	e->nth = ++ndone;
	if (e->more != NULL)
		db_writer_put(writer, &e->more->note);
}

static void
give(size_t n)
{
	size_t	i;

	for (i = 0; i < n; i++)
		db_writer_put(writer, &entries[i].note);
}

/* A writer with that many notes, one of which gets that answer. */
static void
begin(size_t n, size_t odd, enum db_verdict verdict)
{
	struct errbuf	err;
	size_t		i;

	memset(entries, 0, sizeof(entries));
	memset(&database, 0, sizeof(database));
	memset(&run, 0, sizeof(run));
	ndone = 0;
	database.odd = odd;
	database.verdict = verdict;
	writer = db_writer_new(&run, on_wake, &database, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(writer);
	for (i = 0; i < COUNT(entries); i++) {
		entries[i].note.stmt = DB_STORE_OUTPUTS;
		entries[i].note.params = &params[i];
		entries[i].note.on_done = on_done;
		entries[i].note.arg = &entries[i];
	}
	give(n);
}

static void
take_all(void)
{
	while (db_writer_pending(writer) > 0)
		db_writer_reap(writer, true);
}

static void
test_order(void)
{
	size_t	i;

	begin(MANY, MANY, DB_OK);
	CU_ASSERT_EQUAL(db_writer_pending(writer), MANY);
	take_all();
	for (i = 0; i < MANY; i++) {
		CU_ASSERT_EQUAL(entries[i].note.verdict, DB_OK);
		CU_ASSERT_EQUAL(entries[i].nth, i + 1);
	}
	CU_ASSERT_EQUAL(atomic_load(&database.wrong), 0);
	/* With nothing under way there is nothing to wait for. */
	db_writer_reap(writer, true);
	db_writer_reap(writer, false);
	db_writer_free(writer);
	CU_ASSERT_EQUAL(atomic_load(&database.woken), MANY);
	CU_ASSERT_EQUAL(ndone, MANY);
	db_writer_free(NULL);
}

/* on_done may give more. */
static void
test_more(void)
{
	size_t	i;

	begin(1, MANY, DB_OK);
	for (i = 0; i + 1 < MANY; i++)
		entries[i].more = &entries[i + 1];
	take_all();
	CU_ASSERT_EQUAL(ndone, MANY);
	CU_ASSERT_EQUAL(atomic_load(&database.wrong), 0);
	db_writer_free(writer);
}

/* What the database does not take is that note's affair alone. */
static void
test_refused(void)
{
	size_t	i;

	begin(5, 2, DB_REFUSED);
	take_all();
	for (i = 0; i < 5; i++)
		CU_ASSERT_EQUAL(entries[i].note.verdict,
		    i == 2 ? DB_REFUSED : DB_OK);
	CU_ASSERT_STRING_EQUAL(entries[2].note.err.text,
	    "the database has its reasons");
	CU_ASSERT_FALSE(run.broken);
	db_writer_free(writer);
}

/* A database that went away breaks the run, with its words, and is not asked
 * again. */
static void
test_away(void)
{
	static const enum db_verdict	away[] = { DB_AWAY, DB_BROKEN };
	struct capture			capture;
	char				text[512];
	size_t				i, k;

	for (k = 0; k < COUNT(away); k++) {
		begin(MANY, 3, away[k]);
		capture_begin(&capture);
		take_all();
		CU_ASSERT_TRUE(capture_end(&capture, text, sizeof(text)) > 0);
		CU_ASSERT_PTR_NOT_NULL(strstr(text, "has its reasons"));
		for (i = 0; i < MANY; i++)
			CU_ASSERT_EQUAL(entries[i].note.verdict,
			    i < 3 ? DB_OK : away[k]);
		CU_ASSERT_STRING_EQUAL(entries[MANY - 1].note.err.text,
		    "the database has its reasons");
		CU_ASSERT_EQUAL(atomic_load(&database.asked), 4);
		CU_ASSERT_EQUAL(ndone, MANY);
		CU_ASSERT_TRUE(run.broken);
		CU_ASSERT_STRING_EQUAL(run.error.text,
		    "the database has its reasons");
		db_writer_free(writer);
	}
}

/* What was given is still asked before the thread ends. */
static void
test_end(void)
{
	begin(0, MANY, DB_OK);
	database.sleep_us = 2000;
	give(10);
	db_writer_free(writer);
	CU_ASSERT_EQUAL(atomic_load(&database.asked), 10);
	CU_ASSERT_EQUAL(ndone, 0);
}

static void
test_no_thread(void)
{
	struct errbuf	err = { .text = "" };

	threads_left = 0;
	CU_ASSERT_PTR_NULL(db_writer_new(&run, on_wake, &database, &err));
	threads_left = INT_MAX;
	CU_ASSERT_STRING_EQUAL(err.text, "could not start a thread: "
	    "Resource temporarily unavailable");
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "order", test_order },
		{ "more from on_done", test_more },
		{ "refused", test_refused },
		{ "away", test_away },
		{ "end with notes left", test_end },
		{ "no thread", test_no_thread },
		{ NULL, NULL }
	};

	return cunit_run("db_writer", tests);
}
