/* genhook-sweep --follow: waits for the database's notifications and for the
 * next moment at which something is due, and starts runs as processes. */
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/db.h"
#include "lib/log.h"
#include "lib/pgarray.h"
#include "common/database.h"
#include "common/statements.h"
#include "batch/follow.h"
#include "batch/place.h"
#include "batch/run.h"

#define FOLLOW_ROLE		"genhook_sweeper"
#define FOLLOW_WORKING_MAX	3	/* runs that have their place */
/* And those that have left it: each receiver that hangs may hold one. */
#define FOLLOW_RUNS_MAX		(FOLLOW_WORKING_MAX + 32)
/* Between two starts: what comes in at the same time shares a run; and a run
 * under way may still take what has just come. */
#define FOLLOW_GAP_MS		250
#define FOLLOW_BUSY_GAP_MS	1000
/* Below the two seconds that a signal leaves. */
#define FOLLOW_DB_TIMEOUT_MS	1500
#define FOLLOW_END_MS		1700
/* Tasks that were registered since may fall due. */
#define FOLLOW_ASK_EVERY_MS	60000
/* A run that is so much too late hangs, on a disk perhaps. */
#define FOLLOW_LATE_MS		60000
#define FOLLOW_CONNECT_FIRST_MS	500
#define FOLLOW_CONNECT_MOST_MS	10000
#define FOLLOW_NO_PROGRAM	127	/* the exit status of what is no run */
#define FOLLOW_NEVER		INT64_MAX

static const char *const	follow_channels[] = {
	"genhook_task_finished", "genhook_work_due"
};

struct follow_child {
	pid_t	pid;		/* 0: none */
	int	place;		/* -1: it has left it, and tells applications */
	int64_t	started_ms;
	bool	ended;		/* it has been told to */
};

struct follow {
	const struct conf	*conf;
	char			 program[4096];
	const char *const	*argv;
	struct db		*db;
	struct follow_child	 runs[FOLLOW_RUNS_MAX];
	bool			 listening;
	bool			 warned;	/* that it does not listen */
	bool			 wanted;	/* a run, as soon as may be */
	/* All of the monotonic clock, in milliseconds: */
	int64_t			 started_ms;	/* the last run */
	int64_t			 regular_ms;	/* the next regular one */
	int64_t			 due_ms;	/* the next thing falls due */
	int64_t			 ask_ms;	/* when that is asked */
	int64_t			 connect_ms;	/* and when to connect */
	int64_t			 connect_wait_ms;
};

static void
follow_on_child(int sig)
{
	(void)sig;
}

/* A child that ends has to end a wait. */
static void
follow_catch_children(void)
{
	struct sigaction	sa = { .sa_flags = SA_NOCLDSTOP };

	(void)sigemptyset(&sa.sa_mask);
	sa.sa_handler = follow_on_child;
	(void)sigaction(SIGCHLD, &sa, NULL);
}

/* ---- one process, by a lock --------------------------------------------- */

/* The lock's descriptor, which is to be kept; -1 and what that means. */
static int
follow_lock(const struct conf *conf, enum follow_end *end)
{
	char	path[4096];
	int	fd;

	(void)snprintf(path, sizeof(path), "%s/%s", conf->spool_dir,
	    FOLLOW_LOCK_NAME);
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (fd != -1 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	*end = fd != -1 && errno == EWOULDBLOCK ? FOLLOW_ANOTHER :
	    FOLLOW_FAILED;
	if (*end == FOLLOW_ANOTHER)
		log_line(LOG_ERROR, "another genhook-sweep --follow runs with "
		    "this spool: %s is locked", path);
	else
		log_line(LOG_ERROR, "%s: %s", path, strerror(errno));
	if (fd != -1)
		(void)close(fd);
	return -1;
}

/* ---- the runs ----------------------------------------------------------- */

/* By its name and not by /proc/self/exe: after an upgrade the runs are the new
 * program's. */
static bool
follow_find_program(struct follow *f)
{
	ssize_t	n = readlink("/proc/self/exe", f->program,
		    sizeof(f->program) - 1);

	if (n <= 0) {
		log_line(LOG_ERROR, "/proc/self/exe: %s", strerror(errno));
		return false;
	}
	f->program[n] = '\0';
	return true;
}

/* Becomes the run, whose parent it must not outlive: a lock that nobody holds
 * would let another follow beside it. */
static void
follow_become_run(const struct follow *f, pid_t parent, int place)
{
	place_give(place);
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() == parent)
		(void)execv(f->program, (char *const *)(uintptr_t)f->argv);
	_exit(FOLLOW_NO_PROGRAM);
}

