/* The note beside a file that is being written (partial.h), for partial.c
 * alone. */
#ifndef GENHOOK_PARTIAL_NOTE_H
#define GENHOOK_PARTIAL_NOTE_H

#include "archive/partial.h"

/* Write one.  False: there can be none, or it could not be written. */
bool	partial_note_write(struct partial *, const char *mark);

/* Read its mark.  False: there is none, or none to be trusted. */
bool	partial_note_read(const struct partial *, char mark[ARCHIVE_MARK_MAX]);

/* Make it as young as now, that partial_dir_clean() leaves it. */
void	partial_note_touch(const struct partial *);

/* Remove it, if there is one. */
void	partial_note_remove(struct partial *);

#endif
