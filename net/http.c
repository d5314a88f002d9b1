/* The engine of HTTP transfers: how they begin, take turns and end. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "net/http_internal.h"

struct http_engine {
	CURLM				*multi;
	LIST_HEAD(, http_transfer)	 transfers;	/* in flight */
	int				 in_flight;	/* so many */
	int				 max_in_flight;
	bool				 allow_private;
	int64_t				 bytes;
};

/* Failures that every further try would meet as well. */
static const CURLcode http_final_codes[] = {
	CURLE_UNSUPPORTED_PROTOCOL,
	CURLE_URL_MALFORMAT,
	CURLE_TOO_MANY_REDIRECTS,
	CURLE_LOGIN_DENIED,		/* a user name in the URL */
};

/* In place of libcurl's words, where these say too little. */
static const struct {
	CURLcode	 code;
	const char	*words;
} http_better_words[] = {
	{ CURLE_UNSUPPORTED_PROTOCOL, "it leads to another scheme than https" },
	{ CURLE_TOO_MANY_REDIRECTS, "more than 3 redirects" },
	{ CURLE_OPERATION_TIMEDOUT, "too slow: time is up" },
	{ CURLE_PARTIAL_FILE, "the connection broke before the end" },
	{ CURLE_GOT_NOTHING, "the server hung up without an answer" },
	{ CURLE_LOGIN_DENIED, "the link has a user name in it" },
};

#define LENGTH(a)	(sizeof(a) / sizeof((a)[0]))

static bool
http_code_is_final(CURLcode code)
{
	size_t	i;

	for (i = 0; i < LENGTH(http_final_codes); i++)
		if (http_final_codes[i] == code)
			return true;
	return false;
}

static const char *
http_code_words(CURLcode code)
{
	size_t	i;

	for (i = 0; i < LENGTH(http_better_words); i++)
		if (http_better_words[i].code == code)
			return http_better_words[i].words;
	return curl_easy_strerror(code);
}

/* --- what libcurl tells the others */

void
http_host(const char *url, char *buf, size_t bufsz)
{
	CURLU	*parts = curl_url();
	char	*host = NULL;

	if (parts != NULL &&
	    curl_url_set(parts, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) ==
	    CURLUE_OK)
		(void)curl_url_get(parts, CURLUPART_HOST, &host, 0);
	(void)snprintf(buf, bufsz, "%s", host != NULL ? host : "?");
	curl_free(host);
	curl_url_cleanup(parts);
}

void
http_header(const struct http_response *res, const char *name, char *buf,
    size_t bufsz)
{
	struct curl_header	*h;

	buf[0] = '\0';
	if (res->transfer != NULL && curl_easy_header(res->transfer->easy, name,
	    0, CURLH_HEADER, -1, &h) == CURLHE_OK && strlen(h->value) < bufsz)
		(void)snprintf(buf, bufsz, "%s", h->value);
}

int64_t
http_date(const char *text)
{
	return curl_getdate(text, NULL);
}

bool
http_info_read(struct http_transfer *t)
{
	struct http_response	*res = t->response;
	curl_off_t		 length = -1, wait = 0;
	long			 version = 0;

	(void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE,
	    &res->status);
	(void)curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T,
	    &length);
	(void)curl_easy_getinfo(t->easy, CURLINFO_HTTP_VERSION, &version);
	(void)curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &wait);
	res->length = length;
	res->retry_after_s = wait;
	return version >= CURL_HTTP_VERSION_2_0;
}

/* --- the end of a transfer */

/* The host that the transfer got to. */
static void
http_transfer_host(const struct http_transfer *t, char *buf, size_t bufsz)
{
	char	*url = NULL;

	(void)curl_easy_getinfo(t->easy, CURLINFO_EFFECTIVE_URL, &url);
	http_host(url != NULL ? url : "", buf, bufsz);
	/* A redirect to what has no host: then whose redirect it was. */
	if (strcmp(buf, "?") == 0)
		http_host(t->url, buf, bufsz);
}

static void
http_transfer_judge(struct http_transfer *t, CURLcode code)
{
	struct http_response	*res = t->response;
	char			 host[256];

	http_transfer_host(t, host, sizeof(host));
	http_headers_read(t);
	if (t->stopped) {
		res->verdict = HTTP_STOPPED;
	} else if (code == CURLE_OK || t->skipped) {
		res->verdict = HTTP_ANSWERED;
		errbuf_set(&res->err, "%s: HTTP %ld", host, res->status);
	} else if (t->too_large || code == CURLE_FILESIZE_EXCEEDED) {
		res->verdict = HTTP_TOO_LARGE;
		errbuf_set(&res->err, "%s: larger than %lld bytes", host,
		    (long long)t->request.max_bytes);
	} else if (t->refused != NULL && t->opened == 0) {
		res->verdict = HTTP_FORBIDDEN;
		errbuf_set(&res->err, "%s: the address is %s", host,
		    t->refused);
	} else {
		res->verdict = http_code_is_final(code) ? HTTP_FORBIDDEN :
		    HTTP_TROUBLE;
		errbuf_set(&res->err, "%s: %s", host, http_code_words(code));
	}
}

