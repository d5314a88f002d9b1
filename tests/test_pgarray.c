/* lib/pgarray: arrays, byte for byte as PostgreSQL reads them. */
#include <stdlib.h>
#include <string.h>

#include "lib/pgarray.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"

/* dimensions, has-nulls, type, items, lower bound: array_recv()'s order. */
#define HEAD(type, n)	"\0\0\0\1" "\0\0\0\1" type n "\0\0\0\1"
#define SQL_NULL	"\xff\xff\xff\xff"

/* Assert the array's bytes, and free it. */
static void
assert_bytes(struct pgarray *a, const char *want, size_t len)
{
	CU_ASSERT(pgarray_end(a));
	CU_ASSERT_EQUAL(a->buf.len, len);
	CU_ASSERT(a->buf.len == len && memcmp(a->buf.data, want, len) == 0);
	pgarray_free(a);
	CU_ASSERT_PTR_NULL(a->buf.data);
}
#define ASSERT_BYTES(a, literal)	\
	assert_bytes((a), (literal), sizeof(literal) - 1)

static void
test_empty(void)
{
	struct pgarray	a;

	pgarray_begin(&a, PG_TEXT);
	ASSERT_BYTES(&a, "\0\0\0\0" "\0\0\0\0" "\0\0\0\x19");
}

static void
test_text(void)
{
	struct pgarray	a;

	pgarray_begin(&a, PG_TEXT);
	pgarray_text(&a, "abc");
	pgarray_text(&a, NULL);
	pgarray_text(&a, "");
	ASSERT_BYTES(&a, HEAD("\0\0\0\x19", "\0\0\0\3")
	    "\0\0\0\3" "abc" SQL_NULL "\0\0\0\0");
}

static void
test_bytea(void)
{
	struct pgarray	a;

	pgarray_begin(&a, PG_BYTEA);
	pgarray_bytes(&a, "\0\xff\n", 3);
	pgarray_bytes(&a, NULL, 0);
	pgarray_null(&a);
	ASSERT_BYTES(&a, HEAD("\0\0\0\x11", "\0\0\0\3")
	    "\0\0\0\3" "\0\xff\n" "\0\0\0\0" SQL_NULL);
}

static void
test_numbers(void)
{
	struct pgarray	a;

	pgarray_begin(&a, PG_INT4);
	pgarray_int4(&a, 1);
	pgarray_int4(&a, -2);
	pgarray_int4(&a, INT32_MIN);
	ASSERT_BYTES(&a, HEAD("\0\0\0\x17", "\0\0\0\3")
	    "\0\0\0\4" "\0\0\0\1" "\0\0\0\4" "\xff\xff\xff\xfe"
	    "\0\0\0\4" "\x80\0\0\0");
	pgarray_begin(&a, PG_BOOL);
	pgarray_bool(&a, true);
	pgarray_bool(&a, false);
	ASSERT_BYTES(&a, HEAD("\0\0\0\x10", "\0\0\0\2")
	    "\0\0\0\1" "\1" "\0\0\0\1" "\0");
}

/* PostgreSQL's microseconds count from 2000-01-01T00:00:00Z. */
static void
test_time(void)
{
	struct pgarray	a;

	pgarray_begin(&a, PG_TIMESTAMPTZ);
	pgarray_time(&a, INT64_C(946684800000000));
	pgarray_time(&a, INT64_C(946684800000001));
	pgarray_time(&a, INT64_C(946684799999999));
	pgarray_time(&a, 0);
	ASSERT_BYTES(&a, HEAD("\0\0\x04\xa0", "\0\0\0\4")
	    "\0\0\0\x08" "\0\0\0\0\0\0\0\0"
	    "\0\0\0\x08" "\0\0\0\0\0\0\0\1"
	    "\0\0\0\x08" "\xff\xff\xff\xff\xff\xff\xff\xff" SQL_NULL);
}

static void
test_uuid(void)
{
	struct pgarray	a;

	pgarray_begin(&a, PG_UUID);
	pgarray_uuid(&a, "01234567-89ab-cdef-ABCD-EFfedcba9876");
	ASSERT_BYTES(&a, HEAD("\0\0\x0b\x86", "\0\0\0\1") "\0\0\0\x10"
	    "\x01\x23\x45\x67\x89\xab\xcd\xef\xab\xcd\xef\xfe\xdc\xba\x98\x76");
}

static void
test_bad_uuid(void)
{
	static const char *const	bad[] = {
		"", "a", "abc", "0123", "-", "zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz",
		"01234567-89ab-cdef-abcd-effedcba987",
		"01234567-89ab-cdef-abcd-effedcba98765",
		"01234567-89ab-cdef-abcd-effedcba987g",
		"0123456789abcdefabcdeffedcba9876",
		"0123456-789ab-cdef-abcd-effedcba9876",
		"------------------------------------",
	};
	struct pgarray	 a;
	char		*exact;
	size_t		 i;

	for (i = 0; i < COUNT(bad); i++) {
		exact = strdup(bad[i]);
		CU_ASSERT_PTR_NOT_NULL_FATAL(exact);
		pgarray_begin(&a, PG_UUID);
		pgarray_uuid(&a, exact);
		CU_ASSERT_FALSE(pgarray_end(&a));
		pgarray_free(&a);
		free(exact);
	}
}

/* It grows, and stays whole. */
static void
test_growth(void)
{
	struct pgarray	a;
	size_t		i;

	pgarray_begin(&a, PG_TEXT);
	for (i = 0; i < 5000; i++)
		pgarray_text(&a, "0123456789");
	CU_ASSERT(pgarray_end(&a));
	CU_ASSERT_EQUAL(a.buf.len, 20 + 5000 * 14);
	CU_ASSERT_EQUAL(memcmp(a.buf.data + 12, "\0\0\x13\x88", 4), 0);
	CU_ASSERT_EQUAL(memcmp(a.buf.data + a.buf.len - 14, "\0\0\0\x0a" "0123456789",
	    14), 0);
	pgarray_free(&a);
}

/* Over the 1 GB that a value of PostgreSQL holds; nothing is read. */
static void
test_too_large(void)
{
	struct pgarray	a;

	pgarray_begin(&a, PG_BYTEA);
	pgarray_bytes(&a, "x", (size_t)1 << 31);
	CU_ASSERT_FALSE(pgarray_end(&a));
	pgarray_free(&a);
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "empty", test_empty },
		{ "text", test_text },
		{ "bytea", test_bytea },
		{ "numbers", test_numbers },
		{ "time", test_time },
		{ "uuid", test_uuid },
		{ "bad uuid", test_bad_uuid },
		{ "growth", test_growth },
		{ "too large", test_too_large },
		{ NULL, NULL }
	};

	return cunit_run("pgarray", tests);
}
