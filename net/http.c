/* The engine of HTTP transfers: how they begin, take turns and end. */
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "net/http_internal.h"

struct http_engine {
	CURLM				*multi;
	LIST_HEAD(, http_transfer)	 transfers;	/* in flight */
	int				 in_flight;	/* so many */
	int				 max_in_flight;
	bool				 allow_private;
	int64_t				 bytes;
	char				 broken2[16][256];	/* hosts with
						   whom HTTP/2 broke */
	size_t				 nbroken2;	/* so many, and more */
};

/* Failures that every further try would meet as well, where the URL led to no
 * request. */
static const CURLcode http_final_codes[] = {
	CURLE_UNSUPPORTED_PROTOCOL,
	CURLE_URL_MALFORMAT,
	CURLE_LOGIN_DENIED,		/* a user name in the URL */
};

/* Failures that no server has a part in. */
static const CURLcode http_machine_codes[] = {
	CURLE_FAILED_INIT,
	CURLE_OUT_OF_MEMORY,
	CURLE_INTERFACE_FAILED,
	CURLE_SSL_CACERT_BADFILE,
	CURLE_SSL_ENGINE_NOTFOUND,
	CURLE_SSL_ENGINE_SETFAILED,
	CURLE_SSL_ENGINE_INITFAILED,
};

/* In place of libcurl's words, where these say too little. */
static const struct {
	CURLcode	 code;
	const char	*words;
} http_better_words[] = {
	{ CURLE_UNSUPPORTED_PROTOCOL, "it leads to another scheme than https" },
	{ CURLE_OPERATION_TIMEDOUT, "too slow: time is up" },
	{ CURLE_PARTIAL_FILE, "the connection broke before the end" },
	{ CURLE_GOT_NOTHING, "the server hung up without an answer" },
	{ CURLE_LOGIN_DENIED, "the link has a user name in it" },
	{ CURLE_PEER_FAILED_VERIFICATION, "its certificate is not valid" },
	{ CURLE_BAD_CONTENT_ENCODING, "what came could not be decoded" },
	{ CURLE_SSL_CACERT_BADFILE, "the list of certificate authorities "
	    "cannot be read" },
};

#define LENGTH(a)	(sizeof(a) / sizeof((a)[0]))

