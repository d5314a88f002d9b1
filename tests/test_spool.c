#include <sys/file.h>
#include <sys/resource.h>

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/clock.h"
#include "common/spool.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"
#include "tests/scratch.h"

#define NOBODY	65534
/* After so long the spool's files are counted anew. */
#define LONG_ENOUGH_MS	60000

struct dirent	*__real_readdir(DIR *);
struct dirent	*__wrap_readdir(DIR *);
int64_t		 __real_clock_ms(void);
int64_t		 __wrap_clock_ms(void);

static long	names_read;
static int64_t	held_ms;	/* the clock stands there, unless 0 */

struct dirent *
__wrap_readdir(DIR *d)
{
	names_read++;
	return __real_readdir(d);
}

int64_t
__wrap_clock_ms(void)
{
	return held_ms != 0 ? held_ms : __real_clock_ms();
}

static char	dir[SCRATCH_PATH];

/* A delivery of that body, as if received so many microseconds on. */
static struct delivery *
delivery_of(const char *body, size_t len, usec_t later)
{
	struct delivery	*d = delivery_new(provider_find("novita"), "default",
			    SOURCE_CALLBACK);
	char		*copy = malloc(len + 1);

	CU_ASSERT_PTR_NOT_NULL_FATAL(d);
	CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
	memcpy(copy, body, len);
	delivery_set_body(d, copy, len);
	d->received_at = RECEIVED_AT + later;
	d->outcome = OUTCOME_ACCEPTED;
	d->verdict = VERDICT_TOKEN;
	return d;
}

/* The names of the deliveries in the directory, sorted; frees with free(). */
static int
is_delivery(const struct dirent *e)
{
	const char	*dot = strrchr(e->d_name, '.');

	return dot != NULL && strcmp(dot, ".delivery") == 0;
}

static struct spool *
spool_new(int64_t max_bytes)
{
	struct errbuf	 err;
	struct spool	*s = spool_open(dir, max_bytes, &err);

	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	return s;
}

static void
names_free(struct dirent **list, int n)
{
	while (n > 0)
		free(list[--n]);
	free(list);
}

