#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "errbuf.h"

void
errbuf_set(struct errbuf *why, const char *fmt, ...)
{
	char	text[sizeof(why->text)];
	va_list	ap;
	int	len;

	/* By way of a second buffer, since why->text may be an argument. */
	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (len < 0)
		text[0] = '\0';
	else if ((size_t)len >= sizeof(text))
		memcpy(text + sizeof(text) - 4, "...", 4);
	memcpy(why->text, text, sizeof(text));
}
