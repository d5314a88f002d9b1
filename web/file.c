/*
 * Stored outputs are foreign bytes.  They are sent with a type from a short list
 * or else to be saved, never to be sniffed, and in a sandbox without scripts; from
 * the place that the row names and no other, which has to be in the archive.
 */
#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/json.h"
#include "lib/log.h"
#include "archive/file_url.h"
#include "archive/s3_link.h"
#include "archive/stored_file.h"
#include "common/statements.h"
#include "web/file.h"
#include "web/lookup.h"
#include "web/reply.h"

#define FILE_LINK_S	60	/* how long a link into the store lasts */

/* What a browser shows without running anything of it.  No SVG, which may hold
 * scripts, and no text, which it may take for something else. */
static const struct {
	const char	*stored, *sent;
} file_types[] = {
	{ "image/png",		"image/png" },
	{ "image/jpeg",		"image/jpeg" },
	{ "image/webp",		"image/webp" },
	{ "image/gif",		"image/gif" },
	{ "image/avif",		"image/avif" },
	{ "video/mp4",		"video/mp4" },
	{ "video/webm",		"video/webm" },
	{ "video/quicktime",	"video/mp4" },
	{ "audio/mpeg",		"audio/mpeg" },
	{ "audio/mp4",		"audio/mp4" },
	{ "audio/x-m4a",	"audio/mp4" },
	{ "audio/wav",		"audio/wav" },
	{ "audio/x-wav",	"audio/wav" },
	{ "audio/ogg",		"audio/ogg" },
	{ "audio/flac",		"audio/flac" },
	{ "audio/x-flac",	"audio/flac" },
	{ "audio/aac",		"audio/aac" },
	{ "audio/x-hx-aac-adts", "audio/aac" },
	{ NULL, NULL }
};

const char *
web_file_type(const char *content_type)
{
	size_t	i;

	if (content_type == NULL)
		return NULL;
	for (i = 0; file_types[i].stored != NULL; i++)
		if (strcmp(file_types[i].stored, content_type) == 0)
			break;
	return file_types[i].sent;
}

void
web_file_print_types(struct buf *doc)
{
	size_t	i;

	for (i = 0; file_types[i].stored != NULL; i++)
		buf_printf(doc, "%c\"%s\"", i == 0 ? '[' : ',',
		    file_types[i].stored);
	buf_text(doc, "]");
}

/* ---- ranges ------------------------------------------------------------- */

/* A number of bytes at *p, which is moved behind it; -1: there is none.  What is
 * beyond all files is as good as the largest. */
static int64_t
range_number(const char **p)
{
	size_t	n = strspn(*p, "0123456789");
	int64_t	value;

	if (n == 0)
		return -1;
	value = n > 18 ? INT64_MAX : strtoll(*p, NULL, 10);
	*p += n;
	return value;
}

enum web_range
web_range_read(const char *header, int64_t size, int64_t *from, int64_t *bytes)
{
	int64_t	first, last;

	if (header == NULL || strncasecmp(header, "bytes=", 6) != 0)
		return WEB_RANGE_ALL;
	header += 6;
	first = range_number(&header);
	if (*header++ != '-')
		return WEB_RANGE_ALL;
	last = range_number(&header);
	if (*header != '\0' || (first == -1 && last == -1) ||
	    (first != -1 && last != -1 && last < first))
		return WEB_RANGE_ALL;
	if (first == -1) {
		/* The last so many bytes. */
		first = last >= size ? 0 : size - last;
		if (last == 0)
			return WEB_RANGE_NONE;
		last = size - 1;
	}
	if (first >= size)
		return WEB_RANGE_NONE;
	if (last == -1 || last >= size)
		last = size - 1;
	*from = first;
	*bytes = last - first + 1;
	return WEB_RANGE_PART;
}

/* Is it still the file of which a part was asked for? */
static bool
range_is_current(const struct web_call *call, const char *etag)
{
	const char	*cond = request_get(call->req, "HTTP_IF_RANGE");

	return cond == NULL || strcmp(cond, etag) == 0;
}

/* ---- the answer --------------------------------------------------------- */

/* What a row says of a stored output; borrowed. */
struct file_row {
	const char	*location, *content_type, *sha256;
	const char	*position;
	bool		 save;		/* the query asks to save it */
};