static size_t
follow_under_way(const struct follow *f)
{
	size_t	i, n = 0;

	for (i = 0; i < FOLLOW_RUNS_MAX; i++)
		n += f->runs[i].pid != 0;
	return n;
}

/* Those of them that have not left their place. */
static size_t
follow_working(const struct follow *f)
{
	size_t	i, n = 0;

	for (i = 0; i < FOLLOW_RUNS_MAX; i++)
		n += f->runs[i].pid != 0 && f->runs[i].place != -1;
	return n;
}

/* Where a run may begin; NULL: none may just now. */
static struct follow_child *
follow_room(struct follow *f)
{
	size_t	i;

	for (i = 0; follow_working(f) < FOLLOW_WORKING_MAX && i < FOLLOW_RUNS_MAX; i++)
		if (f->runs[i].pid == 0)
			return &f->runs[i];
	return NULL;
}

static void
follow_close_place(struct follow_child *run)
{
	if (run->place != -1)
		(void)close(run->place);
	run->place = -1;
}

/* Which have left it since? */
static void
follow_look_at_places(struct follow *f)
{
	struct pollfd	 pfd;
	size_t		 i;

	for (i = 0; i < FOLLOW_RUNS_MAX; i++) {
		pfd = (struct pollfd) { .fd = f->runs[i].place };
		if (f->runs[i].pid != 0 && poll(&pfd, 1, 0) > 0)
			follow_close_place(&f->runs[i]);
	}
}

static bool
follow_fork(struct follow *f, struct follow_child *run)
{
	pid_t	parent = getpid();
	int	ends[2];

	if (pipe2(ends, O_CLOEXEC) == -1)
		return false;
	if ((run->pid = fork()) == 0)
		follow_become_run(f, parent, ends[1]);
	(void)close(ends[1]);
	run->place = ends[0];
	if (run->pid != -1)
		return true;
	follow_close_place(run);
	run->pid = 0;
	return false;
}

static void
follow_start_run(struct follow *f)
{
	struct follow_child	*run = follow_room(f);
	int64_t			 now = clock_ms();

	f->started_ms = now;
	f->regular_ms = now + f->conf->sweep_every_s * 1000;
	f->due_ms = FOLLOW_NEVER;
	if (run == NULL)
		return;
	f->wanted = false;
	*run = (struct follow_child) { .place = -1, .started_ms = now };
	if (!follow_fork(f, run))
		log_line(LOG_ERROR, "no run can be started: %s",
		    strerror(errno));
}

/* One that used all of its time has left something. */
static bool
follow_was_cut_short(const struct follow *f, const struct follow_child *run)
{
	return clock_ms() - run->started_ms >=
	    run_share_ms(f->conf, 100) - 100;
}

static void
follow_say_how_it_ended(const struct follow *f, int status)
{
	if (WIFSIGNALED(status))
		log_line(LOG_ERROR, "a run was killed by signal %d",
		    WTERMSIG(status));
	else if (WEXITSTATUS(status) == FOLLOW_NO_PROGRAM)
		log_line(LOG_ERROR, "%s could not be run", f->program);
}

/* Nobody else would end it, as there is no next process that takes over. */
static void
follow_end_late(const struct follow *f, struct follow_child *run)
{
	if (run->ended || clock_ms() - run->started_ms <
	    f->conf->max_seconds * 1000 + FOLLOW_LATE_MS)
		return;
	log_line(LOG_WARN, "a run does not end (process %ld): it is told to",
	    (long)run->pid);
	(void)kill(run->pid, SIGTERM);
	run->ended = true;
}

/* The runs that have ended; what falls due next is asked after each.  Has any?
 */
static bool
follow_reap(struct follow *f)
{
	struct follow_child	*run;
	size_t			 i;
	bool			 any = false;
	int			 status;

	for (i = 0; i < FOLLOW_RUNS_MAX; i++) {
		run = &f->runs[i];
		if (run->pid == 0)
			continue;
		if (waitpid(run->pid, &status, WNOHANG) != run->pid) {
			follow_end_late(f, run);
			continue;
		}
		follow_say_how_it_ended(f, status);
		f->wanted = f->wanted || follow_was_cut_short(f, run);
		run->pid = 0;
		follow_close_place(run);
		f->ask_ms = clock_ms();
		any = true;
	}
	return any;
}

