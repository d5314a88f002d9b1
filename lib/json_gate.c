/* The strict gate before json-c, and the one door to libyajl: does a text keep
 * every rule of JSON? */
#include <sys/queue.h>

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <yajl/yajl_parse.h>

#include "lib/json_gate.h"
#include "lib/utf8.h"

/* Memory that yajl has. */
struct gate_block {
	LIST_ENTRY(gate_block)	 entry;
	max_align_t		 data[];
};

/* What the callbacks count while yajl walks through the text. */
struct gate {
	yajl_handle	 yajl;
	LIST_HEAD(, gate_block) blocks;		/* all that it has */
	jmp_buf		 no_memory;
	bool		 too_deep;
	const char	*unfit;		/* valid, but not for us: why, or NULL */
	size_t		 unfit_at;	/* byte */
	size_t		 depth;
	size_t		 values;
};

/* What an object counts for: json-c makes a table of 16 slots for each. */
#define OBJECT_WEIGHT	4

/* ---- memory ---------------------------------------------------------------- */

/*
 * yajl 2.1 uses what it asked for without a look whether it got it.  So it never
 * gets nothing: without memory we are back in gate_try(), and free its blocks.
 */
static void *
gate_resize(struct gate *g, struct gate_block *b, size_t n)
{
	struct gate_block	*grown;

	if (b != NULL)
		LIST_REMOVE(b, entry);
	if ((grown = realloc(b, sizeof(*b) + n)) == NULL) {
		if (b != NULL)
			LIST_INSERT_HEAD(&g->blocks, b, entry);
		longjmp(g->no_memory, 1);
	}
	LIST_INSERT_HEAD(&g->blocks, grown, entry);
	return grown->data;
}

static struct gate_block *
gate_block_of(void *data)
{
	return data == NULL ? NULL : (struct gate_block *)(void *)
	    ((char *)data - offsetof(struct gate_block, data));
}

static void *
gate_malloc(void *arg, size_t n)
{
	return gate_resize(arg, NULL, n);
}

static void *
gate_realloc(void *arg, void *data, size_t n)
{
	return gate_resize(arg, gate_block_of(data), n);
}

static void
gate_free(void *arg, void *data)
{
	(void)arg;
	if (data == NULL)
		return;
	LIST_REMOVE(gate_block_of(data), entry);
	free(gate_block_of(data));
}

static void
gate_free_all(struct gate *g)
{
	struct gate_block	*b;

	while ((b = LIST_FIRST(&g->blocks)) != NULL) {
		LIST_REMOVE(b, entry);
		free(b);
	}
}

/* ---- the walk -------------------------------------------------------------- */

/*
 * yajl takes overlong forms and surrogates for UTF-8, and a form feed for
 * white space.  JSON has no place at all for raw control bytes but three.
 */
static bool
gate_bytes_ok(const unsigned char *s, size_t len, struct errbuf *err)
{
	size_t	at, n;

	if (len >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0) {
		errbuf_set(err, "a byte order mark at byte 0");
		return false;
	}
	for (at = 0; at < len; at += n) {
		n = 1;
		if (s[at] >= 0x20 && s[at] < 0x80)
			continue;
		if (s[at] == '\t' || s[at] == '\n' || s[at] == '\r')
			continue;
		if (s[at] < 0x20) {
			errbuf_set(err, "control byte 0x%02x at byte %zu",
			    s[at], at);
			return false;
		}
		if ((n = utf8_length(s + at, len - at)) == 0) {
			errbuf_set(err, "no UTF-8 at byte %zu", at);
			return false;
		}
	}
	return true;
}

/* The walk goes on: only what is JSON to its last byte is unfit. */
static void
gate_unfit(struct gate *g, const char *words)
{
	if (g->unfit != NULL)
		return;
	g->unfit = words;
	g->unfit_at = yajl_get_bytes_consumed(g->yajl);
}

static int
gate_count(struct gate *g, size_t weight)
{
	g->values += weight;
	if (g->values > JSON_MAX_VALUES)
		gate_unfit(g, "too many values");
	return 1;
}

static int
gate_on_value(void *arg)
{
	return gate_count(arg, 1);
}

static int
gate_on_boolean(void *arg, int value)
{
	(void)value;
	return gate_on_value(arg);
}

/* As text, so that no number is too large for yajl. */
static int
gate_on_number(void *arg, const char *text, size_t len)
{
	(void)text;
	(void)len;
	return gate_on_value(arg);
}

