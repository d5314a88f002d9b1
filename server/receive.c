/*
 * A request's way: the steps of taking it in, the hand-over to the committer,
 * and the answer once the commit's fate is known.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/json.h"
#include "lib/log.h"
#include "net/network.h"
#include "common/account_redact.h"
#include "common/database.h"
#include "common/key_file.h"
#include "server/headers.h"
#include "server/receive.h"

/* A hostile body costs its tree up to 50 MB (lib/json.h): above this size
 * they are parsed one at a time.  Real callbacks are far smaller. */
#define BIG_BODY	16384

static pthread_mutex_t	receive_big_body = PTHREAD_MUTEX_INITIALIZER;

/* A step that ends the request for want of memory returns this. */
static enum answer
receive_no_memory(struct callback *cb)
{
	(void)errbuf_no_memory(&cb->words);
	return ANSWER_UNAVAILABLE;
}

/* ---- the head ----------------------------------------------------------- */

static enum answer
receive_check_method(struct callback *cb)
{
	const char	*method = request_get(cb->req, "REQUEST_METHOD");

	if (method != NULL && strcmp(method, "POST") == 0)
		return ANSWER_ACCEPTED;
	errbuf_set(&cb->words, "method is \"%.20s\", not POST",
	    method != NULL ? method : "");
	return ANSWER_BAD_METHOD;
}

/* The provider of the first len bytes of a name, if it has an account; or NULL. */
static const struct provider *
receive_provider(const struct conf *conf, const char *name, size_t len)
{
	const struct provider	*p;
	size_t			 i;

	for (i = 0; i < conf->naccounts; i++) {
		p = conf->accounts[i].provider;
		if (strncmp(p->name, name, len) == 0 && p->name[len] == '\0')
			return p;
	}
	return NULL;
}

/* Whose request it is: the program's one provider's, or of the one that "/NAME/..."
 * names. */
static void
receive_route(struct callback *cb)
{
	const char	*path = request_get(cb->req, "PATH_INFO");
	size_t		 len;

	cb->provider = cb->rx->provider;
	cb->path = path != NULL ? path : "";
	if (cb->provider != NULL || *cb->path != '/')
		return;
	len = strcspn(cb->path + 1, "/");
	cb->provider = receive_provider(cb->rx->conf, cb->path + 1, len);
	cb->path += 1 + len;
}

static enum answer
receive_not_found(struct callback *cb)
{
	errbuf_set(&cb->words, "not found");
	return ANSWER_NOT_FOUND;
}

/* Is this all that may stand behind a token: nothing, or what the provider
 * appends; and a slash too many? */
static bool
receive_is_path_end(const char *rest, const char *suffix)
{
	size_t	len = suffix != NULL ? strlen(suffix) : 0;

	if (len > 0 && strncmp(rest, suffix, len) == 0)
		rest += len;
	return strcmp(rest, "") == 0 || strcmp(rest, "/") == 0;
}

/*
 * The account that "/TOKEN" or "/TOKEN" with the provider's suffix names.  A
 * path of another form is looked up all the same, so that time does not tell
 * which it was.
 */
static enum answer
receive_find_account(struct callback *cb)
{
	const char		*path = cb->path;
	struct conf_token	 token;
	enum token_match	 match;
	size_t			 len;
	bool			 whole;

	if (cb->provider == NULL)
		return receive_not_found(cb);
	if (*path == '/')
		path++;
	len = strcspn(path, "/");
	whole = receive_is_path_end(path + len, cb->provider->path_suffix);
	match = conf_account_by_token(cb->rx->conf, cb->provider, path, len,
	    &token);
	if (match == TOKEN_UNKNOWN)
		return receive_no_memory(cb);
	if (match != TOKEN_FOUND || !whole)
		return receive_not_found(cb);
	cb->account = token.account;
	memcpy(cb->token, token.digest, sizeof(cb->token));
	return ANSWER_ACCEPTED;
}

static bool
receive_is_twice(struct callback *cb, const char *cgi_name)
{
	if (request_count(cb->req, cgi_name) <= 1)
		return false;
	errbuf_set(&cb->words, "header %s came twice", cgi_name);
	return true;
}

