/* A delivery: our record of one callback, poll answer or replay. */
#ifndef GENHOOK_DELIVERY_H
#define GENHOOK_DELIVERY_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/errbuf.h"
#include "handlers/provider.h"
#include "handlers/result.h"
#include "common/conf.h"

enum delivery_source {
	SOURCE_CALLBACK,
	SOURCE_POLL,
	SOURCE_REPLAY,
	SOURCE__MAX
};

/*
 * What became of it.  The caller of store_deliveries() proposes one of them;
 * the database may turn ACCEPTED into DUPLICATE or CONFLICT.
 */
enum outcome {
	OUTCOME_ACCEPTED,
	OUTCOME_REQUERY,	/* proposed only: the poll is to decide */
	OUTCOME_DUPLICATE,
	OUTCOME_CONFLICT,
	OUTCOME_IGNORED,
	OUTCOME_UNPARSED,
	OUTCOME_STALE,
	OUTCOME_REJECTED,
	OUTCOME_UNVERIFIED,
	OUTCOME__MAX
};

enum verdict {
	VERDICT_SIGNATURE,
	VERDICT_TOKEN,
	VERDICT_NONE,
	VERDICT_FAILED,
	VERDICT__MAX
};

extern const char *const source_words[SOURCE__MAX];
extern const char *const outcome_words[OUTCOME__MAX];
extern const char *const verdict_words[VERDICT__MAX];

/* Which of n words it is; -1: none of them. */
int	word_index(const char *const *words, int n, const char *word);

/* Owns all that its pointers point to but the provider. */
struct delivery {
	char			 id[37];	/* UUID version 7 */
	usec_t			 received_at;
	const struct provider	*provider;
	char			*account;
	enum delivery_source	 source;
	enum outcome		 outcome;	/* proposed */
	enum verdict		 verdict;
	char			 token[CONF_TOKEN_DIGITS + 1];	/* which one it showed: the first
						   digits of its SHA-256; or "" */
	char			*remote_addr;	/* NULL: not known */
	char			*headers;	/* a JSON object's text, or NULL */
	char			*body;		/* bodylen bytes, redacted */
	size_t			 bodylen;
	char			*note;		/* for people; or NULL */
	struct result		 result;
};

/* A new delivery with id and time; NULL: no memory or no randomness. */
struct delivery *delivery_new(const struct provider *, const char *account,
	    enum delivery_source);
void	delivery_free(struct delivery *);	/* NULL is fine */

/* Take over a malloc'ed body; a former one is freed. */
void	delivery_set_body(struct delivery *, char *body, size_t len);
bool	delivery_set_note(struct delivery *, const char *words);

/*
 * Parse d's body with its provider and propose the outcome: ACCEPTED (or
 * REQUERY where requery is true, and of a hint), IGNORED, UNPARSED, or REJECTED
 * when it is not JSON.  result is set along with it, and note: what is odd about it, or
 * why there is no result.  False: no memory.
 */
bool	delivery_judge(struct delivery *, bool requery);

#endif
