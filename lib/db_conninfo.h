/* Connection strings, as libpq writes them ("key=value ..." or a URI): read and
 * put together, without connecting. */
#ifndef GENHOOK_DB_CONNINFO_H
#define GENHOOK_DB_CONNINFO_H

#include <stdbool.h>

#include "lib/buf.h"
#include "lib/errbuf.h"

/* Is it one?  False with libpq's words. */
bool	db_conninfo_check(const char *conninfo, struct errbuf *err);

/* What it sets a keyword to, for the caller to free; NULL: nothing, it is no
 * connection string, or no memory. */
char	*db_conninfo_value(const char *conninfo, const char *keyword);

/* Append keyword='value', quoted as PostgreSQL's manual has it (section 34.1.1.1,
 * keyword/value connection strings). */
void	db_conninfo_add(struct buf *conninfo, const char *keyword,
	    const char *value);

#endif
