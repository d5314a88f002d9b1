/* The clock for deadlines: it never jumps. */
#ifndef GENHOOK_CLOCK_H
#define GENHOOK_CLOCK_H

#include <stdint.h>

int64_t	clock_ms(void);		/* monotonic milliseconds */

#endif
