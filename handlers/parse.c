/* What the parsers of all providers have in common. */
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/time.h"
#include "handlers/embedded.h"
#include "handlers/parse.h"
#include "handlers/status.h"

#define PARSE_WORDS_MAX		4096	/* bytes of a failure's words */
#define PARSE_WORDS_DEPTH	4
#define PARSE_EARLIEST		(INT64_C(1577836800) * USEC_PER_SEC) /* 2020 */
#define PARSE_SKEW		(INT64_C(86400) * USEC_PER_SEC)

bool
parse_task_id(struct result *r, struct json_object *task, const char *path,
    struct errbuf *err)
{
	const char	*id = json_string_at(task, path);
	size_t		 i, len;

	if (id == NULL || *id == '\0') {
		errbuf_set(err, "\"%s\" is missing, empty or no plain string",
		    path);
		return false;
	}
	if ((len = strlen(id)) > TASK_ID_MAX) {
		errbuf_set(err, "\"%s\" has %zu bytes, more than %d", path,
		    len, TASK_ID_MAX);
		return false;
	}
	for (i = 0; i < len; i++)
		if ((unsigned char)id[i] < 0x20 || id[i] == 0x7f) {
			errbuf_set(err, "\"%s\" holds a control byte", path);
			return false;
		}
	if (!result_set(&r->task_id, id))
		return errbuf_no_memory(err);
	return true;
}

enum parse_verdict
parse_task(struct result *r, struct json_object *task, const char *id_path,
    const char *status_path, struct errbuf *err)
{
	const char	*word, *code = NULL;

	if (!parse_task_id(r, task, id_path, err))
		return PARSE_UNKNOWN;
	word = json_string_at(task, status_path);
	if (word == NULL || *word == '\0') {
		errbuf_set(err, "\"%s\" is missing, empty or no plain string",
		    status_path);
		return PARSE_UNKNOWN;
	}
	r->status_known = status_find(word, &r->state, &code);
	if (!result_set(&r->status_word, word) ||
	    !result_set(&r->error_code, code)) {
		(void)errbuf_no_memory(err);
		return PARSE_UNKNOWN;
	}
	if (r->status_known && r->state != TASK_PENDING)
		return PARSE_FINAL;
	errbuf_set(err, "%s \"%s\"",
	    r->status_known ? "status" : "unknown status", word);
	return r->status_known ? PARSE_PROGRESS : PARSE_UNKNOWN;
}

void
parse_text(char **member, struct json_object *obj, const char *path)
{
	free(*member);
	*member = json_text_at(obj, path);
}

bool
parse_as_text(struct result *r, struct json_object *value,
    const struct link_facts *facts, struct errbuf *err)
{
	char	*text;
	bool	 ok;

	if ((text = json_print(value)) == NULL)
		return errbuf_no_memory(err);
	ok = result_add_text(r, text, facts, err);
	free(text);
	return ok;
}

/* ---- outputs ------------------------------------------------------------ */

static void
parse_note_slot(const char *name, struct json_object *value, void *arg)
{
	if (links_is_place(name) && links_is_empty(value) &&
	    !json_is_number(value))
		*(bool *)arg = true;
}

/* Null, "", or an object with a place for a link that holds none. */
static bool
parse_is_no_output(struct json_object *item)
{
	const char	*text = json_string(item);
	bool		 slot = item == NULL || (text != NULL && *text == '\0') ||
			    ((json_is_object(item) || json_is_array(item)) &&
			    links_is_empty(item));

	json_each(item, parse_note_slot, &slot);
	return slot;
}

/* The text of {"text": "..."}, or NULL for any other value. */
static const char *
parse_text_only(struct json_object *value)
{
	return json_members(value) == 1 ? json_string_at(value, "text") : NULL;
}

/* A text that begins as a link and goes on without a blank means to be one; a
 * file of which only the beginning is right is none that could be kept. */
static bool
parse_looks_like_link(const char *text)
{
	return (links_has_scheme(text) && strpbrk(text, " \t\r\n") == NULL) ||
	    embedded_begins(text);
}

