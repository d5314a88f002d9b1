#include <arpa/inet.h>

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/db.h"
#include "lib/log.h"
#include "lib/redact.h"
#include "common/database.h"
#include "server/headers.h"
#include "server/receive.h"

/* A hostile body costs its tree up to 50 MB (lib/json.h): above this size
 * they are parsed one at a time.  Real callbacks are far smaller. */
#define BIG_BODY	16384

static pthread_mutex_t	big_body_lock = PTHREAD_MUTEX_INITIALIZER;

/*
 * The account that "/TOKEN" or "/TOKEN" with the provider's suffix names.  A
 * path of another form is looked up all the same, so that time does not tell
 * which it was.
 */
static enum answer
find_account(struct callback *cb)
{
	const char		*path = request_get(cb->req, "PATH_INFO");
	const char		*suffix = cb->rx->provider->path_suffix;
	enum token_match	 match;
	size_t			 len;
	bool			 whole;

	if (path == NULL)
		path = "";
	if (*path == '/')
		path++;
	len = strcspn(path, "/");
	whole = path[len] == '\0' ||
	    (suffix != NULL && strcmp(path + len, suffix) == 0);
	match = conf_account_by_token(cb->rx->conf, cb->rx->provider, path,
	    len, &cb->account);
	if (match == TOKEN_UNKNOWN) {
		(void)errbuf_no_memory(&cb->err);
		return ANSWER_UNAVAILABLE;
	}
	if (match == TOKEN_FOUND && whole)
		return ANSWER_ACCEPTED;
	cb->account = NULL;
	errbuf_set(&cb->err, "not found");
	return ANSWER_NOT_FOUND;
}

/* A header that decides something must not be there twice. */
static bool
headers_are_single(struct callback *cb)
{
	static const char *const	 always[] = {
		"CONTENT_LENGTH", "HTTP_CONTENT_ENCODING", NULL
	};
	const char *const		*lists[] = {
		always, cb->rx->provider->trusted_headers
	};
	size_t				 i, j;

	for (i = 0; i < 2; i++)
		for (j = 0; lists[i] != NULL && lists[i][j] != NULL; j++)
			if (request_count(cb->req, lists[i][j]) > 1) {
				errbuf_set(&cb->err, "header %s came twice",
				    lists[i][j]);
				return false;
			}
	return true;
}

static bool
encoding_is_identity(struct callback *cb)
{
	const char	*enc = request_get(cb->req, "HTTP_CONTENT_ENCODING");

	if (enc == NULL || *enc == '\0' || strcasecmp(enc, "identity") == 0)
		return true;
	errbuf_set(&cb->err, "Content-Encoding \"%.40s\" is not supported, "
	    "only identity", enc);
	return false;
}

/* Digits only: no sign, no blanks, no hex. */
static bool
parse_length(const char *text, int64_t *out)
{
	size_t	len = text != NULL ? strlen(text) : 0;

	if (len == 0 || len > 18 || strspn(text, "0123456789") != len)
		return false;
	*out = strtoll(text, NULL, 10);
	return true;
}

/* Read the body into the delivery; ANSWER_ACCEPTED when it is all there. */
static enum answer
read_body(struct callback *cb)
{
	int64_t	 want;
	size_t	 got;
	char	*body;

	if (!parse_length(request_get(cb->req, "CONTENT_LENGTH"), &want)) {
		errbuf_set(&cb->err, "CONTENT_LENGTH is missing or no number");
		return ANSWER_BAD_REQUEST;
	}
	if (want > cb->rx->conf->max_body_bytes) {
		errbuf_set(&cb->err, "body of %lld bytes is over the limit of "
		    "%lld", (long long)want,
		    (long long)cb->rx->conf->max_body_bytes);
		return ANSWER_TOO_LARGE;
	}
	if ((body = malloc((size_t)want + 1)) == NULL) {
		(void)errbuf_no_memory(&cb->err);
		return ANSWER_UNAVAILABLE;
	}
	got = cb->req->read(cb->req->arg, body, (size_t)want);
	body[got] = '\0';
	delivery_set_body(cb->delivery, body, got);
	if (got == (size_t)want)
		return ANSWER_ACCEPTED;
	if (cb->req->broken) {
		errbuf_set(&cb->err, "could not read the body");
		return ANSWER_UNAVAILABLE;
	}
	errbuf_set(&cb->err, "body ended after %zu of %lld bytes", got,
	    (long long)want);
	return ANSWER_BAD_REQUEST;
}

static const char *
header_value(const void *arg, const char *cgi_name)
{
	return request_get(arg, cgi_name);
}

