/*
 * Every route is a row of one table: method, path, right, and what answers: a
 * function of sql/ whose document is sent as it is, or a function here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/crypto.h"
#include "lib/hex.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/time.h"
#include "common/statements.h"
#include "web/file.h"
#include "web/lookup.h"
#include "web/page.h"
#include "web/query.h"
#include "web/reply.h"
#include "web/routes.h"
#include "web/session.h"

#define ROUTE_CODE_MAX		128	/* bytes of a sign-in code */
#define ROUTE_SESSION_MAX	(1024 * 1024)

/* ---- what answers ------------------------------------------------------- */

/* A function of sql/, of the query's parameters. */
static enum web_status
route_document(struct web_call *call, const struct db_stmt *stmt)
{
	struct json_object	*doc;
	struct db_rows		*rows;
	enum web_status		 status;
	const char		*text;

	if ((doc = web_query(call, &status)) == NULL)
		return status;
	status = web_look_up(call, stmt, doc, &rows);
	json_free(doc);
	if (status != WEB_OK)
		return status;
	text = db_value(rows, 0, 1);
	status = text != NULL ? web_document(call, strdup(text)) :
	    web_fail(call, WEB_NOT_FOUND, "there is no such thing");
	db_rows_free(rows);
	return status;
}

/* What a delivery brought, which is for those alone who may act. */
static enum web_status
route_body(struct web_call *call)
{
	struct json_object	*doc;
	struct db_rows		*rows = NULL;
	enum web_status		 status;
	const char		*text;

	if ((doc = web_query(call, &status)) == NULL)
		return status;
	status = web_act(call, DB_WEB_BODY, doc, NULL, 0, &rows);
	json_free(doc);
	if (status != WEB_OK)
		return status;
	text = db_value(rows, 0, 1);
	status = text != NULL ? web_document(call, strdup(text)) :
	    web_fail(call, WEB_NOT_FOUND, "there is no such delivery");
	db_rows_free(rows);
	return status;
}

static enum web_status
route_action(struct web_call *call)
{
	const char		*addr = request_get(call->req, "REMOTE_ADDR");
	const struct db_param	 more[] = { db_text(call->session.name),
				    db_text(addr) };
	struct json_object	*doc;
	struct db_rows		*rows = NULL;
	enum web_status		 status;
	const char		*text;

	if ((doc = web_body_read(call, &status)) == NULL)
		return status;
	status = web_act(call, DB_WEB_ACTION, doc, more, 2, &rows);
	if (status == WEB_OK) {
		text = db_value(rows, 0, 1);
		status = web_document(call, text != NULL ? strdup(text) : NULL);
		log_line(LOG_INFO, "%s did %s", call->session.name,
		    json_string_at(doc, "do"));
	}
	db_rows_free(rows);
	json_free(doc);
	return status;
}

/* The cookie of a session that begins now, or with none of one that ends. */
static void
route_set_cookie(struct web_call *call, const char *value)
{
	web_reply_header(call, "Set-Cookie", "%s=%s; Path=/; Max-Age=%d; "
	    "HttpOnly; SameSite=Strict%s", WEB_COOKIE, value,
	    *value != '\0' ? WEB_SESSION_DAYS * 86400 : 0,
	    web_is_https(call->req) ? "; Secure" : "");
}

/* {"name","may_act","until"}, until in seconds since 1970, or null; and where known
 * is not NULL, the types that are shown, and what the database knows, an object. */
static enum web_status
route_say_session(struct web_call *call, const char *known)
{
	const struct web_session	*s = &call->session;
	struct buf			 doc;

	buf_init(&doc, ROUTE_SESSION_MAX);
	buf_printf(&doc, "{\"name\":\"%s\",\"may_act\":%s,\"until\":", s->name,
	    s->may == WEB_ACT ? "true" : "false");
	if (s->since_us != 0)
		buf_printf(&doc, "%lld", (long long)(s->since_us /
		    USEC_PER_SEC + WEB_SESSION_DAYS * 86400));
	else
		buf_text(&doc, "null");
	if (known != NULL) {
		buf_text(&doc, ",\"shows\":");
		web_file_print_types(&doc);
		/* Its members behind ours. */
		buf_printf(&doc, ",%s", known + 1);
	} else
		buf_text(&doc, "}");
	return web_document(call, buf_take(&doc));
}

