/*
 * The origin of the outputs: links that are signed or plain, and that really
 * end.  The forms are those of S3's and Tencent COS's pre-signed URLs; the
 * signatures are our own, as only this origin has to know them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "files.h"
#include "ledger.h"
#include "provider.h"

#define AWS_DATE	"%Y%m%dT%H%M%SZ"
#define HTTP_DATE	"%a, %d %b %Y %H:%M:%S GMT"
#define COS_DIGITS	40

static char	 secret[33];

/* Makes the key of all links; the dice have to be ready. */
void
files_open(void)
{
	provider_id_hex(secret, sizeof(secret));
}

static enum link_style
style_of(const struct task *t)
{
	return t->provider->style == NULL ? LINK_PLAIN : t->provider->style(t);
}

static void
signature_make(const char *path, const char *from, const char *until,
    char *hex)
{
	char	 text[LINK_MAX];

	(void)snprintf(text, sizeof(text), "%s\n%s\n%s", path, from, until);
	hash_hmac(secret, text, "", 0, hex);
}

static void
link_aws(const char *path, int64_t now_us, long seconds, char *query,
    size_t size)
{
	char	 date[32], life[24], hex[HASH_HEX];

	clock_utc(now_us, AWS_DATE, date, sizeof(date));
	(void)snprintf(life, sizeof(life), "%ld", seconds);
	signature_make(path, date, life, hex);
	(void)snprintf(query, size, "?X-Amz-Algorithm=AWS4-HMAC-SHA256"
	    "&X-Amz-Credential=SIMULATOR%%2F%.8s%%2Fap-southeast-1%%2Fs3"
	    "%%2Faws4_request&X-Amz-Date=%s&X-Amz-Expires=%s"
	    "&X-Amz-SignedHeaders=host&x-id=GetObject&X-Amz-Signature=%s",
	    date, date, life, hex);
}

static void
link_tencent(const char *path, int64_t now_us, long seconds, char *query,
    size_t size)
{
	char	 time[48], hex[HASH_HEX];

	(void)snprintf(time, sizeof(time), "%" PRId64 ";%" PRId64,
	    now_us / 1000000, now_us / 1000000 + seconds);
	signature_make(path, time, "", hex);
	hex[COS_DIGITS] = '\0';
	(void)snprintf(query, size, "?q-sign-algorithm=sha1&q-ak=SIMULATOR"
	    "&q-sign-time=%s&q-key-time=%s&q-header-list=host"
	    "&q-url-param-list=&q-signature=%s", time, time, hex);
}

/* Writes a link to the output, signed at this moment where it is signed. */
void
files_link(const struct task *t, int position, char *buf, size_t size)
{
	char	 path[128], query[480] = "";
	long	 seconds = provider_link_seconds(t->provider);

	if (t->plan.url[0] != '\0') {
		(void)snprintf(buf, size, "%s", t->plan.url);
		return;
	}
	(void)snprintf(path, sizeof(path), "/files/%s/%d.%s", t->id, position,
	    media_extension(t->kind));
	if (style_of(t) == LINK_AWS)
		link_aws(path, clock_unix_us(), seconds, query, sizeof(query));
	else if (style_of(t) == LINK_TENCENT)
		link_tencent(path, clock_unix_us(), seconds, query,
		    sizeof(query));
	(void)snprintf(buf, size, "%s%s%s", http_base(), path, query);
}

static void
refuse_s3(struct reply *r, const char *code, const char *message)
{
	reply_text(r, 403, "application/xml",
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>%s</Code>"
	    "<Message>%s</Message><RequestId>SIMULATOR</RequestId></Error>",
	    code, message);
}

static bool
signature_good(const struct call *c, struct reply *r, const char *from,
    const char *until, const char *got, size_t digits)
{
	char	 hex[HASH_HEX];

	if (from == NULL || until == NULL || got == NULL) {
		refuse_s3(r, "AccessDenied", "Access Denied");
		return false;
	}
	signature_make(c->whole_path, from, until, hex);
	hex[digits] = '\0';
	/* Such links are signed for GET: any other method does not fit. */
	if (strcmp(hex, got) == 0 && strcmp(c->method, "GET") == 0)
		return true;
	refuse_s3(r, "SignatureDoesNotMatch", "The request signature we "
	    "calculated does not match the signature you provided.");
	return false;
}

static bool
alive_aws(const struct call *c, struct reply *r)
{
	const char	*date = call_query(c, "X-Amz-Date");
	const char	*life = call_query(c, "X-Amz-Expires");
	struct tm	 tm = { 0 };

	if (!signature_good(c, r, date, life,
	    call_query(c, "X-Amz-Signature"), HASH_HEX - 1))
		return false;
	if (strptime(date, AWS_DATE, &tm) != NULL &&
	    clock_unix_us() / 1000000 < timegm(&tm) + strtol(life, NULL, 10))
		return true;
	refuse_s3(r, "AccessDenied", "Request has expired");
	return false;
}

static bool
alive_tencent(const struct call *c, struct reply *r)
{
	const char	*time = call_query(c, "q-sign-time"), *end;

	if (!signature_good(c, r, time, "", call_query(c, "q-signature"),
	    COS_DIGITS))
		return false;
	if ((end = strchr(time, ';')) != NULL &&
	    clock_unix_us() / 1000000 < strtoll(end + 1, NULL, 10))
		return true;
	refuse_s3(r, "AccessDenied", "Request has expired");
	return false;
}

static bool
alive_plain(const struct task *t, struct reply *r)
{
	int64_t	 end_us = t->finished_us +
		    (int64_t)t->link_seconds * 1000000;

	if (clock_unix_us() < end_us)
		return true;
	reply_text(r, t->provider->link_gone, "text/plain",
	    "this file has expired\n");
	return false;
}