/* Private, whole, and nothing half-made beside it. */
static void
test_write(void)
{
	static const char	 body[] = "{\"a\":\"x\0y\n\"}";
	struct spool		*s;
	struct delivery		*d;
	struct dirent		**list;
	struct errbuf		 err;
	struct stat		 st;
	char			 path[SCRATCH_PATH + 300], *text, want[256];
	size_t			 len, bodylen = sizeof(body) - 1;
	int			 n;

	scratch_make(dir);
	s = spool_new(1 << 20);
	CU_ASSERT_EQUAL(spool_count(s), 0);
	d = delivery_of(body, bodylen, 0);
	d->note = strdup("two\nlines\rin all");
	d->remote_addr = strdup("127.0.0.1");
	d->headers = strdup("{\"user-agent\":\"x\"}");
	(void)umask(0);
	CU_ASSERT(spool_write(s, d, &err));
	(void)umask(022);
	CU_ASSERT_EQUAL(spool_count(s), 1);
	n = scandir(dir, &list, is_delivery, alphasort);
	CU_ASSERT_EQUAL_FATAL(n, 1);
	(void)snprintf(path, sizeof(path), "%s/%s", dir, list[0]->d_name);
	CU_ASSERT_EQUAL(stat(path, &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 07777, 0600);
	text = fixture_read(path, &len);
	CU_ASSERT_FATAL(len > bodylen);
	CU_ASSERT_EQUAL(memcmp(text + len - bodylen, body, bodylen), 0);
	(void)snprintf(want, sizeof(want), "genhook-spool 1\nid: %s\n"
	    "received_at: %lld\nprovider: novita\naccount: default\n"
	    "source: callback\noutcome: accepted\nverdict: token\n"
	    "remote_addr: 127.0.0.1\nheaders: {\"user-agent\":\"x\"}\n"
	    "note: two lines in all\nbody: %zu\n\n", d->id,
	    (long long)RECEIVED_AT, bodylen);
	CU_ASSERT_EQUAL(len - bodylen, strlen(want));
	CU_ASSERT_EQUAL(strncmp(text, want, strlen(want)), 0);
	free(text);
	names_free(list, n);
	/* ".", "..", and the file. */
	n = scandir(dir, &list, NULL, alphasort);
	CU_ASSERT_EQUAL(n, 3);
	names_free(list, n);
	delivery_free(d);
	spool_close(s);
	scratch_remove(dir);
}

/* The order of the names is that of the times. */
static void
test_order(void)
{
	static const usec_t	 later[] = { 5, -1, 1000000, 0, 999999, -86400 };
	static const usec_t	 sorted[] = {
		-86400, -1, 0, 5, 999999, 1000000
	};
	struct delivery		*d;
	struct dirent		**list;
	struct errbuf		 err;
	struct spool		*s;
	char			 body[16];
	int			 n, i;

	scratch_make(dir);
	s = spool_new(1 << 20);
	for (i = 0; i < (int)COUNT(later); i++) {
		(void)snprintf(body, sizeof(body), "%d", i);
		d = delivery_of(body, strlen(body), later[i]);
		CU_ASSERT(spool_write(s, d, &err));
		delivery_free(d);
	}
	CU_ASSERT_EQUAL(spool_count(s), (long)COUNT(later));
	n = scandir(dir, &list, is_delivery, alphasort);
	CU_ASSERT_EQUAL_FATAL(n, (int)COUNT(later));
	for (i = 0; i < n; i++)
		CU_ASSERT_EQUAL(strtoll(list[i]->d_name, NULL, 10),
		    RECEIVED_AT + sorted[i]);
	names_free(list, n);
	spool_close(s);
	scratch_remove(dir);
}

/* The very file again is the same delivery: it takes the first one's place. */
static void
test_again(void)
{
	struct delivery	*d = delivery_of("{}", 2, 0);
	struct errbuf	 err;
	struct spool	*s;

	scratch_make(dir);
	s = spool_new(1 << 20);
	CU_ASSERT(spool_write(s, d, &err));
	CU_ASSERT(spool_write(s, d, &err));
	CU_ASSERT_EQUAL(spool_count(s), 1);
	delivery_free(d);
	spool_close(s);
	scratch_remove(dir);
}

static void
assert_full(int64_t max_bytes, int fits)
{
	struct delivery	*d;
	struct errbuf	 err;
	struct spool	*s;
	char		 body[1000], words[64];
	int		 i;

	memset(body, 'x', sizeof(body));
	scratch_make(dir);
	s = spool_new(max_bytes);
	for (i = 0; i < fits; i++) {
		d = delivery_of(body, sizeof(body), i);
		CU_ASSERT(spool_write(s, d, &err));
		delivery_free(d);
	}
	d = delivery_of(body, sizeof(body), fits);
	CU_ASSERT_FALSE(spool_write(s, d, &err));
	(void)snprintf(words, sizeof(words), "spool: full: over %lld bytes",
	    (long long)max_bytes);
	CU_ASSERT_STRING_EQUAL(err.text, words);
	CU_ASSERT_EQUAL(spool_count(s), fits);
	spool_close(s);
	/* A second program counts what the first has left. */
	s = spool_new(max_bytes);
	CU_ASSERT_FALSE(spool_write(s, d, &err));
	spool_close(s);
	delivery_free(d);
	scratch_remove(dir);
}

static void
test_full(void)
{
	assert_full(0, 0);
	assert_full(1000, 0);
	assert_full(2000, 1);
	assert_full(4000, 3);
}

/* The names that a write reads; -1: refused. */
static long
write_names(struct spool *s, const struct delivery *d)
{
	struct errbuf	err;
	long		before = names_read;

	return spool_write(s, d, &err) ? names_read - before : -1;
}

/* Many files are counted anew by and by: no sender waits for all of that.  And
 * they do count. */
static void
test_many(void)
{
	enum { FILES = 10000, STEP = 1000, WRITES = FILES / 100 };
	struct delivery	*d = delivery_of("{}", 2, 0);
	struct spool	*s;
	char		 path[SCRATCH_PATH + 32];
	long		 n, most = 0, sum = 0;
	int		 i;

	scratch_make(dir);
	for (i = 0; i < FILES; i++) {
		(void)snprintf(path, sizeof(path), "%s/%d.delivery", dir, i);
		scratch_write(path, 0600, "");
	}
	s = spool_new(1 << 20);
	held_ms = clock_ms();
	CU_ASSERT(write_names(s, d) >= FILES);
	CU_ASSERT_EQUAL(write_names(s, d), 0);
	held_ms += LONG_ENOUGH_MS;
	for (i = 0; i < WRITES; i++) {
		n = write_names(s, d);
		most = n > most ? n : most;
		sum += n;
	}
	CU_ASSERT(most <= STEP);
	CU_ASSERT(sum >= FILES);
	(void)snprintf(path, sizeof(path), "%s/0.delivery", dir);
	CU_ASSERT_EQUAL(truncate(path, 1 << 20), 0);
	held_ms += LONG_ENOUGH_MS;
	for (i = 0; i < WRITES && write_names(s, d) != -1; i++)
		;
	CU_ASSERT(i > 0);
	CU_ASSERT_EQUAL(write_names(s, d), -1);
	held_ms = 0;
	delivery_free(d);
	spool_close(s);
	scratch_remove(dir);
}

/* What cannot be a spool directory. */
static void
test_open(void)
{
	struct errbuf	 err;
	struct spool	*s;
	struct stat	 st;
	char		 path[SCRATCH_PATH + 16];

	scratch_make(dir);
	CU_ASSERT_PTR_NULL(spool_open("/nonexistent/a/b", 1, &err));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text,
	    "spool: could not make \"/nonexistent/a/b\": No such file"));
	(void)snprintf(path, sizeof(path), "%s/file", dir);
	scratch_write(path, 0600, "");
	CU_ASSERT_PTR_NULL(spool_open(path, 1, &err));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "Not a directory"));
	(void)snprintf(path, sizeof(path), "%s/new", dir);
	s = spool_open(path, 1, &err);
	CU_ASSERT_PTR_NOT_NULL(s);
	CU_ASSERT_EQUAL(stat(path, &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 07777, 0700);
	spool_close(s);
	spool_close(NULL);
	/* Root may write anywhere: look with other eyes. */
	CU_ASSERT_EQUAL(chmod(dir, 0755), 0);
	CU_ASSERT_EQUAL(chmod(path, 0555), 0);
	if (geteuid() == 0)
		scratch_need(seteuid(NOBODY) == 0, "seteuid");
	CU_ASSERT_PTR_NULL(spool_open(path, 1, &err));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "Permission denied"));
	if (getuid() == 0)
		scratch_need(seteuid(0) == 0, "seteuid");
	scratch_remove(dir);
}

