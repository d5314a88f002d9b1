/* genhook's database: how the programs connect to it, and the version of the
 * schema that they are built for. */
#ifndef GENHOOK_DATABASE_H
#define GENHOOK_DATABASE_H

#include <stdbool.h>

#include "lib/db.h"

/*
 * A connection whose sessions see genhook's schema alone, for db_free().
 * db_connect() refuses a schema of another version: DB_BROKEN with the class
 * ERR_SCHEMA.  role is borrowed, or NULL, and pooler said, as in struct
 * db_options.  NULL: no memory.
 */
struct db *database_new(const char *conninfo, const char *role, bool pooler);

/* The same, but the server ends each statement after so long, as PostgreSQL writes
 * it ("5s"); borrowed. */
struct db *database_new_limited(const char *conninfo, const char *role,
	    bool pooler, const char *statement_timeout);

/* The schema version that this program was built for: its sql/'s last one. */
int	database_schema_version(void);

#endif