/* A name to save it by, of our own making: POSITION and the location's ending. */
static void
file_name(const struct file_row *row, char *name, size_t size)
{
	const char	*dot = strrchr(row->location, '.');
	size_t		 len = dot != NULL ? strlen(dot + 1) : 0;

	if (len < 1 || len > 8 || strspn(dot + 1,
	    "abcdefghijklmnopqrstuvwxyz0123456789") != len)
		dot = "";
	(void)snprintf(name, size, "%.10s%s", row->position, dot);
}

/* As a header's value: to be shown, or to be saved by its name. */
static void
file_disposition(const struct file_row *row, char *text, size_t size)
{
	char	name[32];
	bool	shown = !row->save && web_file_type(row->content_type) != NULL;

	file_name(row, name, sizeof(name));
	(void)snprintf(text, size, "%s; filename=\"%s\"", shown ? "inline" :
	    "attachment", name);
}

static enum web_status
file_answer_part(struct web_call *call, const char *etag, int64_t size)
{
	enum web_range	range = range_is_current(call, etag) ?
			    web_range_read(request_get(call->req,
			    "HTTP_RANGE"), size, &call->from, &call->bytes) :
			    WEB_RANGE_ALL;

	web_reply_header(call, "Accept-Ranges", "bytes");
	switch (range) {
	case WEB_RANGE_PART:
		web_reply_header(call, "Content-Range",
		    "bytes %lld-%lld/%lld", (long long)call->from,
		    (long long)(call->from + call->bytes - 1),
		    (long long)size);
		return WEB_PARTIAL;
	case WEB_RANGE_NONE:
		web_reply_header(call, "Content-Range", "bytes */%lld",
		    (long long)size);
		return WEB_BAD_RANGE;
	case WEB_RANGE_ALL:
		break;
	}
	call->from = 0;
	call->bytes = size;
	return WEB_OK;
}

/*
 * The web server sends the file, which was just seen to be in the archive's
 * folder, by its path ("X-Sendfile") or by what is below the folder, behind the
 * location that stands for it ("X-Accel-Redirect").  Both are percent-encoded.
 */
static enum web_status
file_hand_over(struct web_call *call, const char *location)
{
	const char	*how = call->web->conf->web_sendfile;
	char		*root = file_url_path(call->web->conf->archive_url);
	char		*path = file_url_path(location);
	bool		 below = *how == '/';
	struct buf	 name;

	buf_init(&name, WEB_HEADERS_MAX / 2);
	if (root != NULL && path != NULL) {
		buf_text(&name, below ? how : "");
		buf_percent(&name, below ? path + strlen(root) +
		    (strcmp(root, "/") != 0) : path, "/");
		web_reply_header(call, below ? "X-Accel-Redirect" :
		    "X-Sendfile", "%s", name.data != NULL ? name.data : "");
		(void)close(call->fd);
		call->fd = -1;
		call->handed = true;
	}
	if (!buf_ok(&name) || !call->handed)
		(void)web_fail(call, WEB_UNAVAILABLE, "out of memory");
	call->handed = call->handed && buf_ok(&name);
	buf_free(&name);
	free(root);
	free(path);
	return call->handed ? WEB_OK : WEB_UNAVAILABLE;
}

/* From the archive's folder. */
static enum web_status
file_answer_folder(struct web_call *call, const struct file_row *row)
{
	const char	*known = request_get(call->req, "HTTP_IF_NONE_MATCH");
	const char	*type = web_file_type(row->content_type);
	char		 disposition[80], etag[80];
	struct stat	 st;

	(void)snprintf(etag, sizeof(etag), "\"%s\"", row->sha256);
	web_reply_header(call, "Cache-Control", "private, max-age=600");
	web_reply_header(call, "ETag", "%s", etag);
	if (known != NULL && strcmp(known, etag) == 0)
		return WEB_NOT_MODIFIED;
	call->fd = stored_file_open(call->web->conf->archive_url, row->location,
	    &call->words);
	if (call->fd == -1 || fstat(call->fd, &st) == -1) {
		log_line(LOG_WARN, "file %s: %s", row->location,
		    call->words.text);
		return WEB_NOT_FOUND;
	}
	file_disposition(row, disposition, sizeof(disposition));
	web_reply_header(call, "Content-Disposition", "%s", disposition);
	web_reply_header(call, "Content-Security-Policy",
	    "default-src 'none'; frame-ancestors 'none'; sandbox");
	call->type = type != NULL ? type : "application/octet-stream";
	if (*call->web->conf->web_sendfile != '\0')
		return file_hand_over(call, row->location);
	return file_answer_part(call, etag, st.st_size);
}

