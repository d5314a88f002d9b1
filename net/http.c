#include <sys/socket.h>

#include <curl/curl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "net/address.h"
#include "net/http.h"

#define CONNECT_TIMEOUT_S	5L
#define MAX_REDIRECTS		3L
#define SLOWEST_BYTES_PER_S	1000L
#define SLOWEST_FOR_S		30L
#define BUFFER_BYTES		(256L * 1024)
#define YOUNG_S			60	/* RFC 7232, section 2.2.2 */

struct http_engine {
	CURLM			*multi;
	LIST_HEAD(, http_request) requests;	/* in flight */
	int			 in_flight;	/* so many */
	int			 max_in_flight;
	bool			 allow_private;
	int64_t			 bytes;
};

/* Failures that every further try would meet as well. */
static const CURLcode final_codes[] = {
	CURLE_UNSUPPORTED_PROTOCOL,
	CURLE_URL_MALFORMAT,
	CURLE_TOO_MANY_REDIRECTS,
	CURLE_LOGIN_DENIED,		/* a user name in the URL */
};

static const long passing_status[] = {
	408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524
};

#define LENGTH(a)	(sizeof(a) / sizeof((a)[0]))

static bool
code_is_final(CURLcode code)
{
	size_t	i;

	for (i = 0; i < LENGTH(final_codes); i++)
		if (final_codes[i] == code)
			return true;
	return false;
}

bool
http_status_may_pass(long status)
{
	size_t	i;

	for (i = 0; i < LENGTH(passing_status); i++)
		if (passing_status[i] == status)
			return true;
	return false;
}

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

/* Why an address is none to connect to, or NULL. */
static const char *
refusal(const struct http_request *req, const struct sockaddr *addr)
{
	if (req->keys == NULL)
		return req->engine->allow_private ? NULL :
		    address_refusal(addr);
	return address_is_public(addr) &&
	    strncasecmp(req->url, "https:", 6) != 0 ?
	    "public: there it has to be https" : NULL;
}

/*
 * Called for each address that a name resolved to, also behind a redirect,
 * so that what is checked is what is connected to.
 */
static curl_socket_t
open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *addr)
{
	struct http_request	*req = arg;
	const char		*word = refusal(req, &addr->addr);

	(void)purpose;
	if (word != NULL) {
		req->refused = word;
		return CURL_SOCKET_BAD;
	}
	req->opened++;
	return socket(addr->family, addr->socktype | SOCK_CLOEXEC,
	    addr->protocol);
}

/* Called between connecting and the first byte of the request. */
static int
begin_request(void *arg, char *peer, char *local, int peer_port,
    int local_port)
{
	struct http_request	*req = arg;

	(void)peer;
	(void)local;
	(void)peer_port;
	(void)local_port;
	req->begun = true;
	return CURL_PREREQFUNC_OK;
}

static void
copy_header(CURL *easy, const char *name, char *buf, size_t bufsz)
{
	struct curl_header	*h;

	buf[0] = '\0';
	if (curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &h) == CURLHE_OK &&
	    strlen(h->value) < bufsz)
		(void)snprintf(buf, bufsz, "%s", h->value);
}

int64_t
http_server_time(const struct http_request *req)
{
	char	date[128];
	time_t	at;

	copy_header(req->easy, "Date", date, sizeof(date));
	at = curl_getdate(date, NULL);
	return at > 0 ? at : 0;
}

void
http_header(const struct http_request *req, const char *name, char *buf,
    size_t bufsz)
{
	copy_header(req->easy, name, buf, bufsz);
}

/* A new hop begins: what its addresses are is counted anew. */
static size_t
take_header(char *data, size_t size, size_t n, void *arg)
{
	struct http_request	*req = arg;

	if (size * n >= 5 && memcmp(data, "HTTP/", 5) == 0) {
		req->refused = NULL;
		req->opened = 0;
	}
	return size * n;
}

/*
 * What proves, byte for byte, that it is still the same file (RFC 9110
 * section 8.8): an ETag that is not weak, else a Last-Modified that was no
 * longer young when it was sent.
 */
static void
read_validator(struct http_request *req)
{
	char	date[128];
	time_t	sent, modified;

	copy_header(req->easy, "ETag", req->validator,
	    sizeof(req->validator));
	if (req->validator[0] == '"')
		return;
	copy_header(req->easy, "Date", date, sizeof(date));
	sent = curl_getdate(date, NULL);
	copy_header(req->easy, "Last-Modified", req->validator,
	    sizeof(req->validator));
	modified = curl_getdate(req->validator, NULL);
	if (sent == -1 || modified == -1 || sent - modified < YOUNG_S)
		req->validator[0] = '\0';
}

