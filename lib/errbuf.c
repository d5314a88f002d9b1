#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/errbuf.h"

/* Not within a UTF-8 character: what is left may go to the database. */
static size_t
cut_at(const char *text, size_t at)
{
	while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80)
		at--;
	return at;
}

void
errbuf_set(struct errbuf *err, const char *fmt, ...)
{
	char	text[sizeof(err->text)];
	va_list	ap;
	int	len;

	/* By way of a second buffer, since err->text may be an argument. */
	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (len < 0)
		text[0] = '\0';
	else if ((size_t)len >= sizeof(text))
		memcpy(text + cut_at(text, sizeof(text) - 4), "...", 4);
	memcpy(err->text, text, sizeof(text));
}
