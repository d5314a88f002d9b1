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

/* Editors and "echo" end a line that is not the secret's. */
static char *
conf_private_copy(const char *value)
{
	size_t	len = strlen(value);

	if (len > 0 && value[len - 1] == '\n')
		len--;
	if (len > 0 && value[len] == '\n' && value[len - 1] == '\r')
		len--;
	return strndup(value, len);
}

bool
conf_private_is_clean(const char *secret)
{
	const unsigned char	*p = (const unsigned char *)secret;
	size_t			 len = strlen(secret);

	if (strncmp(secret, "\xef\xbb\xbf", 3) == 0 ||
	    (len > 0 && (p[0] == ' ' || p[len - 1] == ' ')))
		return false;
	for (; *p != '\0'; p++)
		if (*p < 0x20 || *p == 0x7f)
			return false;
	return true;
}

char *
conf_private_secret(const char *value, struct errbuf *err)
{
	char	 buf[SECRET_FILE_MAX + 1];
	ssize_t	 n;
	int	 fd;

	if (strncmp(value, "file:", 5) != 0)
		return conf_private_copy(value);
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
	return conf_private_copy(buf);
}
