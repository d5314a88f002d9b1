/*
 * FastCGI with libfcgi.  Workers accept requests and begin them; what is not
 * answered at once waits in its slot, which holds no thread, until one of the
 * workers ends it.  README.md has all of it, for the handlers.
 */
#include <sys/socket.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <fcgiapp.h>

#include "lib/log.h"
#include "lib/thread.h"
#include "server/listener.h"
#include "server/server.h"

#define STACK_BYTES	(512 * 1024)

/* For libfcgi to accept on, which fails: listener.c does that. */
#define NO_SOCKET	(-1)

/* Makes a worker look whether it may still accept, and in the end interrupts one
 * that reads a request's head; its handler does nothing. */
#define WAKE_SIGNAL	SIGUSR2
/* How long requests may take once the end is asked for: the commit's deadline
 * and a spool file, and some; and how long of it their heads may. */
#define GRACE_MS	4000
#define GRACE_HEAD_MS	500
#define GRACE_STEP_MS	20

/* How many workers: enough that idle connections, each of which holds one up,
 * leave some; few enough that under load one goes on to the next request
 * instead of waking the next worker: a share of all in flight. */
#define WORKERS_MIN	8
#define WORKERS_SHARE	2

/* So many workers wait for connections: each connection wakes one that sleeps,
 * and under load few of them do.  A worker gives its place up before whatever may
 * hold it up. */
#define LISTENERS	2

/* A place for one request: free, with the worker that takes it in, with the
 * service, or with the worker that ends it. */
struct slot {
	struct slot	*next;		/* in the list of free ones */
	FCGX_Request	 fr;
	struct request	 req;
	void		*call;		/* the service's: call_bytes */
};

struct server {
	const struct service	*service;
	struct slot		*slots;		/* all of them */
	char			*calls;		/* what they point to */
	pthread_mutex_t		 lock;		/* for all below */
	pthread_cond_t		 freed;
	struct slot		*free;
	pthread_cond_t		 place_free;	/* to listen */
	int			 listening;	/* at most LISTENERS */
};

struct fcgi_worker {
	struct server	*server;
	pthread_t	 thread;
	bool		 listens;	/* it has a place */
	atomic_bool	 accepting;	/* it may be interrupted */
	atomic_bool	 ended;
};

bool
server_is_fastcgi(void)
{
	return !FCGX_IsCGI();
}

/* ---- a request's body --------------------------------------------------- */

/* Behind the body: libfcgi knows of the end once it was told to read on. */
static void
body_read_end(FCGX_Stream *in)
{
	(void)FCGX_GetChar(in);
}

static bool
body_is_read(FCGX_Stream *in)
{
	return FCGX_HasSeenEOF(in) == EOF && FCGX_GetError(in) == 0;
}

/* Where no length is told there may be a body, or none: look. */
static void
body_look(const struct request *req, FCGX_Stream *in)
{
	const char	*length = request_get(req, "CONTENT_LENGTH");
	int		 first;

	if (length != NULL && *length != '\0' && strcmp(length, "0") != 0)
		return;
	if ((first = FCGX_GetChar(in)) != EOF)
		(void)FCGX_UnGetChar(first, in);
}

/* A request's read(): the body, which is asked for as a whole. */
static size_t
body_read(void *arg, char *buf, size_t n)
{
	struct slot	*slot = arg;
	FCGX_Stream	*in = slot->fr.in;
	int		 got = FCGX_GetStr(buf, (int)n, in);

	/* Not the sender's fault: one that hangs up hears no answer anyway. */
	slot->req.broken = FCGX_GetError(in) != 0;
	if (got <= 0 || slot->req.broken)
		return 0;
	if ((size_t)got == n)
		body_read_end(in);
	return (size_t)got;
}

/* A request's write(): a piece of the answer. */
static bool
body_write(void *arg, const void *data, size_t len)
{
	struct slot	*slot = arg;

	return FCGX_PutStr(data, (int)len, slot->fr.out) == (int)len;
}

/* ---- slots ------------------------------------------------------------ */

/* A slot that has never served; it becomes free. */
static bool
slot_init(struct server *s, struct slot *slot, void *call)
{
	if (FCGX_InitRequest(&slot->fr, NO_SOCKET,
	    FCGI_FAIL_ACCEPT_ON_INTR) != 0)
		return false;
	slot->req.read = body_read;
	slot->req.write = body_write;
	slot->req.arg = slot;
	slot->call = call;
	slot->next = s->free;
	s->free = slot;
	return true;
}

static bool
slots_make(struct server *s, int n)
{
	int	i;

	s->slots = calloc((size_t)n, sizeof(*s->slots));
	s->calls = calloc((size_t)n, s->service->call_bytes);
	if (s->slots == NULL || s->calls == NULL)
		return false;
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_cond_init(&s->freed, NULL);
	(void)pthread_cond_init(&s->place_free, NULL);
	for (i = 0; i < n; i++)
		if (!slot_init(s, &s->slots[i], s->calls + (size_t)i *
		    s->service->call_bytes))
			return false;
	return true;
}