/* The code was good: a session begins. */
static enum web_status
route_begin_session(struct web_call *call, const struct db_rows *rows)
{
	struct web_session	*s = &call->session;
	char			 cookie[WEB_COOKIE_MAX];

	(void)snprintf(s->name, sizeof(s->name), "%s", db_value(rows, 0, 1));
	s->may = strcmp(db_value(rows, 0, 2), "t") == 0 ? WEB_ACT : WEB_LOOK;
	s->since_us = db_number(db_value(rows, 0, 3));
	if (!web_session_cookie(call->web->conf, s, cookie))
		return web_fail(call, WEB_UNAVAILABLE, "out of memory");
	route_set_cookie(call, cookie);
	log_line(LOG_INFO, "%s signed in", s->name);
	return route_say_session(call, NULL);
}

/* The code's digest, by which the database knows it, in hex. */
static bool
route_code_digest(const char *code, char hex[SHA256_HEX])
{
	unsigned char	digest[SHA256_BYTES];

	if (!sha256(code, strlen(code), digest))
		return false;
	hex_encode(digest, sizeof(digest), hex);
	return true;
}

static enum web_status
route_trade_code(struct web_call *call, const char *code)
{
	char		 digest[SHA256_HEX];
	struct db_param	 params[2];
	struct db_rows	*rows = NULL;
	enum web_status	 status;
	const char	*verdict;

	if (code == NULL || strlen(code) > ROUTE_CODE_MAX)
		return web_fail(call, WEB_BAD_REQUEST, "\"code\" is missing");
	if (!route_code_digest(code, digest))
		return web_fail(call, WEB_UNAVAILABLE, "out of memory");
	params[0] = db_text(digest);
	params[1] = db_text(request_get(call->req, "REMOTE_ADDR"));
	if ((status = web_ask(call, true, DB_WEB_SIGN_IN, params, &rows)) !=
	    WEB_OK)
		return status;
	verdict = db_value(rows, 0, 0);
	if (strcmp(verdict, "ok") == 0)
		status = route_begin_session(call, rows);
	else if (strcmp(verdict, "too many") == 0)
		status = WEB_TOO_MANY;
	else
		status = web_fail(call, WEB_SIGNED_OUT, "this link was used, "
		    "is over ten minutes old, or is none");
	db_rows_free(rows);
	if (status == WEB_TOO_MANY)
		web_reply_header(call, "Retry-After", "300");
	return status;
}

static enum web_status
route_sign_in(struct web_call *call)
{
	struct json_object	*doc;
	enum web_status		 status;

	if (call->web->conf->web_trust_remote_user)
		return web_fail(call, WEB_FORBIDDEN, "the web server says who "
		    "is signed in");
	if ((doc = web_body_read(call, &status)) == NULL)
		return status;
	status = route_trade_code(call, json_string_at(doc, "code"));
	json_free(doc);
	return status;
}

/* This browser forgets; `genhook web logout` ends all of a name's sessions. */
static enum web_status
route_sign_out(struct web_call *call)
{
	route_set_cookie(call, "");
	return web_document(call, strdup("{\"status\":\"signed out\"}"));
}

static enum web_status
route_session(struct web_call *call)
{
	const struct web_session	*s = &call->session;
	struct db_param			 params[2];
	char				 since[DB_NUMBER_MAX];
	struct db_rows			*rows = NULL;
	enum web_status			 status;

	/* Whom the web server names has nothing that could have ended. */
	params[0] = db_text(s->since_us != 0 ? s->name : NULL);
	params[1] = s->since_us != 0 ? db_int(s->since_us, since) :
	    db_text(NULL);
	if ((status = web_ask(call, false, DB_WEB_SESSION, params, &rows)) !=
	    WEB_OK)
		return status;
	status = strcmp(db_value(rows, 0, 0), "t") == 0 ?
	    route_say_session(call, db_value(rows, 0, 1)) : WEB_SIGNED_OUT;
	db_rows_free(rows);
	return status;
}