static enum verify_verdict
verify(struct callback *cb)
{
	const struct delivery	*d = cb->delivery;
	struct verify_input	 in = {
		.header = header_value,
		.arg = cb->req,
		.body = d->body,
		.bodylen = d->bodylen,
		.secrets = (const char *const *)cb->account->secrets,
		.now = d->received_at,
	};

	if (cb->rx->provider->verify == NULL)
		return VERIFY_OK;
	return cb->rx->provider->verify(&in, &cb->err);
}

static bool
judge(struct callback *cb)
{
	struct delivery	*d = cb->delivery;
	bool		 big = d->bodylen > BIG_BODY, ok;

	if (big)
		(void)pthread_mutex_lock(&big_body_lock);
	ok = delivery_judge(d, cb->account->requery);
	if (big)
		(void)pthread_mutex_unlock(&big_body_lock);
	if (!ok)
		(void)errbuf_no_memory(&cb->err);
	return ok;
}

/* Where it came from, and what it said on top; false: no memory. */
static bool
note_sender(struct callback *cb)
{
	struct in6_addr	 any;
	const char	*addr = request_get(cb->req, "REMOTE_ADDR");

	/* PostgreSQL's inet takes what inet_pton() takes. */
	if (addr != NULL && (inet_pton(AF_INET, addr, &any) == 1 ||
	    inet_pton(AF_INET6, addr, &any) == 1) &&
	    !result_set(&cb->delivery->remote_addr, addr))
		return false;
	cb->delivery->headers = headers_to_keep(cb->req);
	return cb->delivery->headers != NULL;
}

/* The delivery is complete: let it be committed. */
static void
keep(struct callback *cb)
{
	struct delivery	*d = cb->delivery;

	if (d->note != NULL)
		errbuf_set(&cb->err, "%s", d->note);
	cb->proposed = d->outcome;
	cb->commit.delivery = d;
	cb->kept = true;
}

/* The commit's fate is known: answer so, or spool what is not committed. */
static enum answer
settle(struct callback *cb)
{
	const struct errbuf	*db_why = &cb->commit.err;
	struct errbuf		 spool_why = { .text = "no spool" };
	bool			 spooled;

	if (cb->commit.stored)
		return answer_of(cb->commit.outcome);
	/* A forger's deliveries must not fill the disk. */
	if (cb->proposed == OUTCOME_UNVERIFIED)
		return ANSWER_UNVERIFIED;
	spooled = cb->rx->spool != NULL &&
	    spool_write(cb->rx->spool, cb->delivery, &spool_why);
	/* What is no JSON stays so; where it is kept is for the log alone. */
	if (cb->proposed == OUTCOME_REJECTED) {
		log_line(LOG_WARN, "rejected delivery %s: %s", spooled ?
		    "spooled" : "not kept", db_why->text);
		return ANSWER_REJECTED;
	}
	errbuf_set(&cb->err, "%s: %.200s%s%.100s", spooled ? "spooled" :
	    "not stored", db_why->text, spooled ? "" : "; ",
	    spooled ? "" : spool_why.text);
	return spooled ? ANSWER_SPOOLED : ANSWER_UNAVAILABLE;
}

/* From the body on: verify, parse, keep; the answer where it is not kept. */
static enum answer
take_delivery(struct callback *cb)
{
	struct delivery		*d = cb->delivery;
	enum verify_verdict	 v = verify(cb);

	if (!note_sender(cb)) {
		(void)errbuf_no_memory(&cb->err);
		return ANSWER_UNAVAILABLE;
	}
	if (v == VERIFY_AMBIGUOUS)
		return ANSWER_BAD_REQUEST;
	if (v == VERIFY_TROUBLE)
		return ANSWER_UNAVAILABLE;
	/* The signature is of the bytes as they came; what is read out of them
	 * goes into rows, notes and logs, and must hold no token either. */
	d->bodylen = redact_tokens(d->body, d->bodylen, cb->account->tokens);
	if (v == VERIFY_FAILED) {
		d->verdict = VERDICT_FAILED;
		d->outcome = OUTCOME_UNVERIFIED;
		if (!delivery_set_note(d, cb->err.text))
			return ANSWER_UNAVAILABLE;
		keep(cb);
		return ANSWER_UNVERIFIED;
	}
	d->verdict = cb->rx->provider->verify != NULL ? VERDICT_SIGNATURE :
	    VERDICT_TOKEN;
	if (!judge(cb))
		return ANSWER_UNAVAILABLE;
	if (v == VERIFY_STALE && d->outcome != OUTCOME_REJECTED) {
		d->outcome = OUTCOME_STALE;
		if (!delivery_set_note(d, cb->err.text))
			return ANSWER_UNAVAILABLE;
	}
	keep(cb);
	return ANSWER_ACCEPTED;
}

