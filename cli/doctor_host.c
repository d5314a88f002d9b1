/* What doctor sees on this machine. */
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/mime.h"
#include "cli/doctor.h"

#define SPOOL_WAIT_S	300	/* a sweep should have drained it by then */
#define SPACE_LEAST	(256LL << 20)
#define OUTPUT_MAX	(1 << 20)
#define LIGHTTPD_CONF	"/etc/lighttpd/lighttpd.conf"
#define FILE_SCHEME	"file://"

extern char	**environ;

/* What conf_load() says, and what mends it. */
static const struct {
	const char	*words, *cure;
} settings_cures[] = {
	{ "can be read by others", "chmod o= that file" },
	{ "No such file", "copy genhook.conf.example there, or name the file "
	    "with --config or $GENHOOK_CONF" },
	{ "Permission denied", "run this as root, or as the user of the "
	    "handlers" },
	{ "", "mend that line; then: genhook config check" },
};

static void
settings_refused(struct doctor *d)
{
	struct errbuf	err;
	struct conf	*again;
	size_t		 i = 0;

	/* Once more, for the words. */
	if ((again = conf_load(NULL, &err)) != NULL) {
		conf_free(again);
		return;
	}
	while (strstr(err.text, settings_cures[i].words) == NULL)
		i++;
	doctor_wrong(d, "settings", settings_cures[i].cure, "%s", err.text);
}

static void
accounts_look(struct doctor *d)
{
	const struct account	*a;
	size_t			 i;

	for (i = 0; i < d->conf->naccounts; i++) {
		a = &d->conf->accounts[i];
		if (*a->api_key == '\0')
			doctor_note(d, "settings", "%s %s has no api_key: a "
			    "callback that is lost stays lost",
			    a->provider->name, a->name);
	}
	if (d->conf->naccounts == 0)
		doctor_wrong(d, "settings", "add a section for each account "
		    "of a provider", "there is no account: no callback can "
		    "be taken");
}

void
doctor_settings(struct doctor *d)
{
	struct stat	st;

	if (d->conf == NULL) {
		settings_refused(d);
		return;
	}
	if (stat(d->conf->path, &st) == 0 && (st.st_mode & S_IWGRP) != 0)
		doctor_wrong(d, "settings", "chmod g-w that file",
		    "%s can be changed by its group (mode %04o)",
		    d->conf->path, (unsigned)st.st_mode & 07777);
	else
		doctor_well(d, "settings", "%s, %zu accounts", d->conf->path,
		    d->conf->naccounts);
	accounts_look(d);
}

/* The sweep may be another user than who asks. */
static bool
owner_may_write(const char *dir, const struct stat *st)
{
	if (faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS) == 0)
		return true;
	return st->st_uid != geteuid() &&
	    (st->st_mode & (S_IWUSR | S_IXUSR)) == (S_IWUSR | S_IXUSR);
}

