#include <sys/socket.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <fcgiapp.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/thread.h"
#include "server/server.h"

#define LISTEN_FD	0
#define STACK_BYTES	(512 * 1024)

/* Interrupts a thread that reads a request's head; its handler does nothing. */
#define WAKE_SIGNAL	SIGUSR2
/* How long requests may take once the end is asked for: the commit's deadline
 * and a spool file, and some; and how long of it their heads may. */
#define GRACE_MS	4000
#define GRACE_HEAD_MS	500
#define GRACE_STEP_MS	20

/* Who takes requests in: enough that idle connections, each of which holds
 * one up, leave some; few enough that under load one goes on to the next
 * request instead of waking the next thread: a share of all in flight. */
#define WORKERS_MIN	8
#define WORKERS_SHARE	2
/* Who answers: a thread writes to the spool while the others go on. */
#define ANSWERERS	4

/* A request in flight. */
struct slot {
	struct slot	*next;
	FCGX_Request	 fr;
	struct request	 req;
	struct callback	 cb;
};

struct server {
	const struct receiver	*rx;
	struct slot		*slots;
	pthread_mutex_t		 lock;		/* for the two below */
	pthread_cond_t		 landed;
	struct slot		*free;
};

struct fcgi_worker {
	struct server	*server;
	pthread_t	 thread;
	atomic_bool	 accepting;
	atomic_bool	 ended;
};

bool
server_is_fastcgi(void)
{
	return !FCGX_IsCGI();
}

/* Behind the body: libfcgi knows of the end once it was told to read on. */
static void
read_end(FCGX_Stream *in)
{
	(void)FCGX_GetChar(in);
}

static bool
is_read_whole(FCGX_Stream *in)
{
	return FCGX_HasSeenEOF(in) == EOF && FCGX_GetError(in) == 0;
}

static bool
has_body(const struct request *req)
{
	const char	*length = request_get(req, "CONTENT_LENGTH");

	return length != NULL && strcmp(length, "0") != 0;
}

/* The body, which is asked for as a whole. */
static size_t
read_fcgi(void *arg, char *buf, size_t n)
{
	struct slot	*f = arg;
	FCGX_Stream	*in = f->fr.in;
	int		 got = FCGX_GetStr(buf, (int)n, in);

	/* Not the sender's fault: one that hangs up hears no answer anyway. */
	f->req.broken = FCGX_GetError(in) != 0;
	if (got <= 0 || f->req.broken)
		return 0;
	if ((size_t)got == n)
		read_end(in);
	return (size_t)got;
}

/* ---- slots ------------------------------------------------------------ */

static bool
slots_make(struct server *s, int n)
{
	int	i;

	if ((s->slots = calloc((size_t)n, sizeof(*s->slots))) == NULL)
		return false;
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_cond_init(&s->landed, NULL);
	for (i = 0; i < n; i++) {
		if (FCGX_InitRequest(&s->slots[i].fr, LISTEN_FD,
		    FCGI_FAIL_ACCEPT_ON_INTR) != 0)
			return false;
		s->slots[i].req.read = read_fcgi;
		s->slots[i].req.arg = &s->slots[i];
		s->slots[i].cb.commit.owner = &s->slots[i];
		s->slots[i].next = s->free;
		s->free = &s->slots[i];
	}
	return true;
}

/* Wait for a free one: all land within the commit's deadline. */
static struct slot *
slot_get(struct server *s)
{
	struct slot	*f;

	(void)pthread_mutex_lock(&s->lock);
	while (s->free == NULL)
		(void)pthread_cond_wait(&s->landed, &s->lock);
	f = s->free;
	s->free = f->next;
	(void)pthread_mutex_unlock(&s->lock);
	return f;
}

static void
slot_put(struct server *s, struct slot *f)
{
	(void)pthread_mutex_lock(&s->lock);
	f->next = s->free;
	s->free = f;
	(void)pthread_mutex_unlock(&s->lock);
	/* For each one: of two that land together, each may serve a waiter. */
	(void)pthread_cond_signal(&s->landed);
}

static void
slot_answer(struct server *s, struct slot *f)
{
	char	out[ANSWER_TEXT_MAX];
	size_t	len = receive_end(&f->cb, out);

	/* While this stream is open, the end of the request is a write of its
	 * own, to a web server that has its answer and has closed. */
	(void)FCGX_FClose(f->fr.err);
	/* Nothing was written before: a crash so far was a clean 500. */
	if (FCGX_PutStr(out, (int)len, f->fr.out) != (int)len ||
	    FCGX_FClose(f->fr.out) == -1)
		log_line(LOG_WARN, "an answer could not be sent");
	/* Else libfcgi waits until the web server closes, up to 2 s, lest what
	 * is still to be read makes the kernel break the connection. */
	if (is_read_whole(f->fr.in))
		(void)FCGX_Detach(&f->fr);
	FCGX_Finish_r(&f->fr);
	slot_put(s, f);
}

/* ---- threads ------------------------------------------------------------ */

/*
 * Every worker accepts for itself: libfcgi's accept also waits, without a
 * limit, for the request's head, so one idle connection behind a common
 * lock would stop them all.  What waits for its commit holds no thread.
 */
