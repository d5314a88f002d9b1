/* The server side: libmicrohttpd, one thread a connection, so all may wait. */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "control.h"
#include "faults.h"
#include "files.h"
#include "hostile.h"
#include "http.h"
#include "provider.h"

#define BODY_MAX	(8 * 1024 * 1024)
#define FILE_CHUNK	32768

/* A body on its way in. */
struct upload {
	char	*data;
	size_t	 len, size;
	bool	 too_large;
};

struct download {
	struct media_file	 file;
	uint64_t		 from;
};

static struct MHD_Daemon	*mhd;
static char			 base[64];
static int			 port;

static const struct {
	const char	*prefix;
	void		(*answer)(const struct call *, struct reply *);
} origins[] = {
	{ "/files/", files_answer },
	{ "/control/", control_answer },
	{ "/hostile/", hostile_answer },
	{ "/", provider_answer },
};

const char *
call_query(const struct call *c, const char *name)
{
	return MHD_lookup_connection_value(c->connection,
	    MHD_GET_ARGUMENT_KIND, name);
}

const char *
call_header(const struct call *c, const char *name)
{
	return MHD_lookup_connection_value(c->connection, MHD_HEADER_KIND,
	    name);
}

/* The socket itself, for answers that no library would send. */
int
call_socket(const struct call *c)
{
	const union MHD_ConnectionInfo	*info;

	info = MHD_get_connection_info(c->connection,
	    MHD_CONNECTION_INFO_CONNECTION_FD);
	return info == NULL ? -1 : info->connect_fd;
}

/* The body as an object that the caller owns, or NULL. */
json_t *
call_json(const struct call *c)
{
	json_t	*obj = json_loadb(c->body, c->body_len, 0, NULL);

	if (json_is_object(obj))
		return obj;
	json_decref(obj);
	return NULL;
}

/* Takes over obj. */
void
reply_json(struct reply *r, unsigned status, json_t *obj)
{
	free(r->body);
	r->status = status;
	r->type = "application/json";
	r->body = json_dumps(obj, JSON_COMPACT);
	r->body_len = r->body == NULL ? 0 : strlen(r->body);
	json_decref(obj);
}

void
reply_text(struct reply *r, unsigned status, const char *type,
    const char *fmt, ...)
{
	va_list	 ap;

	free(r->body);
	r->body = NULL;
	va_start(ap, fmt);
	if (vasprintf(&r->body, fmt, ap) == -1)
		r->body = NULL;
	va_end(ap);
	r->status = status;
	r->type = type;
	r->body_len = r->body == NULL ? 0 : strlen(r->body);
}

void
reply_header(struct reply *r, const char *name, const char *fmt, ...)
{
	va_list	 ap;

	if (r->headers == HEADERS_MAX)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(r->header[r->headers].value,
	    sizeof(r->header[0].value), fmt, ap);
	va_end(ap);
	r->header[r->headers++].name = name;
}

static ssize_t
download_read(void *arg, uint64_t pos, char *buf, size_t max)
{
	struct download	*d = arg;
	size_t		 n = media_read(&d->file, d->from + pos, buf, max);

	return n == 0 ? MHD_CONTENT_READER_END_OF_STREAM : (ssize_t)n;
}

static struct MHD_Response *
response_make(struct reply *r)
{
	struct download		*d;
	struct MHD_Response	*response;

	if (!r->has_file)
		return MHD_create_response_from_buffer(r->body_len,
		    r->body, MHD_RESPMEM_MUST_COPY);
	if ((d = malloc(sizeof(*d))) == NULL)
		return NULL;
	d->file = r->file;
	d->from = r->from;
	response = MHD_create_response_from_callback(r->len, FILE_CHUNK,
	    download_read, d, free);
	if (response == NULL)
		free(d);
	return response;
}

/* In place of the server's own, when the clock shall be wrong. */
static void
date_add(struct MHD_Response *response)
{
	long	 ahead_s = faults_clock_ahead_s();
	char	 date[64];

	if (ahead_s == 0)
		return;
	clock_utc(clock_unix_us() + ahead_s * 1000000LL,
	    "%a, %d %b %Y %H:%M:%S GMT", date, sizeof(date));
	(void)MHD_add_response_header(response, "Date", date);
}

static enum MHD_Result
reply_send(struct MHD_Connection *connection, struct reply *r)
{
	struct MHD_Response	*response = response_make(r);
	enum MHD_Result		 result;

	if (response == NULL)
		return MHD_NO;
	if (r->type != NULL)
		(void)MHD_add_response_header(response, "Content-Type",
		    r->type);
	for (int i = 0; i < r->headers; i++)
		(void)MHD_add_response_header(response, r->header[i].name,
		    r->header[i].value);
	date_add(response);
	result = MHD_queue_response(connection, r->status, response);
	MHD_destroy_response(response);
	return result;
}

