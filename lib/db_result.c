/* What a server answers: waiting for it, and what it means. */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/db_internal.h"

/* unique_violation: a twin of ours was faster. */
#define TWIN	"23505"

/* What an SQLSTATE means to us, by its first letters; the first row that fits
 * counts, others are DB_AWAY.  (Appendix A of PostgreSQL's manual.) */
static const struct {
	const char	*prefix;
	enum db_verdict	 verdict;
} result_verdicts[] = {
	{ TWIN,		DB_AWAY },	/* sent again, it is seen */
	{ "22",		DB_REFUSED },	/* data exception */
	{ "23",		DB_REFUSED },	/* integrity constraint */
	{ "28",		DB_BROKEN },	/* authorization */
	{ "3D",		DB_BROKEN },	/* no such database */
	{ "3F",		DB_BROKEN },	/* no such schema */
	{ "42",		DB_BROKEN },	/* no right, no such function */
	{ "0A",		DB_BROKEN },	/* not supported by this server */
	{ NULL,		DB_AWAY }
};

static enum db_verdict
result_verdict(const char *sqlstate)
{
	size_t	i = 0;

	while (result_verdicts[i].prefix != NULL && strncmp(sqlstate,
	    result_verdicts[i].prefix, strlen(result_verdicts[i].prefix)) != 0)
		i++;
	return result_verdicts[i].verdict;
}

/* An error without SQLSTATE was made on our side of the connection.  A session
 * that began read-only stays so when its server or role no longer is. */
static bool
result_is_loss(const char *sqlstate)
{
	return sqlstate == NULL || strncmp(sqlstate, "08", 2) == 0 ||
	    strncmp(sqlstate, "57P", 3) == 0 || strcmp(sqlstate, "25006") == 0;
}

void
db_words(struct errbuf *err, const char *what, const char *words)
{
	size_t	len = strcspn(words, "\n");

	errbuf_set(err, "database: %s: %.*s", what, (int)len,
	    len > 0 ? words : "no answer");
}

void
db_class(struct errbuf *err, const char *sqlstate)
{
	err->class = sqlstate != NULL ? ERR_SQL : ERR_NO_ANSWER;
	(void)snprintf(err->sqlstate, sizeof(err->sqlstate), "%s",
	    sqlstate != NULL ? sqlstate : "");
}

int
db_wait(PGconn *conn, short events, int64_t deadline_ms)
{
	struct pollfd	pfd = { .fd = PQsocket(conn), .events = events };
	int64_t		left_ms;
	int		n;

	if (pfd.fd == -1)
		return -1;
	for (;;) {
		left_ms = deadline_ms - clock_ms();
		if (left_ms <= 0)
			return 0;
		n = poll(&pfd, 1, (int)left_ms);
		if (n > 0)
			return 1;
		if (n == 0)
			return 0;
		/* A signal ends the wait early, not the deadline. */
	}
}

static bool
result_flush(PGconn *conn, int64_t deadline_ms)
{
	int	left;

	while ((left = PQflush(conn)) == 1)
		if (db_wait(conn, POLLIN | POLLOUT, deadline_ms) != 1 ||
		    PQconsumeInput(conn) == 0)
			return false;
	return left == 0;
}

PGresult *
db_await(PGconn *conn, int64_t deadline_ms)
{
	PGresult	*res, *last = NULL;

	if (!result_flush(conn, deadline_ms))
		return NULL;
	for (;;) {
		while (PQisBusy(conn)) {
			if (db_wait(conn, POLLIN, deadline_ms) != 1 ||
			    PQconsumeInput(conn) == 0) {
				PQclear(last);
				return NULL;
			}
		}
		if ((res = PQgetResult(conn)) == NULL)
			return last;
		/* The first failure is the one that tells. */
		if (last != NULL && PQresultStatus(last) == PGRES_FATAL_ERROR) {
			PQclear(res);
			continue;
		}
		PQclear(last);
		last = res;
	}
}

/* A backend that still has not answered; the oldest is forgotten for it. */
static void
result_stuck(struct db *db, int pid)
{
	if (db->nstuck == DB_MAX_STUCK)
		memmove(db->stuck, db->stuck + 1,
		    (size_t)--db->nstuck * sizeof(*db->stuck));
	db->stuck[db->nstuck++] = pid;
}

/* No result: too late, or the connection broke. */
static enum db_verdict
result_missing(struct db *db, const char *name, bool *again,
    struct errbuf *err)
{
	db_words(err, name, PQerrorMessage(db->conn));
	db_class(err, NULL);
	*again = PQstatus(db->conn) != CONNECTION_OK;
	if (!*again && !db->options.pooler)
		result_stuck(db, PQbackendPID(db->conn));
	db_disconnect(db);
	return DB_AWAY;
}

enum db_verdict
db_judge(struct db *db, const char *name, const PGresult *res, bool *again,
    struct errbuf *err)
{
	const char	*state;

	*again = false;
	if (res == NULL)
		return result_missing(db, name, again, err);
	if (PQresultStatus(res) == PGRES_TUPLES_OK ||
	    PQresultStatus(res) == PGRES_COMMAND_OK)
		return DB_OK;
	state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	db_words(err, name, PQresultErrorMessage(res));
	db_class(err, state);
	if (result_is_loss(state)) {
		*again = true;
		db_disconnect(db);
		return DB_AWAY;
	}
	*again = strcmp(state, TWIN) == 0;
	return result_verdict(state);
}

enum db_verdict
db_ask(struct db *db, const char *name, const char *sql, int nparams,
    const char *const *values, int64_t deadline_ms, PGresult **res,
    struct errbuf *err)
{
	enum db_verdict	v;
	bool		again;

	*res = NULL;
	if (PQsendQueryParams(db->conn, sql, nparams, NULL, values, NULL, NULL,
	    0) == 1)
		*res = db_await(db->conn, deadline_ms);
	v = db_judge(db, name, *res, &again, err);
	if (v != DB_OK) {
		PQclear(*res);
		*res = NULL;
	}
	return v;
}
