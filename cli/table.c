/* Rows as a table that fits the terminal. */
#include <sys/ioctl.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "log.h"

#define MAX_COLUMNS	32
#define CELL_MAX	60	/* of all columns but the last */
#define CELL_LEAST	10	/* a column cut shorter tells nothing */
#define GAP		2

/* How wide is it printed? */
static size_t
line_width(void)
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

static void
cut(char *text, size_t width)
{
	if (strlen(text) > width)
		memcpy(text + width - 3, "...", 4);
}

/* A value as it may stand in a cell: escaped; row -1 is the head. */
static void
cell_text(const struct db_rows *rows, int row, int col, size_t width,
    char out[LOG_LINE_MAX])
{
	const char	*value = row == -1 ? db_column_name(rows, col) :
			    db_value(rows, row, col);

	log_escape(out, LOG_LINE_MAX, value != NULL ? value : "");
	cut(out, width);
}

static size_t
column_width(const struct db_rows *rows, int col, size_t most)
{
	char	cell[LOG_LINE_MAX];
	size_t	width = 0;
	int	row;

	for (row = -1; row < db_rows_count(rows); row++) {
		cell_text(rows, row, col, most, cell);
		if (strlen(cell) > width)
			width = strlen(cell);
	}
	return width;
}

/* How wide each column becomes; returns how many fit. */
static int
columns_fit(const struct db_rows *rows, size_t width[MAX_COLUMNS])
{
	int	col, ncols = db_columns(rows);
	size_t	room = line_width(), used = 0, gap;

	for (col = 0; col < ncols && col < MAX_COLUMNS; col++) {
		gap = col > 0 ? GAP : 0;
		width[col] = column_width(rows, col, col == ncols - 1 ?
		    LOG_LINE_MAX : CELL_MAX);
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

void
cli_table(const struct db_rows *rows)
{
	char	cell[LOG_LINE_MAX];
	size_t	width[MAX_COLUMNS];
	int	row, col, ncols = columns_fit(rows, width);

	for (row = -1; row < db_rows_count(rows); row++)
		for (col = 0; col < ncols; col++) {
			cell_text(rows, row, col, width[col], cell);
			if (col == ncols - 1)
				printf("%s\n", cell);
			else
				printf("%-*s%*s", (int)width[col], cell, GAP,
				    "");
		}
}

void
cli_document(const struct db_rows *rows)
{
	const char	*text = db_value(rows, 0, 0);

	puts(text != NULL ? text : "null");
}
