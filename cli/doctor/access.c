/* What a user may do with a folder, and who else may. */
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/doctor/users.h"

#define MAY_WRITE	(R_OK | W_OK | X_OK)
#define ACL_ATTRIBUTE	"system.posix_acl_access"	/* acl(5) */

/* ---- one user ----------------------------------------------------------- */

static bool
access_is_member(const struct doctor_user *u, gid_t gid)
{
	int	i;

	for (i = 0; i < u->ngroups; i++)
		if (u->groups[i] == gid)
			return true;
	return false;
}

/* Does the mode allow the user that?  (It tells of no access control list.) */
static bool
access_allows(const struct doctor_user *u, const struct stat *st, mode_t want)
{
	int	shift = u->uid == st->st_uid ? 6 :
		    access_is_member(u, st->st_gid) ? 3 : 0;

	return u->uid == 0 || ((st->st_mode >> shift) & want) == want;
}

/* As the user, in a child: whatever decides is asked. */
static bool
access_as(const struct doctor_user *u, const char *dir)
{
	int	status = -1;
	pid_t	pid = fork();

	if (pid == 0) {
		if (setgroups((size_t)u->ngroups, u->groups) == -1 ||
		    setgid(u->ngroups > 0 ? u->groups[0] : (gid_t)-1) == -1 ||
		    setuid(u->uid) == -1)
			_exit(2);
		_exit(access(dir, MAY_WRITE) == 0 ? 0 : 1);
	}
	return pid != -1 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* Has the folder, or one above it, an access control list? */
static bool
access_has_list(const char *path)
{
	return getxattr(path, ACL_ATTRIBUTE, NULL, 0) > 0;
}

/* Call fn for each folder above a path, "/" the last, until it returns true. */
static bool
access_above(const char *path, bool (*fn)(const char *, void *), void *arg)
{
	char	*copy = strdup(path), *slash;
	bool	 found = false;

	while (copy != NULL && !found &&
	    (slash = strrchr(copy, '/')) != NULL && strcmp(copy, "/") != 0) {
		slash[slash == copy ? 1 : 0] = '\0';
		found = fn(copy, arg);
	}
	free(copy);
	return found;
}

struct access_walk {
	const struct doctor_user	*user;
	bool				 listed;	/* a list was met */
};

static bool
access_is_shut(const char *path, void *arg)
{
	struct access_walk	*w = arg;
	struct stat		 st;

	w->listed |= access_has_list(path);
	return stat(path, &st) == -1 || !access_allows(w->user, &st, X_OK);
}

/* By owner, group and mode of the folder and of those above it. */
static enum folder_verdict
access_by_mode(const struct doctor_user *u, const char *dir)
{
	struct access_walk	w = { u, access_has_list(dir) };
	struct stat		st;
	bool			may;

	may = stat(dir, &st) == 0 && access_allows(u, &st, MAY_WRITE);
	may = !access_above(dir, access_is_shut, &w) && may;
	return may ? FOLDER_WRITABLE : w.listed ? FOLDER_UNSURE :
	    FOLDER_CLOSED;
}

enum folder_verdict
user_folder(const struct doctor_user *u, const char *dir)
{
	struct statvfs	fs;

	if (statvfs(dir, &fs) == 0 && (fs.f_flag & ST_RDONLY) != 0)
		return FOLDER_READ_ONLY;
	if (u->uid == geteuid())
		return faccessat(AT_FDCWD, dir, MAY_WRITE, AT_EACCESS) == 0 ?
		    FOLDER_WRITABLE : FOLDER_CLOSED;
	if (geteuid() == 0)
		return access_as(u, dir) ? FOLDER_WRITABLE : FOLDER_CLOSED;
	return access_by_mode(u, dir);
}

/* ---- who else ----------------------------------------------------------- */

struct access_ours {
	const struct doctor_user	*users;
	size_t				 nusers;
	uid_t				 owner;		/* of the folder */
	char				*words;
};

static bool
access_is_ours(const struct access_ours *ours, uid_t uid)
{
	size_t	i;

	for (i = 0; i < ours->nusers; i++)
		if (ours->users[i].uid == uid)
			return true;
	return uid == 0 || uid == ours->owner || uid == geteuid();
}

/* A member of the group who is none of us, by name; NULL: there is none. */
static const char *
access_foreign_member(const struct access_ours *ours, gid_t gid)
{
	static char		 name[USER_NAME_MAX];
	const struct group	*gr = getgrgid(gid);
	const struct passwd	*pw;
	size_t			 i;

	*name = '\0';
	for (i = 0; gr != NULL && gr->gr_mem[i] != NULL; i++)
		if ((pw = getpwnam(gr->gr_mem[i])) != NULL &&
		    !access_is_ours(ours, pw->pw_uid))
			(void)snprintf(name, sizeof(name), "%s", pw->pw_name);
	setpwent();
	while (*name == '\0' && (pw = getpwent()) != NULL)
		if (pw->pw_gid == gid && !access_is_ours(ours, pw->pw_uid))
			(void)snprintf(name, sizeof(name), "%s", pw->pw_name);
	endpwent();
	return *name != '\0' ? name : NULL;
}

/* Who may change the folder, that may not be ours? */
static bool
access_is_open(const struct access_ours *ours, const char *dir,
    const struct stat *st)
{
	const char	*member;

	if ((st->st_mode & S_IWOTH) != 0) {
		(void)snprintf(ours->words, CLI_TEXT_MAX, "everybody may "
		    "write to %s (mode %04o)", dir,
		    (unsigned)st->st_mode & 07777);
		return true;
	}
	if ((st->st_mode & S_IWGRP) == 0 || access_has_list(dir) ||
	    (member = access_foreign_member(ours, st->st_gid)) == NULL)
		return false;
	(void)snprintf(ours->words, CLI_TEXT_MAX, "%s may write to %s (mode "
	    "%04o), by its group", member, dir, (unsigned)st->st_mode & 07777);
	return true;
}

/* What may be renamed by others may be put in its place, unless the folder is
 * one in which each moves his own alone, as /tmp is. */
static bool
access_is_open_above(const char *dir, void *arg)
{
	struct stat	st;

	return stat(dir, &st) == 0 && (st.st_mode & S_ISVTX) == 0 &&
	    access_is_open(arg, dir, &st);
}

bool
folder_is_open(const char *dir, const struct doctor_user *users,
    size_t nusers, char words[CLI_TEXT_MAX])
{
	struct access_ours	ours = { users, nusers, 0, words };
	struct stat		st;

	if (stat(dir, &st) == -1)
		return false;
	ours.owner = st.st_uid;
	return access_is_open(&ours, dir, &st) ||
	    access_above(dir, access_is_open_above, &ours);
}
