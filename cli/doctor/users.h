/*
 * Who runs handlers and sweep on this machine, what such a user may do with a
 * folder, and who else may.
 */
#ifndef GENHOOK_CLI_DOCTOR_USERS_H
#define GENHOOK_CLI_DOCTOR_USERS_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

#include "cli/doctor/doctor.h"

#define USER_NAME_MAX	64
#define USER_GROUPS_MAX	64

struct doctor_user {
	char	name[USER_NAME_MAX];	/* "uid 1000" where it has none */
	uid_t	uid;
	gid_t	groups[USER_GROUPS_MAX];	/* the primary one first */
	int	ngroups;
};

/* Fill in a user by number; false: he has no name. */
bool	user_by_uid(struct doctor_user *, uid_t);

/* The user of the handlers, by lighttpd's configuration; and that of the
 * sweep, by cron's lines, else the same.  False: nobody says. */
bool	user_of_handlers(struct doctor *, struct doctor_user *);
bool	user_of_sweep(struct doctor *, struct doctor_user *);

enum folder_verdict {
	FOLDER_WRITABLE,
	FOLDER_CLOSED,		/* owner, group or mode of it or above it */
	FOLDER_READ_ONLY,	/* the file system is */
	FOLDER_UNSURE		/* it has an access control list */
};
/* May the user make files there?  Told for certain by root, and by the user
 * himself; else by owner, group and mode. */
enum folder_verdict user_folder(const struct doctor_user *, const char *dir);

/*
 * May others than these users make or replace files there: everybody, the
 * members of a group, or whoever may change a folder above it?  True with
 * words, which say who.
 */
bool	folder_is_open(const char *dir, const struct doctor_user *users,
	    size_t nusers, char words[CLI_TEXT_MAX]);

#endif
