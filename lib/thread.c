#include <signal.h>
#include <string.h>

#include "lib/thread.h"

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
	if (error != 0)
		errbuf_set(err, "could not start a thread: %s",
		    strerror(error));
	return error == 0;
}
