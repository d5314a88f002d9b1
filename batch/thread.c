#include <signal.h>

#include "thread.h"

bool
thread_start(pthread_t *thread, void *(*run)(void *), void *arg)
{
	sigset_t	all, old;
	int		error;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(thread, NULL, run, arg);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	return error == 0;
}
