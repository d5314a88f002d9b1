/* common/spool: what is on the disk when spool_write() says so, and what each
 * call that fails makes of that. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "common/spool.h"
#include "tests/cunit_main.h"
#include "tests/disk_faults.h"
#include "tests/fixture.h"
#include "tests/scratch.h"

#define NOBODY		65534
#define NAME_SYNCED	"fsync .;"
#define WRITTEN		"open .tmp;write spool/.tmp;fsync spool/.tmp;" \
			"rename .tmp;fsync spool;"

static char	dir[SCRATCH_PATH], path[SCRATCH_PATH + 16];

static struct delivery *
delivery_of(const char *body)
{
	struct delivery	*d = delivery_new(provider_find("novita"), "default",
			    SOURCE_CALLBACK);
	char		*copy = strdup(body);

	CU_ASSERT_FATAL(d != NULL && copy != NULL);
	delivery_set_body(d, copy, strlen(body));
	d->received_at = RECEIVED_AT;
	d->outcome = OUTCOME_ACCEPTED;
	d->verdict = VERDICT_TOKEN;
	return d;
}

/* The spool below dir, which is not there yet. */
static struct spool *
spool_begin(void)
{
	struct spool	*s;

	scratch_make(dir);
	(void)snprintf(path, sizeof(path), "%s/spool", dir);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s = spool_at(path, 1 << 20));
	return s;
}

static void
spool_end(struct spool *s)
{
	disk_unwatch();
	spool_close(s);
	scratch_remove(dir);
}

static bool
write_one(struct spool *s, struct errbuf *err)
{
	struct delivery	*d = delivery_of("{}");
	bool		 ok = spool_write(s, d, err);

	delivery_free(d);
	return ok;
}

static void
assert_calls(struct spool *s, const char *want)
{
	struct errbuf	err;

	disk_watch(dir, NULL, 0);
	CU_ASSERT_TRUE(write_one(s, &err));
	CU_ASSERT_STRING_EQUAL(disk_calls, want);
	if (strcmp(disk_calls, want) != 0)
		(void)fprintf(stderr, "\n    %s\n", disk_calls);
}

/* The file's bytes come before its name, its name before the answer; and before
 * both that of a directory that this process has not seen before, whoever made
 * it. */
static void
test_order(void)
{
	struct spool	*s = spool_begin(), *other;

	assert_calls(s, NAME_SYNCED WRITTEN);
	assert_calls(s, WRITTEN);
	CU_ASSERT_PTR_NOT_NULL_FATAL(other = spool_at(path, 1 << 20));
	assert_calls(other, NAME_SYNCED WRITTEN);
	scratch_remove(path);
	CU_ASSERT_EQUAL(spool_count(other), 0);
	assert_calls(other, NAME_SYNCED WRITTEN);
	assert_calls(s, NAME_SYNCED WRITTEN);
	assert_calls(s, WRITTEN);
	spool_close(other);
	spool_end(s);
}

static long
names_left(void)
{
	struct dirent	*e;
	DIR		*d = opendir(path);
	long		 n = 0;

	scratch_need(d != NULL, path);
	while ((e = readdir(d)) != NULL)
		n += strncmp(e->d_name, SPOOL_TMP_PREFIX,
		    strlen(SPOOL_TMP_PREFIX)) == 0;
	(void)closedir(d);
	return n;
}

static const struct {
	const char	*call;
	int		 error;
	bool		 ok;
} rows[] = {
	{ "fsync .",		EIO,	false },
	{ "fsync .",		EBADF,	false },
	{ "fsync .",		EINVAL,	true },
	{ "open .tmp",		EMFILE,	false },
	{ "write spool/.tmp",	ENOSPC,	false },
	{ "write spool/.tmp",	EIO,	false },
	{ "fsync spool/.tmp",	EIO,	false },
	{ "fsync spool/.tmp",	EINVAL,	false },
	{ "fsync spool/.tmp",	EDQUOT,	false },
	{ "rename .tmp",	EIO,	false },
	{ "fsync spool",	EIO,	false },
	{ "fsync spool",	EROFS,	false },
	{ "fsync spool",	EBADF,	false },
	{ "fsync spool",	ENOSPC,	false },
	{ "fsync spool",	EINVAL,	true },
	{ "fsync spool",	ENOTSUP, true },
	{ "fsync spool",	ENOSYS,	true },
};

