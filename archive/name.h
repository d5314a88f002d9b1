/* Names for ids from outside, safe as one part of a path or of an object's
 * key. */
#ifndef GENHOOK_ARCHIVE_NAME_H
#define GENHOOK_ARCHIVE_NAME_H

#include <stdbool.h>

#define ARCHIVE_NAME_MAX	101	/* bytes of a name, with the NUL */

/*
 * Write the name of id: id itself when it has only letters, digits, '.', '_'
 * and '-', begins with a letter or digit and is short enough; otherwise a name
 * that begins with '_'.  No two ids share a name.  False: no memory.
 */
bool	archive_name(const char *id, char name[ARCHIVE_NAME_MAX]);

#endif
