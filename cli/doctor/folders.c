/* The spool and the archive: are they there, can they be written to, is there
 * room, and does anything wait in the spool? */
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/spool.h"
#include "archive/file_url.h"
#include "cli/doctor/users.h"

#define SPOOL_WAIT_S	300	/* a sweep should have drained it by then */
#define SPACE_LEAST	(256LL << 20)

/* Who has to be able to write to a folder, and as what. */
struct folder_users {
	struct doctor_user	 user[2];
	const char		*role[2];
	size_t			 n;	/* 0: nobody says who they are */
};

static void
folder_users_find(struct doctor *d, bool handlers,
    struct folder_users *users)
{
	struct doctor_user	*next = users->user;

	users->n = 0;
	if (handlers && user_of_handlers(d, next)) {
		users->role[users->n++] = "handlers";
		next++;
	}
	if (!user_of_sweep(d, next))
		return;
	if (users->n == 1 && next->uid == users->user[0].uid)
		users->role[0] = "handlers and the sweep";
	else
		users->role[users->n++] = "sweep";
}

static bool
folder_may(struct doctor *d, const char *what, const char *dir,
    const struct doctor_user *u, const char *role)
{
	struct stat	st = { 0 };

	(void)stat(dir, &st);
	switch (user_folder(u, dir)) {
	case FOLDER_WRITABLE:
		return true;
	case FOLDER_READ_ONLY:
		doctor_wrong(d, what, "the system's log says why it is mounted "
		    "so; mount it for writing", "%s is on a file system that "
		    "is read-only", dir);
		return false;
	case FOLDER_UNSURE:
		doctor_note(d, what, "%s has an access control list: root "
		    "can tell whether %s may write there", dir, u->name);
		return true;
	case FOLDER_CLOSED:
		break;
	}
	doctor_wrong(d, what, "chown and chmod it, so that the user of the "
	    "handlers and the sweep can write there: chown -R USER: FOLDER; "
	    "chmod u+rwx FOLDER", "%s, the user of the %s, cannot write to %s "
	    "(mode %04o, of uid %lu)", u->name, role, dir,
	    (unsigned)st.st_mode & 07777, (unsigned long)st.st_uid);
	return false;
}

/* Nobody says who has to: whoever asks, or its owner, who is hardly root. */
static bool
folder_presume(struct doctor *d, const char *what, const char *dir,
    const struct stat *st)
{
	struct doctor_user	asker, owner;

	(void)user_by_uid(&asker, geteuid());
	(void)user_by_uid(&owner, st->st_uid);
	if (st->st_uid == 0 || user_folder(&asker, dir) == FOLDER_WRITABLE)
		return folder_may(d, what, dir, &asker,
		    "doctor (run it as that of the handlers)");
	return folder_may(d, what, dir, &owner, "folder");
}

/* Is it a directory that those who have to can write to, and no others? */
static bool
folder_look(struct doctor *d, const char *what, const char *dir)
{
	struct folder_users	users;
	struct stat		st;
	char			words[CLI_TEXT_MAX];
	size_t			i;
	bool			ok = true;

	if (stat(dir, &st) == -1 || (errno = ENOTDIR, !S_ISDIR(st.st_mode))) {
		doctor_wrong(d, what, "make it with install -d -m 0750, owned "
		    "by the user of the handlers and the sweep", "%s: %s", dir,
		    strerror(errno));
		return false;
	}
	folder_users_find(d, strcmp(what, "spool") == 0, &users);
	for (i = 0; i < users.n; i++)
		ok = folder_may(d, what, dir, &users.user[i], users.role[i]) &&
		    ok;
	if (users.n == 0)
		ok = folder_presume(d, what, dir, &st);
	if (folder_is_open(dir, users.user, users.n, words)) {
		doctor_wrong(d, what, "chmod o-w that folder, and g-w where "
		    "the group has others in it: what they put there would be "
		    "taken for genhook's own", "%s", words);
		ok = false;
	}
	return ok;
}

struct files {
	long	count;
	time_t	oldest;
};

/* What a file stands for: the callbacks in it, or itself. */
static long
folder_file_count(const char *name, bool callbacks)
{
	return callbacks ? spool_name_count(name) : *name != '.';
}