static enum answer
take_callback(struct callback *cb)
{
	enum answer	 a;

	if ((a = find_account(cb)) != ANSWER_ACCEPTED)
		return a;
	if (!headers_are_single(cb))
		return ANSWER_BAD_REQUEST;
	if (!encoding_is_identity(cb))
		return ANSWER_BAD_ENCODING;
	cb->delivery = delivery_new(cb->rx->provider, cb->account->name,
	    SOURCE_CALLBACK);
	if (cb->delivery == NULL) {
		(void)errbuf_no_memory(&cb->err);
		return ANSWER_UNAVAILABLE;
	}
	if ((a = read_body(cb)) != ANSWER_ACCEPTED)
		return a;
	cb->delivery->received_at = time_now();
	return take_delivery(cb);
}

/* One line for each request; the path, with its token, is not in it. */
static void
log_answer(const struct callback *cb, enum answer a)
{
	const struct delivery	*d = cb->delivery;
	const char		*task = d != NULL ? d->result.task_id : NULL;

	log_line(answer_log_level(a), "%d %s%s%s%s from %s: %s",
	    answer_http(a), cb->account != NULL ? cb->account->name : "-",
	    task != NULL ? " task " : "", task != NULL ? task : "",
	    d != NULL ? "" : " nothing read",
	    request_get(cb->req, "REMOTE_ADDR") != NULL ?
	    request_get(cb->req, "REMOTE_ADDR") : "-",
	    *cb->err.text != '\0' ? cb->err.text : "ok");
}

static size_t
answer_health(struct callback *cb, char out[ANSWER_TEXT_MAX])
{
	const struct receiver	*rx = cb->rx;
	const char		*err = cb->commit.err.text;
	bool			 up = cb->commit.stored;
	char			 body[512], words[sizeof(cb->commit.err.text)];
	size_t			 i;

	/* The words stand in JSON: nothing in them may end the string. */
	for (i = 0; !up && err[i] != '\0'; i++)
		words[i] = err[i] < 0x20 || err[i] > 0x7e || err[i] == '"' ||
		    err[i] == '\\' ? '\'' : err[i];
	words[i] = '\0';
	(void)snprintf(body, sizeof(body), "{\"status\":\"%s\","
	    "\"database\":\"%.300s\",\"schema_version\":%d,"
	    "\"spool_files\":%ld,\"uptime_seconds\":%lld}",
	    up ? "ok" : "unavailable", up ? "ok" : words,
	    up ? database_schema_version() : 0,
	    rx->spool != NULL ? spool_count(rx->spool) : -1,
	    (long long)((clock_ms() - rx->started_ms) / 1000));
	return answer_print(up ? ANSWER_HEALTHY : ANSWER_UNHEALTHY, body, out);
}

static bool
is_health_check(const struct request *req)
{
	const char	*method = request_get(req, "REQUEST_METHOD");
	const char	*path = request_get(req, "PATH_INFO");

	return method != NULL && path != NULL && (strcmp(method, "GET") == 0 ||
	    strcmp(method, "HEAD") == 0) && strcmp(path, "/healthz") == 0;
}

/* A POST, or the answer to what is none. */
static enum answer
take_request(struct callback *cb)
{
	const char	*method = request_get(cb->req, "REQUEST_METHOD");

	if (method != NULL && strcmp(method, "POST") == 0)
		return take_callback(cb);
	errbuf_set(&cb->err, "method is \"%.20s\", not POST",
	    method != NULL ? method : "");
	return ANSWER_BAD_METHOD;
}

bool
receive_begin(struct callback *cb, const struct receiver *rx,
    const struct request *req)
{
	cb->rx = rx;
	cb->req = req;
	cb->account = NULL;
	cb->delivery = cb->commit.delivery = NULL;
	cb->kept = false;
	cb->err.text[0] = '\0';
	if (!(cb->health = is_health_check(req)))
		cb->answer = take_request(cb);
	return (cb->health || cb->kept) &&
	    committer_submit(rx->committer, &cb->commit);
}

size_t
receive_end(struct callback *cb, char out[ANSWER_TEXT_MAX])
{
	enum answer	a;
	size_t		len;

	if (cb->health)
		return answer_health(cb, out);
	a = cb->kept ? settle(cb) : cb->answer;
	log_answer(cb, a);
	/* Why it is not served is for the log, not for the sender. */
	len = answer_print(a, a == ANSWER_UNAVAILABLE ?
	    "not stored, please send again" : cb->err.text, out);
	delivery_free(cb->delivery);
	return len;
}