/* With the lock held: the task and position that a path names, or NULL. */
static const struct task *
file_find(const char *path, int *position)
{
	char		 id[sizeof(((struct task *)0)->id)];
	size_t		 len = strcspn(path, "/");
	const struct task *t;
	char		*end;
	long		 n;

	if (len >= sizeof(id) || path[len] != '/')
		return NULL;
	memcpy(id, path, len);
	id[len] = '\0';
	if ((t = tasks_find_any(id)) == NULL || t->state != S_SUCCEEDED ||
	    t->kind == MEDIA_TEXT)
		return NULL;
	n = strtol(path + len + 1, &end, 10);
	if (end == path + len + 1 || *end != '.' || n < 0 || n >= t->outputs ||
	    strcmp(end + 1, media_extension(t->kind)) != 0)
		return NULL;
	*position = (int)n;
	return t;
}

/*
 * Reads "bytes=a-b", "bytes=a-" or "bytes=-n" (RFC 9110, 14.1.2); several
 * ranges at once are not served, as if none had been asked for.  Returns 200
 * for everything, 206, or 416.
 */
static unsigned
range_parse(const char *text, uint64_t size, uint64_t *from, uint64_t *len)
{
	uint64_t	 a, b = size - 1;
	char		*end;

	*from = 0;
	*len = size;
	if (text == NULL || !path_below(text, "bytes=", &text) ||
	    strchr(text, ',') != NULL)
		return 200;
	if (*text == '-') {
		a = strtoull(text + 1, &end, 10);
		if (end == text + 1 || *end != '\0')
			return 200;
		if (a == 0)
			return 416;
		a = a < size ? size - a : 0;
	} else {
		a = strtoull(text, &end, 10);
		if (end == text || *end != '-')
			return 200;
		if (end[1] != '\0')
			b = strtoull(end + 1, NULL, 10);
		b = b < size ? b : size - 1;
		if (a >= size)
			return 416;
		if (b < a)
			return 200;
	}
	*from = a;
	*len = b - a + 1;
	return 206;
}

static void
file_reply(const struct call *c, struct reply *r, const struct task *t,
    int position)
{
	const char	*range = call_header(c, "Range");
	const char	*if_range = call_header(c, "If-Range");
	uint64_t	 size = t->output[position].bytes;
	char		 etag[40], date[40];

	(void)snprintf(etag, sizeof(etag), "\"%.32s\"",
	    t->output[position].sha256);
	clock_utc(t->finished_us, HTTP_DATE, date, sizeof(date));
	if (if_range != NULL && strcmp(if_range, etag) != 0 &&
	    strcmp(if_range, date) != 0)
		range = NULL;
	r->status = range_parse(range, size, &r->from, &r->len);
	reply_header(r, "Accept-Ranges", "bytes");
	reply_header(r, "ETag", "%s", etag);
	reply_header(r, "Last-Modified", "%s", date);
	if (r->status == 416) {
		reply_header(r, "Content-Range", "bytes */%" PRIu64, size);
		return;
	}
	if (r->status == 206)
		reply_header(r, "Content-Range",
		    "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, r->from,
		    r->from + r->len - 1, size);
	r->type = media_type(t->kind);
	r->has_file = true;
	task_file(t, position, &r->file);
}

static bool
file_alive(const struct call *c, struct reply *r, const struct task *t)
{
	enum link_style	 style = style_of(t);

	if (style == LINK_AWS)
		return alive_aws(c, r);
	if (style == LINK_TENCENT)
		return alive_tencent(c, r);
	return alive_plain(t, r);
}

static void
ledger_served(const struct task *t, int position, const struct reply *r)
{
	ledger_write("served", t->provider->name, t->id,
	    json_pack("{s:i, s:i, s:I, s:I}", "position", position, "http",
	    (int)r->status, "from", (json_int_t)r->from, "bytes",
	    (json_int_t)r->len));
}

/* Answers for a task's output at an address of the provider's own. */
void
files_serve(const struct call *c, struct reply *r, const struct provider *p,
    const char *id, long position)
{
	const struct task	*t;

	tasks_lock();
	t = tasks_find(p, id);
	if (t != NULL && (t->state != S_SUCCEEDED || position < 0 ||
	    position >= t->outputs || t->kind == MEDIA_TEXT))
		t = NULL;
	if (t != NULL && t->plan.url[0] != '\0') {
		reply_text(r, 302, "text/plain", "it is elsewhere\n");
		reply_header(r, "Location", "%s", t->plan.url);
	} else if (t != NULL && alive_plain(t, r))
		file_reply(c, r, t, (int)position);
	tasks_unlock();
	if (t == NULL)
		p->refuse(r, R_NOT_FOUND, "no such file");
	else
		ledger_served(t, (int)position, r);
}

/* Answers GET and HEAD of /files/<task id>/<position>.<extension>. */
void
files_answer(const struct call *c, struct reply *r)
{
	const struct task	*t;
	int			 position = 0;

	if (strcmp(c->method, "GET") != 0 && strcmp(c->method, "HEAD") != 0) {
		reply_text(r, 405, "text/plain", "GET or HEAD\n");
		reply_header(r, "Allow", "GET, HEAD");
		return;
	}
	tasks_lock();
	t = file_find(c->path, &position);
	if (t != NULL && file_alive(c, r, t))
		file_reply(c, r, t, position);
	tasks_unlock();
	if (t == NULL) {
		reply_text(r, 404, "text/plain", "no such file\n");
		return;
	}
	ledger_served(t, position, r);
}
