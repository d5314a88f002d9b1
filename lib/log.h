/*
 * One line per event on stderr, which lighttpd or cron keeps:
 *     2026-11-21T20:00:00Z genhook-novita[123] warn: words
 * Control bytes and bytes beyond ASCII are escaped as \xNN, and a line is cut
 * at LOG_LINE_MAX with "..."; so no sender can forge or break a line.
 */
#ifndef GENHOOK_LOG_H
#define GENHOOK_LOG_H

#include <stdbool.h>

#define LOG_LINE_MAX	1024

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_LEVEL__MAX };

/* Name the program, and the least level that is written. */
void	log_open(const char *program, enum log_level least);
/*
 * From now on stderr is this file, to whose end lines are added; it is made for
 * its owner and group where there is none.  False with errno: it is what it
 * was.  Before there are threads.
 */
bool	log_to_file(const char *path);
void	log_line(enum log_level, const char *, ...)
	    __attribute__((format(printf, 2, 3)));

/* A copy of src as it may stand in a log; always ends in NUL, and in "..."
 * when it had to be cut. */
void	log_escape(char *dst, unsigned long dstsz, const char *src);

#endif
