/* Quantities as people read them. */
#ifndef GENHOOK_UNITS_H
#define GENHOOK_UNITS_H

#include <stddef.h>
#include <stdint.h>

#define UNITS_BYTES_MAX	32	/* of the text, with its NUL */

/* 1.2 MB: powers of 1,000, one decimal from kB on. */
void	units_bytes(int64_t bytes, char text[UNITS_BYTES_MAX]);

#endif
