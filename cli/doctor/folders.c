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

#include "cli/doctor/doctor.h"

#define SPOOL_WAIT_S	300	/* a sweep should have drained it by then */
#define SPACE_LEAST	(256LL << 20)
#define FILE_SCHEME	"file://"

/* The sweep may be another user than who asks. */
static bool
folder_is_writable(const char *dir, const struct stat *st)
{
	if (faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS) == 0)
		return true;
	return st->st_uid != geteuid() &&
	    (st->st_mode & (S_IWUSR | S_IXUSR)) == (S_IWUSR | S_IXUSR);
}

/* Is it a directory that its owner can write to? */
static bool
folder_look(struct doctor *d, const char *what, const char *dir)
{
	struct stat	st;

	if (stat(dir, &st) == -1) {
		doctor_wrong(d, what, "make it with install -d -m 0750, owned "
		    "by the user of the handlers and the sweep", "%s: %s", dir,
		    strerror(errno));
		return false;
	}
	if (!S_ISDIR(st.st_mode) || !folder_is_writable(dir, &st)) {
		doctor_wrong(d, what, "chown and chmod it, so that the user "
		    "of the handlers and the sweep can write there",
		    "%s (mode %04o) is not a directory that its owner can "
		    "write to",
		    dir, (unsigned)st.st_mode & 07777);
		return false;
	}
	return true;
}

struct files {
	long	count;
	time_t	oldest;
};

/* Files of a directory whose names end so; false with errno. */
static bool
folder_files(const char *dir, const char *suffix, struct files *f)
{
	size_t		 len = strlen(suffix), n;
	struct dirent	*e;
	struct stat	 st;
	DIR		*dp;

	memset(f, 0, sizeof(*f));
	if ((dp = opendir(dir)) == NULL)
		return false;
	while ((e = readdir(dp)) != NULL) {
		n = strlen(e->d_name);
		if (e->d_name[0] == '.' || n < len ||
		    strcmp(e->d_name + n - len, suffix) != 0 ||
		    fstatat(dirfd(dp), e->d_name, &st, 0) == -1)
			continue;
		f->count++;
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
	if (folder_files(dir, "", &f) && f.count > 0)
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

	if (!folder_look(d, "spool", dir))
		return;
	if (!folder_files(dir, ".delivery", &f)) {
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
	else
		doctor_ok(d, "spool", "%s, %ld callbacks wait", dir,
		    f.count);
	spool_refused(d);
}

/* Where outputs are on this machine: for good, or until the store has them. */
static const char *
archive_folder(const struct conf *conf)
{
	if (strncmp(conf->archive_url, FILE_SCHEME, strlen(FILE_SCHEME)) != 0)
		return conf->s3_staging_dir;
	return conf->archive_url + strlen(FILE_SCHEME);
}

void
doctor_archive(struct doctor *d)
{
	const char	*dir = archive_folder(d->conf);

	/* The sweep makes the staging directory when it needs it. */
	if (dir == d->conf->s3_staging_dir && access(dir, F_OK) == -1 &&
	    errno == ENOENT)
		return;
	if (folder_look(d, "archive", dir))
		doctor_ok(d, "archive", "%s", dir);
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
	space_of(d, "archive", archive_folder(d->conf));
	space_of(d, "spool", d->conf->spool_dir);
}
