/* One request as the web server hands it over, by FastCGI or plain CGI. */
#ifndef GENHOOK_REQUEST_H
#define GENHOOK_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

struct request {
	char *const	*env;		/* "NAME=value", NULL-terminated */
	/* Read up to n bytes of the body; less only at its end. */
	size_t		(*read)(void *arg, char *buf, size_t n);
	/* Send a piece of the answer, CGI's head first; false: nobody takes
	 * it any more. */
	bool		(*write)(void *arg, const void *data, size_t n);
	void		*arg;
	bool		 broken;	/* read() failed, for no fault of the sender */
};

/* The first value of a CGI variable, or NULL. */
const char *request_get(const struct request *, const char *name);
/* How often a variable occurs: lighttpd passes X-Sig and X_Sig as the same
 * name twice, and whoever adds the second may not be the sender. */
size_t	request_count(const struct request *, const char *name);

#endif
