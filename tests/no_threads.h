/*
 * Threads that cannot be had: a test program that includes this is linked with
 * --wrap=pthread_create (see the Makefile), so that each start comes here.
 */
#ifndef GENHOOK_NO_THREADS_H
#define GENHOOK_NO_THREADS_H

#include <errno.h>
#include <limits.h>
#include <pthread.h>

/* The system's, and the one in its place. */
int	__real_pthread_create(pthread_t *, const pthread_attr_t *,
	    void *(*)(void *), void *);
int	__wrap_pthread_create(pthread_t *, const pthread_attr_t *,
	    void *(*)(void *), void *);

/* So many more can be had; INT_MAX: as many as the system has. */
static int	threads_left = INT_MAX;

int
__wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
    void *(*run)(void *), void *arg)
{
	if (threads_left <= 0)
		return EAGAIN;
	threads_left -= threads_left < INT_MAX;
	return __real_pthread_create(thread, attr, run, arg);
}

#endif