/* The directory is taken away behind the handler's back, and comes back. */
static void
test_gone(void)
{
	struct delivery	*d = delivery_of("{}", 2, 0);
	struct errbuf	 err;
	struct spool	*s;
	char		 path[SCRATCH_PATH + 16];

	scratch_make(dir);
	(void)snprintf(path, sizeof(path), "%s/spool", dir);
	scratch_write(path, 0600, "");
	s = spool_at(path, 1 << 20);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	CU_ASSERT_FALSE(spool_check(s, &err));
	CU_ASSERT_FALSE(spool_write(s, d, &err));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "Not a directory"));
	CU_ASSERT_EQUAL(spool_count(s), -1);
	CU_ASSERT_EQUAL(unlink(path), 0);
	CU_ASSERT(spool_write(s, d, &err));
	CU_ASSERT_EQUAL(spool_count(s), 1);
	scratch_remove(path);
	CU_ASSERT(spool_write(s, d, &err));
	CU_ASSERT_EQUAL(spool_count(s), 1);
	delivery_free(d);
	spool_close(s);
	scratch_remove(dir);
}

/* Draining what holds no delivery: the database is not even asked. */
static void
drain_nothing(struct spool *s, struct drain_counts *counts)
{
	struct errbuf	err;

	CU_ASSERT_EQUAL(spool_drain(s, NULL, NULL, 0, counts, &err), DB_OK);
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
	struct delivery		*d = delivery_of("{}", 2, 0);
	struct capture		 cap;
	struct errbuf		 err;
	struct spool		*s;
	char			 old[SCRATCH_PATH + 16], now[SCRATCH_PATH + 16];
	char			 path[SCRATCH_PATH + 64], said[1024];

	scratch_make(dir);
	(void)snprintf(old, sizeof(old), "%s/old", dir);
	(void)snprintf(now, sizeof(now), "%s/now", dir);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s = spool_open(now, 1 << 20, &err));
	(void)snprintf(path, sizeof(path), "%s/1.delivery", now);
	scratch_write(path, 0600, "odd");
	CU_ASSERT_EQUAL(rename(now, old), 0);
	CU_ASSERT(spool_write(s, d, &err));
	CU_ASSERT_EQUAL(spool_count(s), 1);
	capture_begin(&cap);
	CU_ASSERT_EQUAL(spool_drain(s, NULL, NULL, 0, &counts, &err), DB_OK);
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
	CU_ASSERT_EQUAL(spool_drain(s, NULL, NULL, 0, &counts, &err), DB_OK);
	(void)capture_end(&cap, said, sizeof(said));
	CU_ASSERT_EQUAL(counts.refused, 1);
	CU_ASSERT_EQUAL(counts.left, 0);
	delivery_free(d);
	spool_close(s);
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
	char			path[SCRATCH_PATH + 64], said[4096];
	static const char	*names[] = { "1", "2", "3" };
	size_t			i;

	scratch_make(dir);
	s = spool_new(1 << 20);
	(void)snprintf(path, sizeof(path), "%s/1.delivery", dir);
	CU_ASSERT_EQUAL(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/2.delivery", dir);
	CU_ASSERT_EQUAL(symlink("/etc/passwd", path), 0);
	(void)snprintf(path, sizeof(path), "%s/3.delivery", dir);
	CU_ASSERT_EQUAL(mkfifo(path, 0600), 0);
	capture_begin(&cap);
	CU_ASSERT_EQUAL(spool_drain(s, NULL, NULL, 0, &counts, &err), DB_OK);
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
	CU_ASSERT_EQUAL(spool_drain(s, NULL, NULL, 0, &counts, &err), DB_OK);
	if (getuid() == 0)
		scratch_need(seteuid(0) == 0, "seteuid");
	CU_ASSERT_EQUAL(counts.refused, 0);
	CU_ASSERT_EQUAL(counts.left, 1);
	CU_ASSERT_EQUAL(counts.passed, 1);
	CU_ASSERT_FALSE(counts.blind);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "Permission denied"));
	spool_close(s);
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
	char			path[SCRATCH_PATH + 32];

	scratch_make(dir);
	(void)snprintf(path, sizeof(path), "%s/.drain.lock", dir);
	s = spool_new(1 << 20);
	drain_nothing(s, &counts);
	CU_ASSERT_EQUAL(stat(path, &before), 0);
	/* The time of a change is as coarse as the kernel's ticks. */
	(void)nanosleep(&tick, NULL);
	drain_nothing(s, &counts);
	CU_ASSERT_EQUAL(stat(path, &after), 0);
	CU_ASSERT_EQUAL(memcmp(&before.st_ctim, &after.st_ctim,
	    sizeof(before.st_ctim)), 0);
	spool_close(s);
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
	mode_t			was;
	char			path[SCRATCH_PATH + 32], said[1024];

	if (geteuid() != 0)
		return;
	scratch_make(dir);
	CU_ASSERT_EQUAL(chmod(dir, 0777), 0);
	was = umask(077);
	s = spool_new(1 << 20);
	drain_nothing(s, &counts);
	spool_close(s);
	(void)umask(was);
	scratch_need(seteuid(NOBODY) == 0, "seteuid");
	(void)snprintf(path, sizeof(path), "%s/1.delivery", dir);
	scratch_write(path, 0600, "odd");
	s = spool_new(1 << 20);
	capture_begin(&cap);
	CU_ASSERT_EQUAL(spool_drain(s, NULL, NULL, 0, &counts, &err), DB_OK);
	(void)capture_end(&cap, said, sizeof(said));
	scratch_need(seteuid(0) == 0, "seteuid");
	CU_ASSERT_FALSE(counts.blind);
	CU_ASSERT_EQUAL(counts.refused, 1);
	spool_close(s);
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
	char			 path[SCRATCH_PATH + 64];
	size_t			 i;

	scratch_make(dir);
	s = spool_new(1 << 20);
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
	drain_nothing(s, &counts);
	CU_ASSERT_EQUAL(counts.left, 0);
	for (i = 0; i < COUNT(rows); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir,
		    rows[i].name);
		CU_ASSERT_EQUAL(access(path, F_OK) == 0, rows[i].left);
	}
	spool_close(s);
	scratch_remove(dir);
}