/* The accounts of the settings, for the page's first day: no key, no token. */
static enum web_status
route_accounts(struct web_call *call)
{
	const struct conf	*conf = call->web->conf;
	const struct account	*a;
	struct buf		 doc;
	size_t			 i;

	buf_init(&doc, 1024 * 1024);
	buf_text(&doc, "{\"base_url\":\"");
	buf_json(&doc, conf->base_url, 1024);
	buf_text(&doc, "\",\"rows\":[");
	for (i = 0; i < conf->naccounts; i++) {
		a = &conf->accounts[i];
		buf_printf(&doc, "%s{\"provider\":\"%s\",\"account\":\"%s\","
		    "\"has_key\":%s,\"signs\":%s}", i > 0 ? "," : "",
		    a->provider->name, a->name,
		    *a->api_key != '\0' ? "true" : "false",
		    a->secrets[0] != NULL ? "true" : "false");
	}
	buf_text(&doc, "],\"next\":null}");
	return web_document(call, buf_take(&doc));
}

/* Is this whoever has web.metrics_token?  Digests are of one length, so that time
 * tells nothing of it. */
static bool
route_may_measure(const struct web_call *call)
{
	static const char	 scheme[] = "Bearer ";
	const char		*token = call->web->conf->web_metrics_token;
	const char		*given = request_get(call->req,
				    "HTTP_AUTHORIZATION");
	unsigned char		 want[SHA256_BYTES], have[SHA256_BYTES];

	if (given == NULL ||
	    strncasecmp(given, scheme, sizeof(scheme) - 1) != 0)
		return false;
	given += sizeof(scheme) - 1;
	return sha256(token, strlen(token), want) &&
	    sha256(given, strlen(given), have) &&
	    equal_constant_time(want, have, sizeof(want));
}

/* Monitoring has no session, but a token of its own; without one set there is
 * nothing here. */
static enum web_status
route_metrics(struct web_call *call)
{
	struct db_rows	*rows = NULL;
	enum web_status	 status;

	if (*call->web->conf->web_metrics_token == '\0')
		return WEB_NOT_FOUND;
	if (!route_may_measure(call)) {
		web_reply_header(call, "WWW-Authenticate", "Bearer");
		return web_fail(call, WEB_SIGNED_OUT, "this needs "
		    "web.metrics_token");
	}
	if ((status = web_ask(call, false, DB_METRICS, NULL, &rows)) != WEB_OK)
		return status;
	status = web_document(call, strdup(db_value(rows, 0, 0)));
	call->type = "text/plain; version=0.0.4; charset=utf-8";
	db_rows_free(rows);
	return status;
}

/* ---- the table ---------------------------------------------------------- */

static const struct web_route {
	const char		*method;
	const char		*path;		/* with a '*' at its end, its
						   beginning */
	enum web_right		 right;
	const struct db_stmt	*stmt;		/* NULL: run */
	enum web_status		(*run)(struct web_call *);
} routes[] = {
	{ "GET",  "/api/overview",  WEB_LOOK,   DB_WEB_OVERVIEW,  NULL },
	{ "GET",  "/api/tasks",	    WEB_LOOK,   DB_WEB_TASKS,	  NULL },
	{ "GET",  "/api/task",	    WEB_LOOK,   DB_WEB_TASK,	  NULL },
	{ "GET",  "/api/gallery",   WEB_LOOK,   DB_WEB_GALLERY,	  NULL },
	{ "GET",  "/api/attention", WEB_LOOK,   DB_WEB_ATTENTION, NULL },
	{ "GET",  "/api/requests",  WEB_LOOK,   DB_WEB_REQUESTS,  NULL },
	{ "GET",  "/api/sweeps",    WEB_LOOK,   DB_WEB_SWEEPS,	  NULL },
	{ "GET",  "/api/cost",	    WEB_LOOK,   DB_WEB_COST,	  NULL },
	{ "GET",  "/api/accounts",  WEB_LOOK,   NULL, route_accounts },
	{ "GET",  "/api/session",   WEB_LOOK,   NULL, route_session },
	{ "GET",  "/api/body",	    WEB_ACT,    NULL, route_body },
	{ "POST", "/api/action",    WEB_ACT,    NULL, route_action },
	{ "POST", "/api/session",   WEB_ANYONE, NULL, route_sign_in },
	{ "POST", "/api/sign_out",  WEB_ANYONE, NULL, route_sign_out },
	{ "GET",  "/metrics",	    WEB_ANYONE, NULL, route_metrics },
	{ "GET",  "/file/*",	    WEB_LOOK,   NULL, web_file },
	{ "GET",  "/thumb/*",	    WEB_LOOK,   NULL, web_thumb },
	{ "GET",  "/*",		    WEB_ANYONE, NULL, web_page },
};

