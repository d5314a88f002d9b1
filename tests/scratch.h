/* A directory of a test's own, and what a program says on stderr. */
#ifndef GENHOOK_SCRATCH_H
#define GENHOOK_SCRATCH_H

#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SCRATCH_PATH	256

/* Ends the program when it cannot: no test could go on. */
static inline void
scratch_need(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(2);
}

static inline void
scratch_make(char dir[SCRATCH_PATH])
{
	const char	*tmp = getenv("TMPDIR");

	(void)snprintf(dir, SCRATCH_PATH, "%s/genhook-unit.XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	scratch_need(mkdtemp(dir) != NULL, dir);
}

/* The directory, what is in it, and what is in the directories in it. */
static inline void
scratch_remove(const char *dir)
{
	char		*path;
	struct dirent	*e;
	DIR		*d;

	if ((d = opendir(dir)) == NULL)
		return;
	while ((e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		scratch_need(asprintf(&path, "%s/%s", dir, e->d_name) != -1,
		    dir);
		if (unlink(path) == -1)
			scratch_remove(path);
		free(path);
	}
	(void)closedir(d);
	(void)rmdir(dir);
}

/* Write a file anew, with that mode whatever the umask is. */
static inline void
scratch_write(const char *path, mode_t mode, const char *text)
{
	size_t	len = strlen(text);
	int	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	scratch_need(fd != -1 && fchmod(fd, mode) == 0 &&
	    write(fd, text, len) == (ssize_t)len && close(fd) == 0, path);
}

/* Between begin and end, stderr goes into a pipe of 64 KB. */
struct capture {
	int	saved, from;
};

static inline void
capture_begin(struct capture *c)
{
	int	ends[2];

	(void)fflush(stderr);
	scratch_need((c->saved = dup(STDERR_FILENO)) != -1 &&
	    pipe(ends) == 0 && dup2(ends[1], STDERR_FILENO) != -1 &&
	    close(ends[1]) == 0, "capture");
	c->from = ends[0];
}

/* What came, with a NUL behind it; returns its length. */
static inline size_t
capture_end(struct capture *c, char *text, size_t room)
{
	size_t	len = 0;
	ssize_t	n;

	scratch_need(dup2(c->saved, STDERR_FILENO) != -1 &&
	    close(c->saved) == 0, "capture");
	while (len + 1 < room &&
	    (n = read(c->from, text + len, room - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	(void)close(c->from);
	return len;
}

#endif