static int
gate_on_string(void *arg, const unsigned char *text, size_t len)
{
	(void)text;
	(void)len;
	return gate_on_value(arg);
}

static int
gate_open(struct gate *g, size_t weight)
{
	if (++g->depth > JSON_MAX_DEPTH) {
		g->too_deep = true;
		return 0;
	}
	return gate_count(g, weight);
}

static int
gate_on_object(void *arg)
{
	return gate_open(arg, OBJECT_WEIGHT);
}

static int
gate_on_array(void *arg)
{
	return gate_open(arg, 1);
}

static int
gate_on_close(void *arg)
{
	struct gate	*g = arg;

	g->depth--;
	return 1;
}

/* json-c would end the key at the NUL, and so take it for another one. */
static int
gate_on_key(void *arg, const unsigned char *key, size_t len)
{
	if (memchr(key, '\0', len) != NULL)
		gate_unfit(arg, "a NUL in a key");
	return 1;
}

static const yajl_callbacks gate_callbacks = {
	.yajl_null	  = gate_on_value,
	.yajl_boolean	  = gate_on_boolean,
	.yajl_number	  = gate_on_number,
	.yajl_string	  = gate_on_string,
	.yajl_start_map	  = gate_on_object,
	.yajl_map_key	  = gate_on_key,
	.yajl_end_map	  = gate_on_close,
	.yajl_start_array = gate_on_array,
	.yajl_end_array	  = gate_on_close,
};

/* yajl's own words end in a line feed. */
static void
gate_say_yajl(yajl_handle h, size_t at, struct errbuf *err)
{
	unsigned char	*words;
	const char	*text;

	words = yajl_get_error(h, 0, NULL, 0);
	text = words != NULL ? (const char *)words : "invalid JSON";
	errbuf_set(err, "%.*s at byte %zu", (int)strcspn(text, "\n"), text,
	    at);
	if (words != NULL)
		yajl_free_error(h, words);
}

/* yajl's walk over all of the text.  *at gets the byte where it stopped. */
static yajl_status
gate_walk(yajl_handle h, const unsigned char *text, size_t len, size_t *at)
{
	yajl_status	status = yajl_parse(h, text, len);

	*at = yajl_get_bytes_consumed(h);
	if (status != yajl_status_ok)
		return status;
	*at = len;
	/* A string that was begun behind the document and not ended is no
	 * error to yajl, but a line feed within a string is. */
	status = yajl_parse(h, (const unsigned char *)"\n", 1);
	return status == yajl_status_ok ? yajl_complete_parse(h) : status;
}

/* What the walk over a text that ended so means. */
static enum json_verdict
gate_verdict(const struct gate *g, yajl_status status, size_t at,
    struct errbuf *err)
{
	if (g->too_deep) {
		errbuf_set(err, "nested too deep at byte %zu", at);
		return JSON_INVALID;
	}
	if (status != yajl_status_ok) {
		gate_say_yajl(g->yajl, at, err);
		return JSON_INVALID;
	}
	if (g->unfit == NULL)
		return JSON_OK;
	errbuf_set(err, "%s at byte %zu", g->unfit, g->unfit_at);
	return JSON_UNFIT;
}

/* With all of its bytes well. */
static enum json_verdict
gate_try(struct gate *g, const unsigned char *text, size_t len,
    struct errbuf *err)
{
	yajl_alloc_funcs	memory = { gate_malloc, gate_realloc,
				    gate_free, g };
	yajl_status		status;
	size_t			at;

	if (setjmp(g->no_memory) != 0) {
		(void)errbuf_no_memory(err);
		return JSON_NO_MEMORY;
	}
	g->yajl = yajl_alloc(&gate_callbacks, &memory, g);
	/* All of it is UTF-8: that was looked at. */
	(void)yajl_config(g->yajl, yajl_dont_validate_strings, 1);
	status = gate_walk(g->yajl, text, len, &at);
	return gate_verdict(g, status, at, err);
}

enum json_verdict
json_gate(const char *body, size_t len, struct errbuf *err)
{
	const unsigned char	*text = (const unsigned char *)body;
	struct gate		 g = { .unfit = NULL };
	enum json_verdict	 verdict;

	if (len == 0) {
		errbuf_set(err, "empty body");
		return JSON_INVALID;
	}
	if (!gate_bytes_ok(text, len, err))
		return JSON_INVALID;
	LIST_INIT(&g.blocks);
	verdict = gate_try(&g, text, len, err);
	gate_free_all(&g);
	return verdict;
}