/* In the store: a link that lasts a minute, to the file with our type. */
static enum web_status
file_answer_store(struct web_call *call, const struct file_row *row)
{
	const char	*type = web_file_type(row->content_type);
	char		 disposition[80], *link;

	file_disposition(row, disposition, sizeof(disposition));
	link = s3_link(call->web->conf, row->location, type != NULL ? type :
	    "application/octet-stream", disposition, FILE_LINK_S, time(NULL),
	    &call->words);
	if (link == NULL)
		return WEB_NOT_FOUND;
	web_reply_header(call, "Location", "%s", link);
	free(link);
	return WEB_ELSEWHERE;
}

static enum web_status
file_answer(struct web_call *call, const struct file_row *row)
{
	if (row->location == NULL)
		return web_fail(call, WEB_NOT_FOUND, "no such stored output");
	return strncmp(row->location, "s3://", 5) == 0 ?
	    file_answer_store(call, row) : file_answer_folder(call, row);
}

/*
 * "PROVIDER/TASK_ID/POSITION" into the object: a task's id may have slashes of
 * its own, the others have none.
 */
static bool
file_read_path(const char *path, struct json_object *doc)
{
	const char	*task = strchr(path, '/');
	const char	*last = strrchr(path, '/');
	char		 name[33], *id;
	size_t		 len;
	bool		 ok;

	if (task == NULL || last <= task + 1 || task == path ||
	    (len = (size_t)(task - path)) >= sizeof(name))
		return false;
	len = strlen(last + 1);
	if (len < 1 || len > 6 || strspn(last + 1, "0123456789") != len)
		return false;
	(void)snprintf(name, sizeof(name), "%.*s", (int)(task - path), path);
	if ((id = strndup(task + 1, (size_t)(last - task - 1))) == NULL)
		return false;
	ok = json_put_text(doc, "provider", name) &&
	    json_put_text(doc, "task_id", id) &&
	    json_put_text(doc, "position", last + 1);
	free(id);
	return ok;
}

/* The row that the path behind its first part names, in columns behind the first.
 * The caller frees rows. */
static enum web_status
file_look_up(struct web_call *call, const char *path,
    const struct db_stmt *stmt, struct db_rows **rows)
{
	struct json_object	*doc;
	enum web_status		 status = WEB_NOT_FOUND;

	*rows = NULL;
	if (json_parse("{}", 2, &doc, &call->words) != JSON_OK)
		return WEB_UNAVAILABLE;
	if (file_read_path(path, doc))
		status = web_look_up(call, stmt, doc, rows);
	json_free(doc);
	return status;
}

enum web_status
web_file(struct web_call *call)
{
	const char	*query = request_get(call->req, "QUERY_STRING");
	struct db_rows	*rows;
	struct file_row	 row;
	enum web_status	 status;

	status = file_look_up(call, call->path + strlen("/file/"), DB_WEB_FILE,
	    &rows);
	if (status == WEB_OK) {
		row.location = db_value(rows, 0, 1);
		row.content_type = db_value(rows, 0, 2);
		row.sha256 = db_value(rows, 0, 3);
		row.position = strrchr(call->path, '/') + 1;
		row.save = query != NULL && strcmp(query, "save=1") == 0;
		status = file_answer(call, &row);
	}
	db_rows_free(rows);
	return status;
}

/* It is of that file, and as long as the file is the same one. */
static enum web_status
thumb_answer(struct web_call *call, const struct db_rows *rows)
{
	const char	*known = request_get(call->req, "HTTP_IF_NONE_MATCH");
	const char	*sha256 = db_value(rows, 0, 2);
	char		 etag[80];

	if (sha256 == NULL)
		return web_fail(call, WEB_NOT_FOUND, "no small picture");
	(void)snprintf(etag, sizeof(etag), "\"small-%s\"", sha256);
	web_reply_header(call, "Cache-Control", "private, max-age=86400");
	web_reply_header(call, "ETag", "%s", etag);
	if (known != NULL && strcmp(known, etag) == 0)
		return WEB_NOT_MODIFIED;
	call->body = db_bytes(rows, 0, 1, &call->len);
	if (call->body == NULL)
		return web_fail(call, WEB_UNAVAILABLE, "out of memory");
	call->type = "image/webp";
	return WEB_OK;
}

enum web_status
web_thumb(struct web_call *call)
{
	struct db_rows	*rows;
	enum web_status	 status;

	status = file_look_up(call, call->path + strlen("/thumb/"),
	    DB_WEB_THUMB, &rows);
	if (status == WEB_OK)
		status = thumb_answer(call, rows);
	db_rows_free(rows);
	return status;
}
