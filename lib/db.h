/*
 * The one door to libpq.  Every call has a deadline of our own, since a
 * stopped server answers nothing and libpq would wait for ever.
 */
#ifndef GENHOOK_DB_H
#define GENHOOK_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/errbuf.h"

struct db;
struct db_rows;

/* Every statement that the programs send; db.c has the text and the shape. */
enum db_stmt {
	DB_SCHEMA_VERSION,
	DB_RECEIVE,
	DB_NOTIFY_FINISHED,
	DB_START_SWEEP,
	DB_BEAT_SWEEP,
	DB_FINISH_SWEEP,
	DB_CLAIM_POLLS,
	DB_NOTE_POLL,
	DB_RELEASE_POLLS,
	DB_PAUSE_ACCOUNT,
	DB_GIVE_UP_TASKS,
	DB_CLAIM_OUTPUTS,
	DB_RENEW_OUTPUT,
	DB_STORE_OUTPUTS,
	DB_FAIL_OUTPUT,
	DB_RELEASE_OUTPUTS,
	DB_RETAIN_DELIVERIES,
	DB_COUNT_TRAFFIC,
	DB_CLAIM_REPLAYS,
	DB_FINISH_REPLAYS,
	DB_CLAIM_REQUESTS,
	DB_FINISH_REQUEST,
	DB_EXPIRE_REQUESTS,
	DB_DUE_REQUESTS,
	DB_DUE_TASKS,
	DB_DUE_OUTPUTS,
	DB_COUNT_DUE,
	DB_STMT__MAX
};

enum db_verdict {
	DB_OK,
	DB_REFUSED,	/* these values break a rule (SQLSTATE 22, 23): never
			   will do */
	DB_AWAY,	/* no connection, no answer in time, no room: may pass */
	DB_BROKEN	/* wrong schema, no right, no such function (28, 42):
			   a person has to mend it */
};

/* A text value, or a binary one when len is not DB_TEXT. */
struct db_param {
	const char	*value;		/* NULL is SQL NULL */
	int		 len;
};
#define DB_TEXT	(-1)

/* A text parameter, borrowed; NULL is SQL NULL. */
struct db_param db_text(const char *);

/* A number as a parameter, and so many seconds as an interval: the text is in
 * buf, which has to last as long as the parameter. */
#define DB_NUMBER_MAX	24
struct db_param db_int(int64_t, char buf[DB_NUMBER_MAX]);
struct db_param db_interval(int64_t seconds, char buf[DB_NUMBER_MAX]);

/* A whole number in a value from the database; 0 for SQL NULL. */
int64_t	db_number(const char *);

/*
 * conninfo is copied; role is what the session becomes where it exists and
 * the login is a member of it.  pooler: nothing is pinned in the session and
 * nothing prepared; db_run() sets its limits for its own transaction.  Connects
 * on first use.  NULL: no memory.
 */
struct db *db_new(const char *conninfo, const char *role, bool pooler);
void	db_free(struct db *);			/* NULL is fine */

/*
 * Connect and pin the session unless that has been done: within timeout_ms.
 * Refuses a schema of another version and synchronous_commit = off with
 * DB_BROKEN.
 */
enum db_verdict db_connect(struct db *, int timeout_ms, struct errbuf *);
/* The schema version that this program was built for. */
int	db_schema_version(void);
bool	db_is_connected(const struct db *);

/*
 * Run a statement within timeout_ms, connecting first where needed; a lost
 * connection is made anew and the statement sent again, three times in all at
 * most, since every function in sql/ may run twice.  So it is when somebody
 * else inserted the same meanwhile: the server may still have been at the first
 * sending, or at that of a program that was killed.  DB_AWAY also while three
 * backends that were given up earlier are still there: no more are added.
 * params has as many as the statement takes.
 * On DB_OK and rows not NULL, *rows is the caller's (db_rows_free).
 */
enum db_verdict db_run(struct db *, enum db_stmt, const struct db_param *,
	    int timeout_ms, struct db_rows **rows, struct errbuf *);

int	 db_rows_count(const struct db_rows *);
/* Borrowed text of a value; NULL for SQL NULL. */
const char *db_value(const struct db_rows *, int row, int col);
/* The bytes of a bytea value and a NUL behind them, for the caller to free;
 * NULL for SQL NULL, or without memory. */
char	*db_bytes(const struct db_rows *, int row, int col, size_t *len);
void	 db_rows_free(struct db_rows *);	/* NULL is fine */

/* Several statements of SQL text at once, without parameters: migrations. */
enum db_verdict db_script(struct db *, const char *sql, int timeout_ms,
	    struct errbuf *);
/* One query of SQL text for the operator's command; rows as above. */
enum db_verdict db_query(struct db *, const char *sql,
	    const struct db_param *, int nparams, int timeout_ms,
	    struct db_rows **rows, struct errbuf *);
/*
 * Listen to a channel, whose name is one of ours and never foreign text,
 * connecting first where needed.  db_notified() waits up to timeout_ms for the
 * next message, which is the caller's to free; NULL: none came.  Anything but
 * DB_OK ends the listening.
 */
enum db_verdict db_listen(struct db *, const char *channel, int timeout_ms,
	    struct errbuf *);
enum db_verdict db_notified(struct db *, int timeout_ms, char **message,
	    struct errbuf *);

/* How many columns, and their names. */
int	 db_columns(const struct db_rows *);
const char *db_column_name(const struct db_rows *, int col);

#endif
