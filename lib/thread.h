/* How every thread of genhook is started. */
#ifndef GENHOOK_THREAD_H
#define GENHOOK_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/errbuf.h"

/*
 * Start run(arg) on a thread that takes no signals: they are for the thread
 * that ends the program.  False with err: there is none to be had.
 */
bool	thread_start(pthread_t *, void *(*run)(void *), void *arg,
	    struct errbuf *err);

/*
 * The same with a stack of so many bytes, and with the caller's signals: for
 * the server's threads, which are woken by one.
 */
bool	thread_start_small(pthread_t *, size_t stack_bytes,
	    void *(*run)(void *), void *arg, struct errbuf *err);

#endif
