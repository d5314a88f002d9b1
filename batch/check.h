/*
 * A run that could not begin has no row in which it could say so.  It leaves a
 * note in the spool's directory, for `genhook doctor`; the next run that begins
 * takes it away.
 */
#ifndef GENHOOK_CHECK_H
#define GENHOOK_CHECK_H

#include "batch/run.h"

/* Leave the run's error; what cannot be written is left out. */
void	check_note_leave(const struct run *);
void	check_note_remove(const struct run *);

#endif