/* An item without a link where outputs may be texts. */
static bool
parse_item_text(struct result *r, struct json_object *item,
    const struct link_facts *facts, struct errbuf *err)
{
	const char	*text = json_string(item);

	if (text == NULL)
		text = parse_text_only(item);
	if (text == NULL)
		return parse_as_text(r, item, facts, err);
	if (parse_looks_like_link(text))
		return result_add_url(r, text, facts, err);
	return *text == '\0' || result_add_text(r, text, facts, err);
}

/* An item that is not understood, in a success: a text fails alone, as a link
 * that is none; anything else waits for a person. */
static bool
parse_item_odd(struct result *r, struct json_object *item,
    const struct link_facts *facts, struct errbuf *err)
{
	if (r->state != TASK_SUCCEEDED)
		return true;
	if (json_string(item) != NULL)
		return result_add_url(r, json_string(item), facts, err);
	if (!parse_as_text(r, item, facts, err))
		return false;
	r->outputs[r->noutputs - 1].odd = true;
	return result_set(&r->note, "an output holds no link that is "
	    "understood") || errbuf_no_memory(err);
}

static bool
parse_item(struct result *r, struct json_object *item,
    const struct parse_place *place, const char *base,
    const struct link_facts *facts, bool *more, struct errbuf *err)
{
	size_t	before = r->noutputs;

	if (!links_take_item(r, item, place->texts ? LINKS_AMONG_TEXTS :
	    r->state == TASK_SUCCEEDED ? LINKS_OR_ODD : LINKS_ALONE, base,
	    facts, more, err))
		return false;
	if (r->noutputs > before || parse_is_no_output(item))
		return true;
	return place->texts ? parse_item_text(r, item, facts, err) :
	    parse_item_odd(r, item, facts, err);
}

bool
parse_items(struct result *r, struct json_object *task,
    const struct parse_place *place, const char *base,
    const struct link_facts *facts, struct links_done *done,
    struct errbuf *err)
{
	struct json_object	*list = json_at(task, place->path);
	struct link_facts	 all = *facts;
	bool			 more = false;
	size_t			 i;

	if (place->array != NULL)
		all.array_name = place->array;
	all.name = links_last_name(place->path);
	if (list == NULL)
		return true;
	if (!json_is_array(list)) {
		if (!parse_item(r, list, place, base, &all, &more, err))
			return false;
	} else
		for (i = 0; i < json_length(list); i++)
			if (!parse_item(r, json_item(list, i), place, base,
			    &all, &more, err))
				return false;
	if (!more && done->n < LINKS_DONE_MAX)
		done->value[done->n++] = list;
	return true;
}

/* ---- why a task failed -------------------------------------------------- */

/* Members that hold a failure's words, and its code, the most telling first. */
static const char *const parse_error_words[] = {
	"error_message", "errorMessage", "error_msg", "errorMsg", "err_msg",
	"errMsg", "failMsg", "fail_msg", "failure_message", "fail_reason",
	"failReason", "failure_reason", "failureReason", "failed_reason",
	"err_detail", "error_detail", "error", "errors", "failure", "reason",
	"message", "msg", "detail", "details", "description", "task_status_msg",
	NULL
};
static const char *const parse_error_codes[] = {
	"failCode", "fail_code", "error_code", "errorCode", "err_code",
	"errCode", "failureCode", "failure_code", "code", "type", NULL
};

/* Append "words", behind ": " where some are there; what is said, once. */
static void
parse_words_add(struct buf *words, const char *text)
{
	if (*text == '\0' || (words->len > 0 &&
	    strstr(words->data, text) != NULL))
		return;
	if (words->len > 0)
		buf_text(words, ": ");
	buf_text(words, text);
}

/* "nsfw: x" of {"reason": "nsfw", "detail": "x"}, and of a list each. */
static void
parse_words(struct buf *words, struct json_object *value, int depth)
{
	const char *const	*name;
	size_t			 i;

	if (value == NULL || depth > PARSE_WORDS_DEPTH || !buf_ok(words))
		return;
	if (json_string(value) != NULL)
		parse_words_add(words, json_string(value));
	for (name = parse_error_words; json_is_object(value) && *name != NULL;
	    name++)
		parse_words(words, json_at(value, *name), depth + 1);
	for (i = 0; i < json_length(value); i++)
		parse_words(words, json_item(value, i), depth + 1);
}

