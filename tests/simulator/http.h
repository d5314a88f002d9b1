#ifndef SIM_HTTP_H
#define SIM_HTTP_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "media.h"
#include "options.h"

#define HEADERS_MAX	8

/* One request.  All strings live as long as the request. */
struct call {
	const char	*method;
	const char	*path;		/* what is left below the prefix */
	const char	*whole_path;
	const char	*body;		/* body_len bytes and a NUL */
	size_t		 body_len;
	void		*connection;
};

/* One answer.  Bodies are made by the reply_ functions and freed by http.c. */
struct reply {
	unsigned	 status;
	const char	*type;
	char		*body;
	size_t		 body_len;
	bool		 has_file;	/* instead of the body, a part of file */
	struct media_file file;
	uint64_t	 from, len;
	bool		 closed;	/* written by hand: just hang up */
	int		 headers;
	struct {
		const char	*name;
		char		 value[512];
	} header[HEADERS_MAX];
};

bool		 http_open(const char *address, long, struct words *);
void		 http_close(void);
const char	*http_base(void);
int		 http_port(void);

const char	*call_query(const struct call *, const char *);
const char	*call_header(const struct call *, const char *);
int		 call_socket(const struct call *);
json_t		*call_json(const struct call *);

void		 reply_json(struct reply *, unsigned, json_t *);
void		 reply_text(struct reply *, unsigned, const char *,
		    const char *, ...) __attribute__((format(printf, 4, 5)));
void		 reply_header(struct reply *, const char *, const char *, ...)
		    __attribute__((format(printf, 3, 4)));

#endif
