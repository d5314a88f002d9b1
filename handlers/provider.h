/*
 * All that differs from one provider to the next: a struct provider for each,
 * filled in by handlers/NAME.c.  Its functions know nothing of threads, files
 * or the database; any thread may call them.
 */
#ifndef GENHOOK_PROVIDER_H
#define GENHOOK_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/errbuf.h"
#include "lib/json.h"
#include "handlers/result.h"
#include "handlers/signature.h"

/* What a parser makes of a JSON document. */
enum parse_verdict {
	PARSE_FINAL,	/* result is filled in, state is not TASK_PENDING; what
			   is odd about it stands in result.note */
	PARSE_PROGRESS,	/* well formed, but no final result; err says what.
			   result.task_id is set where the document has one */
	PARSE_HINT,	/* it ended, or a piece of it came, and only the API
			   can say more: result.task_id is set, and err says
			   what */
	PARSE_UNKNOWN	/* no shape we know; err says what is missing */
};

/* What a parser has to know beside the document.  All borrowed. */
struct parse_context {
	usec_t		 received_at;	/* relative times are counted from it */
	const char	*api_base;	/* links that are paths are below it */
	/* Of an answer to a poll; NULL and 0 of a callback. */
	const char	*task_id;	/* which was asked for */
	int		 http;		/* the answer's status */
};

/* What a provider's status API answered, before the task is looked at. */
enum poll_verdict {
	POLL_TASK,		/* there is a task object: parse it */
	POLL_NOT_FOUND,		/* it says that it knows no such task */
	POLL_BAD_KEY,		/* this account's key is refused */
	POLL_RATE_LIMITED,
	POLL_TROUBLE		/* anything else: ask again later */
};

/* A request on its way to a provider.  All borrowed. */
struct submission {
	const char	*api_base;
	const char	*path;		/* below api_base, in place of the
					   model's own; or NULL */
	const char	*model;
	const char	*hook;		/* where to call back; NULL: nowhere */
	bool		 test_mode;	/* a mock event, please */
	const char	*secret;	/* that the callback is to be signed
					   with; or NULL */
	const char	*own_id;	/* a UUID of the request's own, the same
					   each time it is sent; or NULL */
};

/* What the answer to a submit is worth. */
enum submit_verdict {
	SUBMIT_DONE,		/* there is a task */
	SUBMIT_REFUSED,		/* no, and nothing was made */
	SUBMIT_LATER,		/* nothing was made, but may be later */
	SUBMIT_RATE_LIMITED,	/* the same, for the whole account */
	SUBMIT_BAD_KEY,		/* the same, until the key is mended */
	SUBMIT_UNKNOWN,		/* nobody can say */
	SUBMIT_LOST		/* nor can the provider, if asked once more */
};

/* An answer that means something else than its status usually does. */
struct submit_quirk {
	int			 status;
	const char		*words;		/* somewhere in the body */
	enum submit_verdict	 verdict;
};

struct provider {
	const char	*name;		/* in paths, tables, settings, logs */
	const char	*path_suffix;	/* that it appends to the callback's
					   path, or NULL */
	const char	*api_base;	/* scheme and host of its API */
	/* Below api_base, what tells the webhook secret; NULL: nothing does. */
	const char	*secret_path;
	/* How it signs callbacks; NULL: it does not. */
	const struct signature_scheme *signature;
	/* Where it publishes the keys of that, as a JSON Web Key Set; NULL:
	 * nowhere. */
	const char	*keys_url;
	/* The header that has the API key, and what is before the key in it;
	 * both NULL: "Authorization" and "Bearer ". */
	const char	*key_header, *key_prefix;
	/* More header lines of each call; NULL-terminated.  NULL: none. */
	const char *const *api_headers;
	/* Files below this path of api_base are to be had with the key alone,
	 * as the API is; NULL: everybody may have them. */
	const char	*keyed_path;

	/*
	 * Is a callback's document a question whether this address is ours?
	 * Then append the JSON that it wants for an answer; false: it is none,
	 * or the answer does not fit.  NULL: the provider never asks.
	 */
	bool	(*handshake)(struct json_object *doc, struct buf *answer);

	/*
	 * Parse a callback's or a poll answer's document (either envelope) into
	 * an empty result, which the caller frees after any verdict.
	 */
	enum parse_verdict (*parse)(struct json_object *doc,
	    const struct parse_context *, struct result *,
	    struct errbuf *err);

	/*
	 * Append the URL that tells a task's state.  False, with err, when it
	 * cannot be made (APIXO needs the model) or does not fit.  model may
	 * be NULL.
	 */
	bool	(*poll_url)(struct buf *url, const char *api_base,
	    const char *task_id, const char *model, struct errbuf *err);

