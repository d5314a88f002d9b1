/*
 * The calls by which files come to the disk, seen and made to fail: for tests
 * that are linked with --wrap of fsync, syncfs, write, renameat and openat.
 * What a test looks at is the text of disk_calls: "fsync PATH;" and the like, in
 * order, of what lies at or below disk_root.
 */
#ifndef GENHOOK_DISK_FAULTS_H
#define GENHOOK_DISK_FAULTS_H

#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The calls themselves, and what the linker puts in their place. */
int	__real_fsync(int);
int	__wrap_fsync(int);
int	__real_syncfs(int);
int	__wrap_syncfs(int);
ssize_t	__real_write(int, const void *, size_t);
ssize_t	__wrap_write(int, const void *, size_t);
int	__real_renameat(int, const char *, int, const char *);
int	__wrap_renameat(int, const char *, int, const char *);
int	__real_openat(int, const char *, int, ...);
int	__wrap_openat(int, const char *, int, ...);

static char		 disk_root[256];	/* real path; "": none is seen */
static char		 disk_calls[8192];
static const char	*disk_fails;		/* "fsync PATH": that call, or
						   NULL; "open .": each of so
						   many letters */
static int		 disk_errno;
static bool		 disk_cuts_writes;	/* half of each is taken */
static void		(*disk_after_open)(int at, const char *name);	/* of
						   what may be made; once */
static pthread_mutex_t	 disk_lock = PTHREAD_MUTEX_INITIALIZER;

/* Names that are new each time are given one name. */
static void
disk_say_name(char *to, size_t size, const char *path)
{
	const char	*slash = strrchr(path, '/'), *dot = strrchr(path, '.');
	const char	*name = slash == NULL ? path : slash + 1;
	int		 len = (int)(name - path);

	if (strncmp(name, ".tmp-", 5) == 0)
		(void)snprintf(to, size, "%.*s.tmp", len, path);
	else if (strncmp(name, ".part-", 6) == 0)
		(void)snprintf(to, size, "%.*s.part%s", len, path,
		    strcmp(dot, ".from") == 0 ? ".from" : "");
	else if (dot != NULL && strcmp(dot, ".delivery") == 0)
		(void)snprintf(to, size, "%.*s*.delivery", len, path);
	else
		(void)snprintf(to, size, "%s", path);
}

/* The path of an open file below disk_root, "." for that itself.  False: it is
 * elsewhere. */
static bool
disk_path(int fd, char *path, size_t size)
{
	char	link[64], full[512];
	size_t	root = strlen(disk_root);
	ssize_t	n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, full, sizeof(full) - 1);
	full[n > 0 ? n : 0] = '\0';
	if (root == 0 || strncmp(full, disk_root, root) != 0 ||
	    (full[root] != '\0' && full[root] != '/'))
		return false;
	disk_say_name(path, size, full[root] == '\0' ? "." : full + root + 1);
	return true;
}

/* Note a call.  True: it is to fail, with errno. */
static bool
disk_call(const char *call, const char *path)
{
	char	text[640];
	size_t	len;
	bool	fails;

	(void)snprintf(text, sizeof(text), "%s %s", call, path);
	(void)pthread_mutex_lock(&disk_lock);
	len = strlen(disk_calls);
	(void)snprintf(disk_calls + len, sizeof(disk_calls) - len, "%s;", text);
	fails = disk_fails != NULL && strcmp(text, disk_fails) == 0;
	(void)pthread_mutex_unlock(&disk_lock);
	if (fails)
		errno = disk_errno;
	return fails;
}

int
__wrap_fsync(int fd)
{
	char	path[512];

	if (disk_path(fd, path, sizeof(path)) && disk_call("fsync", path))
		return -1;
	return __real_fsync(fd);
}

int
__wrap_syncfs(int fd)
{
	char	path[512];

	if (disk_path(fd, path, sizeof(path)) && disk_call("syncfs", path))
		return -1;
	return __real_syncfs(fd);
}

ssize_t
__wrap_write(int fd, const void *data, size_t len)
{
	char	path[512];

	if (!disk_path(fd, path, sizeof(path)))
		return __real_write(fd, data, len);
	if (disk_call("write", path))
		return -1;
	return __real_write(fd, data, disk_cuts_writes && len > 1 ? len / 2 :
	    len);
}

int
__wrap_renameat(int from, const char *name, int to, const char *new_name)
{
	char	path[512], said[512];

	if (disk_path(from, path, sizeof(path))) {
		disk_say_name(said, sizeof(said), name);
		if (disk_call("rename", said))
			return -1;
	}
	return __real_renameat(from, name, to, new_name);
}

/* Only those that may make a file. */
int
__wrap_openat(int at, const char *name, int flags, ...)
{
	void	(*after)(int, const char *);
	char	path[512], said[512];
	mode_t	mode;
	va_list	ap;
	int	fd;

	va_start(ap, flags);
	mode = (flags & O_CREAT) != 0 ? (mode_t)va_arg(ap, int) : 0;
	va_end(ap);
	if ((flags & O_CREAT) != 0 && disk_path(at, path, sizeof(path))) {
		disk_say_name(said, sizeof(said), name);
		if (disk_call("open", said))
			return -1;
	}
	fd = __real_openat(at, name, flags, mode);
	if ((flags & O_CREAT) != 0 && disk_root[0] != '\0' &&
	    (after = disk_after_open) != NULL) {
		disk_after_open = NULL;
		after(at, name);
	}
	return fd;
}

/* From now on these calls are seen; the one of fails, or none where that is
 * NULL, fails with error. */
static inline void
disk_watch(const char *root, const char *fails, int error)
{
	char	*real = realpath(root, NULL);

	(void)snprintf(disk_root, sizeof(disk_root), "%s",
	    real != NULL ? real : root);
	free(real);
	disk_calls[0] = '\0';
	disk_fails = fails;
	disk_errno = error;
}

/* And no longer. */
static inline void
disk_unwatch(void)
{
	disk_root[0] = '\0';
	disk_fails = NULL;
	disk_cuts_writes = false;
}

#endif
