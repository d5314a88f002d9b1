/* common/drain: what the drain makes of good, odd and foreign files in the
 * spool. */
#include <sys/file.h>
#include <sys/resource.h>

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/drain.h"
#include "common/drain_lock.h"
#include "common/spool_format.h"
#include "common/store.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"
#include "tests/scratch.h"

#define NOBODY	65534

/* This test is the database, and may be a disk that cannot read. */
enum db_verdict	__wrap_store_deliveries(struct db *, const struct conf *,
	    struct delivery *const *, size_t, enum store_try, int,
	    enum outcome *, struct errbuf *);
bool		__wrap_db_is_connected(const struct db *);
time_t		__real_time(time_t *);
time_t		__wrap_time(time_t *);
int		__real_flock(int, int);
int		__wrap_flock(int, int);
int		__real_openat(int, const char *, int, ...);
int		__wrap_openat(int, const char *, int, ...);
ssize_t		__real_read(int, void *, size_t);
ssize_t		__wrap_read(int, void *, size_t);
struct dirent	*__real_readdir(DIR *);
struct dirent	*__wrap_readdir(DIR *);

#define STORED_MAX	2048

static struct {
	usec_t		received_at[STORED_MAX];	/* as they came */
	enum outcome	outcome[STORED_MAX];		/* as proposed */
	size_t		n, statements;
	void		(*meanwhile)(void);	/* once, or NULL */
	enum db_verdict	verdict;	/* of what came; DB_OK is 0 */
	usec_t		at;		/* of this one alone, unless 0, */
	enum db_verdict	verdict_at;	/* and of what goes with it */
	bool		connected;
} database;

static int	readdir_error;	/* of each readdir; 0: as it is */

struct dirent *
__wrap_readdir(DIR *from)
{
	if (readdir_error == 0)
		return __real_readdir(from);
	errno = readdir_error;
	return NULL;
}

#define READ_ENDS	4095	/* no error: the file is shorter than it was */

static int	flock_errno;	/* 0: as it is */
static time_t	ahead_s;	/* of our clock before the file system's */
static int	open_errno, read_errno;	/* of deliveries; 0: none */
static void	(*before_open)(void);	/* of each delivery, or NULL */
static void	(*before_flock)(void);	/* once, or NULL */

enum db_verdict
__wrap_store_deliveries(struct db *db, const struct conf *conf,
    struct delivery *const *batch, size_t n, enum store_try try,
    int timeout_ms, enum outcome *outcomes, struct errbuf *err)
{
	void	(*meanwhile)(void) = database.meanwhile;
	size_t	i;

	(void)db;
	CU_ASSERT_PTR_NOT_NULL(conf);
	CU_ASSERT_EQUAL(try, STORE_AGAIN);
	CU_ASSERT(timeout_ms < DRAIN_LOCK_STALE_S * 1000 / 2);
	database.meanwhile = NULL;
	database.statements++;
	if (meanwhile != NULL)
		meanwhile();
	if (database.verdict != DB_OK) {
		errbuf_set(err, "no");
		return database.verdict;
	}
	for (i = 0; i < n; i++)
		if (batch[i]->received_at == database.at) {
			errbuf_set(err, "no");
			return database.verdict_at;
		}
	for (i = 0; i < n; i++) {
		CU_ASSERT_FATAL(database.n < STORED_MAX);
		database.received_at[database.n] = batch[i]->received_at;
		database.outcome[database.n++] = batch[i]->outcome;
		outcomes[i] = OUTCOME_DUPLICATE;
	}
	return DB_OK;
}

bool
__wrap_db_is_connected(const struct db *db)
{
	(void)db;
	return database.connected;
}

time_t
__wrap_time(time_t *t)
{
	return __real_time(t) + ahead_s;
}

int
__wrap_flock(int fd, int how)
{
	void	(*first)(void) = before_flock;

	before_flock = NULL;
	if (first != NULL)
		first();
	if (flock_errno != 0) {
		errno = flock_errno;
		return -1;
	}
	return __real_flock(fd, how);
}

int
__wrap_openat(int at, const char *name, int flags, ...)
{
	mode_t	mode;
	va_list	ap;

	va_start(ap, flags);
	mode = (flags & O_CREAT) != 0 ? (mode_t)va_arg(ap, int) : 0;
	va_end(ap);
	if (before_open != NULL && spool_is_delivery(name))
		before_open();
	if (open_errno != 0 && spool_is_delivery(name)) {
		errno = open_errno;
		return -1;
	}
	return __real_openat(at, name, flags, mode);
}

ssize_t
__wrap_read(int fd, void *data, size_t len)
{
	if (read_errno == 0)
		return __real_read(fd, data, len);
	errno = read_errno;
	return read_errno == READ_ENDS ? 0 : -1;
}

static char	dir[SCRATCH_PATH];

/* A delivery of that body. */
static struct delivery *
delivery_of(const char *body, size_t len)
{
	struct delivery	*d = delivery_new(provider_find("novita"), "default",
			    SOURCE_CALLBACK);
	char		*copy = malloc(len + 1);

	CU_ASSERT_PTR_NOT_NULL_FATAL(d);
	CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
	memcpy(copy, body, len);
	delivery_set_body(d, copy, len);
	d->received_at = RECEIVED_AT;
	d->outcome = OUTCOME_ACCEPTED;
	d->verdict = VERDICT_TOKEN;
	return d;
}

/* The spool in dir, and its drain. */
static struct drain *
drain_open(struct spool **s)
{
	struct errbuf	 err;
	struct drain	*d;

	CU_ASSERT_PTR_NOT_NULL_FATAL(*s = spool_open(dir, 1 << 20, &err));
	CU_ASSERT_PTR_NOT_NULL_FATAL(d = drain_new(*s));
	return d;
}

static void
drain_close(struct spool *s, struct drain *d)
{
	drain_free(d);
	spool_close(s);
}

/* Draining what holds no delivery: the database is not even asked. */
static void
drain_nothing(struct drain *d, struct drain_counts *counts)
{
	struct errbuf	err;

	CU_ASSERT_EQUAL(drain_run(d, NULL, NULL, 0, counts, &err), DB_OK);
	CU_ASSERT_EQUAL(counts->drained, 0);
	CU_ASSERT_EQUAL(counts->refused, 0);
}

/*
 * Another directory takes the place of the one that the drainer knows, as when
 * one is mounted: what is written goes there, and the former is emptied first.
 */