/* A worker waits for a free one: each is freed within the service's deadline. */
static struct slot *
slot_get(struct server *s)
{
	struct slot	*slot;

	(void)pthread_mutex_lock(&s->lock);
	while (s->free == NULL)
		(void)pthread_cond_wait(&s->freed, &s->lock);
	slot = s->free;
	s->free = slot->next;
	(void)pthread_mutex_unlock(&s->lock);
	return slot;
}

static void
slot_put(struct server *s, struct slot *slot)
{
	(void)pthread_mutex_lock(&s->lock);
	slot->next = s->free;
	s->free = slot;
	(void)pthread_mutex_unlock(&s->lock);
	/* For each: of two freed together, each may serve a worker. */
	(void)pthread_cond_signal(&s->freed);
}

/* Answer the slot's request and free it. */
static void
slot_answer(struct server *s, struct slot *slot)
{
	FCGX_Request	*fr = &slot->fr;
	bool		 sent;

	/* While this stream is open, the end of the request is a write of its
	 * own, to a web server that has its answer and has closed. */
	(void)FCGX_FClose(fr->err);
	/* Nothing was written before: a crash so far was a clean 500. */
	sent = s->service->end(slot->call, &slot->req);
	if (FCGX_FClose(fr->out) == -1 || !sent)
		log_line(LOG_WARN, "an answer could not be sent");
	/* Else libfcgi waits until the web server closes, up to 2 s, lest what
	 * is still to be read makes the kernel break the connection. */
	if (body_is_read(fr->in))
		(void)FCGX_Detach(fr);
	FCGX_Finish_r(fr);
	slot_put(s, slot);
}

/* ---- workers ------------------------------------------------------------ */

/* Wait for a place to listen, unless it has one. */
static void
worker_listen(struct fcgi_worker *w)
{
	struct server	*s = w->server;

	if (w->listens)
		return;
	(void)pthread_mutex_lock(&s->lock);
	while (s->listening == LISTENERS)
		(void)pthread_cond_wait(&s->place_free, &s->lock);
	s->listening++;
	(void)pthread_mutex_unlock(&s->lock);
	w->listens = true;
}

/* What it does next may wait: somebody has to listen meanwhile. */
static void
worker_leave(struct fcgi_worker *w)
{
	struct server	*s = w->server;
	bool		 nobody;

	if (!w->listens)
		return;
	w->listens = false;
	(void)pthread_mutex_lock(&s->lock);
	nobody = --s->listening == 0;
	(void)pthread_mutex_unlock(&s->lock);
	if (nobody)
		(void)pthread_cond_signal(&s->place_free);
}

/* The service's each(): end the request of this slot. */
static void
slot_end(void *arg, void *owner)
{
	slot_answer(arg, owner);
}

/*
 * Wait for a request and read its head.  Negative: there is none, and *ended
 * says whether more will come.  libfcgi has no door for a connection that was
 * accepted elsewhere, but reads from one that it finds open, as it does when a
 * web server keeps its connections; ours end with the answer, since each that
 * is idle would hold a worker up.
 */
static int
worker_accept(struct fcgi_worker *w, struct slot *slot, bool *ended)
{
	FCGX_Request	*fr = &slot->fr;
	int		 got, fd = listener_accept();

	if ((*ended = fd == -1))
		return -1;
	if (!listener_has_request(fd)) {
		/* Its peer may take its time. */
		worker_leave(w);
		if (!listener_hears(fd)) {
			(void)close(fd);
			return -1;
		}
	}
	fr->ipcFd = fd;
	fr->keepConnection = 1;
	got = FCGX_Accept_r(fr);
	fr->keepConnection = 0;
	return got;
}

/* Begin the slot's request, and end it or let some worker's lead do so. */
static void
worker_begin(struct fcgi_worker *w, struct slot *slot)
{
	struct server		*s = w->server;
	const struct service	*service = s->service;

	if (service->begin_waits)
		worker_leave(w);
	if (service->begin(slot->call, service->arg, &slot->req, slot)) {
		if (!service->wants_lead(service->arg))
			return;
		worker_leave(w);
		service->lead(service->arg, slot_end, s);
		return;
	}
	if (!body_is_read(slot->fr.in))
		worker_leave(w);
	slot_answer(s, slot);
}

/* Take one request in, into this slot.  False: no more will come. */
static bool
worker_serve(struct fcgi_worker *w, struct slot *slot)
{
	bool	ended;
	int	got;

	atomic_store(&w->accepting, true);
	got = worker_accept(w, slot, &ended);
	atomic_store(&w->accepting, false);
	if (got < 0) {
		slot_put(w->server, slot);
		return !ended;
	}
	slot->req.env = slot->fr.envp;
	slot->req.broken = false;
	body_look(&slot->req, slot->fr.in);
	worker_begin(w, slot);
	return true;
}

/*
 * Every worker accepts for itself: libfcgi's accept also waits, without a
 * limit, for the request's head, so one idle connection behind a common
 * lock would stop them all.
 */
