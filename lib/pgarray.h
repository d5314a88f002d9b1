/*
 * One-dimensional arrays in PostgreSQL's binary format (array_recv() in the
 * server's arrayfuncs.c): what a batch of deliveries travels in.
 */
#ifndef GENHOOK_PGARRAY_H
#define GENHOOK_PGARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/time.h"
#include "lib/db.h"

enum pg_type {		/* object ids, fixed in pg_type.dat */
	PG_BOOL		= 16,
	PG_BYTEA	= 17,
	PG_INT4		= 23,
	PG_TEXT		= 25,
	PG_TIMESTAMPTZ	= 1184,
	PG_UUID		= 2950
};

struct pgarray {
	struct buf	buf;		/* its failure is looked at in the end */
	uint32_t	nitems;
};

void	pgarray_begin(struct pgarray *, enum pg_type);
void	pgarray_bytes(struct pgarray *, const void *, size_t);
void	pgarray_null(struct pgarray *);
void	pgarray_text(struct pgarray *, const char *);	/* NULL: SQL NULL */
/* Our own words, which may have been cut within a character: as text, with
 * '?' for anything beyond ASCII, and no longer than an errbuf. */
void	pgarray_words(struct pgarray *, const char *);	/* NULL: SQL NULL */
void	pgarray_int4(struct pgarray *, int32_t);
void	pgarray_bool(struct pgarray *, bool);
void	pgarray_time(struct pgarray *, usec_t);		/* 0: SQL NULL */
void	pgarray_uuid(struct pgarray *, const char *);	/* else it fails */
/* Fill in the head; false when something failed or it is over 1 GB. */
bool	pgarray_end(struct pgarray *);
/* As a parameter, borrowed, once it has ended. */
struct db_param pgarray_param(const struct pgarray *);
void	pgarray_free(struct pgarray *);

#endif
