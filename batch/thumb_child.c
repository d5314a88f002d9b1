/* One genhook-thumb: started with a file and nothing else, waited for, and what it
 * wrote taken for nothing but bytes. */
#include <sys/mman.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "batch/thumb_child.h"

#define CHILD_WALL_MS	25000	/* it ends by itself before */
#define CHILD_LOOK_US	5000
#define CHILD_OUT_MAX	(256UL * 1024)
#define CHILD_WORDS_MAX	200

bool
thumb_child_find(char *path, size_t size)
{
	static const char *const	places[] = {
		"genhook-thumb", "../lib/genhook/genhook-thumb"
	};
	char	self[4096], *slash;
	ssize_t	len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	size_t	i;

	if (len == -1)
		return false;
	self[len] = '\0';
	if ((slash = strrchr(self, '/')) == NULL)
		return false;
	*slash = '\0';
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (snprintf(path, size, "%s/%s", self, places[i]) <
		    (int)size && access(path, X_OK) == 0)
			return true;
	}
	return false;
}

/* What it reads and writes, and no other file. */
static bool
child_set_files(posix_spawn_file_actions_t *fa, int in, int out, int words)
{
	return posix_spawn_file_actions_adddup2(fa, in, STDIN_FILENO) == 0 &&
	    posix_spawn_file_actions_adddup2(fa, out, STDOUT_FILENO) == 0 &&
	    posix_spawn_file_actions_adddup2(fa, words, STDERR_FILENO) == 0 &&
	    posix_spawn_file_actions_addclosefrom_np(fa, STDERR_FILENO + 1) ==
	    0;
}

/* Signals as a program expects them, whatever this one does with them. */
static bool
child_set_signals(posix_spawnattr_t *attr)
{
	sigset_t	all, none;

	(void)sigfillset(&all);
	(void)sigemptyset(&none);
	return posix_spawnattr_setsigdefault(attr, &all) == 0 &&
	    posix_spawnattr_setsigmask(attr, &none) == 0 &&
	    posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGDEF |
	    POSIX_SPAWN_SETSIGMASK) == 0;
}

/* -1: it could not be started. */
static pid_t
child_start(const char *path, const char *content_type, int in, int out,
    int words)
{
	char				 name[] = "genhook-thumb", type[64];
	char				*argv[] = { name, type, NULL };
	char				*env[] = { NULL };
	posix_spawn_file_actions_t	 fa;
	posix_spawnattr_t		 attr;
	pid_t				 pid = -1;

	(void)snprintf(type, sizeof(type), "%s", content_type);
	if (posix_spawn_file_actions_init(&fa) != 0)
		return -1;
	if (posix_spawnattr_init(&attr) == 0) {
		if (!child_set_files(&fa, in, out, words) ||
		    !child_set_signals(&attr) ||
		    posix_spawn(&pid, path, &fa, &attr, argv, env) != 0)
			pid = -1;
		(void)posix_spawnattr_destroy(&attr);
	}
	(void)posix_spawn_file_actions_destroy(&fa);
	return pid;
}

/* Its wait status.  A kill ends what did not end by itself. */
static int
child_wait(pid_t pid, bool (*stopping)(void))
{
	int64_t	until_ms = clock_ms() + CHILD_WALL_MS;
	int	status;
	pid_t	ended;

	while ((ended = waitpid(pid, &status, WNOHANG)) == 0 ||
	    (ended == -1 && errno == EINTR)) {
		if (clock_ms() > until_ms || stopping())
			(void)kill(pid, SIGKILL);
		(void)usleep(CHILD_LOOK_US);
	}
	return ended == pid ? status : -1;
}

/* All that is in a file of ours in memory; NULL: nothing, or too much. */
static char *
child_take(int fd, size_t most, size_t *len)
{
	char	*bytes;

	if (lseek(fd, 0, SEEK_SET) == -1)
		return NULL;
	bytes = file_read_all(fd, most + 1, len);
	if (bytes != NULL && (*len == 0 || *len > most)) {
		free(bytes);
		bytes = NULL;
	}
	return bytes;
}

/* A WebP file (RFC 9649): whatever else came is no picture for a browser. */
static bool
child_wrote_webp(const struct thumb_child *c)
{
	return c->picture != NULL && c->len >= 12 &&
	    memcmp(c->picture, "RIFF", 4) == 0 &&
	    memcmp(c->picture + 8, "WEBP", 4) == 0;
}

/* The first line of what it said. */
static void
child_take_words(int fd, struct errbuf *err)
{
	char	words[CHILD_WORDS_MAX + 1] = "";
	ssize_t	n = pread(fd, words, CHILD_WORDS_MAX, 0);

	words[n > 0 ? n : 0] = '\0';
	words[strcspn(words, "\r\n")] = '\0';
	errbuf_set(err, "%s", *words != '\0' ? words : "it wrote no picture");
}

static void
child_judge(struct thumb_child *c, int status, int out, int words)
{
	c->ended = THUMB_REFUSED;
	if (status == -1 || !WIFEXITED(status)) {
		errbuf_set(&c->err, "it was ended by signal %d",
		    status == -1 ? 0 : WTERMSIG(status));
		return;
	}
	/* ffmpeg, which it may have become, has other numbers above 1. */
	if (WEXITSTATUS(status) <= THUMB_NOT_INSTALLED)
		c->ended = (enum thumb_exit)WEXITSTATUS(status);
	if (c->ended == THUMB_MADE) {
		c->picture = child_take(out, CHILD_OUT_MAX, &c->len);
		if (child_wrote_webp(c))
			return;
		free(c->picture);
		c->picture = NULL;
		c->ended = THUMB_REFUSED;
	}
	child_take_words(words, &c->err);
}

void
thumb_child_run(const char *path, int fd, const char *content_type,
    bool (*stopping)(void), struct thumb_child *c)
{
	int	out = memfd_create("thumb", MFD_CLOEXEC);
	int	words = memfd_create("words", MFD_CLOEXEC);
	pid_t	pid = -1;
	int	status;

	memset(c, 0, sizeof(*c));
	c->ended = THUMB_COULD_NOT_RUN;
	errbuf_set(&c->err, "it could not be started");
	if (out != -1 && words != -1)
		pid = child_start(path, content_type, fd, out, words);
	if (pid != -1) {
		status = child_wait(pid, stopping);
		if (stopping() && (status == -1 || WIFSIGNALED(status)))
			errbuf_set(&c->err, "the run was stopped");
		else
			child_judge(c, status, out, words);
	}
	if (out != -1)
		(void)close(out);
	if (words != -1)
		(void)close(words);
}
