/* Quantities as people read them. */
#include <stdio.h>

#include "lib/units.h"

void
units_bytes(int64_t bytes, char text[UNITS_BYTES_MAX])
{
	static const char *const	names[] = { "B", "kB", "MB", "GB",
					    "TB" };
	double				n = (double)bytes;
	size_t				i;

	for (i = 0; n >= 1000 && i + 1 < sizeof(names) / sizeof(names[0]); i++)
		n /= 1000;
	(void)snprintf(text, UNITS_BYTES_MAX, i == 0 ? "%.0f %s" : "%.1f %s",
	    n, names[i]);
}
