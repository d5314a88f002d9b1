/*
 * Where the links of a result are, and the files that it holds itself
 * (embedded.h): one rule for all providers.  They are searched in objects, lists,
 * numbered keys, JSON within strings, and lists within a string; what a request
 * echoes of itself is passed over.
 */
#ifndef GENHOOK_LINKS_H
#define GENHOOK_LINKS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"
#include "lib/errbuf.h"
#include "lib/json.h"
#include "handlers/result.h"

/* What a text that is no link is, where links are searched. */
enum links_mode {
	LINKS_ALONE,		/* nothing */
	LINKS_AMONG_TEXTS,	/* perhaps a result: one with a blank in it is a
				   link only where it ends as a file's name */
	LINKS_OR_ODD		/* in a link's place ("url"), an output that will
				   fail alone */
};

/* Values in which nothing is left to take: links_take() passes them over. */
#define LINKS_DONE_MAX	32
struct links_done {
	const struct json_object	*value[LINKS_DONE_MAX];
	size_t				 n;
};

/*
 * Append every link in value that result does not have yet: first what is the
 * result itself, then covers, thumbnails, first and last frames, previews and
 * originals.  base, scheme and host, is put before a link that is a path; NULL:
 * a path is none.  The nearest member that speaks of a kind, a type or an end
 * gives them; facts is for those of which none does.  False with err: no memory,
 * or too many outputs.
 */
bool	links_take(struct result *, struct json_object *value,
	    const struct links_done *, enum links_mode, const char *base,
	    const struct link_facts *facts, struct errbuf *err);

/*
 * The same of one item of a list of results: each link that the item has, though
 * another item has it too, and covers and the like only where there is nothing
 * else.  *more becomes true where some were left.
 */
bool	links_take_item(struct result *, struct json_object *item,
	    enum links_mode, const char *base, const struct link_facts *facts,
	    bool *more, struct errbuf *err);

/* Does the text begin as a link, with http:// or https://? */
bool	links_has_scheme(const char *text);

/* Is it the name of a place for a link: "url", "image_urls", "videoLink"? */
bool	links_is_place(const char *name);

/* The name at the end of a path: "images" of "result.images". */
const char *links_last_name(const char *path);

/* Is there nothing in a value that could be a result?  So it is of null, "",
 * numbers, booleans, lists and objects of these, and strings of such JSON. */
bool	links_is_empty(struct json_object *value);

#endif
