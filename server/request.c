/* The variables of a request, as CGI has them. */
#include <stdbool.h>
#include <string.h>

#include "server/request.h"

/* Is it "NAME=value" for that name of len bytes? */
static bool
request_var_is(const char *var, const char *name, size_t len)
{
	return *var == *name && strncmp(var, name, len) == 0 &&
	    var[len] == '=';
}

const char *
request_get(const struct request *r, const char *name)
{
	size_t	i, len = strlen(name);

	for (i = 0; r->env[i] != NULL; i++)
		if (request_var_is(r->env[i], name, len))
			return r->env[i] + len + 1;
	return NULL;
}

size_t
request_count(const struct request *r, const char *name)
{
	size_t	i, n = 0, len = strlen(name);

	for (i = 0; r->env[i] != NULL; i++)
		n += request_var_is(r->env[i], name, len);
	return n;
}
