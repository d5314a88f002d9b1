/* What the parsers of all providers have in common. */
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
parse_odd(struct result *r, struct json_object *value, const char *words,
    struct errbuf *err)
{
	if (!parse_as_text(r, value, err))
		return false;
	r->outputs[r->noutputs - 1].odd = true;
	return result_set(&r->note, words) || errbuf_no_memory(err);
}

bool
parse_link(struct result *r, struct json_object *value,
    const struct link_facts *facts, struct errbuf *err)
{
	const char	*url;

	if (value == NULL)
		return true;
	if ((url = json_string(value)) == NULL)
		return parse_odd(r, value, "an output link is no plain string",
		    err);
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
} parse_key_kinds[] = {
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
parse_has_url(const struct result *r, const char *url)
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
link_search_value(struct link_search *search, struct json_object *value)
{
	const char	*text = json_string(value);
	size_t		 i;

	if (text != NULL && url_is_link(text) &&
	    !parse_has_url(search->result, text))
		search->ok = search->ok && result_add_url(search->result, text,
		    &search->facts, search->err);
	for (i = 0; search->ok && i < json_length(value); i++)
		link_search_value(search, json_item(value, i));
	json_each(value, link_search_member, search);
}

static void
link_search_member(const char *key, struct json_object *value, void *arg)
{
	struct link_search	*search = arg;
	const char		*outer = search->facts.array_name;
	size_t			 i;

	if (!search->ok)
		return;
	for (i = 0; i < sizeof(parse_key_kinds) /
	    sizeof(parse_key_kinds[0]); i++)
		if (strstr(key, parse_key_kinds[i].part) != NULL) {
			search->facts.array_name = parse_key_kinds[i].array;
			break;
		}
	link_search_value(search, value);
	search->facts.array_name = outer;
}

bool
parse_every_link(struct result *r, struct json_object *doc,
    const struct link_facts *facts, struct errbuf *err)
{
	struct link_search	search = { r, *facts, err, true };

	link_search_value(&search, doc);
	return search.ok;
}

enum parse_verdict
parse_end(struct result *r, bool outputs_read, struct errbuf *err)
{
	size_t	i, odd = 0;

	if (!outputs_read)
		return PARSE_UNKNOWN;
	if (r->state != TASK_SUCCEEDED)
		return PARSE_FINAL;
	for (i = 0; i < r->noutputs; i++)
		odd += r->outputs[i].odd;
	if (odd > 0 && odd == r->noutputs) {
		errbuf_set(err, "%s", r->note);
		return PARSE_UNKNOWN;
	}
	if (r->noutputs == 0 &&
	    !result_set(&r->note, "succeeded without any output")) {
		(void)errbuf_no_memory(err);
		return PARSE_UNKNOWN;
	}
	return PARSE_FINAL;
}