static void *
worker_main(void *arg)
{
	struct fcgi_worker	*w = arg;

	do
		worker_listen(w);
	while (worker_serve(w, slot_get(w->server)));
	worker_leave(w);
	/* Nobody is let in any more and nobody waits: we end, also where it
	 * was not us who shut the socket. */
	(void)kill(getpid(), SIGTERM);
	atomic_store(&w->ended, true);
	return NULL;
}

/* Returns how many were started; with less than n err says why. */
static int
workers_start(struct server *s, struct fcgi_worker *workers, int n,
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

/* ---- beginning and end -------------------------------------------------- */

static void
worker_on_wake(int sig)
{
	(void)sig;
}

static void
server_end_signals(sigset_t *ends)
{
	(void)sigemptyset(ends);
	(void)sigaddset(ends, SIGTERM);
	(void)sigaddset(ends, SIGINT);
	(void)sigaddset(ends, SIGUSR1);	/* lighttpd's graceful restart */
}

/* Does it interrupt, or have what is interrupted begin anew? */
static void
wake_signal_interrupts(bool interrupts)
{
	struct sigaction	sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = worker_on_wake;
	sa.sa_flags = interrupts ? 0 : SA_RESTART;
	(void)sigaction(WAKE_SIGNAL, &sa, NULL);
}

void
server_prepare_signals(void)
{
	struct sigaction	sa;
	sigset_t		ends;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = SIG_IGN;
	(void)sigaction(SIGPIPE, &sa, NULL);
	wake_signal_interrupts(false);
	server_end_signals(&ends);
	(void)pthread_sigmask(SIG_BLOCK, &ends, NULL);
}

/* How many have not ended; those that take a request in are woken. */
static int
workers_left(const struct fcgi_worker *workers, int n)
{
	int	i, left = 0;

	for (i = 0; i < n; i++) {
		if (atomic_load(&workers[i].ended))
			continue;
		left++;
		if (atomic_load(&workers[i].accepting))
			(void)pthread_kill(workers[i].thread, WAKE_SIGNAL);
	}
	return left;
}

static void
grace_step(void)
{
	const struct timespec	step = { .tv_nsec = GRACE_STEP_MS * 1000000L };

	(void)nanosleep(&step, NULL);
}

/*
 * Let nobody in any more.  A web server that started us has to be refused, so
 * that it turns to another handler and never takes this one for one that
 * stays.  Elsewhere the next process goes on with the same socket, and takes who
 * waits there; where there is none, we do, as far as they wait by now.
 */
static void
listener_end(void)
{
	int	waited_ms;

	if (server_is_child()) {
		listener_shut();
		return;
	}
	for (waited_ms = 0; listener_has_waiting() &&
	    waited_ms < GRACE_HEAD_MS; waited_ms += GRACE_STEP_MS)
		grace_step();
	listener_leave();
}

/*
 * Whoever is connected already is served.  A connection without a whole head in
 * time is dropped: an idle one, or a peer's that would hold a thread for ever.
 */
static void
workers_stop(struct fcgi_worker *workers, int n)
{
	int	i, waited_ms, left;

	listener_end();
	for (waited_ms = 0; (left = workers_left(workers, n)) > 0 &&
	    waited_ms < GRACE_MS; waited_ms += GRACE_STEP_MS) {
		if (waited_ms == GRACE_HEAD_MS)
			wake_signal_interrupts(true);
		grace_step();
	}
	if (left > 0) {
		/* What was to be committed has been answered meanwhile. */
		log_line(LOG_WARN, "%d threads still busy, ending anyway",
		    left);
		_exit(0);
	}
	for (i = 0; i < n; i++)
		(void)pthread_join(workers[i].thread, NULL);
}

/* From the first thread to the last one's end; false with err. */
static bool
server_serve(struct server *s, struct fcgi_worker *workers, int n,
    struct errbuf *err)
{
	sigset_t	ends;
	int		working;

	working = workers_start(s, workers, n, err);
	server_end_signals(&ends);
	if (working > 0)
		while (sigwaitinfo(&ends, NULL) < 0)
			;
	workers_stop(workers, working);
	return working > 0;
}

bool
server_run_fastcgi(const struct service *service, int threads,
    struct errbuf *err)
{
	struct server		 s = { .service = service };
	struct fcgi_worker	*workers;
	int			 i, nworkers = threads / WORKERS_SHARE;
	bool			 ok = false;

	if (nworkers < WORKERS_MIN)
		nworkers = threads < WORKERS_MIN ? threads : WORKERS_MIN;
	if (FCGX_Init() != 0) {
		errbuf_set(err, "could not start FastCGI");
		return false;
	}
	workers = calloc((size_t)nworkers, sizeof(*workers));
	if (workers != NULL && slots_make(&s, threads + nworkers)) {
		ok = server_serve(&s, workers, nworkers, err);
		for (i = 0; i < threads + nworkers; i++)
			FCGX_Free(&s.slots[i].fr, 1);
	} else
		(void)errbuf_no_memory(err);
	free(s.slots);
	free(s.calls);
	free(workers);
	return ok;
}
