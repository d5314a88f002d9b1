/*
 * Is the database the one that sends, or a copy of it, which still has as queued
 * what the original has sent since?  sql/functions/identity.sql decides; what it
 * cannot know by itself is how many requests were sent from this host, so a note
 * in the spool's folder says that.
 *
 * It does not notice a copy of the whole machine, note and all, nor a database
 * that was set back and is swept from a host that had sent nothing since then.
 */
#ifndef GENHOOK_IDENTITY_H
#define GENHOOK_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "batch/run.h"

#define IDENTITY_NAME_MAX	64

/* The note of one database. */
struct identity {
	const char	*folder;	/* borrowed: receiver.spool_dir */
	char		 name[IDENTITY_NAME_MAX];	/* of the file in it */
	bool		 blind;		/* it cannot be written, as was said */
};

/*
 * Fill in identity, and see whether the run's database may send requests.
 * False: it may not, which is said, or the run is broken.  Main thread.
 */
bool	identity_check(struct identity *, struct run *);

/*
 * Note, before it is sent, that a request was claimed that is the so manieth.
 * On disk when it returns.  Where the note cannot be written that is said once.
 */
void	identity_note(struct identity *, int64_t sent);

/* The number in the note; -1: there is none that can be read. */
int64_t	identity_noted(const struct identity *);

/* Is there a note of another database in the folder? */
bool	identity_has_others(const struct identity *);

#endif
