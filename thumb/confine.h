/* What a process that reads a foreign file may still do.  For the main thread, of
 * a program that does nothing else. */
#ifndef GENHOOK_CONFINE_H
#define GENHOOK_CONFINE_H

#include <stdbool.h>

/* Little memory, seconds of time, no core file, at most a megabyte written,
 * the end with the parent; kept by whatever is started in its place.  Returns
 * false with errno where the system refuses. */
bool	confine_limits(void);

/*
 * From now on this process and its threads may compute, and read and write what is
 * open: no file opened, no program started, no network (seccomp(2)).  Where the
 * kernel or this machine's kind has no such filter the limits stand alone.
 */
void	confine_to_open_files(void);

/*
 * From now on, and in a program that is started: no network, no other process, no
 * change of a file (seccomp(2)), and no file to be read but those of the system and
 * the one that is open as fd (landlock(7)), as far as the kernel has either.
 */
void	confine_to_reading(int fd);

#endif
