/* All of a file's bytes, whatever read(2) and write(2) take at once. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/thread.h"
#include "tests/cunit_main.h"

ssize_t	__real_write(int, const void *, size_t);
ssize_t	__wrap_write(int, const void *, size_t);
int	__real_fsync(int);
int	__wrap_fsync(int);

/* What the next calls do, one after the other; 0 at the end: as ever. */
static const struct call {
	ssize_t	result;		/* at most so many bytes, or -1 */
	int	why;		/* errno of -1 */
} *calls;

static bool
call_next(struct call *c)
{
	if (calls == NULL || (calls->result == 0 && calls->why == 0))
		return false;
	*c = *calls++;
	return true;
}

ssize_t
__wrap_write(int fd, const void *data, size_t len)
{
	struct call	c;

	if (!call_next(&c))
		return __real_write(fd, data, len);
	errno = c.why;
	/* One that takes nothing, and has no reason. */
	if (c.result == 0)
		return 0;
	return c.result == -1 ? -1 : __real_write(fd, data,
	    len < (size_t)c.result ? len : (size_t)c.result);
}

int
__wrap_fsync(int fd)
{
	struct call	c;

	if (!call_next(&c))
		return __real_fsync(fd);
	errno = c.why;
	return (int)c.result;
}

#define BIG	300000		/* bytes, more than a pipe holds */

static char	pattern[BIG];
static int	ends[2];

static void *
write_big(void *arg)
{
	*(bool *)arg = file_write_all(ends[1], pattern, BIG);
	(void)close(ends[1]);
	return NULL;
}

/* Through a pipe, where neither call takes all; most bytes are kept. */
static void
read_back(size_t most, size_t want)
{
	pthread_t	 writer;
	struct errbuf	 err;
	char		*text;
	size_t		 len;
	bool		 wrote = false;

	CU_ASSERT_EQUAL_FATAL(pipe2(ends, O_CLOEXEC), 0);
	CU_ASSERT_FATAL(thread_start(&writer, write_big, &wrote, &err));
	text = file_read_all(ends[0], most, &len);
	(void)pthread_join(writer, NULL);
	(void)close(ends[0]);
	CU_ASSERT(wrote);
	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	CU_ASSERT_EQUAL_FATAL(len, want);
	CU_ASSERT_EQUAL(memcmp(text, pattern, want), 0);
	CU_ASSERT_EQUAL(text[want], '\0');
	free(text);
}

static void
test_pipe(void)
{
	size_t	i;

	for (i = 0; i < BIG; i++)
		pattern[i] = (char)('a' + i % 23);
	read_back(BIG, BIG);
	read_back(2 * BIG, BIG);
	read_back(1000, 1000);
}

static void
test_failures(void)
{
	size_t	len;
	int	full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	CU_ASSERT_NOT_EQUAL_FATAL(full, -1);
	errno = 0;
	CU_ASSERT_FALSE(file_write_all(full, "x", 1));
	CU_ASSERT_EQUAL(errno, ENOSPC);
	errno = 0;
	CU_ASSERT_PTR_NULL(file_read_all(full, 10, &len));
	CU_ASSERT_EQUAL(errno, EBADF);
	(void)close(full);
}

/* Writes that take a part, are broken off by a signal, or take nothing. */
static void
test_short_writes(void)
{
	static const struct call	some[] = { { 3, 0 }, { -1, EINTR }, { 1, 0 },
					    { 0, 0 } };
	static const struct call	nothing[] = { { 2, 0 }, { 0, EAGAIN },
					    { 0, 0 } };
	static const struct call	broken[] = { { 2, 0 }, { -1, EIO },
					    { 0, 0 } };
	char				text[16] = "";

	CU_ASSERT_EQUAL_FATAL(pipe2(ends, O_CLOEXEC), 0);
	calls = some;
	CU_ASSERT_TRUE(file_write_all(ends[1], "hello you", 9));
	CU_ASSERT_EQUAL(read(ends[0], text, sizeof(text)), 9);
	CU_ASSERT_EQUAL(memcmp(text, "hello you", 9), 0);
	calls = nothing;
	CU_ASSERT_FALSE(file_write_all(ends[1], "hello", 5));
	CU_ASSERT_EQUAL(errno, ENOSPC);
	calls = broken;
	CU_ASSERT_FALSE(file_write_all(ends[1], "hello", 5));
	CU_ASSERT_EQUAL(errno, EIO);
	calls = NULL;
	(void)close(ends[0]);
	(void)close(ends[1]);
}

/* A signal is no reason; a directory that cannot be synced is told once, and any
 * other failure counts. */
static void
test_syncs(void)
{
	static const struct call	signal[] = { { -1, EINTR }, { -1, EINTR },
					    { 0, 0 } };
	static const struct call	broken[] = { { -1, EINTR }, { -1, EIO },
					    { 0, 0 } };
	static const struct call	none[] = { { -1, EINVAL }, { 0, 0 } };
	int				fd = open("/", O_RDONLY | O_CLOEXEC);

	CU_ASSERT_NOT_EQUAL_FATAL(fd, -1);
	calls = signal;
	CU_ASSERT_TRUE(file_sync(fd));
	calls = broken;
	CU_ASSERT_FALSE(file_sync(fd));
	CU_ASSERT_EQUAL(errno, EIO);
	calls = &broken[1];
	CU_ASSERT_FALSE(file_sync_dir(fd, "/"));
	calls = none;
	CU_ASSERT_FALSE(file_sync(fd));
	calls = none;
	CU_ASSERT_TRUE(file_sync_dir(fd, "/"));
	calls = NULL;
	(void)close(fd);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "through a pipe", test_pipe },
		{ "failures", test_failures },
		{ "short writes", test_short_writes },
		{ "syncs", test_syncs },
		{ NULL, NULL }
	};

	return cunit_run("file", tests);
}
