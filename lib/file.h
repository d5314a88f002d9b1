/* All of a file's bytes, in or out, whatever read(2) and write(2) take; and on
 * the disk. */
#ifndef GENHOOK_FILE_H
#define GENHOOK_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* Write len bytes to fd, however many calls that takes.  False with errno,
 * which is ENOSPC where nothing was taken without an error. */
bool	file_write_all(int fd, const void *, size_t len);

/*
 * Read fd to its end, with a NUL behind it, for the caller to free; *len gets
 * the length.  What is longer than most bytes is read to its end all the same,
 * and left out.  NULL with errno.
 */
char	*file_read_all(int fd, size_t most, size_t *len);

/* Wait until what was written to fd is on disk (fsync(2)).  False with errno. */
bool	file_sync(int fd);

/*
 * Wait until the names in an open directory, of that path, are on disk.  False
 * with errno.  A file system that cannot do it says so (EINVAL, ENOTSUP or
 * ENOSYS: fsync(2), POSIX; some network and FUSE ones): that is logged once in a
 * process, and true, as nothing better can be had there.  EBADF and EROFS are
 * errors: on Linux they mean a closed fd, and a file system that was shut down.
 * From any thread.
 */
bool	file_sync_dir(int fd, const char *path);

#endif
