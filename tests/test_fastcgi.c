/* server/fastcgi: whoever waits for something lets others in meanwhile. */
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "server/server.h"
#include "tests/cunit_main.h"
#include "tests/scratch.h"

/* More than listen at once (LISTENERS), and fewer than there are workers. */
#define TOGETHER	5
#define THREADS		16
#define WAIT_S		30

/* ---- the program: it answers when so many have begun ------------------------ */

static struct {
	pthread_mutex_t	 lock;
	pthread_cond_t	 changed;
	int		 begun, wanted;
	void		*owner[THREADS * 2];	/* that nobody has ended */
	int		 nowners;
} program = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0,
    { NULL }, 0 };

/* With the lock: not for ever, so that a test that fails ends. */
static void
program_wait_for_others(void)
{
	struct timespec	until;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += WAIT_S;
	while (program.begun < program.wanted)
		if (pthread_cond_timedwait(&program.changed, &program.lock,
		    &until) != 0)
			break;
}

static void
program_begin_one(void)
{
	program.begun++;
	(void)pthread_cond_broadcast(&program.changed);
}

static bool
program_begin_and_wait(void *call, void *arg, const struct request *req,
    void *owner)
{
	(void)call;
	(void)arg;
	(void)req;
	(void)owner;
	(void)pthread_mutex_lock(&program.lock);
	program_begin_one();
	program_wait_for_others();
	(void)pthread_mutex_unlock(&program.lock);
	return false;
}

static bool
program_begin_and_leave(void *call, void *arg, const struct request *req,
    void *owner)
{
	(void)call;
	(void)arg;
	(void)req;
	(void)pthread_mutex_lock(&program.lock);
	program.owner[program.nowners++] = owner;
	program_begin_one();
	(void)pthread_mutex_unlock(&program.lock);
	return true;
}

static bool
program_wants_lead(void *arg)
{
	(void)arg;
	return true;
}

static void
program_lead(void *arg, void (*each)(void *, void *), void *each_arg)
{
	void	*owner[THREADS * 2];
	int	 i, n;

	(void)arg;
	(void)pthread_mutex_lock(&program.lock);
	program_wait_for_others();
	n = program.nowners;
	memcpy(owner, program.owner, sizeof(owner));
	program.nowners = 0;
	(void)pthread_mutex_unlock(&program.lock);
	for (i = 0; i < n; i++)
		each(each_arg, owner[i]);
}

/* "all" says that all have begun by then. */
static bool
program_end(void *call, const struct request *req)
{
	char	text[64];
	bool	all;

	(void)call;
	(void)pthread_mutex_lock(&program.lock);
	all = program.begun >= program.wanted;
	(void)pthread_mutex_unlock(&program.lock);
	(void)snprintf(text, sizeof(text), "Status: 200\r\n\r\n%s",
	    all ? "all" : "some");
	return req->write(req->arg, text, strlen(text));
}

static const struct service	waits_in_begin = {
	.begin_waits = true,
	.begin = program_begin_and_wait,
	.end = program_end
};

static const struct service	waits_in_lead = {
	.begin = program_begin_and_leave,
	.end = program_end,
	.lead = program_lead,
	.wants_lead = program_wants_lead
};

/* ---- its web server ------------------------------------------------------- */

static char	dir[SCRATCH_PATH];
static pid_t	child;

static void
address_make(struct sockaddr_un *a)
{
	int	len;

	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	len = snprintf(a->sun_path, sizeof(a->sun_path), "%s/s", dir);
	CU_ASSERT_FATAL(len > 0 && len < (int)sizeof(a->sun_path));
}

static void
program_main(const struct service *service, int listening)
{
	struct service	own = *service;
	struct errbuf	err;

	own.call_bytes = 1;
	(void)dup2(listening, 0);
	server_prepare_signals();
	_exit(server_run_fastcgi(&own, THREADS, &err) ? 0 : 1);
}

