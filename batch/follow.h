/*
 * genhook-sweep --follow: a service that starts a run whenever there is
 * something to do, in place of cron.  For the main thread.
 */
#ifndef GENHOOK_FOLLOW_H
#define GENHOOK_FOLLOW_H

#include "common/conf.h"

#define FOLLOW_LOCK_NAME	".follow.lock"	/* in the spool's directory */

enum follow_end {
	FOLLOW_STOPPED,		/* by SIGTERM or SIGINT */
	FOLLOW_ANOTHER,		/* another one is at it, with this spool */
	FOLLOW_FAILED		/* logged */
};

/*
 * Start runs until a signal ends it, within two seconds: each is this program
 * again, with the arguments of argv (NULL-terminated, argv[0] its name), and so
 * reads the settings anew.  A run starts when the database notifies that a task
 * has finished or that there is work, when the next thing falls due, and every
 * sweep.every seconds anyway, also while the database is away.  Several may be
 * under way at once, since one may be at a long download.
 */
enum follow_end follow(const struct conf *, const char *const argv[]);

#endif
