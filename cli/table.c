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
#define GAP		2

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

	return cli_text(out, CLI_TEXT_MAX, value != NULL ? value : "", most);
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

/* How wide each column becomes; returns how many fit.  Where room is scarce, an
 * empty column gets none. */
static int
table_columns(const struct db_rows *rows, size_t width[MAX_COLUMNS])
{
	int	col, ncols = db_columns(rows);
	size_t	room = table_width(), used = 0, gap;
	bool	narrow = room != INT_MAX;

	for (col = 0; col < ncols && col < MAX_COLUMNS; col++) {
		width[col] = 0;
		if (narrow && table_is_empty(rows, col))
			continue;
		gap = used > 0 ? GAP : 0;
		width[col] = table_column(rows, col, col == ncols - 1 ?
		    CLI_WHOLE : CELL_MAX);
		if (used + gap + width[col] > room) {
			if (room < used + gap + CELL_LEAST)
				return col;
			width[col] = room - used - gap;
			return col + 1;
		}
		used += gap + width[col];
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