static void
follow_signal_runs(const struct follow *f, int sig)
{
	size_t	i;

	for (i = 0; i < FOLLOW_RUNS_MAX; i++)
		if (f->runs[i].pid != 0)
			(void)kill(f->runs[i].pid, sig);
}

/* The runs end by themselves, or else are killed, which loses nothing. */
static void
follow_end_runs(struct follow *f)
{
	int64_t	deadline_ms = clock_ms() + FOLLOW_END_MS;

	follow_signal_runs(f, SIGTERM);
	for (;;) {
		(void)follow_reap(f);
		if (follow_under_way(f) == 0 || clock_ms() >= deadline_ms)
			break;
		(void)poll(NULL, 0, 20);
	}
	follow_signal_runs(f, SIGKILL);
}

/* ---- the database ------------------------------------------------------- */

/* No connection: runs go on by the clock, and say themselves what is wrong. */
static void
follow_lose(struct follow *f, const struct errbuf *why)
{
	int64_t	wait_ms = f->connect_wait_ms;

	if (!f->warned)
		log_line(LOG_WARN, "not notified, so runs start every %lld "
		    "seconds: %s", (long long)f->conf->sweep_every_s,
		    why->text);
	f->warned = true;
	f->listening = false;
	f->due_ms = FOLLOW_NEVER;
	f->connect_ms = clock_ms() + wait_ms;
	f->connect_wait_ms = wait_ms * 2 < FOLLOW_CONNECT_MOST_MS ?
	    wait_ms * 2 : FOLLOW_CONNECT_MOST_MS;
}

/* Through a pooler no notification comes: what falls due next is asked, and
 * nothing else. */
static void
follow_connect(struct follow *f)
{
	struct errbuf	err;
	enum db_verdict	v = db_connect(f->db, FOLLOW_DB_TIMEOUT_MS, &err);
	size_t		i;

	for (i = 0; v == DB_OK && !f->conf->pooler &&
	    i < sizeof(follow_channels) / sizeof(follow_channels[0]); i++)
		v = db_listen(f->db, follow_channels[i], FOLLOW_DB_TIMEOUT_MS,
		    &err);
	if (v != DB_OK) {
		follow_lose(f, &err);
		return;
	}
	if (f->warned)
		log_line(LOG_WARN, "notified again");
	/* Something may have come while nobody listened. */
	f->wanted = f->wanted || f->warned || f->started_ms == 0;
	f->warned = false;
	f->listening = true;
	f->connect_wait_ms = FOLLOW_CONNECT_FIRST_MS;
	f->ask_ms = clock_ms();
}

/* The parameters of DB_NEXT_DUE but the first; false: no memory. */
static bool
follow_accounts(const struct conf *conf, struct pgarray arrays[3])
{
	char	wait[32];
	size_t	i;
	bool	ok = true;

	for (i = 0; i < 3; i++)
		pgarray_begin(&arrays[i], PG_TEXT);
	for (i = 0; i < conf->naccounts; i++) {
		(void)snprintf(wait, sizeof(wait), "%lld s",
		    (long long)conf->accounts[i].poll_after_s);
		pgarray_text(&arrays[0], conf->accounts[i].provider->name);
		pgarray_text(&arrays[1], conf->accounts[i].name);
		pgarray_text(&arrays[2], wait);
	}
	for (i = 0; i < 3; i++)
		ok = pgarray_end(&arrays[i]) && ok;
	return ok;
}

/* When does the next thing fall due?  Asked on the connection that listens:
 * made anew, it would not. */
static void
follow_ask(struct follow *f)
{
	char		 ran[32];
	struct pgarray	 arrays[3];
	struct db_param	 params[4];
	struct db_rows	*rows = NULL;
	struct errbuf	 err;
	const char	*ms;
	size_t		 i;

	f->ask_ms = clock_ms() + FOLLOW_ASK_EVERY_MS;
	(void)snprintf(ran, sizeof(ran), "%lld ms",
	    (long long)(clock_ms() - f->started_ms));
	params[0] = db_text(ran);
	if (!follow_accounts(f->conf, arrays)) {
		(void)errbuf_no_memory(&err);
		follow_lose(f, &err);
	} else {
		for (i = 0; i < 3; i++)
			params[i + 1] = pgarray_param(&arrays[i]);
		if (db_run_once(f->db, DB_NEXT_DUE, params,
		    FOLLOW_DB_TIMEOUT_MS, &rows, &err) != DB_OK)
			follow_lose(f, &err);
		else if ((ms = db_value(rows, 0, 0)) != NULL)
			f->due_ms = clock_ms() + db_number(ms);
	}
	db_rows_free(rows);
	for (i = 0; i < 3; i++)
		pgarray_free(&arrays[i]);
}