/* While another one drains, there is nothing to do: no lock beside its own. */
static void
test_one_drainer(void)
{
	struct drain_counts	 counts;
	struct delivery		*d = delivery_of("{}", 2, 0);
	struct errbuf		 err;
	struct spool		*s;
	char			 path[SCRATCH_PATH + 32];
	int			 lock;

	scratch_make(dir);
	s = spool_new(1 << 20);
	CU_ASSERT(spool_write(s, d, &err));
	(void)snprintf(path, sizeof(path), "%s/.drain.lock", dir);
	lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	scratch_need(lock != -1 && flock(lock, LOCK_SH) == 0, path);
	drain_nothing(s, &counts);
	CU_ASSERT_EQUAL(counts.left, 1);
	CU_ASSERT_EQUAL(spool_count(s), 1);
	(void)close(lock);
	delivery_free(d);
	spool_close(s);
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
	struct errbuf		 err;
	char			 path[SCRATCH_PATH + 64], said[16384];
	size_t			 i;

	memset(&conf, 0, sizeof(conf));
	scratch_make(dir);
	s = spool_new(1 << 20);
	for (i = 0; i < COUNT(rows); i++) {
		(void)snprintf(path, sizeof(path), "%s/%zu.delivery", dir, i);
		scratch_write(path, 0600, rows[i].text);
	}
	CU_ASSERT_EQUAL(spool_count(s), (long)COUNT(rows));
	capture_begin(&cap);
	CU_ASSERT_EQUAL(spool_drain(s, NULL, &conf, 0, &counts, &err), DB_OK);
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
	spool_close(s);
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
	struct errbuf		 err;
	char			 path[SCRATCH_PATH + 64], said[1024];

	memset(&conf, 0, sizeof(conf));
	scratch_make(dir);
	s = spool_new(1 << 20);
	(void)snprintf(path, sizeof(path), "%s/0.delivery", dir);
	scratch_write(path, 0600, "");
	(void)snprintf(path, sizeof(path), "%s/refused", dir);
	scratch_write(path, 0600, "");
	capture_begin(&cap);
	CU_ASSERT_EQUAL(spool_drain(s, NULL, &conf, 0, &counts, &err), DB_OK);
	(void)capture_end(&cap, said, sizeof(said));
	CU_ASSERT_EQUAL(counts.refused, 0);
	CU_ASSERT_EQUAL(counts.passed, 1);
	CU_ASSERT_EQUAL(counts.left, 1);
	CU_ASSERT_STRING_EQUAL(err.text, "not a whole spool file");
	CU_ASSERT_PTR_NOT_NULL(strstr(said, "spool file 0.delivery could not "
	    "be set aside (Not a directory): not a whole spool file"));
	spool_close(s);
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
	struct errbuf		err;
	char			 path[SCRATCH_PATH + 64], head[512];

	memset(&conf, 0, sizeof(conf));
	scratch_make(dir);
	s = spool_new(1 << 20);
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
	CU_ASSERT_EQUAL(spool_drain(s, NULL, &conf, 0, &counts, &err), DB_OK);
	scratch_need(setrlimit(RLIMIT_AS, &was) == 0, "setrlimit");
	CU_ASSERT_EQUAL(counts.refused, 0);
	CU_ASSERT_EQUAL(counts.passed, 1);
	CU_ASSERT_EQUAL(spool_count(s), 1);
	spool_close(s);
	scratch_remove(dir);
}
#endif

int
main(void)
{
	static const struct test	tests[] = {
		{ "write", test_write },
		{ "order", test_order },
		{ "again", test_again },
		{ "full", test_full },
		{ "many", test_many },
		{ "open", test_open },
		{ "gone", test_gone },
		{ "moved", test_moved },
		{ "odd", test_odd },
		{ "look writes nothing", test_look_writes_nothing },
		{ "root was here", test_root_was_here },
		{ "leftovers", test_leftovers },
		{ "one drainer", test_one_drainer },
		{ "not whole", test_not_whole },
		{ "not aside", test_not_aside },
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
		{ "no memory", test_no_memory },
#endif
		{ NULL, NULL }
	};

	return cunit_run("spool", tests);
}
