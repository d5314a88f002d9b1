/* What a callback or a poll answer said, in genhook's own words. */
#ifndef GENHOOK_RESULT_H
#define GENHOOK_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/time.h"
#include "lib/errbuf.h"

#define RESULT_MAX_OUTPUTS	1000
#define TASK_ID_MAX		256	/* bytes; sql/ has the same CHECK */
#define OUTPUT_NAME_MAX		128

enum task_state {
	TASK_PENDING,
	TASK_SUCCEEDED,
	TASK_FAILED,
	TASK_CANCELLED,
	TASK_STATE__MAX
};

enum output_kind {
	OUTPUT_IMAGE,
	OUTPUT_VIDEO,
	OUTPUT_AUDIO,
	OUTPUT_FILE,
	OUTPUT_TEXT,
	OUTPUT_KIND__MAX
};

enum expires_source {
	EXPIRES_FIELD,		/* an absolute or relative time in the payload */
	EXPIRES_URL,		/* the signed URL's own query */
	EXPIRES_PROVIDER,	/* the lifetime that the provider documents */
	EXPIRES_UNKNOWN,
	EXPIRES__MAX
};

struct output {
	enum output_kind	 kind;
	char			*name;		/* what the payload calls it: up to
						   OUTPUT_NAME_MAX bytes; or NULL */
	char			*url;		/* NULL for OUTPUT_TEXT */
	char			*inline_text;	/* NULL unless OUTPUT_TEXT */
	unsigned char		*data;		/* the file, where it came within
						   the payload; else NULL */
	size_t			 datalen;
	usec_t			 expires_at;
	enum expires_source	 expires_source;
	bool			 odd;		/* not what its place is for: kept
						   all the same, and noted */
};

/* Owns all that its pointers point to.  All zeroes is an empty result. */
struct result {
	enum task_state	 state;
	char		*task_id;
	char		*model;
	char		*error_code;
	char		*error_message;
	char		*status_word;	/* the provider's own word */
	bool		 status_known;	/* false: a word not in its table */
	bool		 is_test;
	usec_t		 submitted_at;
	usec_t		 finished_at;
	struct output	*outputs;
	size_t		 noutputs;
	char		*note;		/* what is odd about it, or NULL */
};

/* The words that stand in the database, by enum. */
extern const char *const task_state_words[TASK_STATE__MAX];
extern const char *const output_kind_words[OUTPUT_KIND__MAX];
extern const char *const expires_source_words[EXPIRES__MAX];

void	result_free(struct result *);	/* safe on zeroes and twice */

/* What the payload said of one link, for result_add_url(). */
struct link_facts {
	const char	*name;		/* of the member that holds it; or NULL */
	const char	*declared_type;	/* "png", "video/mp4"; or NULL */
	const char	*array_name;	/* "images", "videos", ...; or NULL */
	usec_t		 expires_at;	/* absolute time in a field, or 0 */
	int64_t		 ttl_s;		/* relative; 0 and less say nothing */
	usec_t		 ttl_from;	/* what ttl_s is counted from */
	int64_t		 lifetime_s;	/* the provider's documented one, or 0 */
	usec_t		 lifetime_from;	/* completion, or receipt if unknown */
};

/*
 * Append a link (copied).  Its kind follows the declared type, else the
 * array's name, else the URL's extension, else "file".  Its expiry is the
 * earlier of the field and the signed URL's query; else ttl; else the
 * provider's lifetime; else unknown.  What is no http(s) URL of sane length is
 * odd, and noted: it will fail alone, when it is to be downloaded.
 * Returns false, with err, above RESULT_MAX_OUTPUTS or without memory.
 */
bool	result_add_url(struct result *, const char *url,
	    const struct link_facts *, struct errbuf *err);

/*
 * Append a file that came within the payload; data (malloc'ed) is taken over,
 * whatever is returned.  Its type is the declared one, or ""; its URL becomes
 * "data:TYPE;sha256=DIGEST".  False as above.
 */
bool	result_add_data(struct result *, const char *type, unsigned char *data,
	    size_t len, const struct link_facts *, struct errbuf *err);

/* Append a text output (copied), under facts' name.  False as above. */
bool	result_add_text(struct result *, const char *text,
	    const struct link_facts *, struct errbuf *err);

/* Set a string member by copy; NULL and "" leave it NULL. False: no memory. */
bool	result_set(char **member, const char *text);

/* True for http:// or https:// URLs with a host, without blanks or control
 * bytes, of at most 8,000 bytes. */
bool	url_is_link(const char *);

/* Does the link's path end as a file's name of a kind that we know? */
bool	url_names_kind(const char *url);

/*
 * What a link says of its own end.  Read are: a moment with a number of seconds
 * (AWS SigV4, Google, Aliyun, Volcano, Baidu, Huawei), moments under a name that
 * speaks of an end (Expires, x-expires, expire, exp, se of Azure, e of Qiniu …)
 * in seconds or milliseconds since 1970 or as ISO 8601, hexadecimal ones
 * (Discord, Tencent), auth_key (Aliyun), q-sign-time (Tencent), CloudFront's
 * Policy, Akamai's tokens, JSON Web Tokens.  The earliest counts.
 */
struct url_end {
	usec_t	at;		/* 0: it does not say */
	bool	is_signed;	/* it has an end, whether that could be read
				   or not */
};
struct url_end url_end(const char *url);

#endif
