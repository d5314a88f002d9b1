/* Printing rows as a table that fits the terminal. */
#include <sys/ioctl.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/colour.h"

#define MAX_COLUMNS	32
#define CELL_MAX	60	/* of all columns but the last */
#define CELL_LEAST	10	/* a column cut shorter tells nothing */
#define ID_LEAST	14	/* enough of an id to name it by */
#define GAP		2

/* Columns that are more to their lists than where they stand: ids are cut as far as
 * lets the last column that is wanted have its least width. */
static const struct table_kind {
	const char	*name;
	size_t		 least;
	bool		 is_id, is_wanted;
	bool		 has_ends;	/* what is cut is its middle */
} table_kinds[] = {
	{ "task_id", ID_LEAST, true, false, false },
	{ "id", ID_LEAST, true, false, false },
	{ "about", ID_LEAST, true, false, false },
	{ "model", CELL_LEAST, false, true, false },
	{ "note", CELL_LEAST, false, true, false },
	{ "last_error", CELL_LEAST, false, true, false },
	{ "where", 24, false, true, true },
	{ "details", 24, false, true, false },
	{ NULL, CELL_LEAST, false, false, false }	/* any other */
};

static const struct table_kind *
table_kind(const struct db_rows *rows, int col)
{
	const struct table_kind	*k;

	for (k = table_kinds; k->name != NULL; k++)
		if (strcmp(k->name, db_column_name(rows, col)) == 0)
			break;
	return k;
}

/* How wide is it printed? */
static size_t
table_width(void)
{
	const char	*columns = getenv("COLUMNS");
	struct winsize	 ws;
	long		 n = columns != NULL ? strtol(columns, NULL, 10) : 0;

	if (n > 0)
		return (size_t)n;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_col > 0)
		return ws.ws_col;
	return INT_MAX;
}

/* A value as it may stand in a cell; row -1 is the head.  Returns its width. */
static size_t
table_cell(const struct db_rows *rows, int row, int col, size_t most,
    char out[CLI_TEXT_MAX])
{
	const char	*value = row == -1 ? db_column_name(rows, col) :
			    db_value(rows, row, col);

	return (table_kind(rows, col)->has_ends ? cli_text_ends : cli_text)
	    (out, CLI_TEXT_MAX, value != NULL ? value : "", most);
}

static size_t
table_column(const struct db_rows *rows, int col, size_t most)
{
	char	cell[CLI_TEXT_MAX];
	size_t	width = 0, n;
	int	row;

	for (row = -1; row < db_rows_count(rows); row++)
		if ((n = table_cell(rows, row, col, most, cell)) > width)
			width = n;
	return width;
}

/* Has no row a value there?  A list of nothing keeps its head. */
static bool
table_is_empty(const struct db_rows *rows, int col)
{
	const char	*value;
	int		 row;

	for (row = 0; row < db_rows_count(rows); row++) {
		value = db_value(rows, row, col);
		if (value != NULL && *value != '\0')
			return false;
	}
	return db_rows_count(rows) > 0;
}

/* How wide each column wants to be.  Where room is scarce, an empty one gets none. */
static int
table_measure(const struct db_rows *rows, bool narrow, size_t width[MAX_COLUMNS])
{
	int	col, ncols = db_columns(rows);

	if (ncols > MAX_COLUMNS)
		ncols = MAX_COLUMNS;
	for (col = 0; col < ncols; col++)
		width[col] = narrow && table_is_empty(rows, col) ? 0 :
		    table_column(rows, col, col == ncols - 1 ? CLI_WHOLE :
		    CELL_MAX);
	return ncols;
}

/* What the columns as far as the last wanted one take, that one being as narrow as it
 * may; *ids are how wide the widest id among them is. */
