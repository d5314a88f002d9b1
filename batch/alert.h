/*
 * Alerts: what a person should look at is told by the settings' way, once, again
 * each alert.remind_hours, and when it is well again; genhook.alerts keeps what
 * was told.  And the ping by which somebody else notices that no sweep runs any
 * more.  For the main thread, at the end of a run.
 */
#ifndef GENHOOK_ALERT_H
#define GENHOOK_ALERT_H

#include "batch/run.h"

/* What a finding is of: the states that note_alerts() returns. */
struct alert_finding {
	const char	*state;		/* new, reminder or well */
	const char	*reason;
	const char	*provider;	/* NULL: of none */
	const char	*task_id;	/* likewise */
	const char	*details;
	const char	*cure;		/* NULL: none */
	const char	*since;		/* as RFC 3339 has it */
};

/* After a run that had the database: tell what is to be told, once a minute at
 * most, and ping.  What could not be told is logged, and told by a later run. */
void	alert_after_run(struct run *);

/* After a run that could not begin: tell so once it has lasted for two minutes,
 * as a restart of the database takes less.  What was told is kept in a file of
 * the spool's folder, as there is no database. */
void	alert_cannot_begin(struct run *);

#endif
