/* The one door to json-c: parsing behind the gate (json_gate.c), and reading
 * and writing values by their paths. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "lib/json.h"
#include "lib/json_gate.h"

/* Older versions of json-c do not tell want of memory from other errors. */
#if JSON_C_VERSION_NUM >= 18 << 8
#define ERROR_MEMORY	json_tokener_error_memory
#else
#define ERROR_MEMORY	json_tokener_success
#endif

#define KEY_MAX	64	/* of one step in a path; all paths are our own */

/* Is there nothing but white space behind so many bytes of a document? */
static bool
json_ends_at(const char *body, size_t len, size_t used)
{
	while (used < len && strchr(" \t\r\n", body[used]) != NULL &&
	    body[used] != '\0')
		used++;
	return used >= len;
}

/* The tree of a text that the gate let pass. */
static enum json_verdict
json_build(const char *body, size_t len, struct json_object **doc,
    struct errbuf *err)
{
	struct json_tokener	*tok;
	enum json_tokener_error	 code;
	size_t			 used;

	if ((tok = json_tokener_new_ex(JSON_MAX_DEPTH)) == NULL) {
		(void)errbuf_no_memory(err);
		return JSON_NO_MEMORY;
	}
	/* The gate is strict.  json-c must not be: its newer versions then refuse
	 * whole numbers of over 64 bits and some of UTF-8, which JSON allows. */
	*doc = json_tokener_parse_ex(tok, body, (int)len);
	used = json_tokener_get_parse_end(tok);
	/* A number that is the whole text ends only where the text does. */
	if ((code = json_tokener_get_error(tok)) == json_tokener_continue) {
		*doc = json_tokener_parse_ex(tok, "", 1);
		code = json_tokener_get_error(tok);
	}
	json_tokener_free(tok);
	if (code == json_tokener_success && json_ends_at(body, len, used))
		return JSON_OK;
	errbuf_set(err, "json-c: %s", code == json_tokener_success ?
	    "there is more behind the document" :
	    json_tokener_error_desc(code));
	json_object_put(*doc);
	*doc = NULL;
	return code == ERROR_MEMORY ? JSON_NO_MEMORY : JSON_UNFIT;
}

/* On this thread. */
static _Thread_local bool	json_short;

enum json_verdict
json_parse(const char *body, size_t len, struct json_object **doc,
    struct errbuf *err)
{
	enum json_verdict	verdict;

	*doc = NULL;
	if (len > INT_MAX) {
		errbuf_set(err, "longer than %d bytes", INT_MAX);
		return JSON_INVALID;
	}
	if ((verdict = json_gate(body, len, err)) == JSON_OK)
		verdict = json_build(body, len, doc, err);
	json_short |= verdict == JSON_NO_MEMORY;
	return verdict;
}

bool
json_ran_short(void)
{
	bool	was = json_short;

	json_short = false;
	return was;
}

void
json_free(struct json_object *doc)
{
	json_object_put(doc);
}

bool
json_is_object(const struct json_object *obj)
{
	return json_object_is_type(obj, json_type_object) && obj != NULL;
}

bool
json_is_number(const struct json_object *value)
{
	return json_object_is_type(value, json_type_int) ||
	    json_object_is_type(value, json_type_double);
}

bool
json_is_array(const struct json_object *obj)
{
	return json_object_is_type(obj, json_type_array) && obj != NULL;
}

bool
json_has(struct json_object *obj, const char *key)
{
	return json_is_object(obj) &&
	    json_object_object_get_ex(obj, key, NULL);
}

/* The first step of a path, as a word of its own; false: too long. */
static bool
json_first_step(const char *path, char key[KEY_MAX])
{
	size_t	n = strcspn(path, ".");

	if (n >= KEY_MAX)
		return false;
	memcpy(key, path, n);
	key[n] = '\0';
	return true;
}

struct json_object *
json_at(struct json_object *obj, const char *path)
{
	struct json_object	*next;
	char			 key[KEY_MAX];

	for (;;) {
		if (!json_first_step(path, key))
			return NULL;
		if (json_is_array(obj) && isdigit((unsigned char)key[0]))
			next = json_item(obj, strtoul(key, NULL, 10));
		else if (!json_is_object(obj) ||
		    !json_object_object_get_ex(obj, key, &next))
			return NULL;
		obj = next;
		path += strlen(key);
		if (*path == '\0')
			return obj;
		path++;
	}
}

const char *
json_string(struct json_object *obj)
{
	const char	*text;

	if (!json_object_is_type(obj, json_type_string))
		return NULL;
	if ((text = json_object_get_string(obj)) == NULL)
		return NULL;
	if (strlen(text) != (size_t)json_object_get_string_len(obj))
		return NULL;
	return text;
}

const char *
json_string_at(struct json_object *obj, const char *path)
{
	return json_string(json_at(obj, path));
}