/* Is it the rest of the file, from the very byte that was asked for? */
static bool
is_the_rest(struct http_request *req)
{
	char	range[128], start[40];

	(void)snprintf(start, sizeof(start), "bytes %lld-",
	    (long long)req->from);
	copy_header(req->easy, "Content-Range", range, sizeof(range));
	return req->from > 0 && req->status == 206 &&
	    strncasecmp(range, start, strlen(start)) == 0 &&
	    (req->validator[0] == '\0' ||
	    strcmp(req->validator, req->if_range) == 0);
}

static void
read_digest_header(struct http_request *req)
{
	char	value[256];
	size_t	i;

	memset(&req->digest_header, 0, sizeof(req->digest_header));
	for (i = 0; digest_header_names[i] != NULL; i++) {
		copy_header(req->easy, digest_header_names[i], value,
		    sizeof(value));
		digest_header_read(&req->digest_header, digest_header_names[i], value,
		    req->resumed);
	}
}

/* All that the headers say, once they are complete. */
static void
read_facts(struct http_request *req)
{
	char		encoding[32];
	curl_off_t	length = -1, wait = 0;
	long		version = 0;

	(void)curl_easy_getinfo(req->easy, CURLINFO_RESPONSE_CODE,
	    &req->status);
	(void)curl_easy_getinfo(req->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T,
	    &length);
	(void)curl_easy_getinfo(req->easy, CURLINFO_HTTP_VERSION, &version);
	(void)curl_easy_getinfo(req->easy, CURLINFO_RETRY_AFTER, &wait);
	copy_header(req->easy, "Content-Type", req->content_type,
	    sizeof(req->content_type));
	copy_header(req->easy, "ETag", req->etag, sizeof(req->etag));
	copy_header(req->easy, "Transfer-Encoding", encoding,
	    sizeof(encoding));
	read_validator(req);
	req->resumed = is_the_rest(req);
	read_digest_header(req);
	req->length = length;
	req->retry_after_s = wait;
	req->framed = length >= 0 || encoding[0] != '\0' ||
	    version >= CURL_HTTP_VERSION_2_0;
}

static size_t
take_body(char *data, size_t size, size_t n, void *arg)
{
	struct http_request	*req = arg;
	size_t			 len = size * n;

	if (req->received == 0)
		read_facts(req);
	if (req->download && req->status != 200 && !req->resumed) {
		req->skipped = true;
		return 0;
	}
	req->received += (int64_t)len;
	req->engine->bytes += (int64_t)len;
	if ((req->resumed ? req->from : 0) + req->received > req->max_bytes) {
		req->too_large = true;
		return 0;
	}
	if (!req->on_body(req, data, len)) {
		req->stopped = true;
		return 0;
	}
	return len;
}

/* In place of libcurl's words, where these say too little. */
static const struct {
	CURLcode	 code;
	const char	*words;
} better_words[] = {
	{ CURLE_UNSUPPORTED_PROTOCOL, "it leads to another scheme than https" },
	{ CURLE_TOO_MANY_REDIRECTS, "more than 3 redirects" },
	{ CURLE_OPERATION_TIMEDOUT, "too slow: time is up" },
	{ CURLE_PARTIAL_FILE, "the connection broke before the end" },
	{ CURLE_GOT_NOTHING, "the server hung up without an answer" },
	{ CURLE_LOGIN_DENIED, "the link has a user name in it" },
};

static const char *
words_of(CURLcode code)
{
	size_t	i;

	for (i = 0; i < LENGTH(better_words); i++)
		if (better_words[i].code == code)
			return better_words[i].words;
	return curl_easy_strerror(code);
}

static void
judge(struct http_request *req, CURLcode code)
{
	char	*url = NULL, host[256];

	(void)curl_easy_getinfo(req->easy, CURLINFO_EFFECTIVE_URL, &url);
	http_host(url != NULL ? url : "", host, sizeof(host));
	/* A redirect to what has no host: then whose redirect it was. */
	if (strcmp(host, "?") == 0 && req->url != NULL)
		http_host(req->url, host, sizeof(host));
	read_facts(req);
	if (req->stopped) {
		req->verdict = HTTP_STOPPED;
	} else if (code == CURLE_OK || req->skipped) {
		req->verdict = HTTP_ANSWERED;
		errbuf_set(&req->err, "%s: HTTP %ld", host, req->status);
	} else if (req->too_large || code == CURLE_FILESIZE_EXCEEDED) {
		req->verdict = HTTP_TOO_LARGE;
		errbuf_set(&req->err, "%s: larger than %lld bytes", host,
		    (long long)req->max_bytes);
	} else if (req->refused != NULL && req->opened == 0) {
		req->verdict = HTTP_FORBIDDEN;
		errbuf_set(&req->err, "%s: the address is %s", host,
		    req->refused);
	} else {
		req->verdict = code_is_final(code) ? HTTP_FORBIDDEN :
		    HTTP_TROUBLE;
		errbuf_set(&req->err, "%s: %s", host, words_of(code));
	}
}