static void *
worker_main(void *arg)
{
	struct fcgi_worker	*w = arg;
	struct slot	*f;
	int		 got;

	for (;;) {
		f = slot_get(w->server);
		atomic_store(&w->accepting, true);
		got = FCGX_Accept_r(&f->fr);
		atomic_store(&w->accepting, false);
		if (got < 0) {
			slot_put(w->server, f);
			if (got != -EINVAL)
				continue;
			/* Nobody is let in any more and nobody waits: we end,
			 * also where it was not us who shut the socket. */
			(void)kill(getpid(), SIGTERM);
			break;
		}
		f->req.env = f->fr.envp;
		f->req.broken = false;
		if (!has_body(&f->req))
			read_end(f->fr.in);
		if (!receive_begin(&f->cb, w->server->rx, &f->req))
			slot_answer(w->server, f);
	}
	atomic_store(&w->ended, true);
	return NULL;
}

static void *
answerer_main(void *arg)
{
	struct server	*s = arg;
	struct commit	*c, *next;

	while ((c = committer_next(s->rx->committer)) != NULL)
		for (; c != NULL; c = next) {
			next = STAILQ_NEXT(c, next);
			slot_answer(s, c->owner);
		}
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

/* How many have not ended; with wake, interrupt those that read a head. */
static int
workers_left(const struct fcgi_worker *workers, int n, bool wake)
{
	int	i, left = 0;

	for (i = 0; i < n; i++) {
		if (atomic_load(&workers[i].ended))
			continue;
		left++;
		if (wake && atomic_load(&workers[i].accepting))
			(void)pthread_kill(workers[i].thread, WAKE_SIGNAL);
	}
	return left;
}

/*
 * From here on connect() fails, so that the web server turns to another
 * handler, and never takes this one for one that stays; whoever is connected
 * already is served.  A connection without a whole head in time is dropped: an
 * idle one, or a peer's that would hold a thread for ever.
 */
static void
stop_workers(struct server *s, struct fcgi_worker *workers, int n)
{
	const struct timespec	step = { .tv_nsec = GRACE_STEP_MS * 1000000L };
	int			i, waited_ms, left;

	(void)shutdown(LISTEN_FD, SHUT_RD);
	for (waited_ms = 0; (left = workers_left(workers, n,
	    waited_ms >= GRACE_HEAD_MS)) > 0 && waited_ms < GRACE_MS;
	    waited_ms += GRACE_STEP_MS) {
		(void)nanosleep(&step, NULL);
		(void)committer_watch(s->rx->committer);
	}
	if (left > 0) {
		/* What the committer had has been answered meanwhile. */
		log_line(LOG_WARN, "%d threads still busy, ending anyway",
		    left);
		_exit(0);
	}
	for (i = 0; i < n; i++)
		(void)pthread_join(workers[i].thread, NULL);
}

static int
start_workers(struct server *s, struct fcgi_worker *workers, int n,
    struct errbuf *err)
{
	int	i;

	for (i = 0; i < n; i++) {
		workers[i].server = s;
		if (!thread_start_small(&workers[i].thread, STACK_BYTES,
		    worker_main, &workers[i], err))
			break;
	}
	return i;
}

static int
start_answerers(struct server *s, pthread_t *answerers, struct errbuf *err)
{
	int	i;

	for (i = 0; i < ANSWERERS; i++)
		if (!thread_start_small(&answerers[i], STACK_BYTES,
		    answerer_main, s, err))
			break;
	return i;
}

/* Until a signal says to end.  Nobody else has time to watch the clock. */
static void
watch(struct server *s)
{
	struct timespec	wait;
	sigset_t	ends;
	int64_t		left_ms;

	end_signals(&ends);
	do {
		left_ms = committer_watch(s->rx->committer) - clock_ms();
		if (left_ms < 0)
			left_ms = 0;
		wait.tv_sec = left_ms / 1000;
		wait.tv_nsec = left_ms % 1000 * 1000000;
	} while (sigtimedwait(&ends, NULL, &wait) < 0);
}

static bool
serve(struct server *s, struct fcgi_worker *workers, int n, struct errbuf *err)
{
	pthread_t	answerers[ANSWERERS];
	int		i, working, answering;

	answering = start_answerers(s, answerers, err);
	working = answering > 0 ? start_workers(s, workers, n, err) : 0;
	if (working > 0)
		watch(s);
	stop_workers(s, workers, working);
	committer_end(s->rx->committer);
	for (i = 0; i < answering; i++)
		(void)pthread_join(answerers[i], NULL);
	return working > 0;
}

bool
server_run_fastcgi(const struct receiver *rx, int threads,
    struct errbuf *err)
{
	struct server	 s = { .rx = rx };
	struct fcgi_worker	*workers;
	int		 i, nworkers = threads / WORKERS_SHARE;
	bool		 ok = false;

	if (nworkers < WORKERS_MIN)
		nworkers = threads < WORKERS_MIN ? threads : WORKERS_MIN;
	if (FCGX_Init() != 0) {
		errbuf_set(err, "could not start FastCGI");
		return false;
	}
	workers = calloc((size_t)nworkers, sizeof(*workers));
	if (workers != NULL && slots_make(&s, threads + nworkers)) {
		ok = serve(&s, workers, nworkers, err);
		for (i = 0; i < threads + nworkers; i++)
			FCGX_Free(&s.slots[i].fr, 1);
	} else
		(void)errbuf_no_memory(err);
	free(s.slots);
	free(workers);
	return ok;
}
