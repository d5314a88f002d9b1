#include <endian.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/crypto.h"
#include "lib/errbuf.h"
#include "lib/pgarray.h"

/* Dimensions, has-nulls flag, element type, number of items, lower bound. */
#define HEAD_BYTES	20

/* PostgreSQL counts from 2000-01-01. */
#define PG_EPOCH_USEC	(INT64_C(946684800) * USEC_PER_SEC)

static void
append(struct pgarray *a, const void *data, size_t len)
{
	size_t	 room = a->room;
	char	*grown;

	if (a->failed)
		return;
	while (room - a->len < len)
		room = room == 0 ? 256 : room * 2;
	if (room != a->room) {
		if ((grown = realloc(a->data, room)) == NULL) {
			a->failed = true;
			return;
		}
		a->data = grown;
		a->room = room;
	}
	if (len > 0)
		memcpy(a->data + a->len, data, len);
	a->len += len;
}

static void
append_int32(struct pgarray *a, uint32_t v)
{
	v = htobe32(v);
	append(a, &v, sizeof(v));
}

void
pgarray_begin(struct pgarray *a, enum pg_type type)
{
	memset(a, 0, sizeof(*a));
	append_int32(a, 1);
	append_int32(a, 1);
	append_int32(a, (uint32_t)type);
	append_int32(a, 0);
	append_int32(a, 1);
}

void
pgarray_bytes(struct pgarray *a, const void *data, size_t len)
{
	if (len > INT_MAX / 2)
		a->failed = true;
	append_int32(a, (uint32_t)len);
	append(a, data, len);
	a->nitems++;
}

void
pgarray_null(struct pgarray *a)
{
	append_int32(a, UINT32_MAX);
	a->nitems++;
}

void
pgarray_text(struct pgarray *a, const char *text)
{
	if (text == NULL)
		pgarray_null(a);
	else
		pgarray_bytes(a, text, strlen(text));
}

void
pgarray_words(struct pgarray *a, const char *words)
{
	char	clean[sizeof(((struct errbuf *)0)->text)];
	size_t	n;

	if (words == NULL) {
		pgarray_null(a);
		return;
	}
	for (n = 0; n < sizeof(clean) && words[n] != '\0'; n++)
		clean[n] = (unsigned char)words[n] < 0x80 ? words[n] : '?';
	pgarray_bytes(a, clean, n);
}

void
pgarray_int4(struct pgarray *a, int32_t v)
{
	uint32_t	be = htobe32((uint32_t)v);

	pgarray_bytes(a, &be, sizeof(be));
}

void
pgarray_bool(struct pgarray *a, bool v)
{
	char	c = v ? 1 : 0;

	pgarray_bytes(a, &c, 1);
}

void
pgarray_time(struct pgarray *a, usec_t t)
{
	uint64_t	be = htobe64((uint64_t)(t - PG_EPOCH_USEC));

	if (t == 0)
		pgarray_null(a);
	else
		pgarray_bytes(a, &be, sizeof(be));
}

static unsigned
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	return (unsigned)((c | 0x20) - 'a' + 10);
}

void
pgarray_uuid(struct pgarray *a, const char *text)
{
	unsigned char	raw[16];
	size_t		n = 0;

	if (!uuid_is_valid(text)) {
		a->failed = true;
		return;
	}
	for (; *text != '\0'; text++) {
		if (*text == '-')
			continue;
		raw[n++] = (unsigned char)(hex_digit(text[0]) << 4 |
		    hex_digit(text[1]));
		text++;
	}
	pgarray_bytes(a, raw, sizeof(raw));
}

bool
pgarray_end(struct pgarray *a)
{
	uint32_t	be = htobe32(a->nitems);

	if (a->failed || a->len > INT_MAX / 2)
		return false;
	memcpy(a->data + 12, &be, sizeof(be));
	/* An empty array has no dimensions and ends behind its type. */
	if (a->nitems == 0) {
		memset(a->data, 0, 8);
		a->len = HEAD_BYTES - 8;
	}
	return true;
}

void
pgarray_free(struct pgarray *a)
{
	free(a->data);
	memset(a, 0, sizeof(*a));
}