/* Take req out of the engine and tell its owner, who may start it anew. */
static void
finish(struct http_request *req)
{
	struct http_engine	*engine = req->engine;
	CURL			*easy = req->easy;
	struct curl_slist	*headers = req->headers;

	(void)curl_multi_remove_handle(engine->multi, easy);
	LIST_REMOVE(req, next);
	engine->in_flight--;
	req->on_done(req);
	curl_easy_cleanup(easy);
	curl_slist_free_all(headers);
}

static void
reap(struct http_engine *engine)
{
	struct http_request	*req;
	CURLMsg			*msg;
	CURLcode		 code;
	int			 left;

	while ((msg = curl_multi_info_read(engine->multi, &left)) != NULL) {
		if (msg->msg != CURLMSG_DONE)
			continue;
		code = msg->data.result;
		(void)curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE,
		    &req);
		judge(req, code);
		finish(req);
	}
}

/* What every transfer has, whatever it is for. */
static void
set_common(CURL *easy, struct http_request *req)
{
	const char	*schemes = req->engine->allow_private ||
			    req->keys != NULL ? "http,https" : "https";

	(void)curl_easy_setopt(easy, CURLOPT_URL, req->url);
	(void)curl_easy_setopt(easy, CURLOPT_PRIVATE, req);
	(void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, schemes);
	(void)curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, schemes);
	(void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	(void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, req);
	(void)curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, begin_request);
	(void)curl_easy_setopt(easy, CURLOPT_PREREQDATA, req);
	/* A proxy from the environment would carry us past open_socket(). */
	(void)curl_easy_setopt(easy, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	(void)curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* Do not wait for a slow resolver's thread when giving up. */
	(void)curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_USERAGENT, "genhook");
	(void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
	    (long)CURL_HTTP_VERSION_2TLS);
}

static void
set_limits(CURL *easy, struct http_request *req)
{
	(void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT,
	    CONNECT_TIMEOUT_S);
	(void)curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long)req->timeout_s);
	(void)curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT,
	    req->patient ? 0L : SLOWEST_BYTES_PER_S);
	(void)curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, SLOWEST_FOR_S);
	/* Only sees an announced length: take_body() counts as well. */
	(void)curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE,
	    (curl_off_t)req->max_bytes);
	(void)curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, BUFFER_BYTES);
	(void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	(void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, req);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, req);
}

static CURLcode
set_keys(CURL *easy, const struct http_keys *keys)
{
	char		provider[128];
	CURLcode	code;

	(void)snprintf(provider, sizeof(provider), "aws:amz:%s:s3",
	    keys->region);
	code = curl_easy_setopt(easy, CURLOPT_AWS_SIGV4, provider);
	if (code == CURLE_OK)
		code = curl_easy_setopt(easy, CURLOPT_USERNAME, keys->access);
	return code == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_PASSWORD,
	    keys->secret) : code;
}

/* A key goes to the host it is for and is never sent along a redirect. */
static bool
set_purpose(CURL *easy, const struct http_request *req)
{
	CURLcode	code = CURLE_OK;

	if (req->download) {
		(void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
		(void)curl_easy_setopt(easy, CURLOPT_MAXREDIRS, MAX_REDIRECTS);
	} else
		(void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	if (req->bearer != NULL) {
		(void)curl_easy_setopt(easy, CURLOPT_HTTPAUTH,
		    (long)CURLAUTH_BEARER);
		code = curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER,
		    req->bearer);
	}
	if (req->keys != NULL && code == CURLE_OK)
		code = set_keys(easy, req->keys);
	return code == CURLE_OK;
}

static size_t
give_body(char *buf, size_t size, size_t n, void *arg)
{
	struct http_request	*req = arg;
	size_t			 len = size * n, got;

	if ((int64_t)len > req->body_bytes - req->sent)
		len = (size_t)(req->body_bytes - req->sent);
	if (len == 0)
		return 0;
	if ((got = req->on_send(req, buf, len, req->sent)) == 0)
		return CURL_READFUNC_ABORT;
	req->sent += (int64_t)got;
	return got;
}

/* A connection that was kept too long: the body is sent once more. */
static int
rewind_body(void *arg, curl_off_t at, int origin)
{
	struct http_request	*req = arg;

	if (origin != SEEK_SET)
		return CURL_SEEKFUNC_CANTSEEK;
	req->sent = at;
	return CURL_SEEKFUNC_OK;
}

static bool
set_method(CURL *easy, struct http_request *req)
{
	if (req->on_send != NULL) {
		(void)curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
		(void)curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE,
		    (curl_off_t)req->body_bytes);
		(void)curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_body);
		(void)curl_easy_setopt(easy, CURLOPT_READDATA, req);
		(void)curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION,
		    rewind_body);
		(void)curl_easy_setopt(easy, CURLOPT_SEEKDATA, req);
	} else if (req->method != NULL && strcmp(req->method, "POST") == 0)
		(void)curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, "");
	return req->method == NULL || curl_easy_setopt(easy,
	    CURLOPT_CUSTOMREQUEST, req->method) == CURLE_OK;
}

