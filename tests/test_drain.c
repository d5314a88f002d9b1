/* common/drain: what the drain makes of good, odd and foreign files in the
 * spool. */
#include <sys/file.h>
#include <sys/resource.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/drain.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"
#include "tests/scratch.h"

#define NOBODY	65534

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
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
		{ "no memory", test_no_memory },
#endif
		{ NULL, NULL }
	};

	return cunit_run("drain", tests);
}
