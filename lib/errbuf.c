/* What went wrong: its class and its words. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/errbuf.h"
#include "lib/utf8.h"

static void __attribute__((format(printf, 2, 0)))
errbuf_print(struct errbuf *err, const char *fmt, va_list ap)
{
	char	text[sizeof(err->text)];
	int	len;

	/* By way of a second buffer, since err->text may be an argument. */
	len = vsnprintf(text, sizeof(text), fmt, ap);
	if (len < 0)
		text[0] = '\0';
	else if ((size_t)len >= sizeof(text))
		memcpy(text + utf8_cut(text, sizeof(text) - 4), "...", 4);
	memcpy(err->text, text, sizeof(text));
}

void
errbuf_set(struct errbuf *err, const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	errbuf_print(err, fmt, ap);
	va_end(ap);
	err->class = ERR_OTHER;
	err->sqlstate[0] = '\0';
}

void
errbuf_reword(struct errbuf *err, const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	errbuf_print(err, fmt, ap);
	va_end(ap);
}

bool
errbuf_no_memory(struct errbuf *err)
{
	errbuf_set(err, "out of memory");
	err->class = ERR_NO_MEMORY;
	return false;
}