/* NULL is fine. */
static void
http_transfer_free(struct http_transfer *t)
{
	if (t == NULL)
		return;
	curl_easy_cleanup(t->easy);
	curl_slist_free_all(t->headers);
	free(t->url);
	free(t);
}

/* Take it out of the engine and tell its owner, who may free the response, or
 * start another transfer with it. */
static void
http_transfer_end(struct http_transfer *t)
{
	(void)curl_multi_remove_handle(t->engine->multi, t->easy);
	LIST_REMOVE(t, next);
	t->engine->in_flight--;
	t->request.on_done(t->request.arg);
	http_transfer_free(t);
}

/* --- the beginning of one */

/* What is needed of a request after http_start(). */
static bool
http_transfer_keep(struct http_transfer *t, const struct http_request *req)
{
	t->request = *req;
	t->request.url = t->request.method = t->request.bearer = NULL;
	t->request.post = t->request.if_range = NULL;
	t->request.keys = NULL;
	t->request.headers = NULL;
	(void)snprintf(t->if_range, sizeof(t->if_range), "%s",
	    req->from != 0 ? req->if_range : "");
	t->tls = strncasecmp(req->url, "https:", 6) == 0;
	t->url = strdup(req->url);
	return t->url != NULL;
}

static struct http_transfer *
http_transfer_new(struct http_engine *engine, const struct http_request *req,
    struct http_response *res)
{
	struct http_transfer	*t;

	if ((t = calloc(1, sizeof(*t))) == NULL)
		return NULL;
	t->engine = engine;
	t->response = res;
	t->rules = http_rules_of(req->policy, engine->allow_private);
	if (http_transfer_keep(t, req) &&
	    (t->easy = curl_easy_init()) != NULL && http_setup(t, req))
		return t;
	http_transfer_free(t);
	return NULL;
}

bool
http_start(struct http_engine *engine, const struct http_request *req,
    struct http_response *res)
{
	struct http_transfer	*t;

	memset(res, 0, sizeof(*res));
	res->length = -1;
	if ((t = http_transfer_new(engine, req, res)) == NULL ||
	    curl_multi_add_handle(engine->multi, t->easy) != CURLM_OK) {
		http_transfer_free(t);
		return false;
	}
	res->transfer = t;
	LIST_INSERT_HEAD(&engine->transfers, t, next);
	engine->in_flight++;
	return true;
}

/* --- the engine */

static void
http_reap(struct http_engine *engine)
{
	struct http_transfer	*t;
	CURLMsg			*msg;
	CURLcode		 code;
	int			 left;

	while ((msg = curl_multi_info_read(engine->multi, &left)) != NULL) {
		if (msg->msg != CURLMSG_DONE)
			continue;
		code = msg->data.result;
		(void)curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE,
		    &t);
		http_transfer_judge(t, code);
		http_transfer_end(t);
	}
}

void
http_turn(struct http_engine *engine, int timeout_ms)
{
	int	running;

	(void)curl_multi_poll(engine->multi, NULL, 0, timeout_ms, NULL);
	(void)curl_multi_perform(engine->multi, &running);
	http_reap(engine);
}

void
http_wake(struct http_engine *engine)
{
	(void)curl_multi_wakeup(engine->multi);
}

int
http_in_flight(const struct http_engine *engine)
{
	return engine->in_flight;
}

int
http_free_slots(const struct http_engine *engine)
{
	return engine->max_in_flight - engine->in_flight;
}

void
http_count_bytes(struct http_engine *engine, size_t len)
{
	engine->bytes += (int64_t)len;
}

int64_t
http_bytes(const struct http_engine *engine)
{
	return engine->bytes;
}

double
http_parts(const struct http_engine *engine)
{
	const struct http_transfer	*t;
	const struct http_response	*res;
	double				 sum = 0;

	LIST_FOREACH(t, &engine->transfers, next) {
		res = t->response;
		if (res->received > 0 && res->length > 0)
			sum += (double)res->received / (double)res->length;
	}
	return sum;
}

struct http_engine *
http_engine_new(int max_in_flight, bool allow_private)
{
	struct http_engine	*engine;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return NULL;
	if ((engine = calloc(1, sizeof(*engine))) == NULL ||
	    (engine->multi = curl_multi_init()) == NULL) {
		free(engine);
		curl_global_cleanup();
		return NULL;
	}
	LIST_INIT(&engine->transfers);
	engine->max_in_flight = max_in_flight;
	engine->allow_private = allow_private;
	(void)curl_multi_setopt(engine->multi, CURLMOPT_MAXCONNECTS,
	    (long)max_in_flight);
	return engine;
}

void
http_engine_free(struct http_engine *engine)
{
	struct http_transfer	*t;

	if (engine == NULL)
		return;
	while ((t = LIST_FIRST(&engine->transfers)) != NULL) {
		t->response->verdict = HTTP_ABORTED;
		errbuf_set(&t->response->err, "the run ended first");
		http_transfer_end(t);
	}
	(void)curl_multi_cleanup(engine->multi);
	curl_global_cleanup();
	free(engine);
}
