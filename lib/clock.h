/* The clock for deadlines, which never jumps; lib/time.h has the calendar. */
#ifndef GENHOOK_CLOCK_H
#define GENHOOK_CLOCK_H

#include <stdint.h>

/* Milliseconds from a beginning of their own, on every thread the same. */
int64_t	clock_ms(void);

#endif
