/* The archive in a tree of directories, as its callers see it; what is on disk
 * is looked at from outside. */
#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "archive/archive.h"
#include "tests/cunit_main.h"
#include "tests/scratch.h"

#define MUCH	((size_t)200 * 1024)

static char		 dir[] = "/tmp/genhook-archive-XXXXXX";
static char		 url[64];
static struct conf	 conf;

static const struct archive_key	key = { "novita", "task-1", "0", 1774000000 };
#define DAY	"novita/2026/03/20"

static struct archive *
open_here(const char *owner)
{
	struct archive	*a;
	struct errbuf	 err;

	a = archive_open(&conf, owner, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(a);
	return a;
}

static bool
commit(struct archive *a, struct archive_part *part, char **location,
    struct errbuf *err)
{
	struct archive_commit	c = { .part = part, .extension = "png" };
	bool			ok = archive_commit(a, &c);

	*location = c.location;
	*err = c.err;
	return ok;
}

static bool
store(struct archive *a, const struct archive_key *k, const char *text,
    char **location, struct errbuf *err)
{
	struct archive_part	*part;

	if ((part = archive_begin(a, k, -1, err)) == NULL)
		return false;
	if (!archive_write(part, text, strlen(text), err)) {
		archive_abort(part);
		return false;
	}
	return commit(a, part, location, err);
}

/* Parts are in the root and nowhere else. */
static long
count_parts(void)
{
	struct dirent	*e;
	DIR		*d = opendir(dir);
	long		 n = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(d);
	while ((e = readdir(d)) != NULL)
		n += strncmp(e->d_name, ".part-", 6) == 0;
	(void)closedir(d);
	return n;
}

static void
test_store(void)
{
	struct archive	*a = open_here("host:1:1");
	struct errbuf	 err;
	struct stat	 st;
	char		*location = NULL, want[256], text[16] = "";
	FILE		*fp;

	CU_ASSERT_TRUE_FATAL(store(a, &key, "hello", &location, &err));
	(void)snprintf(want, sizeof(want), "%s/" DAY "/task-1/0.png", url);
	CU_ASSERT_STRING_EQUAL(location, want);
	free(location);
	CU_ASSERT_EQUAL(stat(want + strlen("file://"), &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 0777, 0640);
	CU_ASSERT_EQUAL(st.st_size, 5);

	/* Again: the same place, the newer bytes. */
	CU_ASSERT_TRUE_FATAL(store(a, &key, "again!", &location, &err));
	CU_ASSERT_STRING_EQUAL(location, want);
	free(location);
	CU_ASSERT_PTR_NOT_NULL_FATAL(fp = fopen(want + 7, "r"));
	CU_ASSERT_PTR_NOT_NULL(fgets(text, sizeof(text), fp));
	CU_ASSERT_STRING_EQUAL(text, "again!");
	(void)fclose(fp);
	CU_ASSERT_EQUAL(count_parts(), 0);
	archive_close(a);
}

static void
test_abort_leaves_nothing(void)
{
	struct archive		*a = open_here("host:1:2");
	struct archive_part	*part;
	struct errbuf		 err;

	CU_ASSERT_PTR_NOT_NULL_FATAL(part = archive_begin(a, &key, -1, &err));
	CU_ASSERT_TRUE(archive_write(part, "x", 1, &err));
	CU_ASSERT_EQUAL(count_parts(), 1);
	archive_abort(part);
	archive_abort(NULL);
	CU_ASSERT_EQUAL(count_parts(), 0);
	archive_close(a);
}

static void
test_no_room(void)
{
	struct archive	*a = open_here("host:1:3");
	struct errbuf	 err;

	CU_ASSERT_PTR_NULL(archive_begin(a, &key, INT64_C(1) << 60, &err));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "no room"));
	archive_close(a);
}

