/* archive: what is on the disk when a file of the tree is said to be stored, and
 * what each call that fails makes of that. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/archive.h"
#include "tests/cunit_main.h"
#include "tests/disk_faults.h"
#include "tests/scratch.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

#define DAY	"novita/2026/03/20"
/* The levels above the day, once for a day in each run. */
#define LEVELS	"fsync .;fsync novita;fsync novita/2026;fsync novita/2026/03;"
/* Bytes before the name, the name before the row; and the directory's own. */
#define MOVED	"rename .part;"
#define NAMED	"fsync " DAY "/task;fsync " DAY ";"

static char		 dir[SCRATCH_PATH], url[SCRATCH_PATH + 16];
static struct conf	 conf;

static const struct archive_key	key = { "novita", "task", "0", 1774000000 };

/* A directory of its own for the archives that follow. */
static void
tree_make(void)
{
	scratch_make(dir);
	(void)snprintf(url, sizeof(url), "file://%s", dir);
	conf.archive_url = url;
}

static struct archive *
archive_here(const char *owner)
{
	struct archive	*a;
	struct errbuf	 err;

	CU_ASSERT_PTR_NOT_NULL_FATAL(a = archive_open(&conf, owner, &err));
	return a;
}

static bool
commit(struct archive *a, struct archive_part *part, struct errbuf *err)
{
	struct archive_commit	c = { .part = part, .extension = "png" };
	bool			ok = archive_commit(a, &c);

	CU_ASSERT_EQUAL(ok, c.location != NULL);
	CU_ASSERT_PTR_NULL(c.part);
	free(c.location);
	*err = c.err;
	return ok;
}

/* length: as archive_begin(); a small one that is known stays in memory until
 * it is whole. */
static bool
store(struct archive *a, int64_t length, struct errbuf *err)
{
	struct archive_part	*part;

	if ((part = archive_begin(a, &key, length, err)) == NULL)
		return false;
	if (archive_write(part, "hello", 5, err))
		return commit(a, part, err);
	archive_abort(part);
	return false;
}

static void
assert_said(const char *want)
{
	CU_ASSERT_STRING_EQUAL(disk_calls, want);
	if (strcmp(disk_calls, want) != 0)
		(void)fprintf(stderr, "\n    %s\n", disk_calls);
}

static bool
is_stored(void)
{
	char	file[SCRATCH_PATH + 64];

	(void)snprintf(file, sizeof(file), "%s/" DAY "/task/0.png", dir);
	return access(file, F_OK) == 0;
}

static void
tree_remove(void)
{
	char	command[SCRATCH_PATH + 16];

	disk_unwatch();
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	scratch_need(system(command) == 0, command);
}

static void
test_order(void)
{
	struct archive	*a;
	struct errbuf	 err;

	tree_make();
	a = archive_here("host:1:1");
	disk_watch(dir, NULL, 0);
	CU_ASSERT_TRUE(store(a, -1, &err));
	assert_said("open .part;write .part;fsync .part;" LEVELS MOVED NAMED);
	/* The same day again, in the same run; held in memory. */
	disk_watch(dir, NULL, 0);
	CU_ASSERT_TRUE(store(a, 5, &err));
	assert_said("open .part;write .part;fsync .part;" MOVED NAMED);
	archive_close(a);
	/* Another run does not know what the first one came to. */
	a = archive_here("host:2:2");
	disk_watch(dir, NULL, 0);
	CU_ASSERT_TRUE(store(a, -1, &err));
	assert_said("open .part;write .part;fsync .part;" LEVELS MOVED NAMED);
	archive_close(a);
	tree_remove();
}