static bool
add_header(struct http_request *req, const char *line)
{
	struct curl_slist	*longer;

	if ((longer = curl_slist_append(req->headers, line)) == NULL)
		return false;
	req->headers = longer;
	return true;
}

/*
 * Only the rest, if what is there already is of the same file; and what the
 * caller has to say.
 */
static bool
set_headers(CURL *easy, struct http_request *req)
{
	char	range[40], line[192];
	size_t	i;

	if (req->from != 0) {
		(void)snprintf(range, sizeof(range), "%lld-",
		    (long long)req->from);
		(void)snprintf(line, sizeof(line), "If-Range: %s",
		    req->if_range);
		if (!add_header(req, line) || curl_easy_setopt(easy,
		    CURLOPT_RANGE, range) != CURLE_OK)
			return false;
	}
	/* libcurl would name a form, and wait for a 100 before a large body. */
	if (req->post != NULL && (!add_header(req,
	    "Content-Type: application/json") || !add_header(req, "Expect:")))
		return false;
	if (req->header != NULL && !add_header(req, req->header))
		return false;
	for (i = 0; req->lines != NULL && req->lines[i] != NULL; i++)
		if (!add_header(req, req->lines[i]))
			return false;
	return req->headers == NULL || curl_easy_setopt(easy,
	    CURLOPT_HTTPHEADER, req->headers) == CURLE_OK;
}

/*
 * A POST may cost money, so it is sent at most once: libcurl repeats by itself
 * what was lost on a connection that it had used before, and what an HTTP/2
 * server refused.  The server may also think for long without a byte.
 */
static bool
set_post(CURL *easy, const struct http_request *req)
{
	if (req->post == NULL)
		return true;
	(void)curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
	    (long)CURL_HTTP_VERSION_1_1);
	(void)curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, 0L);
	(void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
	    (curl_off_t)strlen(req->post));
	return curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, req->post) ==
	    CURLE_OK;
}

bool
http_start(struct http_engine *engine, struct http_request *req)
{
	CURL	*easy;

	req->engine = engine;
	req->status = 0;
	req->length = -1;
	req->received = req->sent = 0;
	req->refused = NULL;
	req->opened = 0;
	req->too_large = req->stopped = req->skipped = false;
	req->resumed = req->begun = false;
	req->validator[0] = '\0';
	req->headers = NULL;
	if ((easy = curl_easy_init()) == NULL)
		return false;
	set_common(easy, req);
	set_limits(easy, req);
	if (!set_purpose(easy, req) || !set_headers(easy, req) ||
	    !set_post(easy, req) || !set_method(easy, req) ||
	    curl_multi_add_handle(engine->multi, easy) != CURLM_OK) {
		curl_easy_cleanup(easy);
		curl_slist_free_all(req->headers);
		return false;
	}
	req->easy = easy;
	LIST_INSERT_HEAD(&engine->requests, req, next);
	engine->in_flight++;
	return true;
}

void
http_turn(struct http_engine *engine, int timeout_ms)
{
	int	running;

	(void)curl_multi_poll(engine->multi, NULL, 0, timeout_ms, NULL);
	(void)curl_multi_perform(engine->multi, &running);
	reap(engine);
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

int64_t
http_bytes(const struct http_engine *engine)
{
	return engine->bytes;
}

double
http_parts(const struct http_engine *engine)
{
	const struct http_request	*req;
	double				 sum = 0;

	LIST_FOREACH(req, &engine->requests, next)
		if (req->received > 0 && req->length > 0)
			sum += (double)req->received / (double)req->length;
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
	LIST_INIT(&engine->requests);
	engine->max_in_flight = max_in_flight;
	engine->allow_private = allow_private;
	(void)curl_multi_setopt(engine->multi, CURLMOPT_MAXCONNECTS,
	    (long)max_in_flight);
	return engine;
}

void
http_engine_free(struct http_engine *engine)
{
	struct http_request	*req;

	if (engine == NULL)
		return;
	while ((req = LIST_FIRST(&engine->requests)) != NULL) {
		req->verdict = HTTP_ABORTED;
		errbuf_set(&req->err, "the run ended first");
		finish(req);
	}
	(void)curl_multi_cleanup(engine->multi);
	curl_global_cleanup();
	free(engine);
}
