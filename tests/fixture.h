/* Payloads in files, and what a parser has to make of them. */
#ifndef GENHOOK_FIXTURE_H
#define GENHOOK_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>

#include "handlers/provider.h"

/* The moment at which every fixture is taken to have come in. */
#define RECEIVED_AT	(INT64_C(1764000000) * USEC_PER_SEC)

#define EXPECT_OUTPUTS	6

/* A whole file, with a NUL behind it; the caller frees it.  Ends the program
 * when there is no such file.  Paths start at the repository's root. */
char	*fixture_read(const char *path, size_t *len);

/* One row of a provider's table. */
struct expect {
	const char		*file;
	enum parse_verdict	 verdict;
	const char		*err;	/* part of it, or of a final result's
					   note; NULL: there is none */
	const char		*task_id;
	const char		*status_word;
	enum task_state		 state;
	bool			 status_unknown, is_test;
	const char		*model, *error_code, *error_message;
	usec_t			 submitted_at, finished_at;
	struct {
		enum output_kind	 kind;
		const char		*what;	/* URL or text; NULL: the end */
		int64_t			 expires_s;
		enum expires_source	 source;
	} outputs[EXPECT_OUTPUTS];
};

/* Assert that the parser makes of each file what its row says. */
void	expect_all(const struct provider *, const struct expect *, size_t n);

/* Assert that no part of that file from its start on is taken for JSON. */
void	expect_prefixes_refused(const char *path);

/* Assert how a status word ends: the file's "@STATUS@" is replaced by it. */
struct expect_status {
	const char		*word;
	enum parse_verdict	 verdict;
	enum task_state		 state;
	bool			 known;
};
void	expect_statuses(const struct provider *, const char *path,
	    const struct expect_status *, size_t n);

/* Rows of poll_url and of poll_classify. */
struct expect_url {
	const char	*task_id, *model;
	const char	*url;		/* NULL: there is none, and err */
	const char	*err;
};
void	expect_poll_urls(const struct provider *, const struct expect_url *,
	    size_t n);

struct expect_answer {
	int			 http;
	const char		*body;	/* NULL: no JSON */
	enum poll_verdict	 verdict;
	const char		*err;	/* part of it, or NULL */
};
void	expect_answers(const struct provider *, const struct expect_answer *,
	    size_t n);

/* Rows of requests: each with the address that it goes to, and its body.  With a
 * url of NULL there is none.  base has what all rows share. */
struct expect_submit {
	const char	*model, *path, *request, *url, *body;
};
struct submission;
void	expect_submits(const struct provider *, const struct submission *base,
	    const struct expect_submit *, size_t n);

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

#endif
