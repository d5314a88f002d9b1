/* What providers' words for the states of a task mean. */
#ifndef GENHOOK_STATUS_H
#define GENHOOK_STATUS_H

#include <stdbool.h>

#include "handlers/result.h"

/*
 * The state that a word means in the mouth of any provider; its letter case,
 * blanks and hyphens do not matter, nor does a prefix such as "TASK_STATUS_".
 * *code gets "timeout" where the word means that, else NULL.  False: nobody
 * knows the word.
 */
bool	status_find(const char *word, enum task_state *state,
	    const char **code);

#endif
