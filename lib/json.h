/*
 * Strict JSON.  A body passes two libraries: yajl takes exactly what RFC 8259
 * allows and counts as it goes, then json-c builds the tree.  json-c alone
 * accepts NaN, single quotes and cut keys.
 */
#ifndef GENHOOK_JSON_H
#define GENHOOK_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/errbuf.h"

struct json_object;

#define JSON_MAX_DEPTH	32	/* json-c's own default */
#define JSON_MAX_VALUES	250000	/* an object, ~800 bytes in json-c, is four */

enum json_verdict {
	JSON_OK,
	JSON_INVALID,	/* not RFC 8259, not UTF-8, too deep, trailing bytes */
	JSON_UNFIT,	/* valid, but a key holds \u0000 (json-c would cut it),
			   there are more than JSON_MAX_VALUES values, or
			   json-c cannot build it */
	JSON_NO_MEMORY
};

/*
 * Parse len bytes at body.  On JSON_OK the caller owns *doc (json_free) and
 * its root may be of any type (*doc is NULL for the text "null"); otherwise
 * *doc is NULL and err says what was wrong and at which byte.
 */
enum json_verdict json_parse(const char *body, size_t len,
	    struct json_object **doc, struct errbuf *err);
void	 json_free(struct json_object *);	/* NULL is fine */

/* Was there no memory for a json_parse() on this thread since this was last asked?
 * Whoever takes a text that may or may not be JSON for none then is mistaken. */
bool	 json_ran_short(void);

/* NULL is none of these. */
bool	 json_is_object(const struct json_object *);
bool	 json_is_array(const struct json_object *);
bool	 json_is_number(const struct json_object *);

/* Is there such a member, though it may be JSON null? */
bool	 json_has(struct json_object *obj, const char *key);

/*
 * The value at a dotted path such as "payload.task.status", or NULL when a
 * step is missing, no object, or JSON null; a number as a step, as in
 * "data.0.id", counts the items of an array.  Borrowed from obj.
 */
struct json_object *json_at(struct json_object *obj, const char *path);

/*
 * The string at a path, borrowed from obj; NULL when it is no string, or
 * holds a NUL byte (PostgreSQL's text has no room for one).
 */
const char *json_string_at(struct json_object *obj, const char *path);

/* The same for obj itself: NULL unless it is a string without a NUL. */
const char *json_string(struct json_object *obj);

/* A string that is not empty, or a number, as text the caller frees; NULL
 * when there is none: for fields that come as either. */
char	*json_text_at(struct json_object *obj, const char *path);

/*
 * An integer, given as a number (a fraction is dropped) or as a string of
 * digits.  False when there is none or it does not fit; *out is then 0.
 */
bool	 json_int_at(struct json_object *obj, const char *path, int64_t *out);

/* The same for obj itself. */
bool	 json_int(struct json_object *obj, int64_t *out);

/* True only for JSON true. */
bool	 json_true_at(struct json_object *obj, const char *path);

size_t	 json_length(const struct json_object *array);	/* 0 if no array */
size_t	 json_members(const struct json_object *obj);	/* 0 if no object */
struct json_object *json_item(struct json_object *array, size_t i);

/* False when the text held a whole number beyond 64 bits, for which another
 * one stands in the tree. */
bool	 json_is_exact(struct json_object *obj);

/* Compact JSON text of a value; the caller frees it.  NULL: no memory. */
char	*json_print(struct json_object *);

/*
 * Put a value at a dotted path of an object, in place of what is there;
 * missing objects on the way are made.  The first takes value over, whatever
 * it returns.  False: a step is there and no object, or there is no memory.
 */
bool	 json_put(struct json_object *obj, const char *path,
	    struct json_object *value);
bool	 json_put_text(struct json_object *obj, const char *path,
	    const char *text);
bool	 json_put_true(struct json_object *obj, const char *path);

/* Call fn for each member of an object, in the order of the text. */
void	 json_each(struct json_object *obj,
	    void (*fn)(const char *key, struct json_object *value, void *arg),
	    void *arg);

#endif
