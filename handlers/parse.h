/*
 * Pieces that the parsers in handlers/ are put together from.  Where one
 * succeeds it leaves err alone; what is odd, and taken all the same, goes into
 * the result's note.
 */
#ifndef GENHOOK_PARSE_H
#define GENHOOK_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/errbuf.h"
#include "lib/json.h"
#include "handlers/provider.h"
#include "handlers/result.h"

/* A provider's words for the states of a task; ends in a NULL word. */
struct status_word {
	const char	*word;
	enum task_state	 state;
};

/*
 * Take the task's id and status from strings at those paths.  Returns
 * PARSE_FINAL when the status is a final one and the rest is yet to be read;
 * PARSE_PROGRESS for a pending state, or for a word that is not in the table
 * (status_known is false then); PARSE_UNKNOWN when the id or the status is
 * missing or unfit.  Both of these come with err.
 */
enum parse_verdict parse_task(struct result *, struct json_object *task,
	    const char *id_path, const char *status_path,
	    const struct status_word *, struct errbuf *err);

/* Only the id: a string of 1 to TASK_ID_MAX bytes without control bytes. */
bool	parse_task_id(struct result *, struct json_object *task,
	    const char *path, struct errbuf *err);

/* Move a text or number at a path to a member; NULL when there is none. */
void	parse_text(char **member, struct json_object *obj, const char *path);

/*
 * Append the link that value holds, as result_add_url() does.  JSON null and
 * "" are skipped; anything else than a string is odd.
 */
bool	parse_link(struct result *, struct json_object *value,
	    const struct link_facts *, struct errbuf *err);

/*
 * Call fn for each item of the list at a path.  A missing list or null has
 * no items; another type is false with err, as is any false from fn.
 */
struct parse_list {
	struct result	*result;
	const void	*how;		/* the caller's own table row */
	struct link_facts facts;	/* the same for every item */
	bool	(*item)(struct parse_list *, struct json_object *item,
		    struct errbuf *err);
};
bool	parse_list(struct parse_list *, struct json_object *obj,
	    const char *path, struct errbuf *err);

/*
 * The first of the keys (NULL-terminated) that item has, be it null; a
 * string item stands for itself.  False with err when there is none: words for
 * parse_odd().
 */
bool	parse_member(struct json_object *item, const char *const *keys,
	    struct json_object **value, struct errbuf *err);

/*
 * Append every http(s) URL there is in a document of unknown shape, in the
 * order of the text and each one once.  The nearest member name that speaks
 * of an image, a video or audio gives the kind.
 */
bool	parse_every_link(struct result *, struct json_object *doc,
	    const struct link_facts *, struct errbuf *err);

/* Append the JSON text of a value as a text output.  False with err. */
bool	parse_as_text(struct result *, struct json_object *value,
	    struct errbuf *err);

/* The same of what stands in the place of an output and is not understood, so
 * that nothing gets lost; words, which say why, become the note. */
bool	parse_odd(struct result *, struct json_object *value,
	    const char *words, struct errbuf *err);

/*
 * End of a parser, whose outputs were read or, with err, were not.  Odd outputs
 * have no say in those beside them, which are paid for; but where all outputs
 * of a success are odd, its shape is not known: PARSE_UNKNOWN, with the note of
 * the last of them as err.  Else PARSE_FINAL.
 */
enum parse_verdict parse_end(struct result *, bool outputs_read,
	    struct errbuf *err);

#endif