/* A header that decides something must not be there twice. */
static enum answer
receive_check_headers(struct callback *cb)
{
	const struct signature_scheme	*s = cb->provider->signature;
	char	names[SIGNATURE_HEADERS_MAX][SIGNATURE_NAME_MAX];
	char	cgi[SIGNATURE_CGI_MAX];
	size_t	i, n = s != NULL ? signature_headers(s, names) : 0;

	if (receive_is_twice(cb, "CONTENT_LENGTH") ||
	    receive_is_twice(cb, "HTTP_CONTENT_ENCODING"))
		return ANSWER_BAD_REQUEST;
	for (i = 0; i < n; i++) {
		signature_cgi_name(names[i], cgi);
		if (receive_is_twice(cb, cgi))
			return ANSWER_BAD_REQUEST;
	}
	return ANSWER_ACCEPTED;
}

static enum answer
receive_check_encoding(struct callback *cb)
{
	const char	*enc = request_get(cb->req, "HTTP_CONTENT_ENCODING");

	if (enc == NULL || *enc == '\0' || strcasecmp(enc, "identity") == 0)
		return ANSWER_ACCEPTED;
	errbuf_set(&cb->words, "Content-Encoding \"%.40s\" is not supported, "
	    "only identity", enc);
	return ANSWER_BAD_ENCODING;
}

/* ---- the body ----------------------------------------------------------- */

static enum answer
receive_make_delivery(struct callback *cb)
{
	cb->delivery = delivery_new(cb->provider, cb->account->name,
	    SOURCE_CALLBACK);
	if (cb->delivery == NULL)
		return receive_no_memory(cb);
	memcpy(cb->delivery->token, cb->token, sizeof(cb->token));
	return ANSWER_ACCEPTED;
}

/* Digits only: no sign, no blanks, no hex. */
static bool
receive_parse_length(const char *text, int64_t *out)
{
	size_t	len = text != NULL ? strlen(text) : 0;

	if (len == 0 || len > 18 || strspn(text, "0123456789") != len)
		return false;
	*out = strtoll(text, NULL, 10);
	return true;
}

/* Does the web server say that nobody knows how long the body is?  Of one that
 * comes in chunks Apache has no length, and Caddy says -1. */
static bool
receive_length_is_open(const struct callback *cb)
{
	const char	*length = request_get(cb->req, "CONTENT_LENGTH");
	const char	*coding = request_get(cb->req,
			    "HTTP_TRANSFER_ENCODING");
	const char	*server = request_get(cb->req, "SERVER_SOFTWARE");

	if (length == NULL || *length == '\0')
		return coding != NULL && strcasecmp(coding, "chunked") == 0;
	return strcmp(length, "-1") == 0 && server != NULL &&
	    strncmp(server, "Caddy/", strlen("Caddy/")) == 0;
}

static enum answer
receive_check_length(struct callback *cb)
{
	int64_t	most = cb->rx->conf->max_body_bytes;

	if ((cb->open_ended = receive_length_is_open(cb))) {
		cb->length = most + 1;
		return ANSWER_ACCEPTED;
	}
	if (!receive_parse_length(request_get(cb->req, "CONTENT_LENGTH"),
	    &cb->length)) {
		errbuf_set(&cb->words, "CONTENT_LENGTH is missing or no "
		    "number");
		return ANSWER_BAD_REQUEST;
	}
	if (cb->length > most) {
		errbuf_set(&cb->words, "body of %lld bytes is over the limit "
		    "of %lld", (long long)cb->length, (long long)most);
		return ANSWER_TOO_LARGE;
	}
	return ANSWER_ACCEPTED;
}

/* Give back what a body turned out not to need; it waits with others. */
static char *
receive_fit(char *body, size_t got, size_t room)
{
	char	*smaller;

	if (got == room || (smaller = realloc(body, got + 1)) == NULL)
		return body;
	return smaller;
}