/* What is not on the disk for certain is not said to be. */
static void
test_failures(void)
{
	struct capture	 cap;
	struct spool	*s;
	struct errbuf	 err;
	char		 said[4096];
	const char	*line;
	size_t		 i;
	int		 told = 0;

	for (i = 0; i < COUNT(rows); i++) {
		s = spool_begin();
		capture_begin(&cap);
		disk_watch(dir, rows[i].call, rows[i].error);
		CU_ASSERT_EQUAL(write_one(s, &err), rows[i].ok);
		disk_unwatch();
		(void)capture_end(&cap, said, sizeof(said));
		if (!rows[i].ok)
			CU_ASSERT_PTR_NOT_NULL(strstr(err.text,
			    strerror(rows[i].error)));
		CU_ASSERT_EQUAL(names_left(), 0);
		/* Once it is over, all of it is done, and nothing left out. */
		if (strcmp(rows[i].call, "fsync .") == 0)
			assert_calls(s, rows[i].ok ? WRITTEN :
			    NAME_SYNCED WRITTEN);
		else
			assert_calls(s, WRITTEN);
		line = strstr(said, "cannot sync directories");
		told += line != NULL;
		spool_end(s);
	}
	/* Of four that could not be. */
	CU_ASSERT_EQUAL(told, 1);
}

/* Those that come together cost what one does; and where the file of all fails,
 * each is tried by itself, and none is said to be there that is not. */
static void
test_together(void)
{
	struct spool	*s = spool_begin();
	struct delivery	*batch[3];
	struct errbuf	 err;
	bool		 written[3] = { false };
	size_t		 i;

	for (i = 0; i < COUNT(batch); i++)
		batch[i] = delivery_of("{}");
	disk_watch(dir, NULL, 0);
	CU_ASSERT_TRUE(spool_write_all(s, batch, COUNT(batch), written, &err));
	CU_ASSERT_STRING_EQUAL(disk_calls, NAME_SYNCED WRITTEN);
	CU_ASSERT(written[0] && written[1] && written[2]);
	disk_watch(dir, "fsync spool/.tmp", EIO);
	CU_ASSERT_FALSE(spool_write_all(s, batch, COUNT(batch), written, &err));
	CU_ASSERT_FALSE(written[0] || written[1] || written[2]);
	disk_unwatch();
	CU_ASSERT_EQUAL(spool_count(s), COUNT(batch));
	CU_ASSERT_EQUAL(names_left(), 0);
	for (i = 0; i < COUNT(batch); i++)
		delivery_free(batch[i]);
	spool_end(s);
}

static void
test_cut_writes(void)
{
	struct spool	*s = spool_begin();
	struct errbuf	 err;
	struct dirent	**list;
	struct stat	 whole, cut;
	char		 file[SCRATCH_PATH + 300];
	int		 n;

	CU_ASSERT_TRUE(write_one(s, &err));
	disk_watch(dir, NULL, 0);
	disk_cuts_writes = true;
	CU_ASSERT_TRUE(write_one(s, &err));
	disk_unwatch();
	CU_ASSERT_PTR_NOT_NULL(strstr(disk_calls,
	    "write spool/.tmp;write spool/.tmp;"));
	n = scandir(path, &list, NULL, alphasort);
	CU_ASSERT_EQUAL_FATAL(n, 4);
	(void)snprintf(file, sizeof(file), "%s/%s", path, list[2]->d_name);
	CU_ASSERT_EQUAL(stat(file, &whole), 0);
	(void)snprintf(file, sizeof(file), "%s/%s", path, list[3]->d_name);
	CU_ASSERT_EQUAL(stat(file, &cut), 0);
	CU_ASSERT_EQUAL(whole.st_size, cut.st_size);
	while (n > 0)
		free(list[--n]);
	free(list);
	spool_end(s);
}

/* Where the directory above may not be read, the name is waited for all the
 * same. */
static void
test_closed_parent(void)
{
	struct spool	*s = spool_begin();
	struct errbuf	 err;

	CU_ASSERT_EQUAL(mkdir(path, 0777), 0);
	CU_ASSERT_EQUAL(chmod(path, 0777), 0);
	CU_ASSERT_EQUAL(chmod(dir, 0311), 0);
	if (geteuid() == 0)
		scratch_need(seteuid(NOBODY) == 0, "seteuid");
	disk_watch(dir, NULL, 0);
	/* Nobody can tell of what cannot be searched. */
	(void)snprintf(disk_root, sizeof(disk_root), "%s", dir);
	disk_fails = "syncfs spool";
	disk_errno = EIO;
	CU_ASSERT_FALSE(write_one(s, &err));
	CU_ASSERT_STRING_EQUAL(disk_calls, "syncfs spool;");
	disk_fails = NULL;
	disk_calls[0] = '\0';
	CU_ASSERT_TRUE(write_one(s, &err));
	CU_ASSERT_STRING_EQUAL(disk_calls, "syncfs spool;" WRITTEN);
	if (getuid() == 0)
		scratch_need(seteuid(0) == 0, "seteuid");
	CU_ASSERT_EQUAL(chmod(dir, 0700), 0);
	spool_end(s);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "order", test_order },
		{ "failures", test_failures },
		{ "together", test_together },
		{ "cut writes", test_cut_writes },
		{ "a closed parent", test_closed_parent },
		{ NULL, NULL }
	};

	return cunit_run("spool_disk", tests);
}
