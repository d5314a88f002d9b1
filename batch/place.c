/* A run that follows is one of a few at once: its place among them, given and left. */
#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "batch/place.h"

#define PLACE_VARIABLE	"GENHOOK_FOLLOW_PLACE"

static int	place_fd = -1;

void
place_give(int fd)
{
	char	text[16];

	(void)snprintf(text, sizeof(text), "%d", fd);
	if (fcntl(fd, F_SETFD, 0) == 0)
		(void)setenv(PLACE_VARIABLE, text, 1);
}

void
place_take(void)
{
	const char	*text = getenv(PLACE_VARIABLE);
	struct stat	 st;
	int		 fd = text != NULL ? (int)strtol(text, NULL, 10) : -1;

	(void)unsetenv(PLACE_VARIABLE);
	if (fd > STDERR_FILENO && fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) &&
	    fcntl(fd, F_SETFD, FD_CLOEXEC) == 0)
		place_fd = fd;
}

void
place_leave(void)
{
	if (place_fd != -1)
		(void)close(place_fd);
	place_fd = -1;
}
