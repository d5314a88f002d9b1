/* For the controls of the power cut: a library that forgets to sync.  Whoever has it
 * in front (LD_PRELOAD) loses what the disk had not taken by itself. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <unistd.h>

int
fsync(int fd)
{
	(void)fd;
	return 0;
}

int
fdatasync(int fd)
{
	(void)fd;
	return 0;
}

int
syncfs(int fd)
{
	(void)fd;
	return 0;
}

int
sync_file_range(int fd, off64_t from, off64_t n, unsigned int flags)
{
	(void)fd;
	(void)from;
	(void)n;
	(void)flags;
	return 0;
}
