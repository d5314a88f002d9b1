#include <sys/socket.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <fcgiapp.h>

#include "log.h"
#include "server.h"

#define LISTEN_FD	0
#define STACK_BYTES	(512 * 1024)

/* Interrupts a thread's accept(); its handler does nothing. */
#define WAKE_SIGNAL	SIGUSR2
/* How long requests in flight may take once the end is asked for: the
 * commit's deadline and a spool file, and some. */
#define GRACE_MS	4000

struct worker {
	const struct receiver	*rx;
	pthread_t		 thread;
	atomic_bool		 accepting;
	atomic_bool		 ended;
};

static atomic_bool	stopping;

bool
server_is_fastcgi(void)
{
	return !FCGX_IsCGI();
}

static size_t
read_fcgi(void *arg, char *buf, size_t n)
{
	FCGX_Request	*fr = arg;
	int		 got = FCGX_GetStr(buf, (int)n, fr->in);

	return got > 0 && FCGX_GetError(fr->in) == 0 ? (size_t)got : 0;
}

static void
serve(const struct receiver *rx, FCGX_Request *fr)
{
	struct request	req = { .env = fr->envp, .read = read_fcgi,
			    .arg = fr };
	char		out[ANSWER_TEXT_MAX];
	size_t		len = receive_request(rx, &req, out);

	/* Nothing was written before: a crash so far was a clean 500. */
	if (FCGX_PutStr(out, (int)len, fr->out) != (int)len ||
	    FCGX_FClose(fr->out) == -1)
		log_line(LOG_WARN, "an answer could not be sent");
}

/*
 * Every thread accepts for itself: libfcgi's accept also waits, without a
 * limit, for the request's head, so one idle connection behind a common
 * lock would stop them all.
 */
static void *
worker_main(void *arg)
{
	struct worker	*w = arg;
	FCGX_Request	 fr;

	if (FCGX_InitRequest(&fr, LISTEN_FD, FCGI_FAIL_ACCEPT_ON_INTR) == 0)
		while (!atomic_load(&stopping)) {
			atomic_store(&w->accepting, true);
			if (FCGX_Accept_r(&fr) < 0) {
				if (atomic_load(&stopping))
					break;
				continue;
			}
			atomic_store(&w->accepting, false);
			serve(w->rx, &fr);
			FCGX_Finish_r(&fr);
		}
	FCGX_Free(&fr, 1);
	atomic_store(&w->ended, true);
	return NULL;
}

static void
on_wake(int sig)
{
	(void)sig;
}

static void
end_signals(sigset_t *ends)
{
	(void)sigemptyset(ends);
	(void)sigaddset(ends, SIGTERM);
	(void)sigaddset(ends, SIGINT);
	(void)sigaddset(ends, SIGUSR1);	/* lighttpd's graceful restart */
}

void
server_prepare_signals(void)
{
	struct sigaction	sa;
	sigset_t		ends;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = SIG_IGN;
	(void)sigaction(SIGPIPE, &sa, NULL);
	sa.sa_handler = on_wake;	/* no SA_RESTART: it has to interrupt */
	(void)sigaction(WAKE_SIGNAL, &sa, NULL);
	end_signals(&ends);
	(void)pthread_sigmask(SIG_BLOCK, &ends, NULL);
}

/*
 * Interrupt whoever still waits in accept().  The signal may come just before
 * the system call does, so it is sent until every thread has ended.
 */
static void
stop_workers(struct worker *workers, int n, pid_t parent)
{
	const struct timespec	step = { .tv_nsec = 20000000 };
	int			i, waited_ms, left = n;

	atomic_store(&stopping, true);
	FCGX_ShutdownPending();
	for (waited_ms = 0; left > 0 && waited_ms < GRACE_MS;
	    waited_ms += 20) {
		for (i = 0, left = 0; i < n; i++) {
			if (atomic_load(&workers[i].ended))
				continue;
			left++;
			if (atomic_load(&workers[i].accepting))
				(void)pthread_kill(workers[i].thread,
				    WAKE_SIGNAL);
		}
		/* With its web server gone, nobody may be found here: the
		 * next one would take this process for one that stays, and
		 * never start its own.  While it lives, what it sends now
		 * is better off waiting for the next process. */
		if (getppid() != parent)
			(void)shutdown(LISTEN_FD, SHUT_RDWR);
		if (left > 0)
			(void)nanosleep(&step, NULL);
	}
	for (i = 0; i < n; i++)
		if (atomic_load(&workers[i].ended))
			(void)pthread_join(workers[i].thread, NULL);
	if (left > 0) {
		/* A peer that sends half a head holds a thread for ever. */
		log_line(LOG_WARN, "%d threads still busy, ending anyway",
		    left);
		_exit(0);
	}
}

static int
start_workers(struct worker *workers, int n, const struct receiver *rx)
{
	pthread_attr_t	attr;
	int		i;

	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setstacksize(&attr, STACK_BYTES);
	for (i = 0; i < n; i++) {
		workers[i].rx = rx;
		if (pthread_create(&workers[i].thread, &attr, worker_main,
		    &workers[i]) != 0)
			break;
	}
	(void)pthread_attr_destroy(&attr);
	return i;
}

bool
server_run_fastcgi(const struct receiver *rx, int threads,
    struct errbuf *why)
{
	struct worker	*workers;
	sigset_t	 ends;
	pid_t		 parent = getppid();
	int		 sig, started;

	end_signals(&ends);
	if (FCGX_Init() != 0) {
		errbuf_set(why, "could not start FastCGI");
		return false;
	}
	if ((workers = calloc((size_t)threads, sizeof(*workers))) == NULL) {
		errbuf_set(why, "out of memory");
		return false;
	}
	started = start_workers(workers, threads, rx);
	if (started > 0)
		(void)sigwait(&ends, &sig);
	else
		errbuf_set(why, "could not start a thread");
	stop_workers(workers, started, parent);
	free(workers);
	return started > 0;
}