static void
test_moved(void)
{
	struct drain_counts	 counts;
	struct delivery		*one = delivery_of("{}", 2);
	struct capture		 cap;
	struct errbuf		 err;
	struct spool		*s;
	struct drain		*d;
	char			 old[SCRATCH_PATH + 16], now[SCRATCH_PATH + 16];
	char			 path[SCRATCH_PATH + 64], said[1024];

	scratch_make(dir);
	(void)snprintf(old, sizeof(old), "%s/old", dir);
	(void)snprintf(now, sizeof(now), "%s/now", dir);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s = spool_open(now, 1 << 20, &err));
	CU_ASSERT_PTR_NOT_NULL_FATAL(d = drain_new(s));
	(void)snprintf(path, sizeof(path), "%s/1.delivery", now);
	scratch_write(path, 0600, "odd");
	CU_ASSERT_EQUAL(rename(now, old), 0);
	CU_ASSERT(spool_write(s, one, &err));
	CU_ASSERT_EQUAL(spool_count(s), 1);
	capture_begin(&cap);
	CU_ASSERT_EQUAL(drain_run(d, NULL, NULL, 0, &counts, &err), DB_OK);
	(void)capture_end(&cap, said, sizeof(said));
	CU_ASSERT_EQUAL(counts.refused, 1);
	CU_ASSERT_EQUAL(counts.left, 1);
	(void)snprintf(path, sizeof(path), "%s/refused/1.delivery", old);
	CU_ASSERT_EQUAL(access(path, F_OK), 0);
	scratch_remove(now);
	CU_ASSERT_EQUAL(mkdir(now, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/2.delivery", now);
	scratch_write(path, 0600, "odd");
	capture_begin(&cap);
	CU_ASSERT_EQUAL(drain_run(d, NULL, NULL, 0, &counts, &err), DB_OK);
	(void)capture_end(&cap, said, sizeof(said));
	CU_ASSERT_EQUAL(counts.refused, 1);
	CU_ASSERT_EQUAL(counts.left, 0);
	delivery_free(one);
	drain_close(s, d);
	scratch_remove(dir);
}

/* A name of ours with something else behind it is set aside: nobody waits for
 * a pipe's writer.  What may not be read just now waits, and that is said. */
static void
test_odd(void)
{
	struct drain_counts	counts;
	struct capture		cap;
	struct errbuf		err;
	struct spool		*s;
	struct drain		*d;
	char			path[SCRATCH_PATH + 64], said[4096];
	static const char	*names[] = { "1", "2", "3" };
	size_t			i;

	scratch_make(dir);
	d = drain_open(&s);
	(void)snprintf(path, sizeof(path), "%s/1.delivery", dir);
	CU_ASSERT_EQUAL(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/2.delivery", dir);
	CU_ASSERT_EQUAL(symlink("/etc/passwd", path), 0);
	(void)snprintf(path, sizeof(path), "%s/3.delivery", dir);
	CU_ASSERT_EQUAL(mkfifo(path, 0600), 0);
	capture_begin(&cap);
	CU_ASSERT_EQUAL(drain_run(d, NULL, NULL, 0, &counts, &err), DB_OK);
	(void)capture_end(&cap, said, sizeof(said));
	CU_ASSERT_EQUAL(counts.refused, 3);
	CU_ASSERT_EQUAL(counts.passed, 0);
	CU_ASSERT_EQUAL(counts.left, 0);
	for (i = 0; i < COUNT(names); i++) {
		(void)snprintf(path, sizeof(path),
		    "%s/refused/%s.delivery.reason", dir, names[i]);
		CU_ASSERT_EQUAL(access(path, F_OK), 0);
	}
	(void)snprintf(path, sizeof(path), "%s/4.delivery", dir);
	scratch_write(path, 0000, "x");
	(void)snprintf(path, sizeof(path), "%s/.drain.lock", dir);
	CU_ASSERT_EQUAL(unlink(path), 0);
	CU_ASSERT_EQUAL(chmod(dir, 0777), 0);
	if (geteuid() == 0)
		scratch_need(seteuid(NOBODY) == 0, "seteuid");
	CU_ASSERT_EQUAL(drain_run(d, NULL, NULL, 0, &counts, &err), DB_OK);
	if (getuid() == 0)
		scratch_need(seteuid(0) == 0, "seteuid");
	CU_ASSERT_EQUAL(counts.refused, 0);
	CU_ASSERT_EQUAL(counts.left, 1);
	CU_ASSERT_EQUAL(counts.passed, 1);
	CU_ASSERT_FALSE(counts.blind);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "Permission denied"));
	drain_close(s, d);
	scratch_remove(dir);
}

/* An idle handler looks every second, and writes nothing for it. */
static void
test_look_writes_nothing(void)
{
	const struct timespec	tick = { .tv_nsec = 50000000 };
	struct drain_counts	counts;
	struct stat		before, after;
	struct spool		*s;
	struct drain		*d;
	char			path[SCRATCH_PATH + 32];

	scratch_make(dir);
	(void)snprintf(path, sizeof(path), "%s/.drain.lock", dir);
	d = drain_open(&s);
	drain_nothing(d, &counts);
	CU_ASSERT_EQUAL(stat(path, &before), 0);
	/* The time of a change is as coarse as the kernel's ticks. */
	(void)nanosleep(&tick, NULL);
	drain_nothing(d, &counts);
	CU_ASSERT_EQUAL(stat(path, &after), 0);
	CU_ASSERT_EQUAL(memcmp(&before.st_ctim, &after.st_ctim,
	    sizeof(before.st_ctim)), 0);
	drain_close(s, d);
	scratch_remove(dir);
}

/* A sweep that root ran once by hand must not keep all others out for ever. */
static void
test_root_was_here(void)
{
	struct drain_counts	counts;
	struct capture		cap;
	struct errbuf		err;
	struct spool		*s;
	struct drain		*d;
	mode_t			was;
	char			path[SCRATCH_PATH + 32], said[1024];

	if (geteuid() != 0)
		return;
	scratch_make(dir);
	CU_ASSERT_EQUAL(chmod(dir, 0777), 0);
	was = umask(077);
	d = drain_open(&s);
	drain_nothing(d, &counts);
	drain_close(s, d);
	(void)umask(was);
	scratch_need(seteuid(NOBODY) == 0, "seteuid");
	(void)snprintf(path, sizeof(path), "%s/1.delivery", dir);
	scratch_write(path, 0600, "odd");
	d = drain_open(&s);
	capture_begin(&cap);
	CU_ASSERT_EQUAL(drain_run(d, NULL, NULL, 0, &counts, &err), DB_OK);
	(void)capture_end(&cap, said, sizeof(said));
	scratch_need(seteuid(0) == 0, "seteuid");
	CU_ASSERT_FALSE(counts.blind);
	CU_ASSERT_EQUAL(counts.refused, 1);
	drain_close(s, d);
	scratch_remove(dir);
}

/* What a crash left half-made goes when nobody can be writing it any more;
 * files of other names are not ours. */
static void
test_leftovers(void)
{
	static const struct {
		const char	*name;
		int		 age_s;
		bool		 left;
	} rows[] = {
		{ ".tmp-1.delivery", 7200, false },
		{ ".tmp-2.delivery", 3000, true },
		{ ".tmp-3.delivery", 0, true },
		{ "notes.txt", 7200, true },
		{ ".hidden.delivery", 7200, true },
		{ ".delivery", 7200, true },
	};
	struct drain_counts	counts;
	struct timespec		times[2];
	struct spool		*s;
	struct drain		*d;
	char			 path[SCRATCH_PATH + 64];
	size_t			 i;

	scratch_make(dir);
	d = drain_open(&s);
	for (i = 0; i < COUNT(rows); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir,
		    rows[i].name);
		scratch_write(path, 0600, "x");
		memset(times, 0, sizeof(times));
		times[0].tv_sec = times[1].tv_sec = time(NULL) -
		    rows[i].age_s;
		CU_ASSERT_EQUAL(utimensat(AT_FDCWD, path, times, 0), 0);
	}
	CU_ASSERT_EQUAL(spool_count(s), 0);
	drain_nothing(d, &counts);
	CU_ASSERT_EQUAL(counts.left, 0);
	for (i = 0; i < COUNT(rows); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir,
		    rows[i].name);
		CU_ASSERT_EQUAL(access(path, F_OK) == 0, rows[i].left);
	}
	drain_close(s, d);
	scratch_remove(dir);
}

