/* From a request to the database and back, and what its errors are in HTTP. */
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/log.h"
#include "web/lookup.h"

#define LOOKUP_PARAMS_MAX	8

/* What the database refused, in its words alone: "database: NAME: ERROR:  words",
 * where ERROR is of the server's language and two blanks are of none. */
static const char *
lookup_words(const char *text)
{
	const char	*at = strstr(text, ":  ");

	return at != NULL ? at + 3 : text;
}

/* Values that cannot be are the caller's fault, everything else is ours. */
static enum web_status
lookup_failed(struct web_call *call, enum db_verdict v,
    const struct errbuf *err)
{
	if (v == DB_REFUSED)
		return web_fail(call, WEB_BAD_REQUEST, "%s",
		    lookup_words(err->text));
	log_line(LOG_ERROR, "%s", err->text);
	if (strcmp(err->sqlstate, "57014") == 0)
		return web_fail(call, WEB_UNAVAILABLE, "the database took too "
		    "long for this");
	return web_fail(call, WEB_UNAVAILABLE, "the database is not "
	    "available");
}

enum web_status
web_ask(struct web_call *call, bool act, const struct db_stmt *stmt,
    const struct db_param *params, struct db_rows **rows)
{
	struct errbuf	err;
	enum db_verdict	v;

	v = web_pool_run(act ? call->web->operators : call->web->readers, stmt,
	    params, rows, &err);
	return v == DB_OK ? WEB_OK : lookup_failed(call, v, &err);
}

static enum web_status
lookup_run(struct web_call *call, bool act, const struct db_stmt *stmt,
    struct json_object *doc, const struct db_param *more, int nmore,
    struct db_rows **rows)
{
	const struct web_session	*s = &call->session;
	struct db_param			 params[LOOKUP_PARAMS_MAX];
	char				 since[DB_NUMBER_MAX], *text;
	enum web_status			 status;
	bool				 lives;
	int				 i;

	*rows = NULL;
	if ((text = json_print(doc)) == NULL)
		return web_fail(call, WEB_UNAVAILABLE, "out of memory");
	params[0] = db_text(text);
	params[1] = db_text(s->since_us != 0 ? s->name : NULL);
	params[2] = s->since_us != 0 ? db_int(s->since_us, since) :
	    db_text(NULL);
	for (i = 0; i < nmore && i + 3 < LOOKUP_PARAMS_MAX; i++)
		params[3 + i] = more[i];
	status = web_ask(call, act, stmt, params, rows);
	free(text);
	if (status != WEB_OK)
		return status;
	lives = strcmp(db_value(*rows, 0, 0), "t") == 0;
	if (lives)
		return WEB_OK;
	db_rows_free(*rows);
	*rows = NULL;
	return WEB_SIGNED_OUT;
}

enum web_status
web_look_up(struct web_call *call, const struct db_stmt *stmt,
    struct json_object *doc, struct db_rows **rows)
{
	return lookup_run(call, false, stmt, doc, NULL, 0, rows);
}

enum web_status
web_act(struct web_call *call, const struct db_stmt *stmt,
    struct json_object *doc, const struct db_param *more, int nmore,
    struct db_rows **rows)
{
	return lookup_run(call, true, stmt, doc, more, nmore, rows);
}
