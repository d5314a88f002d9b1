/* All of a file's bytes, in or out, whatever read(2) and write(2) take; and on
 * the disk. */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/log.h"

bool
file_write_all(int fd, const void *data, size_t len)
{
	const char	*p = data;
	ssize_t		 n;

	while (len > 0) {
		n = write(fd, p, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == 0)
			errno = ENOSPC;
		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

char *
file_read_all(int fd, size_t most, size_t *len)
{
	char	*text = malloc(most + 1), rest[4096];
	ssize_t	 n = 1;

	*len = 0;
	while (text != NULL && n != 0) {
		n = *len < most ? read(fd, text + *len, most - *len) :
		    read(fd, rest, sizeof(rest));
		if (n == -1 && errno != EINTR) {
			free(text);
			return NULL;
		}
		if (n > 0 && *len < most)
			*len += (size_t)n;
	}
	if (text != NULL)
		text[*len] = '\0';
	return text;
}

bool
file_sync(int fd)
{
	int	result;

	while ((result = fsync(fd)) == -1 && errno == EINTR)
		continue;
	return result == 0;
}

/* Once: each file of a busy hour would say the same. */
static void
file_tell_no_sync(const char *path, int why)
{
	static atomic_flag	told = ATOMIC_FLAG_INIT;

	if (!atomic_flag_test_and_set(&told))
		log_line(LOG_WARN, "the file system of \"%s\" cannot sync "
		    "directories (%s): after a power cut, names of the last "
		    "files may be missing there", path, strerror(why));
}

bool
file_sync_dir(int fd, const char *path)
{
	if (file_sync(fd))
		return true;
	if (errno != EINVAL && errno != ENOTSUP && errno != ENOSYS)
		return false;
	file_tell_no_sync(path, errno);
	return true;
}