/* Files of a directory, or the callbacks in them; false with errno. */
static bool
folder_files(const char *dir, bool callbacks, struct files *f)
{
	struct dirent	*e;
	long		 n;
	struct stat	 st;
	DIR		*dp;

	memset(f, 0, sizeof(*f));
	if ((dp = opendir(dir)) == NULL)
		return false;
	while ((e = readdir(dp)) != NULL) {
		n = folder_file_count(e->d_name, callbacks);
		if (n == 0 || fstatat(dirfd(dp), e->d_name, &st, 0) == -1)
			continue;
		f->count += n;
		if (f->oldest == 0 || st.st_mtime < f->oldest)
			f->oldest = st.st_mtime;
	}
	(void)closedir(dp);
	return true;
}

static void
spool_refused(struct doctor *d)
{
	char		*dir = NULL;
	struct files	 f;

	if (asprintf(&dir, "%s/refused", d->conf->spool_dir) == -1)
		return;
	if (folder_files(dir, false, &f) && f.count > 0)
		doctor_wrong(d, "spool", "the sweep's log says why, in lines "
		    "with \"set aside\"; then delete the files, or move them "
		    "back into the spool",
		    "%ld files in %s, the oldest since %s", f.count, dir,
		    doctor_ago((long)(time(NULL) - f.oldest)));
	free(dir);
}

void
doctor_spool(struct doctor *d)
{
	const char	*dir = d->conf->spool_dir;
	struct files	 f;
	long		 age;
	bool		 well;

	/* None is wanted, and none is looked at. */
	if (d->conf->spool_max_bytes == 0 && access(dir, F_OK) == -1)
		return;
	well = folder_look(d, "spool", dir);
	if (!well && access(dir, F_OK) == -1)
		return;
	if (!folder_files(dir, true, &f)) {
		doctor_note(d, "spool", "%s: %s: what waits there was not "
		    "counted", dir, strerror(errno));
		return;
	}
	age = f.count > 0 ? (long)(time(NULL) - f.oldest) : 0;
	if (age > SPOOL_WAIT_S)
		doctor_wrong(d, "spool", "run genhook-sweep, and see what "
		    "keeps it and the handlers from the database",
		    "%ld callbacks wait in %s, the oldest for %s", f.count,
		    dir, doctor_ago(age));
	else if (well)
		doctor_ok(d, "spool", "%s, %ld callbacks wait", dir,
		    f.count);
	spool_refused(d);
}

/* Where outputs are on this machine, for good, or until the store has them:
 * for the caller to free; NULL: nowhere. */
static char *
archive_folder(const struct conf *conf)
{
	char	*path = file_url_path(conf->archive_url);

	return path != NULL ? path : strdup(conf->s3_staging_dir);
}

void
doctor_archive(struct doctor *d)
{
	char	*dir = archive_folder(d->conf), *slash;

	/* The sweep makes the staging directory when it needs it. */
	if (dir != NULL && strncmp(d->conf->archive_url, "s3://", 5) == 0 &&
	    access(dir, F_OK) == -1 && errno == ENOENT &&
	    (slash = strrchr(dir, '/')) != NULL)
		slash[slash == dir ? 1 : 0] = '\0';
	if (dir != NULL && folder_look(d, "archive", dir))
		doctor_ok(d, "archive", "%s", dir);
	free(dir);
}

static void
space_of(struct doctor *d, const char *what, const char *dir)
{
	struct statvfs	fs;
	int64_t		free_bytes;

	if (statvfs(dir, &fs) == -1)
		return;
	free_bytes = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
	if (free_bytes < SPACE_LEAST)
		doctor_wrong(d, "space", "make room, or move it to a larger "
		    "disk", "%" PRId64 " MiB left for the %s in %s",
		    free_bytes >> 20, what, dir);
	else
		doctor_ok(d, "space", "%" PRId64 " MiB left for the %s",
		    free_bytes >> 20, what);
}

void
doctor_space(struct doctor *d)
{
	char	*dir = archive_folder(d->conf);

	if (dir != NULL)
		space_of(d, "archive", dir);
	free(dir);
	space_of(d, "spool", d->conf->spool_dir);
}