/* While another one drains, there is nothing to do: no lock beside its own. */
static void
test_one_drainer(void)
{
	struct drain_counts	 counts;
	struct delivery		*one = delivery_of("{}", 2);
	struct errbuf		 err;
	struct spool		*s;
	struct drain		*d;
	char			 path[SCRATCH_PATH + 32];
	int			 lock;

	scratch_make(dir);
	d = drain_open(&s);
	CU_ASSERT(spool_write(s, one, &err));
	(void)snprintf(path, sizeof(path), "%s/.drain.lock", dir);
	lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	scratch_need(lock != -1 && flock(lock, LOCK_SH) == 0, path);
	drain_nothing(d, &counts);
	CU_ASSERT_EQUAL(counts.left, 1);
	CU_ASSERT_EQUAL(spool_count(s), 1);
	(void)close(lock);
	delivery_free(one);
	drain_close(s, d);
	scratch_remove(dir);
}

#define HEAD(id, provider, outcome)	"genhook-spool 1\nid: " id "\n"	\
	"received_at: 1\nprovider: " provider "\naccount: default\n"	\
	"source: callback\noutcome: " outcome "\nverdict: token\n"
#define GOOD_ID		"01890000-0000-7000-8000-000000000000"
#define HEAD_OF(id)	HEAD(id, "novita", "accepted")

/* The reason that stands beside a file that was put aside. */
static void
assert_reason(size_t i, const char *want)
{
	char	path[SCRATCH_PATH + 64], *got;
	size_t	len;

	(void)snprintf(path, sizeof(path), "%s/refused/%zu.delivery.reason",
	    dir, i);
	got = fixture_read(path, &len);
	CU_ASSERT_EQUAL(len, strlen(want));
	CU_ASSERT_EQUAL(strncmp(got, want, len), 0);
	free(got);
}

/* Files that are no whole delivery, or that another version has written: put
 * aside, with the reason, and no reason to ask the database. */
static void
test_not_whole(void)
{
	static const char	whole[] = "not a whole spool file";
	static const struct {
		const char	*text;
		const char	*reason;
	} rows[] = {
		{ "", whole },
		{ "\n", whole },
		{ "genhook-spool 1\n", whole },
		{ "genhook-spool 2\n\n", whole },
		{ "{\"json\":1}", whole },
		{ HEAD_OF(GOOD_ID), whole },
		{ HEAD_OF(GOOD_ID) "body: 3\n\n{}", whole },
		{ HEAD_OF(GOOD_ID) "body: 1\n\n{}", whole },
		{ HEAD_OF(GOOD_ID) "body: -2\n\n{}", whole },
		{ HEAD_OF("zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz")
		    "body: 2\n\n{}", whole },
		{ HEAD_OF("") "body: 2\n\n{}", whole },
		{ HEAD(GOOD_ID, "tomorrow", "accepted") "body: 2\n\n{}",
		    "this program knows no provider \"tomorrow\"" },
		{ HEAD(GOOD_ID, "novita", "perfect") "body: 2\n\n{}",
		    "this program knows no source \"callback\", outcome "
		    "\"perfect\" or verdict \"token\"" },
	};
	struct drain_counts	counts;
	struct conf		conf;
	struct capture		cap;
	struct spool		*s;
	struct drain		*d;
	struct errbuf		 err;
	char			 path[SCRATCH_PATH + 64], said[16384];
	size_t			 i;

	memset(&conf, 0, sizeof(conf));
	scratch_make(dir);
	d = drain_open(&s);
	for (i = 0; i < COUNT(rows); i++) {
		(void)snprintf(path, sizeof(path), "%s/%zu.delivery", dir, i);
		scratch_write(path, 0600, rows[i].text);
	}
	CU_ASSERT_EQUAL(spool_count(s), (long)COUNT(rows));
	capture_begin(&cap);
	CU_ASSERT_EQUAL(drain_run(d, NULL, &conf, 0, &counts, &err), DB_OK);
	(void)capture_end(&cap, said, sizeof(said));
	CU_ASSERT_EQUAL(counts.drained, 0);
	CU_ASSERT_EQUAL(counts.refused, (long)COUNT(rows));
	CU_ASSERT_EQUAL(counts.left, 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(said, "spool file 0.delivery set aside"));
	for (i = 0; i < COUNT(rows); i++) {
		(void)snprintf(path, sizeof(path), "%s/refused/%zu.delivery",
		    dir, i);
		CU_ASSERT_EQUAL(access(path, F_OK), 0);
		assert_reason(i, rows[i].reason);
	}
	drain_close(s, d);
	scratch_remove(dir);
}

