/*
 * Moments of the calendar, and the texts and numbers that name them.  For
 * deadlines, which have to pass at an even pace, there is lib/clock.h.
 */
#ifndef GENHOOK_TIME_H
#define GENHOOK_TIME_H

#include <stdint.h>

/* Microseconds since 1970 in UTC; 0 stands for "not known". */
typedef int64_t usec_t;
#define USEC_PER_SEC	INT64_C(1000000)

/* This moment, by the machine's clock, which may be set back. */
usec_t	time_now(void);

/*
 * The moment of a text such as 2025-09-25T09:12:48.239112031Z (RFC 3339,
 * section 5.6).  What is below a microsecond is dropped.  0: it is no such
 * text, or not from 1970 to year 9999.
 */
usec_t	time_parse_rfc3339(const char *);

/* The same for 20250925T091248Z, ISO 8601's basic format, as signed URLs have
 * it. */
usec_t	time_parse_basic(const char *);

/* A count of seconds or milliseconds since 1970; 0 when it is not from 1970 to
 * year 9999. */
usec_t	usec_from_seconds(int64_t);
usec_t	usec_from_millis(int64_t);

/* A count since 1970 in the unit that it must be in to be of our time: seconds,
 * milliseconds or microseconds. */
usec_t	usec_from_epoch(int64_t);

#endif
