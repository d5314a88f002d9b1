#include <stdlib.h>
#include <string.h>

#include "handlers/parse.h"

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
    const char *status_path, const struct status_word *words,
    struct errbuf *err)
{
	const char	*word;

	if (!parse_task_id(r, task, id_path, err))
		return PARSE_UNKNOWN;
	word = json_string_at(task, status_path);
	if (word == NULL || *word == '\0') {
		errbuf_set(err, "\"%s\" is missing, empty or no plain string",
		    status_path);
		return PARSE_UNKNOWN;
	}
	if (!result_set(&r->status_word, word)) {
		(void)errbuf_no_memory(err);
		return PARSE_UNKNOWN;
	}
	for (; words->word != NULL; words++)
		if (strcmp(words->word, word) == 0) {
			r->status_known = true;
			r->state = words->state;
			break;
		}
	if (r->state != TASK_PENDING)
		return PARSE_FINAL;
	errbuf_set(err, "%s \"%s\"",
	    r->status_known ? "status" : "unknown status", word);
	return PARSE_PROGRESS;
}

void
parse_text(char **member, struct json_object *obj, const char *path)
{
	free(*member);
	*member = json_text_at(obj, path);
}

bool
parse_as_text(struct result *r, struct json_object *value, struct errbuf *err)
{
	char	*text;
	bool	 ok;

	if ((text = json_print(value)) == NULL)
		return errbuf_no_memory(err);
	ok = result_add_text(r, text, err);
	free(text);
	return ok;
}

bool
parse_odd(struct result *r, struct json_object *value, struct errbuf *err)
{
	struct errbuf	trouble;

	if (!parse_as_text(r, value, &trouble)) {
		*err = trouble;
		return false;
	}
	r->outputs[r->noutputs - 1].odd = true;
	return true;
}

bool
parse_link(struct result *r, struct json_object *value,
    const struct link_facts *facts, struct errbuf *err)
{
	const char	*url;

	if (value == NULL)
		return true;
	if ((url = json_string(value)) == NULL) {
		errbuf_set(err, "an output link is no plain string");
		return parse_odd(r, value, err);
	}
	return *url == '\0' || result_add_url(r, url, facts, err);
}

bool
parse_list(struct parse_list *l, struct json_object *obj, const char *path,
    struct errbuf *err)
{
	struct json_object	*list = json_at(obj, path);
	size_t			 i, n = json_length(list);

	if (list == NULL)
		return true;
	if (!json_is_array(list)) {
		errbuf_set(err, "\"%s\" is no list", path);
		return false;
	}
	for (i = 0; i < n; i++)
		if (!l->item(l, json_item(list, i), err))
			return false;
	return true;
}

bool
parse_member(struct json_object *item, const char *const *keys,
    struct json_object **value, struct errbuf *err)
{
	const char *const	*k;

	*value = item;
	if (item == NULL || json_string(item) != NULL)
		return true;
	for (k = keys; *k != NULL; k++)
		if (json_has(item, *k)) {
			*value = json_at(item, *k);
			return true;
		}
	errbuf_set(err, "an output has no \"%s\"", keys[0]);
	return false;
}

/* What a member's name says of the links in it. */
static const struct {
	const char	*part, *array;
} key_kinds[] = {
	{ "audio", "audios" },
	{ "video", "videos" },
	{ "image", "images" },
	{ "cover", "images" },
};

/* A search for links through a document of unknown shape. */
struct link_search {
	struct result		*result;
	struct link_facts	 facts;
	struct errbuf		*err;
	bool			 ok;
};

static bool
result_has_url(const struct result *r, const char *url)
{
	size_t	i;

	for (i = 0; i < r->noutputs; i++)
		if (r->outputs[i].url != NULL &&
		    strcmp(r->outputs[i].url, url) == 0)
			return true;
	return false;
}

static void	link_search_member(const char *, struct json_object *, void *);

/* In the order of the text, each link once.  As deep as json_parse() goes. */
static void
link_search_value(struct link_search *h, struct json_object *value)
{
	const char	*text = json_string(value);
	size_t		 i;

	if (text != NULL && url_is_link(text) &&
	    !result_has_url(h->result, text))
		h->ok = h->ok &&
		    result_add_url(h->result, text, &h->facts, h->err);
	for (i = 0; h->ok && i < json_length(value); i++)
		link_search_value(h, json_item(value, i));
	json_each(value, link_search_member, h);
}

static void
link_search_member(const char *key, struct json_object *value, void *arg)
{
	struct link_search	*h = arg;
	const char	*outer = h->facts.array_name;
	size_t		 i;

	if (!h->ok)
		return;
	for (i = 0; i < sizeof(key_kinds) / sizeof(key_kinds[0]); i++)
		if (strstr(key, key_kinds[i].part) != NULL) {
			h->facts.array_name = key_kinds[i].array;
			break;
		}
	link_search_value(h, value);
	h->facts.array_name = outer;
}

bool
parse_every_link(struct result *r, struct json_object *doc,
    const struct link_facts *facts, struct errbuf *err)
{
	struct link_search	h = { r, *facts, err, true };

	link_search_value(&h, doc);
	return h.ok;
}

enum parse_verdict
parse_end(const struct result *r, bool ok, struct errbuf *err)
{
	size_t	i, odd = 0;

	if (!ok)
		return PARSE_UNKNOWN;
	for (i = 0; i < r->noutputs; i++)
		odd += r->outputs[i].odd;
	if (odd > 0)
		return r->state == TASK_SUCCEEDED && odd == r->noutputs ?
		    PARSE_UNKNOWN : PARSE_FINAL;
	if (r->state == TASK_SUCCEEDED && r->noutputs == 0)
		errbuf_set(err, "succeeded without any output");
	else
		errbuf_set(err, "%s", "");
	return PARSE_FINAL;
}
