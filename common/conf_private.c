/* Files that hold secrets, and the secrets in them. */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/conf_private.h"

#define SECRET_FILE_MAX	4096

int
conf_private_open(const char *path, const char *what, struct errbuf *err)
{
	struct stat	st;
	int		fd, cause;

	/* Not to wait for a writer, should it be a FIFO. */
	if ((fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) == -1) {
		cause = errno;
		errbuf_set(err, "%s \"%s\": %s", what, path, strerror(cause));
		err->class = cause == ENOENT ? ERR_NO_FILE : cause == EACCES ?
		    ERR_NO_RIGHT : ERR_OTHER;
		return -1;
	}
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		errbuf_set(err, "%s \"%s\" is no regular file", what, path);
	else if ((st.st_mode & 007) != 0) {
		errbuf_set(err, "%s \"%s\" can be read by others (mode %04o): "
		    "chmod o= it", what, path, st.st_mode & 07777);
		err->class = ERR_EXPOSED;
	} else
		return fd;
	(void)close(fd);
	return -1;
}

char *
conf_private_secret(const char *value, struct errbuf *err)
{
	char	 buf[SECRET_FILE_MAX + 1];
	ssize_t	 n;
	int	 fd;

	if (strncmp(value, "file:", 5) != 0)
		return strdup(value);
	if ((fd = conf_private_open(value + 5, "secret file", err)) == -1) {
		if (err->class == ERR_NO_FILE)
			err->class = ERR_SETTING;
		return NULL;
	}
	n = read(fd, buf, SECRET_FILE_MAX);
	(void)close(fd);
	if (n <= 0) {
		errbuf_set(err, "secret file \"%s\" is empty or unreadable",
		    value + 5);
		return NULL;
	}
	buf[n] = '\0';
	buf[strcspn(buf, "\r\n")] = '\0';
	return strdup(buf);
}