/* What cannot even be set aside is told of, and waits where it is. */
static void
test_not_aside(void)
{
	struct drain_counts	counts;
	struct conf		conf;
	struct capture		cap;
	struct spool		*s;
	struct drain		*d;
	struct errbuf		 err;
	char			 path[SCRATCH_PATH + 64], said[1024];

	memset(&conf, 0, sizeof(conf));
	scratch_make(dir);
	d = drain_open(&s);
	(void)snprintf(path, sizeof(path), "%s/0.delivery", dir);
	scratch_write(path, 0600, "");
	(void)snprintf(path, sizeof(path), "%s/refused", dir);
	scratch_write(path, 0600, "");
	capture_begin(&cap);
	CU_ASSERT_EQUAL(drain_run(d, NULL, &conf, 0, &counts, &err), DB_OK);
	(void)capture_end(&cap, said, sizeof(said));
	CU_ASSERT_EQUAL(counts.refused, 0);
	CU_ASSERT_EQUAL(counts.passed, 1);
	CU_ASSERT_EQUAL(counts.left, 1);
	CU_ASSERT_STRING_EQUAL(err.text, "not a whole spool file");
	CU_ASSERT_PTR_NOT_NULL(strstr(said, "spool file 0.delivery could not "
	    "be set aside (Not a directory): not a whole spool file"));
	drain_close(s, d);
	scratch_remove(dir);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
/* So much of the address space in use, in bytes. */
static rlim_t
address_space(void)
{
	unsigned long	pages = 0;
	FILE		*fp = fopen("/proc/self/statm", "re");

	scratch_need(fp != NULL && fscanf(fp, "%lu", &pages) == 1, "statm");
	(void)fclose(fp);
	return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* A file that there is no memory for just now is whole all the same: it waits
 * for a better time. */
static void
test_no_memory(void)
{
#define BIG_BYTES	(64 << 20)
	struct drain_counts	counts;
	struct conf		conf;
	struct rlimit		was, tight;
	struct spool		*s;
	struct drain		*d;
	struct errbuf		err;
	char			 path[SCRATCH_PATH + 64], head[512];

	memset(&conf, 0, sizeof(conf));
	scratch_make(dir);
	d = drain_open(&s);
	(void)snprintf(path, sizeof(path), "%s/0.delivery", dir);
	(void)snprintf(head, sizeof(head), HEAD_OF(GOOD_ID) "body: %d\n\n",
	    BIG_BYTES);
	scratch_write(path, 0600, head);
	CU_ASSERT_EQUAL(truncate(path, (off_t)strlen(head) + BIG_BYTES), 0);
	scratch_need(getrlimit(RLIMIT_AS, &was) == 0, "getrlimit");
	tight = was;
	/* Room to read it, and none for a second copy. */
	tight.rlim_cur = address_space() + BIG_BYTES + BIG_BYTES / 2;
	scratch_need(setrlimit(RLIMIT_AS, &tight) == 0, "setrlimit");
	CU_ASSERT_EQUAL(drain_run(d, NULL, &conf, 0, &counts, &err), DB_OK);
	scratch_need(setrlimit(RLIMIT_AS, &was) == 0, "setrlimit");
	CU_ASSERT_EQUAL(counts.refused, 0);
	CU_ASSERT_EQUAL(counts.passed, 1);
	CU_ASSERT_EQUAL(spool_count(s), 1);
	drain_close(s, d);
	scratch_remove(dir);
}
#endif

/* What cannot be read just now waits for a better time, whole as it is. */
static void
test_not_now(void)
{
	static const struct {
		int	open, read;
	} rows[] = {
		{ EIO, 0 }, { EMFILE, 0 }, { ENFILE, 0 }, { ENOMEM, 0 },
		{ EACCES, 0 }, { EINTR, 0 }, { ESTALE, 0 }, { 0, EIO },
		{ 0, ESTALE }, { 0, ENOMEM }, { 0, READ_ENDS },
	};
	struct conf		conf = { 0 };
	struct drain_counts	counts;
	struct delivery		*one = delivery_of("{}", 2);
	struct errbuf		err;
	struct spool		*s;
	struct drain		*d;
	size_t			i;

	scratch_make(dir);
	d = drain_open(&s);
	CU_ASSERT(spool_write(s, one, &err));
	memset(&database, 0, sizeof(database));
	for (i = 0; i < COUNT(rows); i++) {
		open_errno = rows[i].open;
		read_errno = rows[i].read;
		CU_ASSERT_EQUAL(drain_run(d, NULL, &conf, 0, &counts, &err),
		    DB_OK);
		open_errno = read_errno = 0;
		CU_ASSERT_EQUAL(counts.refused, 0);
		CU_ASSERT_EQUAL(counts.passed, 1);
		CU_ASSERT_EQUAL(counts.left, 1);
		CU_ASSERT_PTR_NOT_NULL(strstr(err.text, strerror(
		    rows[i].open != 0 ? rows[i].open :
		    rows[i].read == READ_ENDS ? EIO : rows[i].read)));
		CU_ASSERT_EQUAL(spool_count(s), 1);
	}
	CU_ASSERT_EQUAL(database.n, 0);
	CU_ASSERT_EQUAL(drain_run(d, NULL, &conf, 0, &counts, &err), DB_OK);
	CU_ASSERT_EQUAL(counts.drained, 1);
	CU_ASSERT_EQUAL(database.n, 1);
	delivery_free(one);
	drain_close(s, d);
	scratch_remove(dir);
}

/* A file goes when its row is there, and no earlier: it waits, or is set aside
 * where the database refuses it by itself. */
static void
test_not_stored(void)
{
	static const struct {
		enum db_verdict	verdict;
		bool		connected;
		long		refused, left;
	} rows[] = {
		{ DB_AWAY, false, 0, 1 }, { DB_AWAY, true, 0, 1 },
		{ DB_BROKEN, true, 0, 1 }, { DB_REFUSED, true, 1, 0 },
	};
	struct conf		conf = { 0 };
	struct drain_counts	counts;
	struct delivery		*one = delivery_of("{}", 2);
	struct capture		cap;
	struct errbuf		err;
	struct spool		*s;
	struct drain		*d;
	char			said[4096];
	size_t			i;

	scratch_make(dir);
	d = drain_open(&s);
	CU_ASSERT(spool_write(s, one, &err));
	memset(&database, 0, sizeof(database));
	capture_begin(&cap);
	for (i = 0; i < COUNT(rows); i++) {
		database.verdict = rows[i].verdict;
		database.connected = rows[i].connected;
		(void)drain_run(d, NULL, &conf, 0, &counts, &err);
		CU_ASSERT_EQUAL(counts.drained, 0);
		CU_ASSERT_EQUAL(counts.refused, rows[i].refused);
		CU_ASSERT_EQUAL(spool_count(s), rows[i].left);
	}
	(void)capture_end(&cap, said, sizeof(said));
	memset(&database, 0, sizeof(database));
	delivery_free(one);
	drain_close(s, d);
	scratch_remove(dir);
}

/* What is found when a file is drained: the parser's word of today, and of the
 * sender what the handler decided, or doubted, then. */
#define DONE	"{\"id\":\"t\",\"status\":\"completed\",\"result\":"	\
	"{\"images\":[{\"url\":[\"https://h/0.png\"]}]}}"
#define BUSY	"{\"id\":\"t\",\"status\":\"processing\"}"

static const struct {
	const char	*account;	/* "requery" and "plain" are known */
	enum outcome	 was;
	const char	*body;
	enum outcome	 is;
} judged[] = {
	{ "plain", OUTCOME_ACCEPTED,	DONE, OUTCOME_ACCEPTED },
	{ "plain", OUTCOME_UNPARSED,	DONE, OUTCOME_ACCEPTED },
	{ "plain", OUTCOME_ACCEPTED,	BUSY, OUTCOME_IGNORED },
	{ "plain", OUTCOME_REJECTED,	"{",  OUTCOME_REJECTED },
	{ "gone", OUTCOME_ACCEPTED,	DONE, OUTCOME_ACCEPTED },
	/* The account is one whose callbacks are not believed. */
	{ "requery", OUTCOME_ACCEPTED,	DONE, OUTCOME_REQUERY },
	{ "requery", OUTCOME_REQUERY,	DONE, OUTCOME_REQUERY },
	/* It was one, or has left the settings. */
	{ "plain", OUTCOME_REQUERY,	DONE, OUTCOME_REQUERY },
	{ "gone", OUTCOME_REQUERY,	DONE, OUTCOME_REQUERY },
	/* Too old when it came: time in the spool makes it no younger. */
	{ "plain", OUTCOME_STALE,	DONE, OUTCOME_STALE },
	{ "plain", OUTCOME_STALE,	BUSY, OUTCOME_STALE },
	{ "gone", OUTCOME_STALE,	DONE, OUTCOME_STALE },
	{ "requery", OUTCOME_STALE,	DONE, OUTCOME_STALE },
	{ "plain", OUTCOME_STALE,	"{",  OUTCOME_REJECTED },
	/* Of a forged one nothing is read. */
	{ "plain", OUTCOME_UNVERIFIED,	DONE, OUTCOME_UNVERIFIED },
	{ "requery", OUTCOME_UNVERIFIED, DONE, OUTCOME_UNVERIFIED },
};

static void
judged_write(struct spool *s, size_t i)
{
	struct delivery	*d = delivery_new(provider_find("apimart"),
			    judged[i].account, SOURCE_CALLBACK);
	struct errbuf	 err;
	char		*body = strdup(judged[i].body);

	CU_ASSERT_FATAL(d != NULL && body != NULL);
	delivery_set_body(d, body, strlen(body));
	d->received_at = RECEIVED_AT + (usec_t)i;
	d->outcome = judged[i].was;
	d->verdict = VERDICT_TOKEN;
	CU_ASSERT(spool_write(s, d, &err));
	delivery_free(d);
}

static void
test_judged(void)
{
	char			plain[] = "plain", requery[] = "requery";
	struct account		accounts[2] = {
		{ .provider = provider_find("apimart"), .name = plain },
		{ .provider = provider_find("apimart"), .name = requery,
		    .requery = true },
	};
	struct conf		conf = { .accounts = accounts, .naccounts = 2 };
	struct drain_counts	counts;
	struct errbuf		err;
	struct spool		*s;
	struct drain		*d;
	size_t			i;

	scratch_make(dir);
	d = drain_open(&s);
	for (i = 0; i < COUNT(judged); i++)
		judged_write(s, i);
	memset(&database, 0, sizeof(database));
	CU_ASSERT_EQUAL(drain_run(d, NULL, &conf, 0, &counts, &err), DB_OK);
	CU_ASSERT_EQUAL_FATAL(database.n, COUNT(judged));
	for (i = 0; i < COUNT(judged); i++) {
		CU_ASSERT_EQUAL(database.received_at[i],
		    RECEIVED_AT + (usec_t)i);
		CU_ASSERT_EQUAL(database.outcome[i], judged[i].is);
		if (database.outcome[i] != judged[i].is)
			(void)fprintf(stderr, "\n    row %zu\n", i);
	}
	drain_close(s, d);
	scratch_remove(dir);
}

/* One among others: it is set aside, or waits, and they go their way. */
static void
test_one_of_many(void)
{
	static const struct {
		enum db_verdict	verdict;
		long		refused, passed;
	} rows[] = { { DB_REFUSED, 1, 0 }, { DB_AWAY, 0, 1 } };
	struct conf		conf = { 0 };
	struct drain_counts	counts;
	struct delivery		*one = delivery_of("{}", 2);
	struct capture		cap;
	struct errbuf		err;
	struct spool		*s;
	struct drain		*d;
	char			said[4096];
	size_t			i;
	usec_t			j;

	for (i = 0; i < COUNT(rows); i++) {
		scratch_make(dir);
		d = drain_open(&s);
		for (j = 0; j < 3; j++) {
			one->received_at = RECEIVED_AT + j;
			CU_ASSERT(spool_write(s, one, &err));
		}
		memset(&database, 0, sizeof(database));
		database.connected = true;
		database.at = RECEIVED_AT + 1;
		database.verdict_at = rows[i].verdict;
		capture_begin(&cap);
		CU_ASSERT_EQUAL(drain_run(d, NULL, &conf, 0, &counts, &err),
		    DB_OK);
		(void)capture_end(&cap, said, sizeof(said));
		CU_ASSERT_EQUAL(counts.drained, 2);
		CU_ASSERT_EQUAL(counts.refused, rows[i].refused);
		CU_ASSERT_EQUAL(counts.passed, rows[i].passed);
		CU_ASSERT_EQUAL(spool_count(s), rows[i].passed);
		drain_close(s, d);
		scratch_remove(dir);
	}
	delivery_free(one);
}

/* With that error the drain is blind, which is not to find nothing; without it, all
 * is drained. */
static void
blind_try(int *at, int error)
{
	struct conf		conf = { 0 };
	struct drain_counts	counts;
	struct delivery		*one = delivery_of("{}", 2);
	struct errbuf		err = { .text = "" };
	struct spool		*s;
	struct drain		*d;

	scratch_make(dir);
	d = drain_open(&s);
	CU_ASSERT(spool_write(s, one, &err));
	memset(&database, 0, sizeof(database));
	*at = error;
	(void)drain_run(d, NULL, &conf, 0, &counts, &err);
	*at = 0;
	CU_ASSERT_TRUE(counts.blind);
	CU_ASSERT_EQUAL(counts.drained, 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, strerror(error)));
	CU_ASSERT_EQUAL(drain_run(d, NULL, &conf, 0, &counts, &err), DB_OK);
	CU_ASSERT_FALSE(counts.blind);
	CU_ASSERT_EQUAL(counts.drained, 1);
	delivery_free(one);
	drain_close(s, d);
	scratch_remove(dir);
}

/* A spool that cannot be listed is not an empty one. */
static void
test_blind(void)
{
	blind_try(&readdir_error, EIO);
}

/* Nor is one whose lock cannot be had, for another reason than that somebody has
 * it. */
static void
test_no_lock(void)
{
	blind_try(&flock_errno, ENOLCK);
}

/* --- a drainer that stands still */

#define BATCH	256
#define REST	22
#define MANY	(2 * BATCH + REST)

/* One file each, none of which has to outlive this machine. */
static void
many_write(usec_t from, usec_t n)
{
	struct delivery	*d;
	struct buf	 text;
	char		 path[SCRATCH_PATH + 96];
	usec_t		 i;

	for (i = from; i < from + n; i++) {
		d = delivery_of("{}", 2);
		d->received_at = RECEIVED_AT + i;
		buf_init(&text, SIZE_MAX);
		spool_format_add(&text, d);
		CU_ASSERT_FATAL(buf_ok(&text));
		(void)snprintf(path, sizeof(path), "%s/%020lld-%s.delivery",
		    dir, (long long)d->received_at, d->id);
		scratch_write(path, 0600, text.data);
		buf_free(&text);
		delivery_free(d);
	}
}

/* Nobody has touched the lock for that long. */
static void
lock_age(int age_s)
{
	struct timespec	times[2] = { { .tv_sec = time(NULL) - age_s },
			    { .tv_sec = time(NULL) - age_s } };
	char		path[SCRATCH_PATH + 32];

	(void)snprintf(path, sizeof(path), "%s/" DRAIN_LOCK_NAME, dir);
	CU_ASSERT_EQUAL(utimensat(AT_FDCWD, path, times, 0), 0);
}

static struct {
	struct spool	*spool;
	struct drain	*one, *other;
	struct conf	 conf;
	long		 drained;	/* by the other */
	char		 said[4096];
} still;

/* One batch alone, or all. */
static long
still_drain(struct drain *d, bool all)
{
	struct drain_counts	counts;
	struct errbuf		err;

	CU_ASSERT_EQUAL(drain_run(d, NULL, &still.conf, all ? 0 : 1, &counts,
	    &err), DB_OK);
	CU_ASSERT_EQUAL(counts.refused, 0);
	CU_ASSERT_EQUAL(counts.passed, 0);
	return counts.drained;
}

/* The one is stopped for long with a batch in its hands; the other comes. */
static void
still_meanwhile(void)
{
	struct capture	cap;

	capture_begin(&cap);
	lock_age(DRAIN_LOCK_STALE_S - 5);
	CU_ASSERT_EQUAL(still_drain(still.other, true), 0);
	lock_age(DRAIN_LOCK_STALE_S + 2);
	still.drained = still_drain(still.other, true);
	(void)capture_end(&cap, still.said, sizeof(still.said));
}

static void
still_begin(void)
{
	scratch_make(dir);
	still.one = drain_open(&still.spool);
	CU_ASSERT_PTR_NOT_NULL_FATAL(still.other = drain_new(still.spool));
	many_write(0, MANY);
	memset(&database, 0, sizeof(database));
}

static void
still_end(void)
{
	drain_free(still.other);
	drain_close(still.spool, still.one);
	scratch_remove(dir);
}

/* Everything is drained without it, in order; when it wakes it does no harm:
 * what it has in its hands is stored once more, which is passed over, and of
 * the rest it lets go. */
static void
test_stopped(void)
{
	size_t	i;

	still_begin();
	database.meanwhile = still_meanwhile;
	CU_ASSERT_EQUAL(still_drain(still.one, true), 0);
	CU_ASSERT_EQUAL(still.drained, MANY);
	CU_ASSERT_PTR_NOT_NULL(strstr(still.said, "taking over"));
	CU_ASSERT_EQUAL(spool_count(still.spool), 0);
	CU_ASSERT_EQUAL(database.n, MANY + BATCH);
	for (i = 0; i < MANY; i++)
		CU_ASSERT_EQUAL(database.received_at[i],
		    RECEIVED_AT + (usec_t)i);
	/* Both are as good as new. */
	many_write(MANY, 1);
	CU_ASSERT_EQUAL(still_drain(still.one, true), 1);
	many_write(MANY + 1, 1);
	CU_ASSERT_EQUAL(still_drain(still.other, true), 1);
	still_end();
}

static void
still_ahead(void)
{
	ahead_s = 3600;
	CU_ASSERT_EQUAL(still_drain(still.other, true), 0);
	ahead_s = 0;
}

/* A machine whose clock is an hour ahead of that of the file system takes the lock
 * from nobody who is at work. */
static void
test_clock(void)
{
	still_begin();
	database.meanwhile = still_ahead;
	CU_ASSERT_EQUAL(still_drain(still.one, true), MANY);
	CU_ASSERT_EQUAL(database.n, MANY);
	still_end();
}

/* How long ago the lock was touched last. */
static long
lock_rest_s(void)
{
	struct stat	st;
	char		path[SCRATCH_PATH + 32];

	(void)snprintf(path, sizeof(path), "%s/" DRAIN_LOCK_NAME, dir);
	CU_ASSERT_EQUAL(stat(path, &st), 0);
	return (long)(time(NULL) - st.st_mtime);
}

static void
assert_touched(void)
{
	CU_ASSERT(lock_rest_s() < DRAIN_LOCK_STALE_S / 2);
}

static void
touched_anew(void)
{
	assert_touched();
	database.meanwhile = assert_touched;
	lock_age(DRAIN_LOCK_STALE_S - 1);
}

/* It says that it is at it, before the first look into a file, which may be
 * long, and before each statement. */
static void
test_touches(void)
{
	still_begin();
	CU_ASSERT_EQUAL(still_drain(still.other, false), BATCH);
	drain_leave(still.other);
	many_write(MANY, BATCH);
	lock_age(86400);
	before_open = assert_touched;
	CU_ASSERT_EQUAL(still_drain(still.one, false), BATCH);
	before_open = NULL;
	database.meanwhile = touched_anew;
	CU_ASSERT_EQUAL(still_drain(still.one, true), MANY - BATCH);
	still_end();
}

/* Another puts its own lock in the place of the one that was just opened. */
static void
lock_swap(void)
{
	char	path[SCRATCH_PATH + 32], now[SCRATCH_PATH + 32];

	(void)snprintf(path, sizeof(path), "%s/" DRAIN_LOCK_NAME, dir);
	(void)snprintf(now, sizeof(now), "%s/swap", dir);
	scratch_write(now, 0644, "");
	CU_ASSERT_EQUAL(rename(now, path), 0);
}

static void
test_swapped(void)
{
	still_begin();
	CU_ASSERT_EQUAL(still_drain(still.one, false), BATCH);
	drain_leave(still.one);
	before_flock = lock_swap;
	CU_ASSERT_EQUAL(still_drain(still.one, false), 0);
	CU_ASSERT_EQUAL(still_drain(still.one, true), MANY - BATCH);
	still_end();
}

static int	idle_lock = -1;

static void
idle_look_ends(void)
{
	(void)close(idle_lock);
	idle_lock = -1;
}

static void
idle_look_begins(void)
{
	char	path[SCRATCH_PATH + 32];

	(void)snprintf(path, sizeof(path), "%s/" DRAIN_LOCK_NAME, dir);
	idle_lock = open(path, O_RDWR | O_CLOEXEC);
	scratch_need(idle_lock != -1 &&
	    __real_flock(idle_lock, LOCK_EX) == 0, path);
	before_flock = idle_look_ends;
}

/* Whoever looks at an empty spool touches nothing, and has the lock for a moment:
 * nobody is said to stand still. */
static void
test_idle_look(void)
{
	struct capture	cap;

	still_begin();
	CU_ASSERT_EQUAL(still_drain(still.one, false), BATCH);
	drain_leave(still.one);
	lock_age(86400);
	before_flock = idle_look_begins;
	capture_begin(&cap);
	CU_ASSERT_EQUAL(still_drain(still.one, true), MANY - BATCH);
	(void)capture_end(&cap, still.said, sizeof(still.said));
	CU_ASSERT_EQUAL(idle_lock, -1);
	CU_ASSERT_PTR_NULL(strstr(still.said, "taking over"));
	still_end();
}

/* Stopped between two batches; and one that goes on is left at it, however old
 * the lock's file was. */
static void
test_stopped_between(void)
{
	struct capture	 cap;
	struct drain	*third;

	still_begin();
	CU_ASSERT_EQUAL(still_drain(still.other, false), BATCH);
	drain_leave(still.other);
	many_write(MANY, BATCH);
	lock_age(86400);
	CU_ASSERT_EQUAL(still_drain(still.one, false), BATCH);
	CU_ASSERT_EQUAL(still_drain(still.other, true), 0);
	lock_age(DRAIN_LOCK_STALE_S + 2);
	capture_begin(&cap);
	CU_ASSERT_EQUAL(still_drain(still.other, false), BATCH);
	(void)capture_end(&cap, still.said, sizeof(still.said));
	CU_ASSERT_PTR_NOT_NULL(strstr(still.said, "taking over"));
	/* The other has it now: the one lets go, and a third waits. */
	CU_ASSERT_EQUAL(still_drain(still.one, true), 0);
	CU_ASSERT_EQUAL(still_drain(still.one, true), 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(third = drain_new(still.spool));
	CU_ASSERT_EQUAL(still_drain(third, true), 0);
	CU_ASSERT_EQUAL(still_drain(still.other, true), REST);
	many_write(2 * MANY, 10);
	CU_ASSERT_EQUAL(still_drain(third, true), 10);
	CU_ASSERT_EQUAL(database.n, BATCH + MANY + 10);
	drain_free(third);
	still_end();
}

/* The lock of another user, which cannot be touched, is replaced by one that
 * can. */
static void
test_foreign_lock(void)
{
	struct stat	st;
	struct capture	cap;
	char		path[SCRATCH_PATH + 32];
	int		lock;

	if (geteuid() != 0)
		return;
	still_begin();
	CU_ASSERT_EQUAL(chmod(dir, 0777), 0);
	(void)snprintf(path, sizeof(path), "%s/" DRAIN_LOCK_NAME, dir);
	lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	scratch_need(lock != -1 && flock(lock, LOCK_EX) == 0, path);
	lock_age(DRAIN_LOCK_STALE_S + 2);
	scratch_need(seteuid(NOBODY) == 0, "seteuid");
	capture_begin(&cap);
	/* The files are root's, so they wait; but they are looked at. */
	(void)drain_run(still.one, NULL, &still.conf, 1,
	    &(struct drain_counts){ 0 }, &(struct errbuf){ .text = "" });
	(void)capture_end(&cap, still.said, sizeof(still.said));
	scratch_need(seteuid(0) == 0, "seteuid");
	CU_ASSERT_PTR_NOT_NULL(strstr(still.said, "taking over"));
	CU_ASSERT_EQUAL(stat(path, &st), 0);
	CU_ASSERT_EQUAL(st.st_uid, NOBODY);
	CU_ASSERT_EQUAL(st.st_mode & 07777, 0644);
	(void)close(lock);
	still_end();
}

/* --- a file of several */

#define TOGETHER	5

/* The text of delivery i of a file of several. */
static void
together_print(struct buf *text, usec_t i)
{
	struct delivery	*d = delivery_of("{}", 2);

	d->received_at = RECEIVED_AT + i;
	(void)snprintf(d->id, sizeof(d->id),
	    "01890000-0000-7000-8000-00000000000%d", (int)i);
	buf_init(text, SIZE_MAX);
	spool_format_add(text, d);
	CU_ASSERT_FATAL(buf_ok(text));
	delivery_free(d);
}

/* They come in one file, which counts as so many. */
static void
together_write(struct spool *s)
{
	struct delivery	*batch[TOGETHER];
	bool		 written[TOGETHER];
	struct errbuf	 err;
	size_t		 i;

	for (i = 0; i < TOGETHER; i++) {
		batch[i] = delivery_of("{}", 2);
		batch[i]->received_at = RECEIVED_AT + (usec_t)i;
		(void)snprintf(batch[i]->id, sizeof(batch[i]->id),
		    "01890000-0000-7000-8000-00000000000%zu", i);
	}
	CU_ASSERT(spool_write_all(s, batch, TOGETHER, written, &err));
	CU_ASSERT_EQUAL(spool_count(s), TOGETHER);
	for (i = 0; i < TOGETHER; i++) {
		CU_ASSERT(written[i]);
		delivery_free(batch[i]);
	}
}

static char	together_name[256];

static bool
together_note_name(int dirfd, const char *name, void *arg)
{
	(void)dirfd;
	if (spool_is_delivery(name)) {
		(void)snprintf(together_name, sizeof(together_name), "%s",
		    name);
		(*(int *)arg)++;
	}
	return true;
}

/* The one file of the spool, or "". */
static const char *
together_find(const char *of)
{
	int	n = 0, fd = open(of, O_RDONLY | O_DIRECTORY);

	together_name[0] = '\0';
	CU_ASSERT_FATAL(fd != -1);
	CU_ASSERT(spool_each_name(fd, together_note_name, &n));
	(void)close(fd);
	CU_ASSERT(n <= 1);
	return together_name;
}

/* What was set aside of the file is the text of that one alone. */
static void
together_assert_aside(usec_t i)
{
	char		 path[SCRATCH_PATH + 320], *got;
	struct buf	 want;
	size_t		 len;

	(void)snprintf(path, sizeof(path), "%s/refused", dir);
	(void)snprintf(path, sizeof(path), "%s/refused/%s", dir,
	    together_find(path));
	together_print(&want, i);
	got = fixture_read(path, &len);
	CU_ASSERT_EQUAL_FATAL(len, want.len);
	CU_ASSERT_EQUAL(memcmp(got, want.data, len), 0);
	free(got);
	buf_free(&want);
}

/* Drains all; what was logged is nobody's. */
static long
together_drain(struct drain *d, struct drain_counts *counts)
{
	struct conf	conf = { 0 };
	struct capture	cap;
	struct errbuf	err;
	char		said[4096];

	capture_begin(&cap);
	(void)drain_run(d, NULL, &conf, 0, counts, &err);
	(void)capture_end(&cap, said, sizeof(said));
	return counts->drained;
}

static void
test_together(void)
{
	struct drain_counts	counts;
	struct spool		*s;
	struct drain		*d;
	size_t			i;

	scratch_make(dir);
	d = drain_open(&s);
	together_write(s);
	memset(&database, 0, sizeof(database));
	CU_ASSERT_EQUAL(together_drain(d, &counts), TOGETHER);
	CU_ASSERT_EQUAL_FATAL(database.n, TOGETHER);
	for (i = 0; i < TOGETHER; i++)
		CU_ASSERT_EQUAL(database.received_at[i],
		    RECEIVED_AT + (usec_t)i);
	CU_ASSERT_EQUAL(counts.left, 0);
	CU_ASSERT_STRING_EQUAL(together_find(dir), "");
	drain_close(s, d);
	scratch_remove(dir);
}

/* One is refused: it alone is set aside, in a file of its own. */
static void
test_together_refused(void)
{
	struct drain_counts	counts;
	struct spool		*s;
	struct drain		*d;
	usec_t			i;

	for (i = 0; i < TOGETHER; i++) {
		scratch_make(dir);
		d = drain_open(&s);
		together_write(s);
		memset(&database, 0, sizeof(database));
		database.connected = true;
		database.at = RECEIVED_AT + i;
		database.verdict_at = DB_REFUSED;
		CU_ASSERT_EQUAL(together_drain(d, &counts), TOGETHER - 1);
		CU_ASSERT_EQUAL(counts.refused, 1);
		CU_ASSERT_EQUAL(database.n, TOGETHER - 1);
		CU_ASSERT_EQUAL(spool_count(s), 0);
		together_assert_aside(i);
		drain_close(s, d);
		scratch_remove(dir);
	}
}

/* One cannot be stored just now: the file stays for it, and nothing of it is
 * lost; the others are stored meanwhile. */
static void
test_together_locked(void)
{
	struct drain_counts	counts;
	struct spool		*s;
	struct drain		*d;
	usec_t			i;

	for (i = 0; i < TOGETHER; i++) {
		scratch_make(dir);
		d = drain_open(&s);
		together_write(s);
		memset(&database, 0, sizeof(database));
		database.connected = true;
		database.at = RECEIVED_AT + i;
		database.verdict_at = DB_AWAY;
		CU_ASSERT_EQUAL(together_drain(d, &counts), 0);
		CU_ASSERT_EQUAL(counts.passed, 1);
		CU_ASSERT_EQUAL(database.n, TOGETHER - 1);
		CU_ASSERT_EQUAL(spool_count(s), TOGETHER);
		memset(&database, 0, sizeof(database));
		CU_ASSERT_EQUAL(together_drain(d, &counts), TOGETHER);
		CU_ASSERT_EQUAL(database.n, TOGETHER);
		CU_ASSERT_EQUAL(spool_count(s), 0);
		drain_close(s, d);
		scratch_remove(dir);
	}
}

/* The database goes away in the middle: what was not asked stays as well. */
static void
test_together_away(void)
{
	struct drain_counts	counts;
	struct spool		*s;
	struct drain		*d;

	scratch_make(dir);
	d = drain_open(&s);
	together_write(s);
	memset(&database, 0, sizeof(database));
	database.at = RECEIVED_AT + 2;
	database.verdict_at = DB_AWAY;
	CU_ASSERT_EQUAL(together_drain(d, &counts), 0);
	CU_ASSERT_EQUAL(spool_count(s), TOGETHER);
	/* One by one: there are two before that one. */
	database.connected = true;
	CU_ASSERT_EQUAL(together_drain(d, &counts), 0);
	CU_ASSERT_EQUAL(spool_count(s), TOGETHER);
	drain_close(s, d);
	scratch_remove(dir);
}

/* What is refused and cannot be set aside keeps the file. */
static void
test_together_not_aside(void)
{
	struct drain_counts	counts;
	struct spool		*s;
	struct drain		*d;
	char			path[SCRATCH_PATH + 32];

	scratch_make(dir);
	d = drain_open(&s);
	together_write(s);
	(void)snprintf(path, sizeof(path), "%s/refused", dir);
	scratch_write(path, 0600, "");
	memset(&database, 0, sizeof(database));
	database.connected = true;
	database.at = RECEIVED_AT + 2;
	database.verdict_at = DB_REFUSED;
	CU_ASSERT_EQUAL(together_drain(d, &counts), 0);
	CU_ASSERT_EQUAL(counts.refused, 0);
	CU_ASSERT_EQUAL(counts.passed, 1);
	CU_ASSERT_EQUAL(database.n, TOGETHER - 1);
	CU_ASSERT_EQUAL(spool_count(s), TOGETHER);
	CU_ASSERT_EQUAL(unlink(path), 0);
	CU_ASSERT_EQUAL(together_drain(d, &counts), TOGETHER - 1);
	CU_ASSERT_EQUAL(counts.refused, 1);
	CU_ASSERT_EQUAL(spool_count(s), 0);
	together_assert_aside(2);
	drain_close(s, d);
	scratch_remove(dir);
}

/* A damaged file: those before the damage are stored, the rest is set aside,
 * and no byte is lost. */
static void
test_together_damaged(void)
{
	struct drain_counts	counts;
	struct buf		one, all;
	struct spool		*s;
	struct drain		*d;
	char			path[SCRATCH_PATH + 320], *got;
	size_t			len, at = 0;
	usec_t			i;

	scratch_make(dir);
	d = drain_open(&s);
	buf_init(&all, SIZE_MAX);
	for (i = 0; i < TOGETHER; i++) {
		together_print(&one, i);
		if (i == 3)
			at = all.len;
		buf_bytes(&all, one.data, one.len);
		buf_free(&one);
	}
	all.data[at + sizeof("genhook-spool 1\nid: ")] = '\n';
	(void)snprintf(path, sizeof(path), "%s/7.5.delivery", dir);
	scratch_write(path, 0600, all.data);
	CU_ASSERT_EQUAL(spool_count(s), TOGETHER);
	memset(&database, 0, sizeof(database));
	CU_ASSERT_EQUAL(together_drain(d, &counts), 3);
	CU_ASSERT_EQUAL(counts.refused, 1);
	CU_ASSERT_EQUAL(spool_count(s), 0);
	(void)snprintf(path, sizeof(path), "%s/refused", dir);
	(void)snprintf(path, sizeof(path), "%s/refused/%s", dir,
	    together_find(path));
	got = fixture_read(path, &len);
	CU_ASSERT_EQUAL(len, all.len - at);
	CU_ASSERT_EQUAL(memcmp(got, all.data + at, len), 0);
	free(got);
	buf_free(&all);
	drain_close(s, d);
	scratch_remove(dir);
}

/* More than a batch in one file, put together by hand. */
static void
test_together_many(void)
{
	struct drain_counts	counts;
	struct buf		one, all;
	struct spool		*s;
	struct drain		*d;
	char			path[SCRATCH_PATH + 32];
	int			i;

	scratch_make(dir);
	d = drain_open(&s);
	together_print(&one, 1);
	buf_init(&all, SIZE_MAX);
	for (i = 0; i < MANY; i++)
		buf_bytes(&all, one.data, one.len);
	(void)snprintf(path, sizeof(path), "%s/7.delivery", dir);
	scratch_write(path, 0600, all.data);
	CU_ASSERT_EQUAL(spool_count(s), 1);
	memset(&database, 0, sizeof(database));
	CU_ASSERT_EQUAL(together_drain(d, &counts), MANY);
	CU_ASSERT_EQUAL(spool_count(s), 0);
	buf_free(&one);
	buf_free(&all);
	drain_close(s, d);
	scratch_remove(dir);
}

/* ---- the next batch is read while one is on its way ---------------------- */

static atomic_long	opened;

static void
ahead_note_open(void)
{
	opened++;
}

/* The first batch does not end before a file of the next one is read. */
static void
ahead_wait(void)
{
	const struct timespec	step = { .tv_nsec = 1000000 };
	int			i;

	for (i = 0; i < 30000 && opened <= BATCH; i++)
		(void)nanosleep(&step, NULL);
	CU_ASSERT(opened > BATCH);
}

static void
test_ahead(void)
{
	size_t	i;

	still_begin();
	opened = 0;
	before_open = ahead_note_open;
	database.meanwhile = ahead_wait;
	CU_ASSERT_EQUAL(still_drain(still.one, true), MANY);
	before_open = NULL;
	CU_ASSERT_EQUAL(database.n, MANY);
	for (i = 0; i < database.n; i++)
		CU_ASSERT_EQUAL(database.received_at[i],
		    RECEIVED_AT + (usec_t)i);
	CU_ASSERT_EQUAL(spool_count(still.spool), 0);
	/* In no time there is one batch, and nothing is read ahead of it. */
	many_write(MANY, MANY);
	opened = 0;
	before_open = ahead_note_open;
	CU_ASSERT_EQUAL(still_drain(still.one, false), BATCH);
	before_open = NULL;
	CU_ASSERT_EQUAL(opened, BATCH);
	CU_ASSERT_EQUAL(still_drain(still.one, true), MANY - BATCH);
	still_end();
}

/* One of the first batch cannot be stored just now, and in the batch behind it
 * is one that is none: each has its due, once, and the order stays. */
static void
test_ahead_again(void)
{
	struct drain_counts	counts;
	struct errbuf		err;
	char			path[SCRATCH_PATH + 96];
	size_t			i;

	still_begin();
	(void)snprintf(path, sizeof(path), "%s/%020lld-strange.delivery", dir,
	    (long long)(RECEIVED_AT + BATCH + 3));
	scratch_write(path, 0600, "strange");
	database.connected = true;
	database.at = RECEIVED_AT + 5;
	database.verdict_at = DB_AWAY;
	/* In no time: all of it is still to be done. */
	CU_ASSERT_EQUAL(drain_run(still.one, NULL, &still.conf, 1, &counts,
	    &err), DB_OK);
	CU_ASSERT_EQUAL(counts.left, MANY + 1);
	drain_leave(still.one);
	memset(&database.received_at, 0, sizeof(database.received_at));
	database.n = database.statements = 0;
	opened = 0;
	before_open = ahead_note_open;
	database.meanwhile = ahead_wait;
	CU_ASSERT_EQUAL(together_drain(still.one, &counts), MANY - 1);
	before_open = NULL;
	CU_ASSERT_EQUAL(counts.refused, 1);
	CU_ASSERT_EQUAL(counts.passed, 1);
	CU_ASSERT_EQUAL(counts.left, 1);
	/* The first batch, each of it alone, and the two behind it. */
	CU_ASSERT_EQUAL(database.statements, 1 + BATCH + 2);
	CU_ASSERT_EQUAL(database.n, MANY - 1);
	for (i = 0; i < database.n; i++)
		CU_ASSERT_EQUAL(database.received_at[i],
		    RECEIVED_AT + (usec_t)(i < 5 ? i : i + 1));
	memset(&database, 0, sizeof(database));
	CU_ASSERT_EQUAL(still_drain(still.one, true), 1);
	CU_ASSERT_EQUAL(spool_count(still.spool), 0);
	still_end();
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "moved", test_moved },
		{ "odd", test_odd },
		{ "look writes nothing", test_look_writes_nothing },
		{ "root was here", test_root_was_here },
		{ "leftovers", test_leftovers },
		{ "one drainer", test_one_drainer },
		{ "not whole", test_not_whole },
		{ "not aside", test_not_aside },
		{ "not now", test_not_now },
		{ "one of many", test_one_of_many },
		{ "blind", test_blind },
		{ "no lock to be had", test_no_lock },
		{ "not stored", test_not_stored },
		{ "judged", test_judged },
		{ "stopped", test_stopped },
		{ "stopped between", test_stopped_between },
		{ "another clock", test_clock },
		{ "touches", test_touches },
		{ "swapped", test_swapped },
		{ "another's idle look", test_idle_look },
		{ "another user's lock", test_foreign_lock },
		{ "together", test_together },
		{ "together, one refused", test_together_refused },
		{ "together, one locked", test_together_locked },
		{ "together, then away", test_together_away },
		{ "together, one not aside", test_together_not_aside },
		{ "together, damaged", test_together_damaged },
		{ "together, many", test_together_many },
		{ "read ahead", test_ahead },
		{ "read ahead, one locked", test_ahead_again },
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
		{ "no memory", test_no_memory },
#endif
		{ NULL, NULL }
	};

	return cunit_run("drain", tests);
}