/* The delivery gets the body, and the time at which it was all there. */
static enum answer
receive_read_body(struct callback *cb)
{
	size_t	 want = (size_t)cb->length, got;
	char	*body;

	if ((body = malloc(want + 1)) == NULL)
		return receive_no_memory(cb);
	got = cb->req->read(cb->req->arg, body, want);
	body = receive_fit(body, got, want);
	body[got] = '\0';
	delivery_set_body(cb->delivery, body, got);
	cb->delivery->received_at = time_now();
	if (cb->req->broken) {
		errbuf_set(&cb->words, "could not read the body");
		return ANSWER_UNAVAILABLE;
	}
	if (cb->open_ended != (got == want))
		return ANSWER_ACCEPTED;
	if (cb->open_ended) {
		errbuf_set(&cb->words, "body is over the limit of %lld",
		    (long long)cb->rx->conf->max_body_bytes);
		return ANSWER_TOO_LARGE;
	}
	errbuf_set(&cb->words, "body ended after %zu of %zu bytes", got, want);
	return ANSWER_BAD_REQUEST;
}

/* A question whether this address is ours is answered without the database,
 * and nothing is kept of it. */
static enum answer
receive_shake_hands(struct callback *cb)
{
	const struct provider	*p = cb->provider;
	const struct delivery	*d = cb->delivery;
	struct json_object	*doc = NULL;
	struct errbuf		 unused;
	struct buf		 body;
	bool			 asked;

	buf_over(&body, cb->handshake, sizeof(cb->handshake));
	asked = p->handshake != NULL && d->bodylen < sizeof(cb->handshake) &&
	    json_parse(d->body, d->bodylen, &doc, &unused) == JSON_OK &&
	    p->handshake(doc, &body);
	json_free(doc);
	return asked ? ANSWER_HANDSHAKE : ANSWER_ACCEPTED;
}

/* ---- what it is worth --------------------------------------------------- */

static const char *
receive_header(const void *arg, const char *cgi_name)
{
	return request_get(arg, cgi_name);
}

/* Is a signature due, and by which scheme?  NULL: none is. */
static const struct signature_scheme *
receive_scheme(const struct callback *cb)
{
	const struct signature_scheme	*s = cb->provider->signature;

	return signature_is_due(s, (const char *const *)cb->account->secrets) ?
	    s : NULL;
}

/* One big body at a time: for a parser of its JSON. */
static void
receive_big_body_lock(bool big)
{
	if (big)
		(void)pthread_mutex_lock(&receive_big_body);
}

static void
receive_big_body_unlock(bool big)
{
	if (big)
		(void)pthread_mutex_unlock(&receive_big_body);
}

static enum verify_verdict
receive_verify_by(struct callback *cb, const struct signature_scheme *s)
{
	const struct delivery	*d = cb->delivery;
	bool			 big = d->bodylen > BIG_BODY &&
				    signature_reads_body(s);
	struct public_key	 keys[JWKS_KEYS_MAX];
	enum verify_verdict	 verdict;
	struct verify_input	 in = {
		.header = receive_header,
		.arg = cb->req,
		.body = d->body,
		.bodylen = d->bodylen,
		.secrets = (const char *const *)cb->account->secrets,
		.now = d->received_at,
	};

	if (s->method == SIGNATURE_ED25519) {
		in.keys = keys;
		in.nkeys = key_file_read(cb->rx->conf, cb->account, keys);
	}
	receive_big_body_lock(big);
	verdict = signature_verify(s, &in, &cb->words);
	receive_big_body_unlock(big);
	/* The provider may have new keys by now, and calls again. */
	if (s->method == SIGNATURE_ED25519 &&
	    (verdict == VERIFY_NO_KEY || verdict == VERIFY_FAILED))
		key_file_want(cb->rx->conf, cb->account);
	return verdict;
}

/* Sets cb->verified; goes on with a false signature, too, which is kept. */
static enum answer
receive_verify(struct callback *cb)
{
	const struct signature_scheme	*s = receive_scheme(cb);

	cb->verified = s != NULL ? receive_verify_by(cb, s) : VERIFY_OK;
	if (cb->verified == VERIFY_AMBIGUOUS)
		return ANSWER_BAD_REQUEST;
	if (cb->verified == VERIFY_TROUBLE)
		return ANSWER_UNAVAILABLE;
	return ANSWER_ACCEPTED;
}

/* Is it worth reading: proven, or (without the key for the proof) a reason to
 * ask the provider?  Every other verdict, or none, proves nothing. */
static bool
receive_is_heard(const struct callback *cb)
{
	return cb->verified == VERIFY_OK || cb->verified == VERIFY_STALE ||
	    cb->verified == VERIFY_NO_KEY;
}

