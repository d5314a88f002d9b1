/* All of a file's bytes, in or out, whatever read(2) and write(2) take. */
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

#endif