/* Bytes of an earlier run are synced like those of this one. */
static void
test_at_rest(void)
{
	struct archive		*a;
	struct archive_part	*part;
	struct errbuf		 err;
	char			 mark[ARCHIVE_MARK_MAX];
	int64_t			 bytes;

	tree_make();
	a = archive_here("host:1:1");
	CU_ASSERT_PTR_NOT_NULL_FATAL(part = archive_begin(a, &key, -1, &err));
	CU_ASSERT_TRUE(archive_write(part, "hello", 5, &err));
	CU_ASSERT_TRUE(archive_mark(part, ARCHIVE_WHOLE "sum"));
	archive_leave(part);
	archive_close(a);
	a = archive_here("host:2:2");
	disk_watch(dir, NULL, 0);
	part = archive_reopen(a, &key, &bytes, mark);
	CU_ASSERT_PTR_NOT_NULL_FATAL(part);
	CU_ASSERT_TRUE(commit(a, part, &err));
	assert_said("fsync .part;" LEVELS MOVED NAMED);
	archive_close(a);
	tree_remove();
}

static const struct {
	const char	*call;
	int		 error;
	bool		 ok;
} rows[] = {
	{ "open .part",			EMFILE, false },
	{ "write .part",		ENOSPC, false },
	{ "write .part",		EIO,	false },
	{ "fsync .part",		EIO,	false },
	{ "fsync .part",		EINVAL,	false },
	{ "fsync .part",		EDQUOT,	false },
	{ "fsync .",			EIO,	false },
	{ "fsync novita",		EIO,	false },
	{ "fsync novita/2026",		EIO,	false },
	{ "fsync novita/2026/03",	EIO,	false },
	{ "rename .part",		EIO,	false },
	{ "fsync " DAY "/task",		EIO,	false },
	{ "fsync " DAY "/task",		EBADF,	false },
	{ "fsync " DAY,			EIO,	false },
	{ "fsync " DAY,			EROFS,	false },
	{ "fsync " DAY,			ENOSPC,	false },
	/* A file system that cannot sync directories. */
	{ "fsync .",			EINVAL,	true },
	{ "fsync novita/2026",		ENOSYS,	true },
	{ "fsync " DAY "/task",		EINVAL,	true },
	{ "fsync " DAY "/task",		ENOTSUP, true },
	{ "fsync " DAY,			EINVAL,	true },
};

static void
test_failures(void)
{
	struct archive	*a;
	struct capture	 cap;
	struct errbuf	 err;
	char		 said[4096];
	size_t		 i;
	int		 told = 0;

	for (i = 0; i < 2 * COUNT(rows); i++) {
		tree_make();
		a = archive_here("host:1:1");
		capture_begin(&cap);
		disk_watch(dir, rows[i / 2].call, rows[i / 2].error);
		CU_ASSERT_EQUAL(store(a, i % 2 == 0 ? -1 : 5, &err),
		    rows[i / 2].ok);
		disk_fails = NULL;
		(void)capture_end(&cap, said, sizeof(said));
		told += strstr(said, "cannot sync directories") != NULL;
		if (!rows[i / 2].ok)
			CU_ASSERT_PTR_NOT_NULL(strstr(err.text,
			    strerror(rows[i / 2].error)));
		/* Once it is over, the next attempt does all of it. */
		disk_watch(dir, NULL, 0);
		CU_ASSERT_TRUE(store(a, -1, &err));
		CU_ASSERT_PTR_NOT_NULL(strstr(disk_calls, MOVED NAMED));
		if (strncmp(rows[i / 2].call, "fsync n", 7) == 0 &&
		    strstr(rows[i / 2].call, DAY) == NULL && !rows[i / 2].ok)
			CU_ASSERT_PTR_NOT_NULL(strstr(disk_calls, LEVELS));
		CU_ASSERT_TRUE(is_stored());
		archive_close(a);
		tree_remove();
	}
	CU_ASSERT_EQUAL(told, 1);
}

static void
test_cut_writes(void)
{
	struct archive	*a;
	struct errbuf	 err;
	struct stat	 st;
	char		 file[SCRATCH_PATH + 64];

	tree_make();
	a = archive_here("host:1:1");
	disk_watch(dir, NULL, 0);
	disk_cuts_writes = true;
	CU_ASSERT_TRUE(store(a, -1, &err));
	(void)snprintf(file, sizeof(file), "%s/" DAY "/task/0.png", dir);
	CU_ASSERT_EQUAL(stat(file, &st), 0);
	CU_ASSERT_EQUAL(st.st_size, 5);
	archive_close(a);
	tree_remove();
}

