/*
 * The one door to libpq: connections, statements, and what they answer.  Every
 * call has a deadline of our own, since a stopped server answers nothing and
 * libpq would wait for ever.  A connection is used by one thread at a time.
 */
#ifndef GENHOOK_DB_H
#define GENHOOK_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/errbuf.h"

struct db;
struct db_rows;

/* What is to be done about an answer.  The err beside it says why: ERR_SQL
 * with the SQLSTATE where a server said no, ERR_NO_ANSWER where none did. */
enum db_verdict {
	DB_OK,
	DB_REFUSED,	/* these values break a rule (SQLSTATE 22, 23): never
			   will do */
	DB_AWAY,	/* no connection, answer in time, or room: may pass */
	DB_BROKEN	/* wrong schema, no right, no such function (28, 42):
			   a person has to mend it */
};

/*
 * A statement and its shape.  It is a constant that lasts as long as the
 * program: a connection that has prepared it knows it again by its address.
 */
/* As many parameters as a statement may have. */
#define DB_MAX_PARAMS	40

struct db_stmt {
	const char	*name;		/* in words for people, and of what is
					   prepared: no two have the same */
	const char	*sql;
	int		 nparam;	/* parameters that it takes */
	int		 ncol;		/* columns that it answers with */
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

/* How to connect, and what every new connection is made to be. */
struct db_options {
	const char	*conninfo;	/* copied */
	const char	*role;		/* borrowed: what the session becomes,
					   where there is such a role and the
					   login is a member; NULL: nothing */
	const char	*search_path;	/* borrowed: of the session */
	const char	*statement_timeout;	/* borrowed: when the server
					   ends a statement, as PostgreSQL
					   writes it; NULL: 30s */
	bool		 pooler;	/* nothing is pinned in the session and
					   nothing prepared; db_run() sets its
					   limits for its own transaction */
	/* Is this the database that is meant?  Asked by db_connect() on each
	 * new connection, which it closes unless the answer is DB_OK. */
	enum db_verdict	(*check)(struct db *, int timeout_ms, struct errbuf *);
};

/* Connects on first use.  NULL: no memory. */
struct db *db_new(const struct db_options *);
void	db_free(struct db *);			/* NULL is fine */

/* Connect, pin the session and check the database, unless that has been done:
 * within timeout_ms. */
enum db_verdict db_connect(struct db *, int timeout_ms, struct errbuf *);
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
enum db_verdict db_run(struct db *, const struct db_stmt *,
	    const struct db_param *params, int timeout_ms,
	    struct db_rows **rows, struct errbuf *);

/*
 * The same for a statement that must not run twice, or that has to be answered
 * by the connection there is: it is sent once, and nothing is prepared.  Where
 * there is no connection one is made, and not checked.
 */
enum db_verdict db_run_once(struct db *, const struct db_stmt *,
	    const struct db_param *params, int timeout_ms,
	    struct db_rows **rows, struct errbuf *);

int	 db_rows_count(const struct db_rows *);
/* How many columns, and their names. */
int	 db_columns(const struct db_rows *);
const char *db_column_name(const struct db_rows *, int col);
/* Borrowed text of a value; NULL for SQL NULL. */
const char *db_value(const struct db_rows *, int row, int col);
/* The bytes of a bytea value and a NUL behind them, for the caller to free;
 * NULL for SQL NULL, or without memory. */
char	*db_bytes(const struct db_rows *, int row, int col, size_t *len);
void	 db_rows_free(struct db_rows *);	/* NULL is fine */

/*
 * For `genhook migrate`, whose SQL is the files of sql/: several statements at
 * once, without parameters; and one query, with rows as above.  Sent once, on a
 * connection that is not checked.
 */
enum db_verdict db_script(struct db *, const char *sql, int timeout_ms,
	    struct errbuf *);
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

/* The socket to wait on for what is not a message alone, once db_notified() has
 * none; borrowed, for poll(2) and nothing else.  -1: not connected. */
int	db_socket(const struct db *);

#endif