/* Where it came from, and what it said on top. */
static enum answer
receive_note_sender(struct callback *cb)
{
	/* PostgreSQL's inet takes what inet_pton() takes. */
	if (cb->sender != NULL && address_is_text(cb->sender) &&
	    !result_set(&cb->delivery->remote_addr, cb->sender))
		return receive_no_memory(cb);
	cb->delivery->headers = headers_to_keep(cb->req,
	    cb->provider->signature);
	if (cb->delivery->headers == NULL)
		return receive_no_memory(cb);
	account_redact_text(cb->account, cb->delivery->headers);
	return ANSWER_ACCEPTED;
}

/* The signature is of the bytes as they came; what is read out of them goes
 * into rows, notes and logs, and must hold no token or key either. */
static enum answer
receive_redact(struct callback *cb)
{
	struct delivery	*d = cb->delivery;

	d->bodylen = account_redact(cb->account, d->body, d->bodylen);
	return ANSWER_ACCEPTED;
}

/* Parse the body, and propose an outcome by it; false: no memory. */
static bool
receive_parse(struct callback *cb)
{
	struct delivery	*d = cb->delivery;
	bool		 big = d->bodylen > BIG_BODY, ok;

	receive_big_body_lock(big);
	ok = delivery_judge(d, cb->account->requery ||
	    cb->verified == VERIFY_NO_KEY);
	receive_big_body_unlock(big);
	return ok;
}

/* What proves the sender?  A key that we do not have proves nothing. */
static enum verdict
receive_verdict(const struct callback *cb)
{
	const struct signature_scheme	*s = receive_scheme(cb);

	return s != NULL && signature_covers_body(s) &&
	    cb->verified != VERIFY_NO_KEY ? VERDICT_SIGNATURE : VERDICT_TOKEN;
}

/* The verdict on the sender, and the outcome to propose.  What was not
 * verified is not even parsed. */
static enum answer
receive_judge(struct callback *cb)
{
	struct delivery	*d = cb->delivery;

	if (!receive_is_heard(cb)) {
		d->verdict = VERDICT_FAILED;
		d->outcome = OUTCOME_UNVERIFIED;
		return delivery_set_note(d, cb->words.text) ?
		    ANSWER_ACCEPTED : ANSWER_UNAVAILABLE;
	}
	d->verdict = receive_verdict(cb);
	if (!receive_parse(cb))
		return receive_no_memory(cb);
	if (cb->verified == VERIFY_STALE && d->outcome != OUTCOME_REJECTED) {
		d->outcome = OUTCOME_STALE;
		if (!delivery_set_note(d, cb->words.text))
			return ANSWER_UNAVAILABLE;
	}
	if (d->note != NULL)
		errbuf_set(&cb->words, "%s", d->note);
	return ANSWER_ACCEPTED;
}

/* The delivery is complete: let it be committed. */
static enum answer
receive_keep(struct callback *cb)
{
	cb->proposed = cb->delivery->outcome;
	cb->commit.delivery = cb->delivery;
	cb->kept = true;
	return ANSWER_ACCEPTED;
}

/* ---- all of it ---------------------------------------------------------- */

/* What is done with a callback, in this order, by one worker. */
static enum answer (*const receive_steps[])(struct callback *) = {
	receive_check_method,
	receive_find_account,
	receive_check_headers,
	receive_check_encoding,
	receive_make_delivery,
	receive_check_length,
	receive_read_body,
	receive_shake_hands,
	receive_verify,
	receive_note_sender,
	receive_redact,
	receive_judge,
	receive_keep,
};

/* Up to the first step that does not accept: its answer is the request's. */
static enum answer
receive_take(struct callback *cb)
{
	enum answer	a = ANSWER_ACCEPTED;
	size_t		i;

	for (i = 0; a == ANSWER_ACCEPTED &&
	    i < sizeof(receive_steps) / sizeof(receive_steps[0]); i++)
		a = receive_steps[i](cb);
	return a;
}

static bool
receive_is_health_check(const struct callback *cb)
{
	const char	*method = request_get(cb->req, "REQUEST_METHOD");

	return cb->provider != NULL && method != NULL &&
	    (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0) &&
	    strcmp(cb->path, "/healthz") == 0;
}