/* json-c clamps an integer that is too large, and says nothing. */
static bool
json_int_of_int(struct json_object *val, int64_t *out)
{
	int64_t	n = json_object_get_int64(val);

	if (n == INT64_MIN ||
	    (n > 0 && json_object_get_uint64(val) > INT64_MAX))
		return false;
	*out = n;
	return true;
}

static bool
json_int_of_double(struct json_object *val, int64_t *out)
{
	double	d = json_object_get_double(val);

	/* 2^63: the first double above what fits. */
	if (!(d > -9223372036854775808.0 && d < 9223372036854775808.0))
		return false;
	*out = (int64_t)d;
	return true;
}

static bool
json_int_of_digits(struct json_object *val, int64_t *out)
{
	const char	*text = json_string(val);
	long long	 n;

	if (text == NULL || *text == '\0' ||
	    text[strspn(text, "0123456789")] != '\0')
		return false;
	errno = 0;
	n = strtoll(text, NULL, 10);
	if (errno != 0)
		return false;
	*out = n;
	return true;
}

bool
json_int(struct json_object *obj, int64_t *out)
{
	*out = 0;
	switch (json_object_get_type(obj)) {
	case json_type_int:
		return json_int_of_int(obj, out);
	case json_type_double:
		return json_int_of_double(obj, out);
	case json_type_string:
		return json_int_of_digits(obj, out);
	default:
		return false;
	}
}

bool
json_int_at(struct json_object *obj, const char *path, int64_t *out)
{
	return json_int(json_at(obj, path), out);
}

char *
json_text_at(struct json_object *obj, const char *path)
{
	struct json_object	*val = json_at(obj, path);
	const char		*text;
	int64_t			 n;

	switch (json_object_get_type(val)) {
	case json_type_string:
		text = json_string(val);
		return text != NULL && *text != '\0' ? strdup(text) : NULL;
	case json_type_int:
		if (!json_int_of_int(val, &n))
			return NULL;
		break;
	case json_type_double:
		break;
	default:
		return NULL;
	}
	return json_print(val);
}

bool
json_true_at(struct json_object *obj, const char *path)
{
	struct json_object	*val = json_at(obj, path);

	return json_object_is_type(val, json_type_boolean) &&
	    json_object_get_boolean(val);
}

size_t
json_length(const struct json_object *array)
{
	return json_is_array(array) ? json_object_array_length(array) : 0;
}

size_t
json_members(const struct json_object *obj)
{
	return json_is_object(obj) ? (size_t)json_object_object_length(obj) : 0;
}

struct json_object *
json_item(struct json_object *array, size_t i)
{
	if (!json_is_array(array))
		return NULL;
	return json_object_array_get_idx(array, i);
}

bool
json_is_exact(struct json_object *obj)
{
	struct json_object_iter	it;
	size_t			i;

	if (json_object_is_type(obj, json_type_int))
		return json_object_get_int64(obj) != INT64_MIN &&
		    json_object_get_uint64(obj) != UINT64_MAX;
	for (i = 0; i < json_length(obj); i++)
		if (!json_is_exact(json_item(obj, i)))
			return false;
	if (json_is_object(obj))
		json_object_object_foreachC(obj, it)
			if (!json_is_exact(it.val))
				return false;
	return true;
}

char *
json_print(struct json_object *obj)
{
	const char	*text;

	/* The text is json-c's own, and lives until it is asked again. */
	text = json_object_to_json_string_ext(obj,
	    JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	return text != NULL ? strdup(text) : NULL;
}

/* The member of that name, made as an empty object where there is none or JSON
 * null.  NULL: no memory. */
static struct json_object *
json_need_member(struct json_object *obj, const char *key)
{
	struct json_object	*next;

	if (json_object_object_get_ex(obj, key, &next) && next != NULL)
		return next;
	next = json_object_new_object();
	if (next != NULL && json_object_object_add(obj, key, next) == 0)
		return next;
	json_object_put(next);
	return NULL;
}

bool
json_put(struct json_object *obj, const char *path, struct json_object *value)
{
	char	key[KEY_MAX];

	while (json_is_object(obj) && json_first_step(path, key)) {
		path += strlen(key);
		if (*path == '\0') {
			if (json_object_object_add(obj, key, value) == 0)
				return true;
			break;
		}
		path++;
		obj = json_need_member(obj, key);
	}
	json_object_put(value);
	return false;
}

bool
json_put_text(struct json_object *obj, const char *path, const char *text)
{
	struct json_object	*value = json_object_new_string(text);

	return value != NULL && json_put(obj, path, value);
}

bool
json_put_true(struct json_object *obj, const char *path)
{
	struct json_object	*value = json_object_new_boolean(true);

	return value != NULL && json_put(obj, path, value);
}

void
json_each(struct json_object *obj,
    void (*fn)(const char *key, struct json_object *value, void *arg),
    void *arg)
{
	struct json_object_iter	it;

	if (!json_is_object(obj))
		return;
	json_object_object_foreachC(obj, it)
		fn(it.key, it.val, arg);
}
