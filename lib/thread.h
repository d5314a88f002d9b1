/* Threads beside the one that has the work to end. */
#ifndef GENHOOK_THREAD_H
#define GENHOOK_THREAD_H

#include <pthread.h>
#include <stdbool.h>

#include "lib/errbuf.h"

/* Start run(arg) on a thread that takes no signals: they are for the thread
 * that ends the run.  False with err: there is none to be had. */
bool	thread_start(pthread_t *, void *(*run)(void *), void *arg,
	    struct errbuf *err);

#endif
