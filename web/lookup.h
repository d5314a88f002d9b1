/* Asking the database for a request: the parameters go in as one JSON object, and
 * whether the session still lives comes with the answer. */
#ifndef GENHOOK_WEB_LOOKUP_H
#define GENHOOK_WEB_LOOKUP_H

#include "lib/db.h"
#include "web/web.h"

struct json_object;

/*
 * Run a statement that takes the parameters, who is signed in, and since when,
 * and whose first column tells whether that session lives.  WEB_OK: *rows is the
 * caller's, one row.  Else the status to answer with; why is in the log, where
 * it is our own trouble.
 */
enum web_status web_look_up(struct web_call *, const struct db_stmt *,
	    struct json_object *, struct db_rows **rows);

/* The same as an operator, of a statement that may take some parameters more
 * behind those three. */
enum web_status web_act(struct web_call *, const struct db_stmt *,
	    struct json_object *, const struct db_param *more, int nmore,
	    struct db_rows **rows);

/* Run any statement as a reader, or with act as an operator. */
enum web_status web_ask(struct web_call *, bool act, const struct db_stmt *,
	    const struct db_param *, struct db_rows **rows);

#endif
