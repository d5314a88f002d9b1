/* Values on their way to the database, as parameters, and back, as rows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/db_internal.h"

struct db_param
db_text(const char *text)
{
	struct db_param	p = { text, DB_TEXT };

	return p;
}

struct db_param
db_int(int64_t n, char buf[DB_NUMBER_MAX])
{
	(void)snprintf(buf, DB_NUMBER_MAX, "%lld", (long long)n);
	return db_text(buf);
}

struct db_param
db_interval(int64_t seconds, char buf[DB_NUMBER_MAX])
{
	(void)snprintf(buf, DB_NUMBER_MAX, "%lld s", (long long)seconds);
	return db_text(buf);
}

int64_t
db_number(const char *text)
{
	return text == NULL ? 0 : strtoll(text, NULL, 10);
}

int
db_rows_count(const struct db_rows *rows)
{
	return PQntuples((const PGresult *)rows);
}

int
db_columns(const struct db_rows *rows)
{
	return PQnfields((const PGresult *)rows);
}

const char *
db_column_name(const struct db_rows *rows, int col)
{
	return PQfname((const PGresult *)rows, col);
}

const char *
db_value(const struct db_rows *rows, int row, int col)
{
	const PGresult	*res = (const PGresult *)rows;

	if (PQgetisnull(res, row, col))
		return NULL;
	return PQgetvalue(res, row, col);
}

char *
db_bytes(const struct db_rows *rows, int row, int col, size_t *len)
{
	const char	*text = db_value(rows, row, col);
	unsigned char	*raw;
	char		*copy;

	if (text == NULL || (raw = PQunescapeBytea(
	    (const unsigned char *)text, len)) == NULL)
		return NULL;
	if ((copy = malloc(*len + 1)) != NULL) {
		memcpy(copy, raw, *len);
		copy[*len] = '\0';
	}
	PQfreemem(raw);
	return copy;
}

void
db_rows_free(struct db_rows *rows)
{
	PQclear((PGresult *)rows);
}