/* A link that somebody put in the way is never followed. */
static void
test_symlinks(void)
{
	static const struct archive_key	k = { "apixo", "t", "0", 1774000000 };
	struct archive	*a = open_here("host:1:4");
	struct errbuf	 err;
	char		*location = NULL, path[256],
			 target[256];
	struct stat	 st;

	(void)snprintf(path, sizeof(path), "%s/apixo", dir);
	(void)snprintf(target, sizeof(target), "%s/elsewhere", dir);
	CU_ASSERT_EQUAL(mkdir(target, 0700), 0);
	CU_ASSERT_EQUAL(symlink(target, path), 0);
	CU_ASSERT_FALSE(store(a, &k, "x", &location, &err));
	CU_ASSERT_PTR_NULL(location);
	CU_ASSERT_EQUAL(rmdir(target), 0);	/* still empty */
	CU_ASSERT_EQUAL(unlink(path), 0);

	/* One at the final name is replaced, not written through. */
	CU_ASSERT_TRUE_FATAL(store(a, &k, "x", &location, &err));
	CU_ASSERT_EQUAL(unlink(location + 7), 0);
	CU_ASSERT_EQUAL(symlink(target, location + 7), 0);
	free(location);
	CU_ASSERT_TRUE_FATAL(store(a, &k, "y", &location, &err));
	CU_ASSERT_EQUAL(lstat(location + 7, &st), 0);
	CU_ASSERT_TRUE(S_ISREG(st.st_mode));
	CU_ASSERT_EQUAL(lstat(target, &st), -1);
	free(location);
	CU_ASSERT_EQUAL(count_parts(), 0);
	archive_close(a);
}

static void
test_clean(void)
{
	struct archive	*a = open_here("host:1:5");
	char		 path[256];
	int		 fd, i;

	for (i = 0; i < 2; i++) {
		const struct timespec	old[2] = { { 1000, 0 }, { 1000, 0 } };

		(void)snprintf(path, sizeof(path), "%s/.part-x-%d", dir, i);
		fd = open(path, O_WRONLY | O_CREAT, 0600);
		CU_ASSERT(fd != -1);
		if (i == 0)
			CU_ASSERT_EQUAL(futimens(fd, old), 0);
		(void)close(fd);
	}
	CU_ASSERT_EQUAL(archive_clean(a, time(NULL) - ARCHIVE_STALE_S), 1);
	CU_ASSERT_EQUAL(count_parts(), 1);	/* the young one */
	CU_ASSERT_EQUAL(unlink(path), 0);
	archive_close(a);
}

/* Make all parts, and what is noted of them, so old. */
static void
age_parts(time_t age_s)
{
	const struct timespec	then[2] = { { time(NULL) - age_s, 0 },
				    { time(NULL) - age_s, 0 } };
	struct dirent		*e;
	DIR			*d = opendir(dir);

	CU_ASSERT_PTR_NOT_NULL_FATAL(d);
	while ((e = readdir(d)) != NULL)
		if (strncmp(e->d_name, ".part-", 6) == 0)
			CU_ASSERT_EQUAL(utimensat(dirfd(d), e->d_name, then,
			    0), 0);
	(void)closedir(d);
}

/* What an attempt that brought nothing new has left is as young as it. */
static void
test_clean_left(void)
{
	struct archive_key	 k = { "novita", "left", "0", key.day };
	struct archive		*a = open_here("host:1:5");
	struct archive_part	*part;
	struct errbuf		 err;
	char			 mark[ARCHIVE_MARK_MAX];
	time_t			 before = time(NULL) - ARCHIVE_STALE_S;
	int64_t			 bytes;

	CU_ASSERT_PTR_NOT_NULL_FATAL(part = archive_begin(a, &k, -1, &err));
	CU_ASSERT_TRUE(archive_write(part, "half", 4, &err));
	CU_ASSERT_TRUE(archive_mark(part, "\"v1\""));
	archive_leave(part);
	age_parts(2 * ARCHIVE_STALE_S);
	part = archive_reopen(a, &k, &bytes, mark);
	CU_ASSERT_PTR_NOT_NULL_FATAL(part);
	archive_leave(part);
	CU_ASSERT_EQUAL(archive_clean(a, before), 0);
	part = archive_reopen(a, &k, &bytes, mark);
	CU_ASSERT_PTR_NOT_NULL_FATAL(part);
	archive_leave(part);
	age_parts(2 * ARCHIVE_STALE_S);
	CU_ASSERT_EQUAL(archive_clean(a, before), 2);
	CU_ASSERT_EQUAL(count_parts(), 0);
	archive_close(a);
}

