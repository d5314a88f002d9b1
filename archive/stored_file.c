/* Opening what is stored in the archive's folder: below it, and through no link. */
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/file_url.h"
#include "archive/stored_file.h"

/* The path below root that the location names, or NULL. */
static const char *
stored_below(const char *root, const char *path)
{
	size_t	len = strlen(root);

	if (strcmp(root, "/") == 0)
		return path + 1;
	return strncmp(path, root, len) == 0 && path[len] == '/' ?
	    path + len + 1 : NULL;
}

/* Open what is below a directory, and through no link (Linux 5.6, openat2(2)). */
static int
stored_open_beneath(int dir, const char *below)
{
	struct open_how	how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
		    RESOLVE_NO_MAGICLINKS
	};

	return (int)syscall(SYS_openat2, dir, below, &how, sizeof(how));
}

static int
stored_open_below(const char *root, const char *path, struct errbuf *err)
{
	const char	*below = stored_below(root, path);
	struct stat	 st;
	int		 dir, fd;

	if (below == NULL) {
		errbuf_set(err, "the file is not in the archive of the "
		    "settings");
		return -1;
	}
	if ((dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1) {
		errbuf_set(err, "the archive cannot be opened: %s",
		    strerror(errno));
		return -1;
	}
	fd = stored_open_beneath(dir, below);
	if (fd == -1)
		errbuf_set(err, "the file cannot be opened: %s",
		    strerror(errno));
	(void)close(dir);
	if (fd != -1 && (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))) {
		errbuf_set(err, "it is no regular file");
		(void)close(fd);
		fd = -1;
	}
	return fd;
}

int
stored_file_open(const char *archive_url, const char *location,
    struct errbuf *err)
{
	char	*root = NULL, *path = NULL;
	int	 fd = -1;

	(void)errbuf_no_memory(err);
	if (strncmp(archive_url, "file://", 7) != 0 ||
	    strncmp(location, "file://", 7) != 0)
		errbuf_set(err, "the file is not in the archive of the "
		    "settings");
	else if ((root = file_url_path(archive_url)) != NULL &&
	    (path = file_url_path(location)) != NULL)
		fd = stored_open_below(root, path, err);
	free(root);
	free(path);
	return fd;
}
