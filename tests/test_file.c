/* All of a file's bytes, whatever read(2) and write(2) take at once. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/thread.h"
#include "tests/cunit_main.h"

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

int
main(void)
{
	static const struct test	tests[] = {
		{ "through a pipe", test_pipe },
		{ "failures", test_failures },
		{ NULL, NULL }
	};

	return cunit_run("file", tests);
}