static bool
http_code_is_in(CURLcode code, const CURLcode *codes, size_t n)
{
	while (n-- > 0)
		if (codes[n] == code)
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
http_header(const struct http_response *res, const char *name, char *buf,
    size_t bufsz)
{
	struct curl_header	*h;

	buf[0] = '\0';
	if (res->transfer != NULL && curl_easy_header(res->transfer->easy, name,
	    0, CURLH_HEADER, -1, &h) == CURLHE_OK && strlen(h->value) < bufsz)
		(void)snprintf(buf, bufsz, "%s", h->value);
}

const char *
http_location(const struct http_transfer *t)
{
	struct curl_header	*h;

	return curl_easy_header(t->easy, "Location", 0, CURLH_HEADER, -1,
	    &h) == CURLHE_OK ? h->value : NULL;
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

/* Does this machine lack what is needed to connect?  errno says what. */
static bool
http_machine_is_poor(const struct http_transfer *t)
{
	int	fd;

	errno = t->socket_error;
	if (errno != 0)
		return true;
	/* A look-up that failed for want of descriptors does not say so. */
	if ((fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) == -1)
		return errno == EMFILE || errno == ENFILE || errno == ENOMEM;
	(void)close(fd);
	return false;
}

/* Was there no server to speak to, not even one that refused to? */
static bool
http_is_cut_off(const struct http_transfer *t, CURLcode code)
{
	curl_off_t	connected_us = 0;
	long		os_errno = 0;

	if (t->reached)
		return false;
	(void)curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &os_errno);
	(void)curl_easy_getinfo(t->easy, CURLINFO_CONNECT_TIME_T,
	    &connected_us);
	return code == CURLE_COULDNT_RESOLVE_HOST ||
	    (code == CURLE_COULDNT_CONNECT && os_errno != ECONNREFUSED) ||
	    (code == CURLE_OPERATION_TIMEDOUT && connected_us == 0);
}

static void
http_judge_answer(struct http_transfer *t, const char *host)
{
	struct http_response	*res = t->response;

	if (http_is_piece(t)) {
		res->verdict = HTTP_TROUBLE;
		errbuf_set(&res->err, "%s: a part of the file came, not all of "
		    "it", host);
		return;
	}
	res->verdict = HTTP_ANSWERED;
	errbuf_set(&res->err, "%s: HTTP %ld", host, res->status);
}

/* An address that was refused: that of a name, or one behind a redirect, may be
 * another at the next try. */
static void
http_judge_refusal(struct http_transfer *t, const char *host)
{
	struct http_response	*res = t->response;

	res->verdict = t->rules->link && (t->redirects > 0 ||
	    !http_url_is_address(t->url)) ? HTTP_TROUBLE : HTTP_FORBIDDEN;
	errbuf_set(&res->err, "%s: the address is %s", host, t->refused);
}

static void
http_judge_trouble(struct http_transfer *t, CURLcode code, const char *host)
{
	struct http_response	*res = t->response;
	const char		*words = http_code_words(code);

	res->verdict = HTTP_TROUBLE;
	if (code == CURLE_UNSUPPORTED_PROTOCOL && t->begun)
		words = "what it answered is no HTTP";
	else if (http_code_is_in(code, http_final_codes,
	    LENGTH(http_final_codes)))
		res->verdict = HTTP_FORBIDDEN;
	else if (http_code_is_in(code, http_machine_codes,
	    LENGTH(http_machine_codes)))
		res->fault = HTTP_FAULT_MACHINE;
	else if (http_is_cut_off(t, code)) {
		res->fault = HTTP_FAULT_NETWORK;
		if (http_machine_is_poor(t)) {
			res->fault = HTTP_FAULT_MACHINE;
			words = strerror(errno);
		}
	}
	errbuf_set(&res->err, "%s: %s", host, words);
}

/* What is lost on the way to a file. */
static const struct {
	enum http_verdict	 verdict;
	enum http_fault		 fault;
	const char		*words;
} http_losses[] = {
	[HTTP_LOST_LOOP] = { HTTP_TROUBLE, HTTP_FAULT_SERVER,
	    "more than 10 redirects" },
	[HTTP_LOST_SCHEME] = { HTTP_FORBIDDEN, HTTP_FAULT_SERVER,
	    "it leads to another scheme than https" },
	[HTTP_LOST_URL] = { HTTP_TROUBLE, HTTP_FAULT_SERVER,
	    "it leads to what is no URL" },
	[HTTP_LOST_MEMORY] = { HTTP_TROUBLE, HTTP_FAULT_MACHINE,
	    "out of memory" },
};
_Static_assert(LENGTH(http_losses) == HTTP_LOST__MAX, "a loss has no words");

static void
http_judge_loss(struct http_transfer *t, const char *host)
{
	struct http_response	*res = t->response;

	res->verdict = http_losses[t->lost].verdict;
	res->fault = http_losses[t->lost].fault;
	errbuf_set(&res->err, "%s: %s", host, http_losses[t->lost].words);
}

static void
http_transfer_judge(struct http_transfer *t, CURLcode code)
{
	struct http_response	*res = t->response;
	char			 host[256];

	http_host(t->url, host, sizeof(host));
	http_headers_read(t);
	if (t->lost != HTTP_LOST_NONE) {
		http_judge_loss(t, host);
	} else if (t->stopped) {
		res->verdict = HTTP_STOPPED;
	} else if (code == CURLE_OK || t->skipped) {
		http_judge_answer(t, host);
	} else if (t->too_large || code == CURLE_FILESIZE_EXCEEDED) {
		res->verdict = HTTP_TOO_LARGE;
		errbuf_set(&res->err, "%s: larger than %lld bytes", host,
		    (long long)t->request.max_bytes);
	} else if (t->refused != NULL && t->opened == 0)
		http_judge_refusal(t, host);
	else
		http_judge_trouble(t, code, host);
}

/* NULL is fine. */
static void
http_transfer_free(struct http_transfer *t)
{
	if (t == NULL)
		return;
	curl_easy_cleanup(t->easy);
	curl_slist_free_all(t->headers);
	curl_slist_free_all(t->own_headers);
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

/* Whether this host's HTTP/2 broke, in this run. */
static bool
http_is_broken2(const struct http_engine *engine, const char *host)
{
	size_t	i;

	for (i = 0; i < LENGTH(engine->broken2); i++)
		if (strcmp(engine->broken2[i], host) == 0)
			return true;
	return false;
}

/* Follow from t->url what depends on it. */
static void
http_transfer_aim(struct http_transfer *t)
{
	char	host[sizeof(t->engine->broken2[0])];

	t->tls = strncasecmp(t->url, "https:", 6) == 0;
	http_host(t->url, host, sizeof(host));
	t->http1 = http_is_broken2(t->engine, host);
}

/* What is needed of a request after http_start(). */
static bool
http_transfer_keep(struct http_transfer *t, const struct http_request *req)
{
	t->request = *req;
	t->post = req->post != NULL;
	t->request.url = t->request.method = t->request.bearer = NULL;
	t->request.post = t->request.if_range = NULL;
	t->request.keys = NULL;
	t->request.headers = NULL;
	(void)snprintf(t->if_range, sizeof(t->if_range), "%s",
	    req->from != 0 ? req->if_range : "");
	/* Where a link is none that we fetch, libcurl says why. */
	if (!t->rules->link || http_url_read(NULL, req->url, t->rules, false,
	    &t->url) != HTTP_URL_OK)
		t->url = strdup(req->url);
	if (t->url == NULL)
		return false;
	http_transfer_aim(t);
	return true;
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

static void
http_response_begin(struct http_response *res, struct http_transfer *t)
{
	memset(res, 0, sizeof(*res));
	res->length = -1;
	res->transfer = t;
}

bool
http_start(struct http_engine *engine, const struct http_request *req,
    struct http_response *res)
{
	struct http_transfer	*t;

	http_response_begin(res, NULL);
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

/* --- another request, after which the transfer is not over yet */

/* The same transfer again, as url, http1 and raw now say.  False: it is over. */
static bool
http_transfer_again(struct http_transfer *t)
{
	bool	begun = t->response->begun;

	(void)curl_multi_remove_handle(t->engine->multi, t->easy);
	http_response_begin(t->response, t);
	t->response->begun = begun;
	t->refused = NULL;
	t->opened = t->socket_error = 0;
	t->begun = t->skipped = t->too_large = false;
	t->dropped = 0;
	if (http_setup_again(t) &&
	    curl_multi_add_handle(t->engine->multi, t->easy) == CURLM_OK)
		return true;
	t->lost = HTTP_LOST_MEMORY;
	return false;
}

/* The URL that t->url leads to, in its place.  Whoever was once sent elsewhere
 * goes on without the key: there somebody else chooses where to. */
static bool
http_transfer_go_to(struct http_transfer *t, char *url)
{
	t->is_away = t->is_away || !http_url_is_same_origin(t->url, url);
	free(t->url);
	t->url = url;
	http_transfer_aim(t);
	return http_transfer_again(t);
}

/* True: it goes on.  Else t->lost says why it does not. */
static bool
http_follow(struct http_transfer *t)
{
	char	*url;

	if (++t->redirects > HTTP_MAX_REDIRECTS) {
		t->lost = HTTP_LOST_LOOP;
		return false;
	}
	switch (http_url_read(t->url, http_location(t), t->rules, false,
	    &url)) {
	case HTTP_URL_OK:
		return http_transfer_go_to(t, url);
	case HTTP_URL_SCHEME:
		t->lost = HTTP_LOST_SCHEME;
		break;
	case HTTP_URL_BAD:
		t->lost = HTTP_LOST_URL;
		break;
	}
	return false;
}

/* A link of http that leads to a public address: over TLS, then. */
static bool
http_secure(struct http_transfer *t)
{
	char	*url;

	return http_url_read(NULL, t->url, t->rules, true, &url) ==
	    HTTP_URL_OK && http_transfer_go_to(t, url);
}

/* Did HTTP/2 break, rather than the file or the server? */
static bool
http_broke2(const struct http_transfer *t, CURLcode code)
{
	long	version = 0;

	(void)curl_easy_getinfo(t->easy, CURLINFO_HTTP_VERSION, &version);
	return code == CURLE_HTTP2 || code == CURLE_HTTP2_STREAM ||
	    (version == CURL_HTTP_VERSION_2_0 && (code == CURLE_PARTIAL_FILE ||
	    code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR ||
	    code == CURLE_GOT_NOTHING || code == CURLE_WEIRD_SERVER_REPLY));
}

static void
http_note_broken2(struct http_transfer *t)
{
	struct http_engine	*e = t->engine;

	t->response->http2_broke = true;
	http_host(t->url, e->broken2[e->nbroken2++ % LENGTH(e->broken2)],
	    sizeof(e->broken2[0]));
	t->http1 = true;
}

/* A request that ended may have a better one follow. */
static bool
http_transfer_goes_on(struct http_transfer *t, CURLcode code)
{
	if (t->stopped || t->too_large || t->post || t->request.method != NULL)
		return false;
	if (code == CURLE_OK || t->skipped)
		return http_is_redirect(t) && http_follow(t);
	if (t->rules->link && t->refused != NULL && t->opened == 0 && !t->tls)
		return http_secure(t);
	if (code == CURLE_BAD_CONTENT_ENCODING && !t->raw &&
	    t->response->received == 0)
		return (t->raw = true) && http_transfer_again(t);
	if (t->http1 || !http_broke2(t, code))
		return false;
	http_note_broken2(t);
	return t->response->received == 0 && http_transfer_again(t);
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
		if (http_transfer_goes_on(t, code))
			continue;
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
