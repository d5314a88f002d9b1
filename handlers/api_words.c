/* The places where APIs put the words of an error. */
#include <string.h>

#include "lib/utf8.h"
#include "handlers/api_words.h"

#define COMPLAINT_MAX	400	/* bytes of one */

/* A text, or a list of complaints; the first that has words counts. */
static const char *const api_words_paths[] = {
	"error.message", "error.detail", "data.error", "detail", "errors",
	"message", "msg", "error", "reason", "detail.message", "detail.msg",
	"detail.error", "data.message", "data.failMsg", "failMsg",
	"error_message", "error_description", "error.msg", "error.error",
	"base_resp.status_msg", "title", "failure", NULL
};

/* Within one complaint of a list. */
static const char *const api_words_of_one[] = {
	"msg", "message", "detail", "error", "title", "code", NULL
};

static void
api_words_text(struct buf *b, const char *text)
{
	size_t	len = strlen(text);

	buf_bytes(b, text, len > COMPLAINT_MAX ?
	    utf8_cut(text, COMPLAINT_MAX) : len);
}

/* Where in the request: FastAPI's "loc", a list of names and numbers. */
static void
api_words_place(struct buf *b, struct json_object *loc)
{
	struct json_object	*step;
	int64_t			 number;
	size_t			 i;

	for (i = 0; i < json_length(loc); i++) {
		step = json_item(loc, i);
		if (i > 0)
			buf_text(b, ".");
		if (json_string(step) != NULL)
			api_words_text(b, json_string(step));
		else if (json_int(step, &number))
			buf_printf(b, "%lld", (long long)number);
	}
	if (json_length(loc) > 0)
		buf_text(b, ": ");
}

/* A complaint: a text, or an object that has one. */
static void
api_words_complaint(struct buf *b, struct json_object *item)
{
	const char		*text = json_string(item);
	const char *const	*path = api_words_of_one;

	for (; text == NULL && *path != NULL; path++)
		text = json_string_at(item, *path);
	if (text == NULL || *text == '\0')
		return;
	if (b->len > 0)
		buf_text(b, "; ");
	api_words_place(b, json_at(item, "loc"));
	api_words_text(b, text);
}

void
api_words(struct buf *b, struct json_object *doc)
{
	const char *const	*path;
	struct json_object	*value;
	size_t			 i;

	buf_cut(b, 0);
	for (path = api_words_paths; *path != NULL && b->len == 0; path++) {
		value = json_at(doc, *path);
		if (json_string(value) != NULL)
			api_words_text(b, json_string(value));
		for (i = 0; i < json_length(value) && buf_ok(b); i++)
			api_words_complaint(b, json_item(value, i));
	}
}
