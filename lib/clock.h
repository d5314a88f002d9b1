/* The clock for deadlines, which never jumps, and moments of the calendar. */
#ifndef GENHOOK_CLOCK_H
#define GENHOOK_CLOCK_H

#include <stdint.h>

/* Times are microseconds since 1970 in UTC; 0 stands for "not known". */
typedef int64_t usec_t;
#define USEC_PER_SEC	INT64_C(1000000)

int64_t	clock_ms(void);		/* monotonic milliseconds */

#endif
