/* Memory, or the end of the program. */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "lib/xalloc.h"

#define EXIT_NO_MEMORY	2

void *
xcalloc(size_t size)
{
	void	*p;

	if ((p = calloc(1, size)) == NULL)
		err(EXIT_NO_MEMORY, NULL);
	return p;
}

char *
xstrdup(const char *text)
{
	char	*copy;

	if (text == NULL)
		return NULL;
	if ((copy = strdup(text)) == NULL)
		err(EXIT_NO_MEMORY, NULL);
	return copy;
}