/* It answers when so many requests have begun. */
static void
program_start(const struct service *service, int wanted)
{
	struct sockaddr_un	a;
	int			s = socket(AF_UNIX, SOCK_STREAM, 0);

	scratch_make(dir);
	address_make(&a);
	CU_ASSERT_EQUAL_FATAL(bind(s, (struct sockaddr *)&a, sizeof(a)), 0);
	CU_ASSERT_EQUAL_FATAL(listen(s, 64), 0);
	program.wanted = wanted;
	if ((child = fork()) == 0)
		program_main(service, s);
	CU_ASSERT_FATAL(child > 0);
	(void)close(s);
}

static void
program_stop(void)
{
	int	status;

	(void)kill(child, SIGTERM);
	CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
	CU_ASSERT_EQUAL(status, 0);
	scratch_remove(dir);
}

/* A connection with the first len bytes of a request. */
static int
request_send(size_t len)
{
	static const char	whole[] =
	    "\1\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0"	/* begin: a responder */
	    "\1\4\0\1\0\23\0\0\16\3REQUEST_METHODGET"
	    "\1\4\0\1\0\0\0\0\1\5\0\1\0\0\0\0";
	struct sockaddr_un	a;
	int			s = socket(AF_UNIX, SOCK_STREAM, 0);

	if (len > sizeof(whole) - 1)
		len = sizeof(whole) - 1;
	address_make(&a);
	CU_ASSERT_EQUAL_FATAL(connect(s, (struct sockaddr *)&a, sizeof(a)), 0);
	CU_ASSERT_EQUAL(send(s, whole, len, 0), (ssize_t)len);
	return s;
}

/* The answer has this in it; the connection is closed. */
static void
answer_expect(int s, const char *text)
{
	struct pollfd	p = { .fd = s, .events = POLLIN };
	char		got[1024];
	ssize_t		n;
	size_t		len = 0;

	while (poll(&p, 1, 2 * WAIT_S * 1000) == 1 &&
	    (n = read(s, got + len, sizeof(got) - len)) > 0)
		len += (size_t)n;
	CU_ASSERT_PTR_NOT_NULL(memmem(got, len, text, strlen(text)));
	(void)close(s);
}

static void
answers_expect_together(void)
{
	int	s[TOGETHER], i;

	for (i = 0; i < TOGETHER; i++)
		s[i] = request_send(SIZE_MAX);
	for (i = 0; i < TOGETHER; i++)
		answer_expect(s[i], "\r\n\r\nall");
}

static void
test_begin_waits(void)
{
	program_start(&waits_in_begin, TOGETHER);
	answers_expect_together();
	program_stop();
}

static void
test_lead_waits(void)
{
	program_start(&waits_in_lead, TOGETHER);
	answers_expect_together();
	program_stop();
}

/* Peers that do not end their requests hold nobody up but their workers. */
static void
test_halves(void)
{
	int	s[TOGETHER], i;

	program_start(&waits_in_begin, 1);
	for (i = 0; i < TOGETHER; i++)
		s[i] = request_send((size_t)i * 9 + 1);
	answer_expect(request_send(SIZE_MAX), "\r\n\r\nall");
	answer_expect(request_send(SIZE_MAX), "\r\n\r\nall");
	for (i = 0; i < TOGETHER; i++)
		(void)close(s[i]);
	program_stop();
}

/* Each is served, however many come. */
static void
test_many(void)
{
	int	s[64], i, turn;

	program_start(&waits_in_lead, 1);
	for (turn = 0; turn < 20; turn++) {
		for (i = 0; i < 64; i++)
			s[i] = request_send(SIZE_MAX);
		for (i = 0; i < 64; i++)
			answer_expect(s[i], "\r\n\r\nall");
	}
	program_stop();
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "begin() waits for others", test_begin_waits },
		{ "lead() does", test_lead_waits },
		{ "half requests", test_halves },
		{ "many", test_many },
		{ NULL, NULL }
	};

	return cunit_run("fastcgi", tests);
}