static const struct {
	const char	*url;
	const char	*err;		/* NULL: it opens */
} urls[] = {
	{ "s3://bucket/../prefix",	"prefix" },
	{ "s3://b/prefix",		"no name of a bucket" },
	{ "s3://bucket/prefix",		"could not make" },	/* staging */
	{ "http://host/",		"neither file:// nor s3://" },
	{ "file://host/dir",		"absolute path" },
	{ "file://relative",		"absolute path" },
	{ "file:///tmp/%00x",		"absolute path" },
	{ "file:///tmp/%zz",		"absolute path" },
	{ "file:///nowhere/at/all",	"could not make" },
	{ "file:///dev/null",		"cannot use" },
	{ "file://localhost/tmp",	NULL },
	{ "file:///tmp//",		NULL },
};

static void
test_urls(void)
{
	struct archive	*a;
	struct conf	 c = { 0 };
	struct errbuf	 err;
	char		 copy[64], endpoint[] = "https://s3.example.com",
			 nowhere[] = "/nowhere/at/all";
	size_t		 i;

	for (i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		(void)snprintf(copy, sizeof(copy), "%s", urls[i].url);
		c.archive_url = copy;
		c.s3_endpoint = endpoint;
		c.s3_staging_dir = nowhere;
		a = archive_open(&c, "o", &err);
		CU_ASSERT_EQUAL(a != NULL, urls[i].err == NULL);
		if (a == NULL && urls[i].err != NULL)
			CU_ASSERT_PTR_NOT_NULL(strstr(err.text, urls[i].err));
		archive_close(a);
	}
}

/* What stands in a URL in another way than in a path. */
static void
test_escaped_root(void)
{
	struct archive	*a;
	struct conf	 c = { 0 };
	struct errbuf	 err;
	char		 text[96], *location = NULL,
			 path[256];
	struct stat	 st;

	(void)snprintf(text, sizeof(text), "file://%s/a%%20b%%23", dir);
	c.archive_url = text;
	CU_ASSERT_PTR_NOT_NULL_FATAL(a = archive_open(&c, "o", &err));
	CU_ASSERT_TRUE_FATAL(store(a, &key, "x", &location, &err));
	CU_ASSERT_EQUAL(strncmp(location, text, strlen(text)), 0);
	(void)snprintf(path, sizeof(path), "%s/a b#/" DAY "/task-1/0.png",
	    dir);
	CU_ASSERT_EQUAL(stat(path, &st), 0);
	free(location);
	archive_close(a);
}

static int
remove_one(const char *path, const struct stat *st, int type,
    struct FTW *place)
{
	(void)st;
	(void)type;
	(void)place;
	return remove(path);
}

static void
collect(void *arg, const void *data, size_t len)
{
	char	*text = arg;

	(void)strncat(text, data, len);
}

static bool
same_file(const char *location, const char *data, size_t len)
{
	char	*buf = calloc(1, len + 1);
	FILE	*fp = fopen(location + strlen("file://"), "r");
	bool	 same = buf != NULL && fp != NULL &&
		    fread(buf, 1, len + 1, fp) == len &&
		    memcmp(buf, data, len) == 0;

	if (fp != NULL)
		(void)fclose(fp);
	free(buf);
	return same;
}