bool
receive_begin(struct callback *cb, const struct receiver *rx,
    const struct request *req)
{
	cb->rx = rx;
	cb->req = req;
	cb->sender = sender_address(req, rx->conf->trusted_proxies,
	    cb->sender_text);
	cb->account = NULL;
	cb->delivery = cb->commit.delivery = NULL;
	cb->kept = false;
	cb->verified = VERIFY_FAILED;
	cb->words.text[0] = '\0';
	receive_route(cb);
	if (!(cb->health = receive_is_health_check(cb)))
		cb->answer = receive_take(cb);
	return (cb->health || cb->kept) &&
	    committer_submit(rx->committer, &cb->commit);
}

/* ---- the answer --------------------------------------------------------- */

/* The commit's fate is known: answer so. */
static enum answer
receive_conclude(struct callback *cb)
{
	const struct commit	*c = &cb->commit;

	if (c->stored)
		return answer_of(c->outcome);
	if (cb->proposed == OUTCOME_UNVERIFIED)
		return ANSWER_UNVERIFIED;
	/* What is no JSON stays so; where it is kept is for the log alone. */
	if (cb->proposed == OUTCOME_REJECTED) {
		log_line(LOG_WARN, "rejected delivery %s: %s", c->spooled ?
		    "spooled" : "not kept", c->err.text);
		return ANSWER_REJECTED;
	}
	errbuf_set(&cb->words, "%s: %.200s%s%.100s", c->spooled ? "spooled" :
	    "not stored", c->err.text, c->spooled ? "" : "; ",
	    c->spooled ? "" : c->spool_err.text);
	return c->spooled ? ANSWER_SPOOLED : ANSWER_UNAVAILABLE;
}

/* One line for each request; the path, with its token, is not in it. */
static void
receive_log(const struct callback *cb, enum answer a)
{
	const struct delivery	*d = cb->delivery;
	const char		*task = d != NULL ? d->result.task_id : NULL;
	/* Where the program's name does not say it. */
	bool			 named = cb->provider != cb->rx->provider;

	log_line(answer_log_level(a), "%d %s%s%s%s%s%s from %s: %s",
	    answer_http(a), named ? cb->provider->name : "",
	    named ? " " : "", cb->account != NULL ? cb->account->name : "-",
	    task != NULL ? " task " : "", task != NULL ? task : "",
	    d != NULL ? "" : " nothing read",
	    cb->sender != NULL ? cb->sender : "-",
	    *cb->words.text != '\0' ? cb->words.text : "ok");
}

/* Strangers may ask: that it is not well is for them, and why for the log. */
static size_t
receive_end_health(struct callback *cb, char out[ANSWER_TEXT_MAX])
{
	const struct receiver	*rx = cb->rx;
	bool			 stored = cb->commit.stored, up;
	char			 body[256];
	struct errbuf		 err = { .text = "no spool" };

	up = stored && rx->spool != NULL && spool_check(rx->spool, &err) &&
	    spool_has_room(rx->spool, &err);
	if (!up)
		log_line(LOG_WARN, "healthz: %s", stored ? err.text :
		    cb->commit.err.text);
	(void)snprintf(body, sizeof(body), "{\"status\":\"%s\","
	    "\"database\":\"%s\",\"schema_version\":%d,"
	    "\"spool_files\":%ld,\"uptime_seconds\":%lld}",
	    up ? "ok" : "unavailable", stored ? "ok" : "unavailable",
	    stored ? database_schema_version() : 0,
	    rx->spool != NULL ? spool_count(rx->spool) : -1,
	    (long long)((clock_ms() - rx->started_ms) / 1000));
	return answer_print(up ? ANSWER_HEALTHY : ANSWER_UNHEALTHY, body, out);
}

size_t
receive_end(struct callback *cb, char out[ANSWER_TEXT_MAX])
{
	enum answer	a;
	size_t		len;

	if (cb->health)
		return receive_end_health(cb, out);
	a = cb->kept ? receive_conclude(cb) : cb->answer;
	if (cb->account != NULL)
		account_redact_text(cb->account, cb->words.text);
	receive_log(cb, a);
	/* Why it is not served is for the log, not for the sender. */
	len = answer_print(a, a == ANSWER_UNAVAILABLE ?
	    "not stored, please send again" : a == ANSWER_HANDSHAKE ?
	    cb->handshake : cb->words.text, out);
	delivery_free(cb->delivery);
	return len;
}
