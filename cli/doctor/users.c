/* Users of this machine, and which of them run handlers and sweep. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "cli/doctor/users.h"

#define CRON_FILE	"/etc/cron.d/genhook"
#define LINE_MAX_BYTES	1024

static void
user_fill(struct doctor_user *u, const struct passwd *pw)
{
	(void)snprintf(u->name, sizeof(u->name), "%s", pw->pw_name);
	u->uid = pw->pw_uid;
	u->ngroups = USER_GROUPS_MAX;
	if (getgrouplist(pw->pw_name, pw->pw_gid, u->groups,
	    &u->ngroups) == -1)
		u->ngroups = USER_GROUPS_MAX;
	if (u->ngroups == 0)
		u->groups[u->ngroups++] = pw->pw_gid;
}

static bool
user_by_name(struct doctor_user *u, const char *name)
{
	const struct passwd	*pw = getpwnam(name);

	if (pw != NULL)
		user_fill(u, pw);
	return pw != NULL;
}

bool
user_by_uid(struct doctor_user *u, uid_t uid)
{
	const struct passwd	*pw = getpwuid(uid);

	if (pw != NULL) {
		user_fill(u, pw);
		return true;
	}
	memset(u, 0, sizeof(*u));
	(void)snprintf(u->name, sizeof(u->name), "uid %lu",
	    (unsigned long)uid);
	u->uid = uid;
	return false;
}

bool
user_of_handlers(struct doctor *d, struct doctor_user *u)
{
	const char	*name = lighttpd_user(d);

	return name != NULL && user_by_name(u, name);
}

/*
 * The user in a line of a system crontab (crontab(5)) that runs the sweep:
 * behind five fields of time, or one that begins with '@'.  NULL: it is none.
 */
static const char *
cron_line_user(char *line)
{
	char	*next = line, *field, *user = NULL;
	int	 before, n = 0;

	line += strspn(line, " \t");
	if (*line == '#' || strstr(line, "genhook-sweep") == NULL)
		return NULL;
	before = *line == '@' ? 1 : 5;
	next = line;
	while (user == NULL && (field = strsep(&next, " \t\n")) != NULL)
		if (*field != '\0' && n++ == before)
			user = field;
	/* A line without a user has the command in his place. */
	return user != NULL && strchr(user, '/') == NULL &&
	    strchr(user, '=') == NULL ? user : NULL;
}

bool
user_of_sweep(struct doctor *d, struct doctor_user *u)
{
	char		 line[LINE_MAX_BYTES];
	const char	*name = NULL;
	bool		 found = false;
	FILE		*fp;

	fp = fopen(d->cron != NULL ? d->cron : CRON_FILE, "re");
	while (fp != NULL && !found && fgets(line, sizeof(line), fp) != NULL)
		found = (name = cron_line_user(line)) != NULL &&
		    user_by_name(u, name);
	if (fp != NULL)
		(void)fclose(fp);
	/* Both write to the spool, so it is to be the same one. */
	return found || user_of_handlers(d, u);
}