static size_t
table_wanted(const struct db_rows *rows, int ncols, const size_t *width,
    size_t *ids)
{
	const struct table_kind	*k;
	size_t			 used = 0, wanted = 0, widest = 0, least;
	int			 col;

	*ids = 0;
	for (col = 0; col < ncols; col++) {
		if (width[col] == 0)
			continue;
		k = table_kind(rows, col);
		if (k->is_id && width[col] > widest)
			widest = width[col];
		if (k->is_wanted) {
			least = width[col] < k->least ? width[col] : k->least;
			wanted = used + least;
			*ids = widest;
		}
		used += width[col] + GAP;
	}
	return wanted;
}

/* Cut ids, the widest first, until what is wanted has room. */
static void
table_cut_ids(const struct db_rows *rows, int ncols, size_t room,
    size_t width[MAX_COLUMNS])
{
	size_t	ids;
	int	col;

	while (table_wanted(rows, ncols, width, &ids) > room && ids > ID_LEAST)
		for (col = 0; col < ncols; col++)
			if (table_kind(rows, col)->is_id && width[col] == ids)
				width[col]--;
}

/* How wide each column becomes; returns how many fit. */
static int
table_columns(const struct db_rows *rows, size_t width[MAX_COLUMNS])
{
	size_t	room = table_width(), used = 0;
	int	col, ncols = table_measure(rows, room != INT_MAX, width);

	table_cut_ids(rows, ncols, room, width);
	for (col = 0; col < ncols; col++) {
		if (width[col] == 0)
			continue;
		used += used > 0 ? GAP : 0;
		if (used + width[col] > room) {
			if (room < used + CELL_LEAST)
				return col;
			width[col] = room - used;
			return col + 1;
		}
		used += width[col];
	}
	return col;
}

/* The colour of a cell: heads have one, and states. */
static const char *
table_colour(const struct db_rows *rows, int row, int col)
{
	const char	*name = db_column_name(rows, col);
	const char	*value = row == -1 ? "" : db_value(rows, row, col);

	if (row != -1 && (value == NULL || *value == '\0' ||
	    (strcmp(name, "status") != 0 && strcmp(name, "outcome") != 0)))
		return colour_of("-");
	return colour_of(value);
}

static void
table_line(const struct db_rows *rows, int row, const size_t width[MAX_COLUMNS],
    int ncols)
{
	char		 cell[CLI_TEXT_MAX];
	const char	*colour;
	size_t		 n, gap = 0;
	int		 col;

	for (col = 0; col < ncols; col++) {
		if (width[col] == 0)
			continue;
		n = table_cell(rows, row, col, width[col], cell);
		colour = table_colour(rows, row, col);
		printf("%*s%s%s%s", (int)gap, "", colour, cell,
		    colour_end(colour));
		gap = width[col] - n + GAP;
	}
	putchar('\n');
}

void
cli_table(const struct db_rows *rows)
{
	size_t	width[MAX_COLUMNS];
	int	row, ncols = table_columns(rows, width);

	for (row = -1; row < db_rows_count(rows); row++)
		table_line(rows, row, width, ncols);
}

static void
table_csv_value(const char *value)
{
	if (strpbrk(value, ",\"\r\n") == NULL) {
		fputs(value, stdout);
		return;
	}
	putchar('"');
	for (; *value != '\0'; value++) {
		if (*value == '"')
			putchar('"');
		putchar(*value);
	}
	putchar('"');
}

void
cli_csv(const struct db_rows *rows)
{
	const char	*value;
	int		 row, col, ncols = db_columns(rows);

	for (row = -1; row < db_rows_count(rows); row++)
		for (col = 0; col < ncols; col++) {
			value = row == -1 ? db_column_name(rows, col) :
			    db_value(rows, row, col);
			table_csv_value(value != NULL ? value : "");
			fputs(col == ncols - 1 ? "\r\n" : ",", stdout);
		}
}

void
cli_document(const struct db_rows *rows)
{
	const char	*text = db_value(rows, 0, 0);

	puts(text != NULL ? text : "null");
}
