/* What the files lib/db*.c share, and nobody else sees: libpq itself. */
#ifndef GENHOOK_DB_INTERNAL_H
#define GENHOOK_DB_INTERNAL_H

#include <libpq-fe.h>

#include "lib/db.h"

#ifndef LIBPQ_HAS_PIPELINING
#error "genhook needs libpq 14 or newer"
#endif

/* More statements than one program runs: what comes later is not prepared. */
#define DB_MAX_PREPARED	64

/* How many backends that did not answer in time one program leaves behind.
 * With a standby gone, or a disk that hangs, they end when it is back. */
#define DB_MAX_STUCK	3

struct db {
	struct db_options	 options;
	char			*conninfo;	/* owned; options' is NULL */
	PGconn			*conn;		/* NULL: not connected */
	size_t			 host;		/* which of conninfo's servers
						   was good */
	/* The statements that this connection has prepared. */
	const struct db_stmt	*prepared[DB_MAX_PREPARED];
	size_t			 nprepared;
	int			 stuck[DB_MAX_STUCK];	/* backends that were
							   given up */
	int			 nstuck;
};

/* Connect and pin the session where there is no connection; unlike
 * db_connect() it does not ask whether this is the right database. */
enum db_verdict db_connect_unchecked(struct db *, int64_t deadline_ms,
	    struct errbuf *);
void	db_disconnect(struct db *);

/* Wait for the connection's socket until the deadline (clock_ms()): 1 ready,
 * 0 too late, -1 there is none. */
int	db_wait(PGconn *, short events, int64_t deadline_ms);

/* The last result of what was sent, which the caller clears; NULL when the
 * deadline passed or the connection broke without one. */
PGresult *db_await(PGconn *, int64_t deadline_ms);

/*
 * What one statement's result means, and may it be sent again at once?  A
 * missing result ends the connection: whatever the server still does with it,
 * nobody waits for it any more.
 */
enum db_verdict db_judge(struct db *, const char *name, const PGresult *,
	    bool *again, struct errbuf *);

/* Send one text with text parameters, once, and judge the answer.  On DB_OK
 * *res is the caller's to clear; else NULL. */
enum db_verdict db_ask(struct db *, const char *name, const char *sql,
	    int nparams, const char *const *values, int64_t deadline_ms,
	    PGresult **res, struct errbuf *);

/* "database: WHAT: WORDS" of libpq's words, of which the first line is the
 * reason. */
void	db_words(struct errbuf *, const char *what, const char *words);
/* The class of what db_words() said: the server's SQLSTATE, or NULL where no
 * server said anything. */
void	db_class(struct errbuf *, const char *sqlstate);

/* When the server ends a statement of this connection, as its options say. */
const char *db_statement_timeout(const struct db *);

#endif
