/* A request as libcurl's options. */
#include <sys/socket.h>

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "net/http_internal.h"

#if LIBCURL_VERSION_NUM < 0x075500
#error "genhook needs libcurl 7.85 or newer"
#endif

#define CONNECT_TIMEOUT_S	5L
#define SLOWEST_BYTES_PER_S	1000L
#define SLOWEST_FOR_S		30L
#define BUFFER_BYTES		(256L * 1024)

/*
 * Called for each address that a name resolved to, also behind a redirect,
 * so that what is checked is what is connected to.
 */
static curl_socket_t
setup_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *addr)
{
	struct http_transfer	*t = arg;
	const char		*word = t->rules->refusal(&addr->addr, t->tls);
	int			 fd;

	(void)purpose;
	if (word != NULL) {
		t->refused = word;
		return CURL_SOCKET_BAD;
	}
	t->opened++;
	fd = socket(addr->family, addr->socktype | SOCK_CLOEXEC,
	    addr->protocol);
	/* A kernel without IPv6 lacks nothing for the other address. */
	if (fd == -1 && errno != EAFNOSUPPORT)
		t->socket_error = errno;
	return fd == -1 ? CURL_SOCKET_BAD : fd;
}

/* Called between connecting and the first byte of the request. */
static int
setup_begin(void *arg, char *peer, char *local, int peer_port, int local_port)
{
	struct http_transfer	*t = arg;

	(void)peer;
	(void)local;
	(void)peer_port;
	(void)local_port;
	t->begun = t->reached = t->response->begun = true;
	return CURL_PREREQFUNC_OK;
}

/* Where the transfer may go, and how far along redirects. */
static void
setup_policy(CURL *easy, struct http_transfer *t)
{
	const struct http_rules	*rules = t->rules;
	const char		*authorities = getenv("SSL_CERT_FILE");

	(void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, rules->schemes);
	/* http.c follows redirects itself, as it makes https of http.  To repeat
	 * what was answered with 417, without "Expect", counts as one to
	 * libcurl, though no Location is followed. */
	if (authorities != NULL)
		(void)curl_easy_setopt(easy, CURLOPT_CAINFO, authorities);
	(void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl_easy_setopt(easy, CURLOPT_MAXREDIRS, 1L);
	/* A jar in memory, which ends with this transfer. */
	if (rules->link)
		(void)curl_easy_setopt(easy, CURLOPT_COOKIEFILE, "");
	(void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION,
	    setup_open_socket);
	(void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, t);
	(void)curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, setup_begin);
	(void)curl_easy_setopt(easy, CURLOPT_PREREQDATA, t);
	/* A proxy from the environment would carry us past the check. */
	(void)curl_easy_setopt(easy, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	(void)curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
}

/* What every transfer has, whatever it is for. */
static void
setup_common(CURL *easy, struct http_transfer *t)
{
	(void)curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
	(void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
	/* Do not wait for a slow resolver's thread when giving up. */
	(void)curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
	(void)curl_easy_setopt(easy, CURLOPT_USERAGENT, "genhook");
	(void)curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, BUFFER_BYTES);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, http_take_body);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
}

static void
setup_limits(CURL *easy, const struct http_request *req)
{
	(void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT,
	    CONNECT_TIMEOUT_S);
	(void)curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long)req->timeout_s);
	(void)curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT,
	    req->patient ? 0L : SLOWEST_BYTES_PER_S);
	(void)curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, SLOWEST_FOR_S);
	/* Only sees an announced length: http_take_body() counts as well. */
	(void)curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE,
	    (curl_off_t)req->max_bytes);
}

static bool
setup_bearer(CURL *easy, const char *bearer)
{
	if (bearer == NULL)
		return true;
	(void)curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
	return curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, bearer) ==
	    CURLE_OK;
}

static bool
setup_keys(CURL *easy, const struct http_keys *keys)
{
	char	provider[128];

	if (keys == NULL)
		return true;
	(void)snprintf(provider, sizeof(provider), "aws:amz:%s:s3",
	    keys->region);
	return curl_easy_setopt(easy, CURLOPT_AWS_SIGV4, provider) ==
	    CURLE_OK &&
	    curl_easy_setopt(easy, CURLOPT_USERNAME, keys->access) ==
	    CURLE_OK &&
	    curl_easy_setopt(easy, CURLOPT_PASSWORD, keys->secret) == CURLE_OK;
}

static bool
setup_add_header(struct curl_slist **headers, const char *line)
{
	struct curl_slist	*longer;

	if ((longer = curl_slist_append(*headers, line)) == NULL)
		return false;
	*headers = longer;
	return true;
}

/* Only the rest, if what is there already is of the same file. */
static bool
setup_range(CURL *easy, struct http_transfer *t,
    const struct http_request *req)
{
	char	range[40], line[192];

	if (req->from == 0)
		return true;
	(void)snprintf(range, sizeof(range), "%lld-", (long long)req->from);
	(void)snprintf(line, sizeof(line), "If-Range: %s", req->if_range);
	return setup_add_header(&t->headers, line) &&
	    setup_add_header(&t->own_headers, line) &&
	    curl_easy_setopt(easy, CURLOPT_RANGE, range) == CURLE_OK;
}

/* Which header lines are sent, and whether the key is: all of them to the url's
 * own origin, and elsewhere only what does not come from the caller. */
