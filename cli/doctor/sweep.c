/* Does cron run the sweep, and does the sweep get its work done? */
#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/file.h"
#include "common/spool.h"
#include "cli/doctor/doctor.h"
#include "cli/statements.h"

#define NOTE_MAX	1024
#define PATH_ROOM	4096
#define SWEEP_CURE	"let cron run genhook-sweep each minute "	\
			"(genhook.cron); its output is in the log that " \
			"this line names"

/* Columns of DB_SWEEP_HEALTH. */
enum { HOST, AGE_S, USUAL_S, IS_LATE, ERROR, ERROR_AGE_S, KILLED, WAS_KILLED };

static bool
sweep_is(const struct db_rows *rows, int row, int col)
{
	return strcmp(db_value(rows, row, col), "t") == 0;
}

/* How long ago, borrowed for as long as there are four of them. */
static const char *
sweep_ago(const struct db_rows *rows, int row, int col)
{
	static char	buf[4][32];
	static size_t	next;
	const char	*value = db_value(rows, row, col);
	char		*ago = buf[next++ % 4];

	(void)snprintf(ago, sizeof(buf[0]), "%s", doctor_ago(value != NULL ?
	    (long)db_number(value) : 0));
	return ago;
}

/* What one machine's sweeps are like. */
static void
sweep_look(struct doctor *d, const struct db_rows *rows, int row)
{
	const char	*host = db_value(rows, row, HOST);

	if (sweep_is(rows, row, IS_LATE))
		doctor_wrong(d, "cron", SWEEP_CURE, "the last sweep began %s "
		    "ago, on %s, and one did each %s before",
		    sweep_ago(rows, row, AGE_S), host,
		    sweep_ago(rows, row, USUAL_S));
	else if (db_value(rows, row, ERROR) != NULL)
		doctor_wrong(d, "cron", "genhook-sweep --verbose says more",
		    "the last sweep (%s ago, on %s) could not do all: %s (so "
		    "for %s)", sweep_ago(rows, row, AGE_S), host,
		    db_value(rows, row, ERROR),
		    sweep_ago(rows, row, ERROR_AGE_S));
	else if (db_number(db_value(rows, row, KILLED)) > 0)
		doctor_wrong(d, "cron", "the system's log says who kills them: "
		    "too little memory, or a limit of the host's",
		    "the last %s sweeps on %s were killed",
		    db_value(rows, row, KILLED), host);
	else if (sweep_is(rows, row, WAS_KILLED))
		doctor_note(d, "cron", "the last sweep (%s ago, on %s) was "
		    "killed", sweep_ago(rows, row, AGE_S), host);
	else
		doctor_ok(d, "cron", "the last sweep began %s ago, on %s",
		    sweep_ago(rows, row, AGE_S), host);
}

/* A run that could not begin has no row, but leaves a note on this machine. */
static void
sweep_look_for_note(struct doctor *d)
{
	char		 path[PATH_ROOM], *words;
	struct stat	 st;
	size_t		 len;
	int		 fd;

	(void)snprintf(path, sizeof(path), "%s/%s", d->conf->spool_dir,
	    SPOOL_SWEEP_NOTE);
	if (stat(path, &st) == -1)
		return;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	words = fd != -1 ? file_read_all(fd, NOTE_MAX, &len) : NULL;
	if (fd != -1)
		(void)close(fd);
	doctor_wrong(d, "cron", "run genhook-sweep as the user that cron "
	    "names, and mend what it says", "no sweep can begin (the last try "
	    "was %s ago): %s", doctor_ago((long)(time(NULL) - st.st_mtime)),
	    words != NULL ? words : path);
	free(words);
}

void
doctor_sweep(struct doctor *d)
{
	struct db_rows	*rows = doctor_ask(d, "cron", DB_SWEEP_HEALTH, NULL);
	int		 i;

	sweep_look_for_note(d);
	if (rows == NULL)
		return;
	if (db_rows_count(rows) == 0)
		doctor_wrong(d, "cron", SWEEP_CURE, "no sweep has ever run");
	for (i = 0; i < db_rows_count(rows); i++)
		sweep_look(d, rows, i);
	db_rows_free(rows);
}
