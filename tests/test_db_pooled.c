/* What a server's answer means: each SQLSTATE; and of the results of one exchange
 * behind a pooler the first that failed is the one that tells.  What the server answers
 * is played by the test. */
#include <stdio.h>
#include <string.h>

#include "lib/db_internal.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"

#define EXCHANGE	3	/* settings, statement, Sync */

/* What came for each of an exchange's three parts: the status, and an error's
 * SQLSTATE.  PGRES_EMPTY_QUERY stands for nothing: the time was over, or the
 * connection broke. */
struct part {
	ExecStatusType	 status;
	const char	*sqlstate;
};

static struct part	 parts[EXCHANGE];
static PGresult		*given[EXCHANGE];
static size_t		 nth;
static char		 connection;	/* what is taken for one */

PGresult *__wrap_db_await(PGconn *, int64_t);
char	*__wrap_PQresultErrorField(const PGresult *, int);
char	*__wrap_PQresultErrorMessage(const PGresult *);
char	*__wrap_PQerrorMessage(const PGconn *);
ConnStatusType __wrap_PQstatus(const PGconn *);
int	__wrap_PQbackendPID(const PGconn *);
int	__wrap_PQenterPipelineMode(PGconn *);
int	__wrap_PQexitPipelineMode(PGconn *);
int	__wrap_PQpipelineSync(PGconn *);
int	__wrap_PQsendQueryParams(PGconn *, const char *, int, const Oid *,
	    const char *const *, const int *, const int *, int);
void	__wrap_PQfinish(PGconn *);

PGresult *
__wrap_db_await(PGconn *conn, int64_t deadline_ms)
{
	PGresult	*res = NULL;

	(void)conn;
	(void)deadline_ms;
	if (nth < EXCHANGE && parts[nth].status != PGRES_EMPTY_QUERY)
		res = PQmakeEmptyPGresult(NULL, parts[nth].status);
	if (nth < EXCHANGE)
		given[nth] = res;
	nth++;
	return res;
}

char *
__wrap_PQresultErrorField(const PGresult *res, int field)
{
	static char	state[EXCHANGE][8];
	size_t		i;

	for (i = 0; i < EXCHANGE && given[i] != res; i++)
		;
	if (i == EXCHANGE || field != PG_DIAG_SQLSTATE ||
	    parts[i].sqlstate == NULL)
		return NULL;
	(void)snprintf(state[i], sizeof(state[i]), "%s", parts[i].sqlstate);
	return state[i];
}

char *
__wrap_PQresultErrorMessage(const PGresult *res)
{
	static char	words[] = "words of the server";

	(void)res;
	return words;
}

char *
__wrap_PQerrorMessage(const PGconn *conn)
{
	static char	words[] = "words of the connection";

	(void)conn;
	return words;
}

ConnStatusType
__wrap_PQstatus(const PGconn *conn)
{
	(void)conn;
	return CONNECTION_OK;
}

int
__wrap_PQbackendPID(const PGconn *conn)
{
	(void)conn;
	return 7;
}

int
__wrap_PQenterPipelineMode(PGconn *conn)
{
	(void)conn;
	return 1;
}

int
__wrap_PQexitPipelineMode(PGconn *conn)
{
	(void)conn;
	return 1;
}

int
__wrap_PQpipelineSync(PGconn *conn)
{
	(void)conn;
	return 1;
}

int
__wrap_PQsendQueryParams(PGconn *conn, const char *sql, int n,
    const Oid *types, const char *const *values, const int *lens,
    const int *formats, int format)
{
	(void)conn;
	(void)sql;
	(void)n;
	(void)types;
	(void)values;
	(void)lens;
	(void)formats;
	(void)format;
	return 1;
}

void
__wrap_PQfinish(PGconn *conn)
{
	(void)conn;
}

#define OK		{ PGRES_TUPLES_OK, NULL }
#define SYNC		{ PGRES_PIPELINE_SYNC, NULL }
#define ABORTED		{ PGRES_PIPELINE_ABORTED, NULL }
#define ERROR(state)	{ PGRES_FATAL_ERROR, state }
#define NOTHING		{ PGRES_EMPTY_QUERY, NULL }

static const struct {
	struct part	 parts[EXCHANGE];
	enum db_verdict	 verdict;
	const char	*sqlstate;	/* of the error that is reported */
} rows[] = {
	{ { OK, OK, SYNC }, DB_OK, "" },
	{ { OK, ERROR("22023"), SYNC }, DB_REFUSED, "22023" },
	/* It was refused, whatever became of the Sync. */
	{ { OK, ERROR("22023"), NOTHING }, DB_REFUSED, "22023" },
	{ { OK, ERROR("23514"), ERROR("08006") }, DB_REFUSED, "23514" },
	{ { ERROR("28000"), ERROR("22023"), SYNC }, DB_BROKEN, "28000" },
	{ { ERROR("42501"), ABORTED, SYNC }, DB_BROKEN, "42501" },
	{ { ERROR("42501"), NOTHING, NOTHING }, DB_BROKEN, "42501" },
	/* The statement was well; its commit was not. */
	{ { OK, OK, ERROR("40001") }, DB_AWAY, "40001" },
	{ { OK, OK, NOTHING }, DB_AWAY, "" },
	{ { OK, NOTHING, NOTHING }, DB_AWAY, "" },
	{ { NOTHING, NOTHING, NOTHING }, DB_AWAY, "" },
};