static bool
setup_origin(struct http_transfer *t)
{
	if (t->is_away && curl_easy_setopt(t->easy, CURLOPT_XOAUTH2_BEARER,
	    NULL) != CURLE_OK)
		return false;
	return curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->is_away ?
	    t->headers : t->own_headers) == CURLE_OK;
}

static bool
setup_headers(struct http_transfer *t, const struct http_request *req)
{
	size_t	i;
	bool	typed = false;

	for (i = 0; req->headers != NULL && req->headers[i] != NULL; i++)
		typed |= strncasecmp(req->headers[i], "Content-Type:", 13) == 0;
	/* libcurl would name a form, and wait for a 100 before a large body. */
	if (req->post != NULL && ((!typed && !setup_add_header(
	    &t->own_headers, "Content-Type: application/json")) ||
	    !setup_add_header(&t->own_headers, "Expect:")))
		return false;
	for (i = 0; req->headers != NULL && req->headers[i] != NULL; i++)
		if (!setup_add_header(&t->own_headers, req->headers[i]))
			return false;
	return true;
}

/*
 * A POST may cost money, so it is sent at most once: libcurl repeats by itself
 * what was lost on a connection that it had used before, and what an HTTP/2
 * server refused.  The server may also think for long without a byte.
 */
static bool
setup_post(CURL *easy, const char *post)
{
	if (post == NULL)
		return true;
	(void)curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, 0L);
	(void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
	    (curl_off_t)strlen(post));
	return curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, post) ==
	    CURLE_OK;
}

static size_t
setup_send(char *buf, size_t size, size_t n, void *arg)
{
	struct http_transfer		*t = arg;
	const struct http_request	*req = &t->request;
	size_t				 len = size * n, got;

	if ((int64_t)len > req->body_bytes - t->sent)
		len = (size_t)(req->body_bytes - t->sent);
	if (len == 0)
		return 0;
	if ((got = req->on_send(req->arg, buf, len, t->sent)) == 0)
		return CURL_READFUNC_ABORT;
	t->sent += (int64_t)got;
	return got;
}

/* A connection that was kept too long: the body is sent once more. */
static int
setup_rewind(void *arg, curl_off_t at, int origin)
{
	struct http_transfer	*t = arg;

	if (origin != SEEK_SET)
		return CURL_SEEKFUNC_CANTSEEK;
	t->sent = at;
	return CURL_SEEKFUNC_OK;
}

/*
 * A body of on_send goes as libcurl's POST, whatever its method is called: a
 * small one, up to 1 MiB, then goes without "Expect: 100-continue", which costs
 * a round trip, or a second where the server does not know it.  A larger one
 * goes with it, so that a server that refuses need not get the body first.  A
 * line "Expect:" among the headers would not do: AWS_SIGV4 signs it, and it is
 * not sent.
 */
static bool
setup_method(CURL *easy, struct http_transfer *t,
    const struct http_request *req)
{
	if (req->on_send != NULL) {
		(void)curl_easy_setopt(easy, CURLOPT_POST, 1L);
		(void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)req->body_bytes);
		(void)curl_easy_setopt(easy, CURLOPT_READFUNCTION, setup_send);
		(void)curl_easy_setopt(easy, CURLOPT_READDATA, t);
		(void)curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION,
		    setup_rewind);
		(void)curl_easy_setopt(easy, CURLOPT_SEEKDATA, t);
	} else if (req->method != NULL && strcmp(req->method, "POST") == 0)
		(void)curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, "");
	else if (req->method != NULL && strcmp(req->method, "HEAD") == 0)
		(void)curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	return req->method == NULL || curl_easy_setopt(easy,
	    CURLOPT_CUSTOMREQUEST, req->method) == CURLE_OK;
}

bool
http_setup_again(struct http_transfer *t)
{
	bool	http1 = t->http1 || t->post;
	bool	as_stored = t->raw || t->request.policy == HTTP_OPERATOR_HOST;

	/* Not every server hears that identity is wished: what comes in a
	 * coding all the same is decoded.  A store is asked as it signs. */
	return setup_origin(t) &&
	    curl_easy_setopt(t->easy, CURLOPT_URL, t->url) == CURLE_OK &&
	    curl_easy_setopt(t->easy, CURLOPT_HTTP_VERSION, http1 ?
	    (long)CURL_HTTP_VERSION_1_1 : (long)CURL_HTTP_VERSION_2TLS) ==
	    CURLE_OK && curl_easy_setopt(t->easy, CURLOPT_ACCEPT_ENCODING,
	    t->request.policy == HTTP_OPERATOR_HOST ? NULL : "identity") ==
	    CURLE_OK && curl_easy_setopt(t->easy,
	    CURLOPT_HTTP_CONTENT_DECODING, (long)!as_stored) == CURLE_OK;
}

bool
http_setup(struct http_transfer *t, const struct http_request *req)
{
	CURL	*easy = t->easy;

	setup_common(easy, t);
	setup_policy(easy, t);
	setup_limits(easy, req);
	return setup_bearer(easy, req->bearer) &&
	    setup_keys(easy, req->keys) && setup_range(easy, t, req) &&
	    setup_headers(t, req) && setup_post(easy, req->post) &&
	    setup_method(easy, t, req) && http_setup_again(t);
}
