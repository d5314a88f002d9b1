/* Opening and removing what is stored in the archive's folder: below it, and through no
 * link. */
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/file.h"
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
stored_open_beneath(int dir, const char *below, uint64_t flags)
{
	struct open_how	how = {
		.flags = flags | O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
		    RESOLVE_NO_MAGICLINKS
	};

	return (int)syscall(SYS_openat2, dir, below, &how, sizeof(how));
}

static void
stored_not_here(struct errbuf *err)
{
	errbuf_set(err, "the file is not in the archive of the settings");
}

/* By errno. */
static void
stored_trouble(struct errbuf *err, const char *what)
{
	int	number = errno;

	errbuf_set(err, "the file cannot be %s: %s", what, strerror(number));
	if (number == ENOENT || number == ENOTDIR)
		err->class = ERR_NO_FILE;
}

static int
stored_open_root(const char *root, struct errbuf *err)
{
	int	dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir == -1)
		errbuf_set(err, "the archive cannot be opened: %s",
		    strerror(errno));
	return dir;
}

static int
stored_open_below(const char *root, const char *path, struct errbuf *err)
{
	const char	*below = stored_below(root, path);
	struct stat	 st;
	int		 dir, fd;

	if (below == NULL) {
		stored_not_here(err);
		return -1;
	}
	if ((dir = stored_open_root(root, err)) == -1)
		return -1;
	fd = stored_open_beneath(dir, below, 0);
	if (fd == -1)
		stored_trouble(err, "opened");
	(void)close(dir);
	if (fd != -1 && (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))) {
		errbuf_set(err, "it is no regular file");
		(void)close(fd);
		fd = -1;
	}
	return fd;
}

/* Remove name from an open directory of that path, and wait for the disk. */
static bool
stored_unlink(int dir, const char *path, const char *name, struct errbuf *err)
{
	if (unlinkat(dir, name, 0) == 0 && file_sync_dir(dir, path))
		return true;
	stored_trouble(err, "removed");
	return false;
}

/* below: DIRECTORY/NAME, where DIRECTORY may be a path; it is cut in between. */
static bool
stored_remove_at(int root, char *below, struct errbuf *err)
{
	char	*slash = strrchr(below, '/');
	bool	 ok;
	int	 dir;

	if (slash == NULL)
		return stored_unlink(root, ".", below, err);
	*slash = '\0';
	if ((dir = stored_open_beneath(root, below, O_DIRECTORY)) == -1) {
		stored_trouble(err, "removed");
		return false;
	}
	ok = stored_unlink(dir, below, slash + 1, err);
	(void)close(dir);
	return ok;
}

/* The directory that a file was in, if it is empty now; no link on the way. */
static void
stored_tidy(int root, char *below)
{
	char	*slash = strrchr(below, '/');
	int	 dir;

	if (slash == NULL)
		return;
	*slash = '\0';
	if ((dir = stored_open_beneath(root, below, O_DIRECTORY)) == -1)
		return;
	(void)unlinkat(dir, slash + 1, AT_REMOVEDIR);
	(void)close(dir);
}

static bool
stored_remove_below(const char *root, char *path, struct errbuf *err)
{
	const char	*found = stored_below(root, path);
	char		*below;
	bool		 ok;
	int		 dir;

	if (found == NULL) {
		stored_not_here(err);
		return false;
	}
	below = path + (found - path);
	if ((dir = stored_open_root(root, err)) == -1)
		return false;
	ok = stored_remove_at(dir, below, err);
	if (ok)
		stored_tidy(dir, below);
	(void)close(dir);
	return ok;
}

/* The paths of both, for the caller to free in any case.  False with err. */
static bool
stored_paths(const char *archive_url, const char *location, char **root,
    char **path, struct errbuf *err)
{
	*root = *path = NULL;
	if (strncmp(archive_url, "file://", 7) != 0 ||
	    strncmp(location, "file://", 7) != 0) {
		stored_not_here(err);
		return false;
	}
	(void)errbuf_no_memory(err);
	return (*root = file_url_path(archive_url)) != NULL &&
	    (*path = file_url_path(location)) != NULL;
}

int
stored_file_open(const char *archive_url, const char *location,
    struct errbuf *err)
{
	char	*root, *path;
	int	 fd = -1;

	if (stored_paths(archive_url, location, &root, &path, err))
		fd = stored_open_below(root, path, err);
	free(root);
	free(path);
	return fd;
}

bool
stored_file_remove(const char *archive_url, const char *location,
    struct errbuf *err)
{
	char	*root, *path;
	bool	 ok = false;

	if (stored_paths(archive_url, location, &root, &path, err))
		ok = stored_remove_below(root, path, err);
	free(root);
	free(path);
	return ok;
}
