/* All of a file's bytes, in or out, whatever read(2) and write(2) take. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/file.h"

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