/* Another run has finished the file, just as this one opened it. */
static void
other_finishes(int at, const char *name)
{
	CU_ASSERT_EQUAL(renameat(at, name, at, "finished"), 0);
}

/* That one is not written to. */
static void
test_exchanged(void)
{
	struct archive	*a;
	struct errbuf	 err;
	struct stat	 st;
	char		 file[SCRATCH_PATH + 16];

	tree_make();
	a = archive_here("host:1:1");
	disk_watch(dir, NULL, 0);
	disk_after_open = other_finishes;
	CU_ASSERT_TRUE(store(a, -1, &err));
	CU_ASSERT_PTR_NULL(disk_after_open);
	CU_ASSERT_TRUE(is_stored());
	(void)snprintf(file, sizeof(file), "%s/finished", dir);
	CU_ASSERT_EQUAL(stat(file, &st), 0);
	CU_ASSERT_EQUAL(st.st_size, 0);
	archive_close(a);
	tree_remove();
}

/* Two files of these days are committed at once; what is made of each. */
static void
commit_two(const time_t days[2], const char *fails, bool ok[2])
{
	struct archive_commit	 c[2] = { { 0 } }, *list[2];
	struct archive_key	 k = key;
	struct archive		*a;
	struct errbuf		 err;
	const char		*tasks[] = { "one", "two" };
	size_t			 i, left = 2;

	tree_make();
	a = archive_here("host:1:1");
	for (i = 0; i < 2; i++) {
		k.task_id = tasks[i];
		k.day = days[i];
		list[i] = &c[i];
		c[i].extension = "png";
		c[i].part = archive_begin(a, &k, -1, &err);
		CU_ASSERT_PTR_NOT_NULL_FATAL(c[i].part);
		CU_ASSERT_TRUE(archive_write(c[i].part, "x", 1, &err));
	}
	disk_watch(dir, fails, EIO);
	while (left > 0) {
		archive_commit_some(a, list, left);
		for (i = 0, left = 0; i < 2; i++)
			if (!c[i].done)
				list[left++] = &c[i];
	}
	for (i = 0; i < 2; i++) {
		ok[i] = c[i].ok;
		free(c[i].location);
	}
	archive_close(a);
	tree_remove();
}

/* A day is synced once for all of its files, and for no other day's. */
static void
test_days_at_once(void)
{
	const time_t	 two[] = { key.day, key.day + 86400 };
	const time_t	 same[] = { key.day, key.day };
	const char	*first;
	bool		 ok[2];

	commit_two(two, NULL, ok);
	CU_ASSERT_TRUE(ok[0] && ok[1]);
	CU_ASSERT_PTR_NOT_NULL(strstr(disk_calls, "fsync " DAY ";"));
	CU_ASSERT_PTR_NOT_NULL(strstr(disk_calls,
	    "fsync novita/2026/03/21;"));
	commit_two(same, NULL, ok);
	CU_ASSERT_TRUE(ok[0] && ok[1]);
	first = strstr(disk_calls, "fsync " DAY ";");
	CU_ASSERT_PTR_NOT_NULL_FATAL(first);
	CU_ASSERT_PTR_NULL(strstr(first + 1, "fsync " DAY ";"));
	commit_two(same, "fsync " DAY, ok);
	CU_ASSERT_FALSE(ok[0]);
	CU_ASSERT_FALSE(ok[1]);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "order", test_order },
		{ "bytes at rest", test_at_rest },
		{ "failures", test_failures },
		{ "cut writes", test_cut_writes },
		{ "exchanged", test_exchanged },
		{ "days at once", test_days_at_once },
		{ NULL, NULL }
	};

	return cunit_run("archive_disk", tests);
}
