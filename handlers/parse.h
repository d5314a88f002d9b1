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
#include "handlers/links.h"
#include "handlers/provider.h"
#include "handlers/result.h"

/*
 * Take the task's id and status from strings at those paths.  Returns
 * PARSE_FINAL when the status is a final one (status.h) and the rest is yet to
 * be read; PARSE_PROGRESS for a pending state; PARSE_UNKNOWN when the id or the
 * status is missing or unfit, or nobody knows the word: then the id is there,
 * and the task is to be asked for.  All but PARSE_FINAL come with err.
 */
enum parse_verdict parse_task(struct result *, struct json_object *task,
	    const char *id_path, const char *status_path, struct errbuf *err);

/* Only the id: a string of 1 to TASK_ID_MAX bytes without control bytes. */
bool	parse_task_id(struct result *, struct json_object *task,
	    const char *path, struct errbuf *err);

/* Move a text or number at a path to a member; NULL when there is none. */
void	parse_text(char **member, struct json_object *obj, const char *path);

/*
 * Take what a failure is called and why: from a member whose name speaks of an
 * error, a failure or a reason, of a list of places in the document (the first
 * that has words), whether it is text, a number, an object or a list.  What is
 * set already is kept.
 */
void	parse_error(struct result *, struct json_object *const *places,
	    size_t n);

/* A moment that can be: not before the first of these providers, nor later than
 * a day after its receipt, as clocks differ.  Else 0. */
usec_t	parse_plausible(usec_t at, const struct parse_context *);

/* The moment that a number at a path counts, in whatever unit; 0 where there is
 * none, or one that cannot be. */
usec_t	parse_moment(struct json_object *, const char *path,
	    const struct parse_context *);

/*
 * Where outputs stand in a task: a list, or one in its place.  An item with a
 * link anywhere in it is that link (links.h); one whose link is null or "" is
 * none; any other is a text where the provider's outputs may be texts, else odd,
 * so that nothing gets lost.
 */
struct parse_place {
	const char	*path;		/* in the task */
	const char	*array;		/* of which kind: "images" ...; NULL: as
					   the links say */
	bool		 texts;
};
bool	parse_items(struct result *, struct json_object *task,
	    const struct parse_place *, const char *base,
	    const struct link_facts *, struct links_done *,
	    struct errbuf *err);

/* Append the JSON text of a value as a text output, under facts' name. */
bool	parse_as_text(struct result *, struct json_object *value,
	    const struct link_facts *, struct errbuf *err);

/*
 * End of a parser, whose outputs were read or, with err, were not.  All
 * links of a success that were not taken yet are taken here, by links.h's rule.
 * Odd outputs have no say in those beside them, which are paid for; but where
 * all outputs of a success are odd, or one of the members (NULL-terminated) that
 * hold results is not empty and gave none, its shape is not known:
 * PARSE_UNKNOWN, with err.
 */
struct parse_end {
	struct json_object		*task;
	const char *const		*members;
	const char			*base;	/* as for links_take() */
	const struct link_facts		*facts;
	bool				 texts;	/* outputs may be texts */
	struct links_done		 done;	/* by parse_items() */
};
enum parse_verdict parse_end(struct result *, bool outputs_read,
	    const struct parse_end *, struct errbuf *err);

#endif
