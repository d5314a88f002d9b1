/* Does cron run the sweep, and does the sweep get its work done? */
#include <string.h>

#include "cli/doctor/doctor.h"
#include "cli/statements.h"

#define SWEEP_MAX_S	3600
#define SWEEP_CURE	"let cron run genhook-sweep each minute "	\
			"(genhook.cron); its output is in the log that " \
			"this line names"

static void
last_sweep_look(struct doctor *d, const struct db_rows *rows)
{
	long		 age_s = (long)db_number(db_value(rows, 0, 0));
	const char	*host = db_value(rows, 0, 1);
	const char	*error = db_value(rows, 0, 3);

	if (age_s > SWEEP_MAX_S)
		doctor_wrong(d, "cron", SWEEP_CURE, "the last sweep began %s "
		    "ago, on %s", doctor_ago(age_s), host);
	else if (error != NULL)
		doctor_wrong(d, "cron", "genhook-sweep --verbose says more",
		    "the last sweep (%s ago, on %s) could not do all: %s",
		    doctor_ago(age_s), host, error);
	else if (strcmp(db_value(rows, 0, 2), "t") == 0)
		doctor_note(d, "cron", "the last sweep (%s ago, on %s) was "
		    "killed", doctor_ago(age_s), host);
	else
		doctor_ok(d, "cron", "the last sweep began %s ago, on %s",
		    doctor_ago(age_s), host);
}

void
doctor_sweep(struct doctor *d)
{
	struct db_rows	*rows = doctor_ask(d, "cron", DB_LAST_SWEEP, NULL);

	if (rows == NULL)
		return;
	if (db_rows_count(rows) == 0)
		doctor_wrong(d, "cron", SWEEP_CURE, "no sweep has ever run");
	else
		last_sweep_look(d, rows);
	db_rows_free(rows);
}