/* Any number of messages is one reason to run. */
static void
follow_take_messages(struct follow *f)
{
	struct errbuf	 err;
	char		*message = NULL;

	while (f->listening) {
		if (db_notified(f->db, 0, &message, &err) != DB_OK)
			follow_lose(f, &err);
		if (message == NULL)
			return;
		f->wanted = true;
		free(message);
		message = NULL;
	}
}

/* ---- the loop ----------------------------------------------------------- */

/* When the next run starts, as far as that is known. */
static int64_t
follow_next_start_ms(struct follow *f)
{
	int64_t	at = f->regular_ms, earliest;

	if (f->due_ms < at)
		at = f->due_ms;
	if (f->wanted)
		at = 0;
	if (f->started_ms == 0)
		return at;
	if (follow_room(f) == NULL)
		return FOLLOW_NEVER;
	earliest = f->started_ms + (follow_working(f) > 0 ?
	    FOLLOW_BUSY_GAP_MS : FOLLOW_GAP_MS);
	return at > earliest ? at : earliest;
}

/* What ends a wait: a message, or a run that leaves its place. */
static nfds_t
follow_fill_poll(const struct follow *f,
    struct pollfd pfds[1 + FOLLOW_WORKING_MAX])
{
	nfds_t	n = 0;
	size_t	i;

	if (f->listening)
		pfds[n++] = (struct pollfd) { .fd = db_socket(f->db),
		    .events = POLLIN };
	for (i = 0; i < FOLLOW_RUNS_MAX; i++)
		if (f->runs[i].pid != 0 && f->runs[i].place != -1)
			pfds[n++] = (struct pollfd) {
			    .fd = f->runs[i].place };
	return n;
}

/* Until something is to be done, a message comes, a run ends or leaves its place,
 * or a signal comes.  The signals come within ppoll() alone, so that none is missed. */
static void
follow_wait(struct follow *f)
{
	struct pollfd	pfds[1 + FOLLOW_WORKING_MAX];
	nfds_t		n = follow_fill_poll(f, pfds);
	int64_t		at = follow_next_start_ms(f), ms;
	int64_t		chore = f->listening ? f->ask_ms : f->connect_ms;
	struct timespec	wait;
	sigset_t	held, before;

	if (chore < at)
		at = chore;
	ms = at - clock_ms();
	if (ms <= 0)
		return;
	wait.tv_sec = (time_t)(ms / 1000);
	wait.tv_nsec = (long)(ms % 1000) * 1000000;
	(void)sigemptyset(&held);
	(void)sigaddset(&held, SIGTERM);
	(void)sigaddset(&held, SIGINT);
	(void)sigaddset(&held, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &held, &before);
	if (!follow_reap(f) && !run_stopping())
		(void)ppoll(pfds, n, &wait, &before);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
}

static void
follow_loop(struct follow *f)
{
	while (!run_stopping()) {
		(void)follow_reap(f);
		follow_look_at_places(f);
		if (!f->listening && clock_ms() >= f->connect_ms)
			follow_connect(f);
		if (f->listening && clock_ms() >= f->ask_ms)
			follow_ask(f);
		follow_take_messages(f);
		if (!run_stopping() && clock_ms() >= follow_next_start_ms(f))
			follow_start_run(f);
		follow_wait(f);
	}
	follow_end_runs(f);
}

static bool
follow_open_db(struct follow *f)
{
	const char	*conninfo = f->conf->sweep_conninfo;

	if (conninfo == NULL || *conninfo == '\0')
		conninfo = f->conf->conninfo;
	f->db = database_new(conninfo, FOLLOW_ROLE, f->conf->pooler);
	if (f->db == NULL)
		log_line(LOG_ERROR, "out of memory");
	return f->db != NULL;
}

enum follow_end
follow(const struct conf *conf, const char *const argv[])
{
	struct follow	f = { .conf = conf, .argv = argv,
			    .due_ms = FOLLOW_NEVER,
			    .connect_wait_ms = FOLLOW_CONNECT_FIRST_MS };
	enum follow_end	end = FOLLOW_FAILED;
	int		lock = follow_lock(conf, &end);

	if (lock == -1)
		return end;
	follow_catch_children();
	if (follow_find_program(&f) && follow_open_db(&f)) {
		follow_loop(&f);
		end = FOLLOW_STOPPED;
	}
	db_free(f.db);
	(void)close(lock);
	return end;
}