/* A part that was left goes on where it was, in another run. */
static void
test_reopen(void)
{
	struct archive_key	 k = { "novita", "cut", "0", key.day };
	struct archive		*a = open_here("host:1:1"),
				*b = open_here("host:2:2");
	struct archive_part	*part;
	struct errbuf		 err;
	char			 mark[ARCHIVE_MARK_MAX], text[32] = "";
	char			*location = NULL;
	int64_t			 bytes = 0;

	CU_ASSERT_PTR_NULL(archive_reopen(a, &k, &bytes, mark));
	part = archive_begin(a, &k, -1, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(part);
	CU_ASSERT_TRUE(archive_write(part, "hel", 3, &err));
	/* While one writes it, nobody else does. */
	CU_ASSERT_TRUE(archive_mark(part, "\"v1\""));
	CU_ASSERT_PTR_NULL(archive_reopen(b, &k, &bytes, mark));
	archive_leave(part);

	part = archive_reopen(b, &k, &bytes, mark);
	CU_ASSERT_PTR_NOT_NULL_FATAL(part);
	CU_ASSERT_EQUAL(bytes, 3);
	CU_ASSERT_STRING_EQUAL(mark, "\"v1\"");
	CU_ASSERT_TRUE(archive_replay(part, 0, 99, collect, text, &err));
	CU_ASSERT_STRING_EQUAL(text, "hel");
	CU_ASSERT_TRUE(archive_write(part, "lo", 2, &err));
	text[0] = '\0';
	CU_ASSERT_TRUE(archive_replay(part, 1, 2, collect, text, &err));
	CU_ASSERT_TRUE(archive_replay(part, 3, 99, collect, text, &err));
	CU_ASSERT_TRUE(archive_replay(part, 5, 99, collect, text, &err));
	CU_ASSERT_TRUE(archive_replay(part, 2, 0, collect, text, &err));
	CU_ASSERT_STRING_EQUAL(text, "ello");
	CU_ASSERT_TRUE(commit(b, part, &location, &err));
	free(location);
	CU_ASSERT_EQUAL(count_parts(), 0);
	archive_close(a);
	archive_close(b);
}

/* A small file of known length is on no disk before it is whole, unless it
 * turns out to be longer, or is to be found again. */
static void
test_held(void)
{
	struct archive_key	 k = { "novita", "held", "0", key.day };
	struct archive		*a = open_here("host:1:1");
	struct archive_part	*part;
	struct errbuf		 err;
	char			 mark[ARCHIVE_MARK_MAX], text[32] = "";
	char			*location = NULL, *much;
	int64_t			 bytes = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(part = archive_begin(a, &k, 3, &err));
	CU_ASSERT_TRUE(archive_write(part, "al", 2, &err));
	CU_ASSERT_TRUE(archive_write(part, "l", 1, &err));
	CU_ASSERT_EQUAL(count_parts(), 0);
	CU_ASSERT_TRUE(archive_replay(part, 0, 99, collect, text, &err));
	CU_ASSERT_TRUE(archive_replay(part, 1, 1, collect, text, &err));
	CU_ASSERT_STRING_EQUAL(text, "alll");
	CU_ASSERT_TRUE(commit(a, part, &location, &err));
	CU_ASSERT_TRUE(same_file(location, "all", 3));
	free(location);

	CU_ASSERT_PTR_NOT_NULL_FATAL(part = archive_begin(a, &k, 3, &err));
	CU_ASSERT_TRUE(archive_write(part, "hel", 3, &err));
	CU_ASSERT_TRUE(archive_mark(part, "\"v1\""));
	archive_leave(part);
	part = archive_reopen(a, &k, &bytes, mark);
	CU_ASSERT_PTR_NOT_NULL_FATAL(part);
	CU_ASSERT_EQUAL(bytes, 3);
	archive_abort(part);

	CU_ASSERT_PTR_NOT_NULL_FATAL(much = calloc(2, MUCH));
	memset(much, 'a', MUCH);
	memset(much + MUCH, 'b', MUCH);
	CU_ASSERT_PTR_NOT_NULL_FATAL(part = archive_begin(a, &k, 3, &err));
	CU_ASSERT_TRUE(archive_write(part, much, MUCH, &err));
	CU_ASSERT_TRUE(archive_write(part, much + MUCH, MUCH, &err));
	CU_ASSERT_EQUAL(count_parts(), 1);
	CU_ASSERT_TRUE(commit(a, part, &location, &err));
	CU_ASSERT_TRUE(same_file(location, much, 2 * MUCH));
	free(location);
	free(much);
	CU_ASSERT_EQUAL(count_parts(), 0);
	archive_close(a);
}

/* However many come at once. */
static void
test_held_many(void)
{
	struct archive_part	*parts[100];
	struct archive		*a = open_here("host:1:1");
	struct errbuf		 err;
	char			 id[16];
	char			*location = NULL;
	size_t			 i, n = sizeof(parts) / sizeof(parts[0]);

	for (i = 0; i < n; i++) {
		struct archive_key	k = { "novita", id, "0", key.day };

		(void)snprintf(id, sizeof(id), "many-%zu", i);
		parts[i] = archive_begin(a, &k, 8, &err);
		CU_ASSERT_PTR_NOT_NULL_FATAL(parts[i]);
		CU_ASSERT_TRUE(archive_write(parts[i], id, strlen(id), &err));
	}
	CU_ASSERT_TRUE(archive_is_crowded(a));
	for (i = 0; i < n; i++) {
		(void)snprintf(id, sizeof(id), "many-%zu", i);
		CU_ASSERT_TRUE(commit(a, parts[i], &location, &err));
		CU_ASSERT_TRUE(same_file(location, id, strlen(id)));
		free(location);
	}
	CU_ASSERT_FALSE(archive_is_crowded(a));
	CU_ASSERT_EQUAL(count_parts(), 0);
	archive_close(a);
}

/* A whole file is known by its sum, also after a reboot; the beginning of one
 * is not. */
static void
test_whole(void)
{
	struct archive_key	 k = { "novita", "whole", "0", key.day };
	struct archive		*a = open_here("host:1:1");
	struct archive_part	*part;
	struct errbuf		 err;
	char			 mark[ARCHIVE_MARK_MAX];
	char			 note[300];
	int64_t			 bytes;
	FILE			*fp;
	struct dirent		*e;
	DIR			*d;

	part = archive_begin(a, &k, -1, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(part);
	CU_ASSERT_TRUE(archive_write(part, "all", 3, &err));
	CU_ASSERT_TRUE(archive_mark(part, ARCHIVE_WHOLE "abc"));
	archive_leave(part);
	CU_ASSERT_PTR_NOT_NULL_FATAL(d = opendir(dir));
	while ((e = readdir(d)) != NULL)
		if (strstr(e->d_name, ".from") != NULL)
			(void)snprintf(note, sizeof(note), "%s/%s", dir,
			    e->d_name);
	(void)closedir(d);
	CU_ASSERT_PTR_NOT_NULL_FATAL(fp = fopen(note, "w"));
	(void)fprintf(fp, "another-boot " ARCHIVE_WHOLE "abc\n");
	CU_ASSERT_EQUAL(fclose(fp), 0);
	part = archive_reopen(a, &k, &bytes, mark);
	CU_ASSERT_PTR_NOT_NULL_FATAL(part);
	CU_ASSERT_EQUAL(bytes, 3);
	CU_ASSERT_STRING_EQUAL(archive_whole(mark), "abc");
	archive_abort(part);

	part = archive_begin(a, &k, -1, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(part);
	CU_ASSERT_TRUE(archive_write(part, "all", 3, &err));
	CU_ASSERT_TRUE(archive_mark(part, "\"v1\""));
	archive_leave(part);
	CU_ASSERT_PTR_NOT_NULL_FATAL(fp = fopen(note, "w"));
	(void)fprintf(fp, "another-boot \"v1\"\n");
	CU_ASSERT_EQUAL(fclose(fp), 0);
	CU_ASSERT_PTR_NULL(archive_reopen(a, &k, &bytes, mark));
	CU_ASSERT_PTR_NULL(archive_whole("\"v1\""));
	/* Nor is one trusted that was not written to its end. */
	CU_ASSERT_PTR_NOT_NULL_FATAL(fp = fopen(note, "w"));
	(void)fprintf(fp, "another-boot " ARCHIVE_WHOLE "abcd");
	CU_ASSERT_EQUAL(fclose(fp), 0);
	CU_ASSERT_PTR_NULL(archive_reopen(a, &k, &bytes, mark));
	archive_abort(archive_begin(a, &k, -1, &err));
	CU_ASSERT_EQUAL(count_parts(), 0);
	archive_close(a);
}

/* What was not marked, or was begun anew, is not gone on with. */
static void
test_no_reopen(void)
{
	struct archive_key	 k = { "novita", "anew", "0", key.day };
	struct archive		*a = open_here("host:1:1");
	struct archive_part	*part, *second;
	struct errbuf		 err;
	char			 mark[ARCHIVE_MARK_MAX], *location = NULL;
	int64_t			 bytes;

	part = archive_begin(a, &k, -1, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(part);
	CU_ASSERT_TRUE(archive_write(part, "old", 3, &err));
	archive_leave(part);
	CU_ASSERT_PTR_NULL(archive_reopen(a, &k, &bytes, mark));

	part = archive_begin(a, &k, -1, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(part);
	CU_ASSERT_TRUE(archive_write(part, "new", 3, &err));
	CU_ASSERT_TRUE(archive_mark(part, "m"));
	/* A second writer has a file of its own, which is never left. */
	second = archive_begin(a, &k, -1, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(second);
	CU_ASSERT_TRUE(archive_write(second, "2nd", 3, &err));
	CU_ASSERT_FALSE(archive_mark(second, "m"));
	archive_abort(second);
	/* One that held its bytes in memory until then has them still. */
	CU_ASSERT_PTR_NOT_NULL_FATAL(second = archive_begin(a, &k, 3, &err));
	CU_ASSERT_TRUE(archive_write(second, "3rd", 3, &err));
	CU_ASSERT_TRUE(archive_ready(a, second, &err));
	CU_ASSERT_TRUE(commit(a, second, &location, &err));
	CU_ASSERT_TRUE_FATAL(location != NULL);
	CU_ASSERT_TRUE(same_file(location, "3rd", 3));
	free(location);
	CU_ASSERT_TRUE(commit(a, part, &location, &err));
	free(location);
	CU_ASSERT_PTR_NULL(archive_reopen(a, &k, &bytes, mark));
	CU_ASSERT_EQUAL(count_parts(), 0);
	archive_close(a);
}

/* Many at once, of several days; one that fails does not fail the others. */
static void
test_commit_all(void)
{
	enum { MANY = 5 };
	struct archive_commit	 c[MANY] = { { 0 } }, *list[MANY];
	size_t			 left = MANY;
	struct archive_key	 k = { "novita", NULL, "0", key.day };
	struct archive		*a = open_here("host:1:1");
	struct errbuf		 err;
	char			 id[32];
	int			 i;

	for (i = 0; i < MANY; i++) {
		(void)snprintf(id, sizeof(id), "many-%d", i);
		k.task_id = id;
		k.day = key.day + i / 2 * 86400;
		list[i] = &c[i];
		c[i].extension = i == 2 ? "no/such" : "png";
		c[i].part = archive_begin(a, &k, -1, &err);
		CU_ASSERT_PTR_NOT_NULL_FATAL(c[i].part);
		CU_ASSERT_TRUE(archive_write(c[i].part, "x", 1, &err));
	}
	while (left > 0) {
		archive_commit_some(a, list, left);
		for (i = 0, left = 0; i < MANY; i++)
			if (!c[i].done)
				list[left++] = &c[i];
	}
	for (i = 0; i < MANY; i++) {
		CU_ASSERT_EQUAL(c[i].ok, i != 2);
		CU_ASSERT_EQUAL(c[i].location != NULL, i != 2);
		CU_ASSERT_PTR_NULL(c[i].part);
		free(c[i].location);
	}
	CU_ASSERT_EQUAL(count_parts(), 0);
	archive_close(a);
}

/* The path of the part that is under way. */
static void
part_path(char *path, size_t size)
{
	struct dirent	*e;
	DIR		*d = opendir(dir);

	CU_ASSERT_PTR_NOT_NULL_FATAL(d);
	path[0] = '\0';
	while ((e = readdir(d)) != NULL)
		if (strncmp(e->d_name, ".part-", 6) == 0)
			(void)snprintf(path, size, "%s/%s", dir, e->d_name);
	(void)closedir(d);
	CU_ASSERT_TRUE_FATAL(path[0] != '\0');
}

/* What stands in the place of a part and is none of ours is not written to, and
 * nothing of an earlier attempt is behind the bytes of this one. */
static void
test_strange_parts(void)
{
	static const struct archive_key	k = { "novita", "strange", "0",
					    1774000000 };
	struct archive		*a = open_here("host:1:1");
	struct archive_part	*part;
	struct errbuf		 err;
	struct stat		 st;
	char			 path[300], other[256], *location = NULL;

	part = archive_begin(a, &k, -1, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(part);
	CU_ASSERT_TRUE(archive_write(part, "a long text", 11, &err));
	part_path(path, sizeof(path));
	archive_leave(part);
	CU_ASSERT_TRUE_FATAL(store(a, &k, "x", &location, &err));
	CU_ASSERT_TRUE(same_file(location, "x", 1));
	free(location);

	(void)snprintf(other, sizeof(other), "%s/others", dir);
	CU_ASSERT_EQUAL(symlink(other, path), 0);
	CU_ASSERT_TRUE_FATAL(store(a, &k, "y", &location, &err));
	CU_ASSERT_TRUE(same_file(location, "y", 1));
	free(location);
	CU_ASSERT_EQUAL(lstat(other, &st), -1);
	CU_ASSERT_EQUAL(unlink(path), 0);

	scratch_write(other, 0600, "theirs");
	CU_ASSERT_EQUAL(link(other, path), 0);
	CU_ASSERT_TRUE_FATAL(store(a, &k, "z", &location, &err));
	CU_ASSERT_TRUE(same_file(location, "z", 1));
	free(location);
	CU_ASSERT_EQUAL(stat(other, &st), 0);
	CU_ASSERT_EQUAL(st.st_size, 6);
	CU_ASSERT_EQUAL(unlink(path), 0);
	CU_ASSERT_EQUAL(unlink(other), 0);
	archive_close(a);
}

/* Each file is below its own day, whichever came before; a directory that was
 * taken away costs one try. */
static void
test_days(void)
{
	struct archive_key	 k = { "novita", "days", "0", key.day };
	struct archive		*a = open_here("host:1:1");
	struct errbuf		 err;
	char			*location = NULL, gone[256], moved[256];
	int			 i;

	for (i = 0; i < 4; i++) {
		k.day = key.day + i % 2 * 86400;
		CU_ASSERT_TRUE_FATAL(store(a, &k, "x", &location, &err));
		CU_ASSERT_TRUE(same_file(location, "x", 1));
		CU_ASSERT_PTR_NOT_NULL(strstr(location, i % 2 == 0 ?
		    "/20/" : "/21/"));
		free(location);
	}
	(void)snprintf(gone, sizeof(gone), "%s/novita", dir);
	(void)snprintf(moved, sizeof(moved), "%s/novita-%ld", dir,
	    (long)getpid());
	CU_ASSERT_EQUAL(rename(gone, moved), 0);
	if (nftw(moved, remove_one, 8, FTW_DEPTH | FTW_PHYS) == -1)
		CU_FAIL("nftw");
	if (store(a, &k, "y", &location, &err))
		free(location);
	CU_ASSERT_TRUE_FATAL(store(a, &k, "y", &location, &err));
	CU_ASSERT_TRUE(same_file(location, "y", 1));
	free(location);
	archive_close(a);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "store", test_store },
		{ "abort", test_abort_leaves_nothing },
		{ "no room", test_no_room },
		{ "symbolic links", test_symlinks },
		{ "clean", test_clean },
		{ "what was left is not stale", test_clean_left },
		{ "URLs", test_urls },
		{ "escaped root", test_escaped_root },
		{ "a part that was left goes on", test_reopen },
		{ "a small file is held until it is whole", test_held },
		{ "so are many, up to a limit", test_held_many },
		{ "others begin anew", test_no_reopen },
		{ "a whole part", test_whole },
		{ "many come to rest at once", test_commit_all },
		{ "strange parts", test_strange_parts },
		{ "days", test_days },
		{ NULL, NULL }
	};
	int				status;

	(void)umask(027);
	if (mkdtemp(dir) == NULL)
		return 2;
	(void)snprintf(url, sizeof(url), "file://%s", dir);
	conf.archive_url = url;
	status = cunit_run("archive", tests);
	if (nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS) == -1)
		return 2;
	return status;
}