static void
call_dispatch(struct call *c, struct reply *r)
{
	size_t	 i = 0, len;

	for (;; i++) {
		len = strlen(origins[i].prefix);
		if (strncmp(c->whole_path, origins[i].prefix, len) == 0)
			break;
	}
	c->path = c->whole_path + len;
	origins[i].answer(c, r);
}

static void
upload_add(struct upload *u, const char *data, size_t len)
{
	char	*more;

	if (u->too_large || len > BODY_MAX - u->len) {
		u->too_large = true;
		return;
	}
	if (u->len + len + 1 > u->size) {
		if ((more = realloc(u->data, 2 * (u->len + len + 1))) == NULL) {
			u->too_large = true;
			return;
		}
		u->data = more;
		u->size = 2 * (u->len + len + 1);
	}
	memcpy(u->data + u->len, data, len);
	u->len += len;
	u->data[u->len] = '\0';
}

/* Called with the head, then with pieces of the body, then at its end. */
static enum MHD_Result
http_access(void *arg, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *data, size_t *len,
    void **state)
{
	struct upload	*u = *state;
	struct reply	 r = { .status = 500 };
	struct call	 c = { .method = method, .whole_path = url,
			    .connection = connection };
	enum MHD_Result	 result = MHD_NO;

	(void)arg, (void)version;
	if (u == NULL)
		return (*state = calloc(1, sizeof(*u))) == NULL ? MHD_NO :
		    MHD_YES;
	if (*len > 0) {
		upload_add(u, data, *len);
		*len = 0;
		return MHD_YES;
	}
	c.body = u->data == NULL ? "" : u->data;
	c.body_len = u->len;
	if (u->too_large)
		reply_text(&r, 413, "text/plain", "body too large\n");
	else
		call_dispatch(&c, &r);
	if (!r.closed)
		result = reply_send(connection, &r);
	free(r.body);
	return result;
}

static void
http_completed(void *arg, struct MHD_Connection *connection, void **state,
    enum MHD_RequestTerminationCode how)
{
	struct upload	*u = *state;

	(void)arg, (void)connection, (void)how;
	if (u != NULL)
		free(u->data);
	free(u);
	*state = NULL;
}

static int
http_listen(const char *address, long want, struct words *why)
{
	struct sockaddr_in	 sin = { .sin_family = AF_INET,
				    .sin_port = htons((uint16_t)want) };
	socklen_t		 len = sizeof(sin);
	int			 fd, on = 1;

	if (inet_pton(AF_INET, address, &sin.sin_addr) != 1) {
		words_set(why, "\"%s\" is no IPv4 address", address);
		return -1;
	}
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1 ||
	    bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    listen(fd, 1024) == -1 ||
	    getsockname(fd, (struct sockaddr *)&sin, &len) == -1) {
		words_set(why, "could not listen on %s, port %ld: %m",
		    address, want);
		if (fd != -1)
			(void)close(fd);
		return -1;
	}
	port = ntohs(sin.sin_port);
	(void)snprintf(base, sizeof(base), "http://%s:%d", address, port);
	return fd;
}

/*
 * Listens on that IPv4 address; port 0 takes a free one.  Everything that answers
 * has to be ready.  Returns false with the reason in why.
 */
bool
http_open(const char *address, long want, struct words *why)
{
	int	 fd = http_listen(address, want, why);

	if (fd == -1)
		return false;
	mhd = MHD_start_daemon(MHD_USE_THREAD_PER_CONNECTION |
	    MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | MHD_USE_ITC, 0,
	    NULL, NULL, http_access, NULL,
	    MHD_OPTION_LISTEN_SOCKET, fd,
	    MHD_OPTION_CONNECTION_LIMIT, 4096U,
	    MHD_OPTION_CONNECTION_TIMEOUT, 60U,
	    MHD_OPTION_THREAD_STACK_SIZE, (size_t)1024 * 1024,
	    MHD_OPTION_NOTIFY_COMPLETED, http_completed, NULL,
	    MHD_OPTION_END);
	if (mhd != NULL)
		return true;
	words_set(why, "could not start the server");
	(void)close(fd);
	return false;
}

/* Ends every connection; clock_stop() has to come before it. */
void
http_close(void)
{
	if (mhd != NULL)
		MHD_stop_daemon(mhd);
	mhd = NULL;
}

const char *
http_base(void)
{
	return base;
}

int
http_port(void)
{
	return port;
}