	/* Where a task's state is told depends on its model: where that is not
	 * known, poll_url's is a guess, and that it knows no such task says
	 * nothing. */
	bool		 poll_url_is_guess;
	/* Where the answer to a submit has the URL that tells the task's state,
	 * as a path for json_at(): it is asked in place of poll_url's, where it
	 * is the API's own.  NULL: nowhere. */
	const char	*poll_url_path;
	/* The domain whose hosts are all the API's own, and may have the key;
	 * NULL: api_base's host alone is. */
	const char	*api_domain;

	/* Append the JSON with which that URL is asked by POST; false with err.
	 * NULL: it is asked by GET. */
	bool	(*poll_body)(struct buf *body, const char *task_id,
	    struct errbuf *err);

	/*
	 * Does an answer to a poll (POLL_TASK) only say where the result is?
	 * Then append the URL to ask next, of the API's own; false: it does
	 * not, or the URL does not fit.  asked is the URL that brought the
	 * answer.  What is parsed and kept is then a list of both answers.
	 * NULL: one answer says it all.
	 */
	bool	(*poll_next)(struct buf *url, const char *api_base,
	    const char *asked, struct json_object *doc);

	/*
	 * The HTTP status that an answer stands for, where the API says its
	 * errors with a 200 and a number of its own.  poll_classify() and all
	 * that looks at an answer's status get this one.  NULL: it is http.
	 */
	int	(*answer_status)(int http, struct json_object *doc);

	/*
	 * What an answer with HTTP status http is worth; doc is NULL when the
	 * body is no JSON.  err gets the provider's own words; for POLL_TASK it
	 * is empty.
	 */
	enum poll_verdict (*poll_classify)(int http, struct json_object *doc,
	    struct errbuf *err);

	/* The same of an answer to a submit, where it may not be judged as one
	 * to a poll.  NULL: it is. */
	enum poll_verdict (*submit_classify)(int http,
	    struct json_object *doc, struct errbuf *err);

	/* Append the path, from its first slash on, to which a model's
	 * requests go.  False when the model cannot stand in a URL, or it
	 * does not fit. */
	bool	(*submit_path)(struct buf *url, const char *model);

	/*
	 * Put model, callback and test mode into a request's body, where
	 * they belong there.  False with err.
	 */
	bool	(*submit_fill)(struct json_object *request,
	    const struct submission *, struct errbuf *err);

	/* The body is a list of such requests, of which it is the only one. */
	bool		 submit_is_list;

	/* The member of a request that names its task, where the client makes
	 * the id: the request's own, or else submission.own_id, is put there;
	 * so that a request of unknown fate can be asked about.  NULL: the
	 * provider makes it. */
	const char	*own_id_member;

	/* The parameter of the URL's query that names the callback; NULL
	 * where the body names it. */
	const char	*hook_parameter;

	/* Where the answer may have the task's id: paths for json_at(), the
	 * best first; NULL-terminated. */
	const char *const *task_id_paths;

	/* Answers to a submit that mean something else than usual; ends in a
	 * status of 0.  NULL: there are none. */
	const struct submit_quirk *submit_quirks;

	/* Numbers by which its answers say that the account has no credit,
	 * beside what api_trouble.c knows; ends in 0.  NULL: there are none. */
	const int64_t	*no_credit_codes;

	/* The header with which a request that is sent twice is carried out
	 * once; NULL where there is none. */
	const char	*once_header;
	bool		 has_test_mode;	/* submission.test_mode may be true */
};

/* Every provider, NULL-terminated: handlers/registry.def in C. */
extern const struct provider *const providers[];

/* By name, or NULL. */
const struct provider *provider_find(const char *name);

/*
 * A poll_classify() for what the providers have in common: 401, 403 a bad key,
 * 404 not found, 429 rate limit, other than 2xx trouble; a "code" in the body
 * of a 2xx that is not 200 is taken as if it were the HTTP status.  A provider
 * with answers of its own looks at those and leaves the others to this.
 */
enum poll_verdict poll_classify_common(int http, struct json_object *doc,
	    struct errbuf *err);

/* The status of an answer, by the provider's answer_status(). */
int	provider_http_status(const struct provider *, int http,
	    struct json_object *doc);

/* The HTTP status, or for a 2xx the "code" of the body that takes its place. */
int	provider_answer_status(int http, struct json_object *doc);

/* Append an api_base, whose slashes at the end are dropped. */
void	url_append_base(struct buf *url, const char *api_base);

/* Append a path of one or more segments, such as "vendor/model": each is
 * escaped, and the slashes stay.  False: one is none, or it does not fit. */
bool	url_append_segments(struct buf *url, const char *path);

/* Append api_base, before, the escaped task id and behind; false with err. */
bool	url_for_task(struct buf *url, const char *api_base,
	    const char *before, const char *task_id, const char *behind,
	    struct errbuf *err);

#endif
