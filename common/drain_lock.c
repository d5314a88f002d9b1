/* The lock that one drainer at a time has, and how it is taken from one that
 * stands still. */
#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "lib/crypto.h"
#include "common/drain_lock.h"
#include "common/spool.h"

#define LOCK_FLAGS	(O_CLOEXEC | O_NOFOLLOW)
#define LOCK_MODE	0644
/* Whoever has just taken it gets so long for its first touch. */
#define SECOND_LOOK_NS	100000000

/*
 * The lock's file; -1 with errno.  One that another user made (root, who ran a
 * sweep by hand) can be locked by who may read it; on NFS that takes writing.
 */
static int
lock_open(int dirfd)
{
	struct stat	st;
	int		fd;

	fd = openat(dirfd, DRAIN_LOCK_NAME, O_RDWR | O_CREAT | LOCK_FLAGS,
	    LOCK_MODE);
	if (fd == -1 && errno == EACCES)
		return openat(dirfd, DRAIN_LOCK_NAME, O_RDONLY | LOCK_FLAGS);
	/* Whatever the umask is; and once, since each change of a mode writes,
	 * and an idle handler comes here every second. */
	if (fd != -1 && fstat(fd, &st) == 0 && (st.st_mode & 07777) != LOCK_MODE)
		(void)fchmod(fd, LOCK_MODE);
	return fd;
}

static bool
lock_is_old(int fd, time_t now)
{
	struct stat	st;

	return fstat(fd, &st) == 0 && now - st.st_mtime > DRAIN_LOCK_STALE_S;
}

bool
drain_lock_is_ours(int dirfd, int fd)
{
	struct stat	ours, named;

	return fstat(fd, &ours) == 0 &&
	    fstatat(dirfd, DRAIN_LOCK_NAME, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	    ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

/* Put a file of ours, that we have locked, in the place of the old one; -1 with
 * errno.  By the clock of the file system, too, the old one has to be old. */
static int
lock_replace(int dirfd, int old)
{
	char		tmp[96], id[37];
	struct stat	st;
	int		fd;

	if (!uuid7(id))
		return -1;
	(void)snprintf(tmp, sizeof(tmp), SPOOL_TMP_PREFIX "drain-lock-%s", id);
	fd = openat(dirfd, tmp, O_RDWR | O_CREAT | O_EXCL | LOCK_FLAGS,
	    LOCK_MODE);
	if (fd == -1)
		return -1;
	errno = EWOULDBLOCK;
	if (fchmod(fd, LOCK_MODE) == 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 &&
	    fstat(fd, &st) == 0 && lock_is_old(old, st.st_mtime) &&
	    renameat(dirfd, tmp, dirfd, DRAIN_LOCK_NAME) == 0)
		return fd;
	(void)unlinkat(dirfd, tmp, 0);
	(void)close(fd);
	return -1;
}

/*
 * Ours, or not, by a look at who has it.  A file that was not touched for long
 * says nothing yet: who finds the spool empty touches nothing, and has let go a
 * moment later, and who found something touches it then.
 */
static enum drain_lock_taken
lock_try(int fd)
{
	const struct timespec	moment = { .tv_nsec = SECOND_LOOK_NS };
	int			looks = 2;

	while (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		if (errno != EWOULDBLOCK)
			return DRAIN_LOCK_FAILED;
		if (!lock_is_old(fd, time(NULL)))
			return DRAIN_LOCK_HELD;
		if (--looks == 0)
			return DRAIN_LOCK_TAKEN_OVER;
		(void)nanosleep(&moment, NULL);
	}
	return DRAIN_LOCK_OURS;
}

enum drain_lock_taken
drain_lock_take(int dirfd, int *fd)
{
	int			old = lock_open(dirfd);
	enum drain_lock_taken	taken;

	*fd = -1;
	if (old == -1)
		return DRAIN_LOCK_FAILED;
	taken = lock_try(old);
	if (taken == DRAIN_LOCK_OURS) {
		*fd = old;
		return taken;
	}
	if (taken == DRAIN_LOCK_TAKEN_OVER &&
	    (*fd = lock_replace(dirfd, old)) == -1)
		taken = DRAIN_LOCK_HELD;
	(void)close(old);
	return taken;
}

void
drain_lock_beat(int fd)
{
	/* One that another user made cannot be touched: then it may look as if
	 * we stood still, and another drains beside us. */
	(void)futimens(fd, NULL);
}