static bool
route_has_path(const struct web_route *r, const char *path)
{
	size_t	len = strlen(r->path);

	return r->path[len - 1] == '*' ? strncmp(r->path, path, len - 1) == 0 :
	    strcmp(r->path, path) == 0;
}

/* HEAD is a GET whose body is not sent. */
static bool
route_has_method(const struct web_route *r, const char *method)
{
	return strcmp(r->method, method) == 0 || (strcmp(method, "HEAD") == 0 &&
	    strcmp(r->method, "GET") == 0);
}

/* The row for this request; NULL with the status of the answer.  A path that has
 * a row of its own is none of the page's files, whatever the method. */
static const struct web_route *
route_find(const char *method, const char *path, enum web_status *status)
{
	size_t	i;

	*status = WEB_NOT_FOUND;
	for (i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (!route_has_path(&routes[i], path) ||
		    (*status == WEB_BAD_METHOD && routes[i].run == web_page))
			continue;
		if (route_has_method(&routes[i], method))
			return &routes[i];
		*status = WEB_BAD_METHOD;
	}
	return NULL;
}

/* May whoever sent this have it?  A POST has to be the page's own; what acts has
 * to say so in a header too, which no form of another site can. */
static enum web_status
route_allow(struct web_call *call, const struct web_route *r)
{
	const char	*mark = request_get(call->req, "HTTP_X_GENHOOK");

	if (strcmp(r->method, "POST") == 0 &&
	    !web_is_same_origin(call->web->conf, call->req))
		return web_fail(call, WEB_FORBIDDEN, "another site sent this");
	if (r->right == WEB_ANYONE)
		return WEB_OK;
	if (call->session.may == WEB_ANYONE)
		return WEB_SIGNED_OUT;
	if (call->session.may < r->right)
		return web_fail(call, WEB_FORBIDDEN, "this session may look "
		    "and not act: genhook web login NAME --act");
	if (strcmp(r->method, "POST") == 0 &&
	    (mark == NULL || strcmp(mark, "1") != 0))
		return web_fail(call, WEB_FORBIDDEN, "the header \"X-Genhook: "
		    "1\" is missing");
	return WEB_OK;
}

/* Without the slash the page's own addresses would lead elsewhere. */
static enum web_status
route_add_slash(struct web_call *call)
{
	const char	*script = request_get(call->req, "SCRIPT_NAME");
	const char	*last = script != NULL ? strrchr(script, '/') : NULL;

	if (last == NULL || last[1] == '\0' || strspn(last + 1,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	    "._-") < strlen(last + 1))
		return WEB_NOT_FOUND;
	web_reply_header(call, "Location", "%s/", last + 1);
	return WEB_MOVED;
}

static enum web_status
route_answer(struct web_call *call)
{
	const char		*method = request_get(call->req,
				    "REQUEST_METHOD");
	const struct web_route	*r;
	enum web_status		 status;

	if (*call->path == '\0')
		return route_add_slash(call);
	r = route_find(method != NULL ? method : "", call->path, &status);
	if (r == NULL) {
		if (status == WEB_BAD_METHOD)
			web_reply_header(call, "Allow", "GET, HEAD, POST");
		return status;
	}
	if ((status = route_allow(call, r)) != WEB_OK)
		return status;
	return r->stmt != NULL ? route_document(call, r->stmt) : r->run(call);
}

void
web_serve(struct web_call *call)
{
	const struct conf	*conf = call->web->conf;

	call->path = request_get(call->req, "PATH_INFO");
	if (call->path == NULL)
		call->path = "";
	/* Off unless there is a secret: nothing tells that it is here. */
	if (call->web->policy == NULL)
		call->status = WEB_UNAVAILABLE;
	else if (*conf->web_secret == '\0')
		call->status = WEB_NOT_FOUND;
	else {
		web_session_read(conf, call->req, time_now(), &call->session);
		call->status = route_answer(call);
	}
	if (web_reply_http(call->status) >= 400)
		log_line(call->status == WEB_UNAVAILABLE ? LOG_ERROR :
		    LOG_DEBUG, "%d %.100s: %s", web_reply_http(call->status),
		    call->path, call->words.text);
}