/* Is it a directory that its owner can write to? */
static bool
directory_look(struct doctor *d, const char *what, const char *dir)
{
	struct stat	st;

	if (stat(dir, &st) == -1) {
		doctor_wrong(d, what, "install -d -m 0750 it, owned by the "
		    "user of the handlers and the sweep", "%s: %s", dir,
		    strerror(errno));
		return false;
	}
	if (!S_ISDIR(st.st_mode) || !owner_may_write(dir, &st)) {
		doctor_wrong(d, what, "chown and chmod it, so that the user "
		    "of the handlers and the sweep may write there",
		    "%s (mode %04o) is no directory that can be written to",
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
files_count(const char *dir, const char *suffix, struct files *f)
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
refused_look(struct doctor *d)
{
	char		*dir = NULL;
	struct files	 f;

	if (asprintf(&dir, "%s/refused", d->conf->spool_dir) == -1)
		return;
	if (files_count(dir, "", &f) && f.count > 0)
		doctor_wrong(d, "spool", "see the sweep's lines \"set aside\"; "
		    "then delete them, or move them back into the spool",
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

	if (!directory_look(d, "spool", dir))
		return;
	if (!files_count(dir, ".delivery", &f)) {
		doctor_note(d, "spool", "%s: %s: nothing seen", dir,
		    strerror(errno));
		return;
	}
	age = f.count > 0 ? (long)(time(NULL) - f.oldest) : 0;
	if (age > SPOOL_WAIT_S)
		doctor_wrong(d, "spool", "run genhook-sweep, and see what "
		    "keeps it or the handlers from the database",
		    "%ld callbacks wait in %s, the oldest for %s", f.count,
		    dir, doctor_ago(age));
	else
		doctor_well(d, "spool", "%s, %ld callbacks wait", dir,
		    f.count);
	refused_look(d);
}

/* Where outputs are on this machine: for good, or until the store has them. */
static const char *
archive_dir(const struct conf *conf)
{
	if (strncmp(conf->archive_url, FILE_SCHEME, strlen(FILE_SCHEME)) != 0)
		return conf->s3_staging_dir;
	return conf->archive_url + strlen(FILE_SCHEME);
}

void
doctor_archive(struct doctor *d)
{
	const char	*dir = archive_dir(d->conf);

	/* The sweep makes the staging directory when it needs it. */
	if (dir == d->conf->s3_staging_dir && access(dir, F_OK) == -1 &&
	    errno == ENOENT)
		return;
	if (directory_look(d, "archive", dir))
		doctor_well(d, "archive", "%s", dir);
}

static void
space_look(struct doctor *d, const char *what, const char *dir)
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
		doctor_well(d, "space", "%" PRId64 " MiB left for the %s",
		    free_bytes >> 20, what);
}

void
doctor_space(struct doctor *d)
{
	space_look(d, "archive", archive_dir(d->conf));
	space_look(d, "spool", d->conf->spool_dir);
}

/* Without libmagic's database nothing is downloaded. */
void
doctor_types(struct doctor *d)
{
	struct errbuf	err;
	struct mime	*s = mime_open(&err);

	if (s != NULL)
		doctor_well(d, "types", "libmagic has its database");
	else
		doctor_wrong(d, "types", "apt-get install libmagic-mgc",
		    "%s", err.text);
	mime_close(s);
}

/*
 * Run a program, in a folder unless that is NULL, with its output and errors
 * read into *said, the caller's to free.  Returns its exit status, or -1 when
 * there is no such program.
 */
static int
run_program(char *const argv[], const char *folder, char **said)
{
	posix_spawn_file_actions_t	 fa;
	int				 fd[2], status = -1;
	pid_t				 pid;
	size_t				 len;

	*said = NULL;
	if (pipe2(fd, O_CLOEXEC) == -1)
		return -1;
	(void)posix_spawn_file_actions_init(&fa);
	if (folder != NULL)
		(void)posix_spawn_file_actions_addchdir_np(&fa, folder);
	(void)posix_spawn_file_actions_adddup2(&fa, fd[1], STDOUT_FILENO);
	(void)posix_spawn_file_actions_adddup2(&fa, fd[1], STDERR_FILENO);
	if (posix_spawnp(&pid, argv[0], &fa, NULL, argv, environ) != 0)
		pid = -1;
	(void)posix_spawn_file_actions_destroy(&fa);
	(void)close(fd[1]);
	if (pid != -1)
		*said = file_read_all(fd[0], OUTPUT_MAX, &len);
	(void)close(fd[0]);
	if (pid == -1)
		return -1;
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		continue;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 127;
}

/* Its include_shell wants to come back to where it was, which the user may not
 * be able to enter. */
static int
lighttpd_run(const char *option, const char *file, char **said)
{
	static const char *const	 places[] = {
		"lighttpd", "/usr/sbin/lighttpd", "/usr/local/sbin/lighttpd"
	};
	char				 program[32], opt[8], conf[4096];
	char				*argv[] = { program, opt,
					    (char[]){ "-f" }, conf, NULL };
	int				 status = -1;
	size_t				 i;

	(void)snprintf(opt, sizeof(opt), "%s", option);
	(void)snprintf(conf, sizeof(conf), "%s", file);
	for (i = 0; i < sizeof(places) / sizeof(places[0]) && status == -1;
	    i++) {
		(void)snprintf(program, sizeof(program), "%s", places[i]);
		status = run_program(argv, *file == '/' ? "/" : NULL, said);
	}
	return status;
}

/* The handler that a line of the parsed configuration names; NULL: none.  It
 * is the line's last text in quotes, and is cut out of it. */
static const char *
handler_of(char *line)
{
	char	*end = strrchr(line, '"'), *begin, *name;

	if (end == NULL)
		return NULL;
	*end = '\0';
	if ((begin = strrchr(line, '"')) == NULL ||
	    (name = strrchr(begin, '/')) == NULL ||
	    strncmp(name, "/genhook-", 9) != 0 ||
	    provider_find(name + 9) == NULL)
		return NULL;
	return begin + 1;
}

static void
handlers_look(struct doctor *d, const char *file, char *parsed)
{
	char		*line, *next = parsed;
	const char	*path;
	int		 found = 0, missing = 0;

	while ((line = strsep(&next, "\n")) != NULL) {
		if ((path = handler_of(line)) == NULL)
			continue;
		found++;
		if (access(path, X_OK) == 0)
			continue;
		missing++;
		doctor_wrong(d, "lighttpd", "make install, or set "
		    "var.genhook_bin to the folder of the handlers",
		    "%s: %s", path, strerror(errno));
	}
	if (found == 0 && d->lighttpd == NULL)
		doctor_note(d, "lighttpd", "%s serves no genhook; --lighttpd "
		    "names another", file);
	else if (found == 0)
		doctor_wrong(d, "lighttpd", "lighttpd-enable-mod genhook, or "
		    "include genhook.conf", "%s serves no genhook", file);
	else if (missing == 0)
		doctor_well(d, "lighttpd", "%s, %d handlers", file, found);
}

void
doctor_lighttpd(struct doctor *d)
{
	const char	*file = d->lighttpd != NULL ? d->lighttpd :
			    LIGHTTPD_CONF;
	char		*said = NULL;
	int		 status;

	if (access(file, R_OK) == -1) {
		doctor_note(d, "lighttpd", "%s: %s; --lighttpd names another",
		    file, strerror(errno));
		return;
	}
	status = lighttpd_run("-tt", file, &said);
	if (status == 0) {
		free(said);
		status = lighttpd_run("-p", file, &said);
	}
	if (status == -1)
		doctor_note(d, "lighttpd", "is not installed here");
	else if (status != 0)
		doctor_wrong(d, "lighttpd", "mend that; then: lighttpd -tt -f "
		    "FILE", "%.*s", said != NULL ? (int)strcspn(said, "\n") :
		    0, said != NULL ? said : "");
	else if (said != NULL)
		handlers_look(d, file, said);
	free(said);
}
