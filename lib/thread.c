/* How every thread of genhook is started. */
#include <signal.h>
#include <string.h>

#include "lib/thread.h"

/* pthread_create(3) returns its error; we want words. */
static bool
thread_started(int error, struct errbuf *err)
{
	if (error != 0)
		errbuf_set(err, "could not start a thread: %s",
		    strerror(error));
	return error == 0;
}

bool
thread_start(pthread_t *thread, void *(*run)(void *), void *arg,
    struct errbuf *err)
{
	sigset_t	all, old;
	int		error;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(thread, NULL, run, arg);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	return thread_started(error, err);
}

bool
thread_start_small(pthread_t *thread, size_t stack_bytes,
    void *(*run)(void *), void *arg, struct errbuf *err)
{
	pthread_attr_t	attr;
	int		error;

	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setstacksize(&attr, stack_bytes);
	error = pthread_create(thread, &attr, run, arg);
	(void)pthread_attr_destroy(&attr);
	return thread_started(error, err);
}