/* A failure's words in a place: of the first member that has some. */
static char *
parse_error_text(struct json_object *place)
{
	const char *const	*name;
	struct buf		 words;
	char			*text = NULL;

	buf_init(&words, PARSE_WORDS_MAX);
	for (name = parse_error_words; words.len == 0 && *name != NULL; name++)
		parse_words(&words, json_at(place, *name), 0);
	if (words.len > 0)
		text = strdup(words.data);
	buf_free(&words);
	/* Of another shape: as it stands there. */
	for (name = parse_error_words; text == NULL && *name != NULL; name++) {
		text = json_text_at(place, *name);
		if (text == NULL && !links_is_empty(json_at(place, *name)))
			text = json_print(json_at(place, *name));
	}
	return text;
}

static char *
parse_error_code(struct json_object *place)
{
	const char *const	*name;
	char			*code = NULL;
	struct json_object	*error = json_at(place, "error");

	for (name = parse_error_codes; code == NULL && *name != NULL; name++) {
		code = json_is_object(error) ? json_text_at(error, *name) :
		    NULL;
		/* A bare "code" or "type" is seldom the failure's. */
		if (code == NULL && strlen(*name) > 4)
			code = json_text_at(place, *name);
	}
	return code;
}

void
parse_error(struct result *r, struct json_object *const *places, size_t n)
{
	size_t	i;

	for (i = 0; i < n; i++) {
		if (r->error_message == NULL)
			r->error_message = parse_error_text(places[i]);
		if (r->error_code == NULL)
			r->error_code = parse_error_code(places[i]);
	}
}

/* ---- the end ------------------------------------------------------------ */

usec_t
parse_plausible(usec_t at, const struct parse_context *ctx)
{
	return at >= PARSE_EARLIEST && at <= ctx->received_at + PARSE_SKEW ?
	    at : 0;
}

usec_t
parse_moment(struct json_object *obj, const char *path,
    const struct parse_context *ctx)
{
	int64_t	n;

	(void)json_int_at(obj, path, &n);
	return parse_plausible(usec_from_epoch(n), ctx);
}

/* The first of the members that is not empty, or NULL. */
static const char *
parse_unread(const struct parse_end *end)
{
	const char *const	*name;

	for (name = end->members; *name != NULL; name++)
		if (!links_is_empty(json_at(end->task, *name)))
			return *name;
	return NULL;
}

/* Is the shape of a success one that we know? */
static enum parse_verdict
parse_success(struct result *r, const struct parse_end *end,
    struct errbuf *err)
{
	const char	*member;
	size_t		 i, odd = 0;

	if (!links_take(r, end->task, &end->done, end->texts ? LINKS_AMONG_TEXTS :
	    LINKS_ALONE, end->base, end->facts, err))
		return PARSE_UNKNOWN;
	for (i = 0; i < r->noutputs; i++)
		odd += r->outputs[i].odd;
	if (odd > 0 && odd == r->noutputs) {
		errbuf_set(err, "%s", r->note);
		return PARSE_UNKNOWN;
	}
	if (r->noutputs > 0)
		return PARSE_FINAL;
	if ((member = parse_unread(end)) != NULL) {
		errbuf_set(err, "\"%s\" holds no link that is understood",
		    member);
		return PARSE_UNKNOWN;
	}
	if (result_set(&r->note, "succeeded without any output"))
		return PARSE_FINAL;
	(void)errbuf_no_memory(err);
	return PARSE_UNKNOWN;
}

enum parse_verdict
parse_end(struct result *r, bool outputs_read, const struct parse_end *end,
    struct errbuf *err)
{
	if (!outputs_read)
		return PARSE_UNKNOWN;
	return r->state == TASK_SUCCEEDED ? parse_success(r, end, err) :
	    PARSE_FINAL;
}
