/* The version, which the build takes from the file VERSION. */
#include <stdio.h>

#include "lib/version.h"
#include "version_text.h"

void
version_print(const char *program)
{
	printf("%s %s\n", program, VERSION_TEXT);
}
