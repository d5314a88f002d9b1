/* A string that is built at its end, and the escapers that go into it. */
#include <ctype.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/hex.h"

#define ROOM_FIRST	256

void
buf_init(struct buf *b, size_t most)
{
	memset(b, 0, sizeof(*b));
	b->most = most;
}

void
buf_over(struct buf *b, char *mem, size_t size)
{
	buf_init(b, size);
	b->data = mem;
	b->room = size;
	b->fixed = true;
	mem[0] = '\0';
}

void
buf_free(struct buf *b)
{
	if (!b->fixed)
		free(b->data);
	buf_init(b, b->most);
}

bool
buf_ok(const struct buf *b)
{
	return !b->failed;
}

char *
buf_take(struct buf *b)
{
	char	*data = NULL;

	buf_bytes(b, "", 0);
	if (!b->failed && !b->fixed) {
		data = b->data;
		b->data = NULL;
	}
	buf_free(b);
	return data;
}

void
buf_cut(struct buf *b, size_t len)
{
	if (len >= b->len)
		return;
	b->len = len;
	b->data[len] = '\0';
}

/* Room for len more bytes and the NUL. */
static bool
buf_reserve(struct buf *b, size_t len)
{
	size_t	 room = b->room;
	char	*grown;

	if (b->failed || len >= b->most - b->len) {
		b->failed = true;
		return false;
	}
	while (room - b->len <= len)
		room = room == 0 ? ROOM_FIRST : room * 2;
	if (room > b->most)
		room = b->most;
	if (room == b->room)
		return true;
	if ((grown = realloc(b->data, room)) == NULL) {
		b->failed = true;
		return false;
	}
	b->data = grown;
	b->room = room;
	return true;
}

void
buf_bytes(struct buf *b, const void *data, size_t len)
{
	if (!buf_reserve(b, len))
		return;
	if (len > 0)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void
buf_text(struct buf *b, const char *text)
{
	buf_bytes(b, text, strlen(text));
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list	ap;
	int	len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0 || !buf_reserve(b, (size_t)len)) {
		b->failed = true;
		return;
	}
	va_start(ap, fmt);
	(void)vsnprintf(b->data + b->len, (size_t)len + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)len;
}

void
buf_percent(struct buf *b, const char *text, const char *also)
{
	unsigned char	c;

	for (; (c = (unsigned char)*text) != '\0'; text++)
		if (c < 0x80 && (isalnum(c) || strchr("-._~", c) != NULL ||
		    strchr(also, c) != NULL))
			buf_bytes(b, text, 1);
		else
			buf_printf(b, "%%%02X", c);
}

void
buf_percent_decoded(struct buf *b, const char *text, size_t len)
{
	const char	*percent, *end = text + len;
	int		 value;
	char		 c;

	while ((percent = memchr(text, '%', (size_t)(end - text))) != NULL) {
		buf_bytes(b, text, (size_t)(percent - text));
		text = percent + 1;
		c = '%';
		if (end - text >= 2 && (value = hex_read(text, 2)) >= 0) {
			c = (char)value;
			text += 2;
		}
		buf_bytes(b, &c, 1);
	}
	buf_bytes(b, text, (size_t)(end - text));
}

/* How a byte stands in JSON: as it is, behind a backslash, or as '?'. */
static bool
json_is_escaped(char c)
{
	return c == '"' || c == '\\';
}

void
buf_json(struct buf *b, const char *text, size_t most)
{
	size_t	 i, n = strnlen(text, most), len = n;
	char	*out;

	for (i = 0; i < n; i++)
		len += json_is_escaped(text[i]) ? 1 : 0;
	if (!buf_reserve(b, len))
		return;
	out = b->data + b->len;
	for (i = 0; i < n; i++) {
		if (json_is_escaped(text[i]))
			*out++ = '\\';
		*out++ = text[i] >= 0x20 && text[i] < 0x7f ? text[i] : '?';
	}
	*out = '\0';
	b->len += len;
	if (text[n] != '\0')
		buf_text(b, "...");
}

void
buf_json_utf8(struct buf *b, const char *text)
{
	for (; *text != '\0'; text++)
		if (*text == '"' || *text == '\\')
			buf_printf(b, "\\%c", *text);
		else if ((unsigned char)*text < ' ' || *text == '\177')
			buf_printf(b, "\\u%04x", (unsigned)*text);
		else
			buf_bytes(b, text, 1);
}
