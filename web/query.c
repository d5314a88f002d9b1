/* The query string, undone, and the body of a POST. */
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "web/query.h"

#define QUERY_BODY_MAX	65536
#define QUERY_NAME_MAX	32

/* One value with its escapes undone; '+' is a blank, as forms write it.  The
 * caller frees; NULL: no memory. */
static char *
query_value(const char *text, size_t len)
{
	struct buf	value;
	char		*copy, *p;

	if ((copy = strndup(text, len)) == NULL)
		return NULL;
	for (p = copy; (p = strchr(p, '+')) != NULL;)
		*p = ' ';
	buf_init(&value, QUERY_BODY_MAX);
	buf_percent_decoded(&value, copy, strlen(copy));
	free(copy);
	if (value.data == NULL && buf_ok(&value))
		buf_text(&value, "");
	return buf_take(&value);
}

/* "name=value" of len bytes into the object. */
static enum web_status
query_take(struct web_call *call, struct json_object *doc, const char *pair,
    size_t len)
{
	const char	*value = memchr(pair, '=', len);
	size_t		 n = value != NULL ? (size_t)(value - pair) : len;
	char		 name[QUERY_NAME_MAX + 1], *text;
	bool		 ok;

	if (n > QUERY_NAME_MAX || strspn(pair,
	    "abcdefghijklmnopqrstuvwxyz0123456789_") < n)
		return web_fail(call, WEB_BAD_REQUEST, "no such parameter");
	if (value == NULL || n + 1 == len || n == 0)
		return WEB_OK;
	memcpy(name, pair, n);
	name[n] = '\0';
	if ((text = query_value(value + 1, len - n - 1)) == NULL)
		return web_fail(call, WEB_UNAVAILABLE, "out of memory");
	ok = json_put_text(doc, name, text);
	free(text);
	return ok ? WEB_OK : web_fail(call, WEB_UNAVAILABLE, "out of memory");
}

struct json_object *
web_query(struct web_call *call, enum web_status *status)
{
	const char		*query = request_get(call->req, "QUERY_STRING");
	struct json_object	*doc;
	size_t			 len;

	*status = WEB_OK;
	if (json_parse("{}", 2, &doc, &call->words) != JSON_OK) {
		*status = WEB_UNAVAILABLE;
		return NULL;
	}
	if (query == NULL)
		return doc;
	for (; *query != '\0' && *status == WEB_OK;
	    query += len + (query[len] == '&')) {
		len = strcspn(query, "&");
		*status = query_take(call, doc, query, len);
	}
	if (*status == WEB_OK)
		return doc;
	json_free(doc);
	return NULL;
}

/* How long the body is said to be; -1: nothing that we take. */
static long
query_body_length(const struct web_call *call)
{
	const char	*text = request_get(call->req, "CONTENT_LENGTH");
	size_t		 n = text != NULL ? strlen(text) : 0;

	if (n == 0 || n > 9 || strspn(text, "0123456789") != n)
		return -1;
	return strtol(text, NULL, 10);
}

struct json_object *
web_body_read(struct web_call *call, enum web_status *status)
{
	struct json_object	*doc = NULL;
	long			 want = query_body_length(call);
	char			*body;

	if (want > QUERY_BODY_MAX) {
		*status = web_fail(call, WEB_TOO_LARGE, "over %d bytes",
		    QUERY_BODY_MAX);
		return NULL;
	}
	if (want < 0) {
		*status = web_fail(call, WEB_BAD_REQUEST, "no length");
		return NULL;
	}
	if ((body = malloc((size_t)want + 1)) == NULL) {
		*status = web_fail(call, WEB_UNAVAILABLE, "out of memory");
		return NULL;
	}
	*status = WEB_BAD_REQUEST;
	if (call->req->read(call->req->arg, body, (size_t)want) !=
	    (size_t)want)
		(void)web_fail(call, WEB_BAD_REQUEST, "the body is cut");
	else if (json_parse(body, (size_t)want, &doc, &call->words) ==
	    JSON_OK && !json_is_object(doc)) {
		(void)web_fail(call, WEB_BAD_REQUEST, "no JSON object");
		json_free(doc);
		doc = NULL;
	}
	free(body);
	if (doc != NULL)
		*status = WEB_OK;
	return doc;
}
