/* Asking a provider for a fresh link to an output.  For the main thread. */
#ifndef GENHOOK_FRESH_LINK_H
#define GENHOOK_FRESH_LINK_H

#include "batch/download/job_internal.h"

/*
 * Ask, which an attempt does once at most.  on_end is called with the answer
 * once that has come; the job's link is then the fresh one, if there is one.
 * False: the provider cannot be asked, or not now.  After both, the link's hope
 * and why_none say what is to be known of it.
 */
bool	fresh_link_ask(struct job *,
	    void (*on_end)(struct job *, enum job_link_answer));

#endif
