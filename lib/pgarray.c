/* Arrays in PostgreSQL's binary format, built item by item. */
#include <endian.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/crypto.h"
#include "lib/errbuf.h"
#include "lib/pgarray.h"

#define BYTES_MAX	((size_t)INT_MAX)	/* PostgreSQL's is 1 GB */

/* Dimensions, has-nulls flag, element type, number of items, lower bound. */
#define HEAD_BYTES	20

/* PostgreSQL counts from 2000-01-01. */
#define PG_EPOCH_USEC	(INT64_C(946684800) * USEC_PER_SEC)

static void
pgarray_int32(struct pgarray *a, uint32_t v)
{
	v = htobe32(v);
	buf_bytes(&a->buf, &v, sizeof(v));
}

void
pgarray_begin(struct pgarray *a, enum pg_type type)
{
	buf_init(&a->buf, BYTES_MAX);
	a->nitems = 0;
	pgarray_int32(a, 1);
	pgarray_int32(a, 1);
	pgarray_int32(a, (uint32_t)type);
	pgarray_int32(a, 0);
	pgarray_int32(a, 1);
}

void
pgarray_bytes(struct pgarray *a, const void *data, size_t len)
{
	if (len > INT_MAX / 2)
		a->buf.failed = true;
	pgarray_int32(a, (uint32_t)len);
	buf_bytes(&a->buf, data, len);
	a->nitems++;
}

void
pgarray_null(struct pgarray *a)
{
	pgarray_int32(a, UINT32_MAX);
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
		a->buf.failed = true;
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

	if (a->buf.failed || a->buf.len > INT_MAX / 2)
		return false;
	memcpy(a->buf.data + 12, &be, sizeof(be));
	/* An empty array has no dimensions and ends behind its type. */
	if (a->nitems == 0) {
		memset(a->buf.data, 0, 8);
		a->buf.len = HEAD_BYTES - 8;
	}
	return true;
}

struct db_param
pgarray_param(const struct pgarray *a)
{
	struct db_param	p = { a->buf.data, (int)a->buf.len };

	return p;
}

void
pgarray_free(struct pgarray *a)
{
	buf_free(&a->buf);
	a->nitems = 0;
}
