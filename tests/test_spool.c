/* common/spool: files are written whole and in order, up to the limits. */
#include <sys/statvfs.h>

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

int		 __real_statvfs(const char *, struct statvfs *);
int		 __wrap_statvfs(const char *, struct statvfs *);
int		 __real_fsync(int);
int		 __wrap_fsync(int);

static int64_t	free_bytes = -1;	/* on the disk; -1: as it is */
static int	fsync_error;		/* of each fsync; 0: as it is */
static int	readdir_error;	/* of each readdir; 0: as it is */
static long	names_read;
static int64_t	held_ms;	/* the clock stands there, unless 0 */

struct dirent *
__wrap_readdir(DIR *d)
{
	names_read++;
	if (readdir_error != 0) {
		errno = readdir_error;
		return NULL;
	}
	return __real_readdir(d);
}

int64_t
__wrap_clock_ms(void)
{
	return held_ms != 0 ? held_ms : __real_clock_ms();
}

int
__wrap_statvfs(const char *path, struct statvfs *fs)
{
	int	status = __real_statvfs(path, fs);

	if (free_bytes >= 0)
		fs->f_bavail = (fsblkcnt_t)(free_bytes / (long)fs->f_frsize);
	return status;
}

int
__wrap_fsync(int fd)
{
	if (fsync_error == 0)
		return __real_fsync(fd);
	errno = fsync_error;
	return -1;
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

/* What is being written counts as nothing yet, and a directory that cannot be read
 * is not an empty one. */
static void
test_names(void)
{
	struct spool	*s;

	CU_ASSERT_TRUE(spool_is_delivery("1-2.delivery"));
	CU_ASSERT_FALSE(spool_is_delivery(SPOOL_TMP_PREFIX "1-2.delivery"));
	CU_ASSERT_FALSE(spool_is_delivery(".delivery"));
	CU_ASSERT_FALSE(spool_is_delivery("1-2.delivery.reason"));
	scratch_make(dir);
	s = spool_new(1 << 20);
	CU_ASSERT_EQUAL(spool_count(s), 0);
	readdir_error = EIO;
	CU_ASSERT_EQUAL(spool_count(s), -1);
	readdir_error = 0;
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

/* How many callbacks a name stands for. */
static void
test_name_counts(void)
{
	static const struct {
		const char	*name;
		long		 n;
	} rows[] = {
		{ "1-2.delivery", 1 }, { "1-2.16.delivery", 16 },
		{ "1-2.0.delivery", 1 }, { "1-2.-3.delivery", 1 },
		{ "1-2.16x.delivery", 1 }, { "1-2.16.7.delivery", 1 },
		{ "1-2.99999999999999999999.delivery", 1 },
		{ ".tmp-1.16.delivery", 0 }, { "1-2.16.deliver", 0 },
		{ "1-2.delivery.reason", 0 }, { "16", 0 }, { "", 0 },
	};
	size_t	i;

	for (i = 0; i < COUNT(rows); i++)
		CU_ASSERT_EQUAL(spool_name_count(rows[i].name), rows[i].n);
}

#define MANY	150

/* So many with bodies of that size; true: all were written. */
static bool
write_many(struct spool *s, size_t bodylen, bool written[MANY])
{
	struct delivery	*batch[MANY];
	char		*body = calloc(1, bodylen + 1);
	struct errbuf	 err;
	bool		 all;
	int		 i;

	CU_ASSERT_PTR_NOT_NULL_FATAL(body);
	for (i = 0; i < MANY; i++)
		batch[i] = delivery_of(body, bodylen, i);
	all = spool_write_all(s, batch, MANY, written, &err);
	for (i = 0; i < MANY; i++)
		delivery_free(batch[i]);
	free(body);
	return all;
}

static bool
count_files(int dirfd, const char *name, void *arg)
{
	struct stat	st;

	if (!spool_is_delivery(name))
		return true;
	CU_ASSERT_EQUAL(fstatat(dirfd, name, &st, 0), 0);
	CU_ASSERT(spool_name_count(name) <= SPOOL_FILE_MOST);
	CU_ASSERT(st.st_size <= 2 << 20);
	++*(long *)arg;
	return true;
}

static long
files_in(const char *where)
{
	long	n = 0;
	int	fd = open(where, O_RDONLY | O_DIRECTORY);

	CU_ASSERT_FATAL(fd != -1);
	CU_ASSERT(spool_each_name(fd, count_files, &n));
	(void)close(fd);
	return n;
}

/* Together in as few files as is sensible: of 64 at most, and of a MiB, since
 * who drains reads a file as a whole. */
static void
test_together(void)
{
	static const struct {
		size_t	bodylen;
		long	files;
	} rows[] = { { 2, 3 }, { 16384, 3 }, { 100000, 15 } };
	struct spool	*s;
	bool		 written[MANY];
	size_t		 i;
	int		 j;

	for (i = 0; i < COUNT(rows); i++) {
		scratch_make(dir);
		s = spool_new(1 << 30);
		CU_ASSERT(write_many(s, rows[i].bodylen, written));
		for (j = 0; j < MANY; j++)
			CU_ASSERT(written[j]);
		CU_ASSERT_EQUAL(spool_count(s), MANY);
		CU_ASSERT_EQUAL(files_in(dir), rows[i].files);
		spool_close(s);
		scratch_remove(dir);
	}
}

/* Where there is room for some of those that come together, those are kept. */
static void
test_together_full(void)
{
	struct spool	*s;
	bool		 written[MANY];
	int		 i, n = 0;

	scratch_make(dir);
	s = spool_new(100000);
	CU_ASSERT_FALSE(write_many(s, 1000, written));
	for (i = 0; i < MANY; i++)
		n += written[i];
	CU_ASSERT(n > 70 && n < 90);
	CU_ASSERT_EQUAL(spool_count(s), n);
	CU_ASSERT(written[0]);
	CU_ASSERT_FALSE(written[MANY - 1]);
	spool_close(s);
	scratch_remove(dir);
}

/* The names that a write reads; -1: refused. */
static long
write_names(struct spool *s, struct delivery *d)
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

/* What was counted before does not count once more. */
static void
test_counted_anew(void)
{
	struct delivery	*d = delivery_of("{}", 2, 0);
	struct spool	*s;
	char		 path[SCRATCH_PATH + 32];
	int		 i;

	scratch_make(dir);
	(void)snprintf(path, sizeof(path), "%s/0.delivery", dir);
	scratch_write(path, 0600, "");
	CU_ASSERT_EQUAL(truncate(path, 12000), 0);
	s = spool_new(20000);
	held_ms = clock_ms();
	for (i = 0; i < 5; i++) {
		CU_ASSERT(write_names(s, d) >= 0);
		held_ms += LONG_ENOUGH_MS;
	}
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

/* Trying the spool tells what writing would come to, and leaves nothing. */
static void
test_try(void)
{
	struct errbuf	 err;
	struct dirent	**list;
	struct spool	*s;
	int		 n;

	scratch_make(dir);
	s = spool_new(1 << 20);
	CU_ASSERT(spool_has_room(s, &err));
	CU_ASSERT(spool_try(s, &err));
	free_bytes = 4096;
	CU_ASSERT_FALSE(spool_has_room(s, &err));
	CU_ASSERT_FALSE(spool_try(s, &err));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "no room"));
	free_bytes = -1;
	fsync_error = EDQUOT;
	CU_ASSERT_FALSE(spool_try(s, &err));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, strerror(EDQUOT)));
	fsync_error = 0;
	n = scandir(dir, &list, NULL, NULL);
	CU_ASSERT_EQUAL(n, 2);
	names_free(list, n);
	scratch_remove(dir);
	CU_ASSERT_FALSE(spool_has_room(s, &err));
	spool_close(s);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "write", test_write },
		{ "order", test_order },
		{ "names", test_names },
		{ "again", test_again },
		{ "full", test_full },
		{ "counted anew", test_counted_anew },
		{ "many", test_many },
		{ "open", test_open },
		{ "gone", test_gone },
		{ "try", test_try },
		{ "names' counts", test_name_counts },
		{ "together", test_together },
		{ "together, full", test_together_full },
		{ NULL, NULL }
	};

	return cunit_run("spool", tests);
}