static void
test_which_tells(void)
{
	static const struct db_stmt	stmt = { .name = "s", .sql = "select",
					    .nparam = 0, .ncol = 0 };
	const struct db_options		options = { .conninfo = "",
					    .pooler = true };
	struct db_rows			*got;
	struct errbuf			 err;
	struct db			*db;
	size_t				 i;

	for (i = 0; i < COUNT(rows); i++) {
		CU_ASSERT_PTR_NOT_NULL_FATAL(db = db_new(&options));
		db->conn = (PGconn *)(void *)&connection;
		memcpy(parts, rows[i].parts, sizeof(parts));
		nth = 0;
		got = NULL;
		err.sqlstate[0] = '\0';
		CU_ASSERT_EQUAL(db_run(db, &stmt, NULL, 1000, &got, &err),
		    rows[i].verdict);
		CU_ASSERT_STRING_EQUAL(err.sqlstate, rows[i].sqlstate);
		db_rows_free(got);
		db_free(db);
	}
}

/* Refused is what no other try could mend: it is set aside, or kept as not understood.
 * All else has to wait for its turn. */
static const struct {
	const char	*sqlstate;	/* NULL: of our side of the connection */
	enum db_verdict	 verdict;
	bool		 again;		/* at once */
	bool		 lost;		/* the connection goes */
} states[] = {
	{ "22001", DB_REFUSED, false, false },	/* too long a text */
	{ "22P05", DB_REFUSED, false, false },	/* no such character */
	{ "23502", DB_REFUSED, false, false },	/* NULL */
	{ "23514", DB_REFUSED, false, false },	/* a check */
	{ "23505", DB_AWAY, true, false },	/* a twin was faster */
	{ "28000", DB_BROKEN, false, false },
	{ "3D000", DB_BROKEN, false, false },
	{ "3F000", DB_BROKEN, false, false },
	{ "42501", DB_BROKEN, false, false },	/* no right */
	{ "42883", DB_BROKEN, false, false },	/* no such function */
	{ "0A000", DB_BROKEN, false, false },
	{ "40001", DB_AWAY, false, false },	/* serialization */
	{ "40P01", DB_AWAY, false, false },	/* deadlock */
	{ "53100", DB_AWAY, false, false },	/* disk full */
	{ "53200", DB_AWAY, false, false },	/* out of memory */
	{ "53300", DB_AWAY, false, false },	/* too many connections */
	{ "54000", DB_AWAY, false, false },	/* a limit */
	{ "55P03", DB_AWAY, false, false },	/* a lock */
	{ "57014", DB_AWAY, false, false },	/* a time limit */
	{ "58030", DB_AWAY, false, false },	/* an error of the disk */
	{ "XX001", DB_AWAY, false, false },	/* data that are damaged */
	{ "57P01", DB_AWAY, true, true },	/* the server shuts down */
	{ "57P03", DB_AWAY, true, true },	/* it starts */
	{ "08006", DB_AWAY, true, true },
	{ "25006", DB_AWAY, true, true },	/* read-only */
	{ NULL, DB_AWAY, true, true },
};

static void
test_states(void)
{
	const struct db_options	options = { .conninfo = "" };
	struct errbuf		err;
	struct db		*db;
	size_t			 i;
	bool			 again;

	for (i = 0; i < COUNT(states); i++) {
		CU_ASSERT_PTR_NOT_NULL_FATAL(db = db_new(&options));
		db->conn = (PGconn *)(void *)&connection;
		parts[0] = (struct part){ PGRES_FATAL_ERROR,
		    states[i].sqlstate };
		given[0] = PQmakeEmptyPGresult(NULL, PGRES_FATAL_ERROR);
		CU_ASSERT_EQUAL(db_judge(db, "s", given[0], &again, &err),
		    states[i].verdict);
		CU_ASSERT_EQUAL(again, states[i].again);
		CU_ASSERT_EQUAL(db->conn == NULL, states[i].lost);
		if (again != states[i].again)
			(void)fprintf(stderr, "\n    row %zu\n", i);
		PQclear(given[0]);
		db_free(db);
	}
}

/* One that does not answer in time is left at it, and counted; its statement is not
 * sent once more. */
static void
test_no_answer(void)
{
	const struct db_options	options = { .conninfo = "" };
	struct errbuf		err;
	struct db		*db;
	bool			 again = true;
	int			 i;

	CU_ASSERT_PTR_NOT_NULL_FATAL(db = db_new(&options));
	for (i = 1; i <= DB_MAX_STUCK + 1; i++) {
		db->conn = (PGconn *)(void *)&connection;
		CU_ASSERT_EQUAL(db_judge(db, "s", NULL, &again, &err), DB_AWAY);
		CU_ASSERT_FALSE(again);
		CU_ASSERT_PTR_NULL(db->conn);
		CU_ASSERT_EQUAL(db->nstuck, i < DB_MAX_STUCK ? i :
		    DB_MAX_STUCK);
	}
	db_free(db);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "which one tells", test_which_tells },
		{ "each state", test_states },
		{ "no answer", test_no_answer },
		{ NULL, NULL }
	};

	return cunit_run("db_pooled", tests);
}
