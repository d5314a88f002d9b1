/* genhook init: the settings file and the folders that it names. */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/xalloc.h"
#include "archive/file_url.h"
#include "cli/init.h"

#define SETTINGS_TEXT_MAX	(1 << 20)

/* ---- the text ----------------------------------------------------------- */

static bool
settings_is_variable(const char *value)
{
	size_t	n;

	if (strncmp(value, "${", 2) != 0)
		return false;
	n = strspn(value + 2, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789_");
	return n > 0 && strcmp(value + 2 + n, "}") == 0;
}

/* A line "key = "value"".  What libconfuse takes for an escape or a variable
 * is escaped, but for a value that is a variable as a whole. */
static void
settings_line(struct buf *text, const char *key, const char *value)
{
	bool	plain = settings_is_variable(value);

	buf_printf(text, "\t%s = \"", key);
	for (; *value != '\0'; value++)
		if (!plain && strchr("\\\"$", *value) != NULL)
			buf_printf(text, "\\x%02x", (unsigned char)*value);
		else
			buf_bytes(text, value, 1);
	buf_text(text, "\"\n");
}

static void
settings_list_line(struct buf *text, const char *key, const char *value)
{
	struct buf	line;

	buf_init(&line, SETTINGS_TEXT_MAX);
	settings_line(&line, key, value);
	if (buf_ok(&line))
		buf_printf(text, "\t%s = {%.*s}\n", key,
		    (int)(line.len - strlen(key) - strlen("\t = \n")),
		    line.data + strlen(key) + strlen("\t = "));
	buf_free(&line);
}

static void
settings_archive(const struct init *in, struct buf *text)
{
	char	*staging = NULL;

	buf_text(text, "archive {\n");
	settings_line(text, "url", in->archive_url);
	if (strncmp(in->archive_url, "s3://", 5) == 0) {
		if (in->s3.endpoint != NULL)
			settings_line(text, "s3_endpoint", in->s3.endpoint);
		if (in->s3.region != NULL)
			settings_line(text, "s3_region", in->s3.region);
		if (in->s3.access_key != NULL)
			settings_line(text, "s3_access_key", in->s3.access_key);
		if (in->s3.secret_key != NULL)
			settings_line(text, "s3_secret_key", in->s3.secret_key);
		if (asprintf(&staging, "%s/staging", in->data_dir) != -1)
			settings_line(text, "s3_staging_dir", staging);
		free(staging);
	}
	buf_text(text, "}\n\n");
}

static void
settings_web(const struct init *in, struct buf *text)
{
	struct buf	url;

	if (in->web_secret == NULL)
		return;
	buf_text(text, "# The page: genhook web login NAME lets somebody in.\n"
	    "web {\n");
	settings_line(text, "secret", in->web_secret);
	if (*in->base_url != '\0') {
		buf_init(&url, SETTINGS_TEXT_MAX);
		buf_printf(&url, "%s/genhook/", in->base_url);
		if (buf_ok(&url))
			settings_line(text, "url", url.data);
		buf_free(&url);
	}
	buf_text(text, "}\n\n");
}

static void
settings_account(const struct init_account *a, struct buf *text)
{
	buf_printf(text, "%s default {\n", a->provider->name);
	settings_list_line(text, "token", a->token);
	settings_line(text, "api_key", a->api_key != NULL ? a->api_key : "");
	if (a->secret != NULL)
		settings_list_line(text, "webhook_secret", a->secret);
	buf_text(text, "}\n\n");
}

static void
settings_text(const struct init *in, struct buf *text)
{
	size_t	i;

	buf_text(text, "# Written by genhook init.  genhook.conf(5) describes "
	    "every setting; after a\n# change: genhook config check.  In the "
	    "values, \\x24 is a dollar sign.\n\ndatabase {\n");
	settings_line(text, "conninfo", in->conninfo);
	buf_text(text, "}\n\nreceiver {\n");
	settings_line(text, "base_url", in->base_url);
	settings_line(text, "spool_dir", in->spool_dir);
	buf_text(text, "}\n\n");
	settings_archive(in, text);
	settings_web(in, text);
	buf_text(text, "# One section for each account.  Another account of a "
	    "provider is a section of\n# another name: novita team2 { ... }\n\n");
	for (i = 0; i < in->naccounts; i++)
		settings_account(&in->accounts[i], text);
}

/* ---- the file ----------------------------------------------------------- */

/* On a shared host all customers may be of one group: it may read nothing then.
 * A group of the user's own has the user's name. */
static mode_t
settings_mode(const struct init *in)
{
	const struct passwd	*user;
	const struct group	*group;

	if (in->runner != NULL || geteuid() == 0)
		return 0640;
	user = getpwuid(geteuid());
	group = getgrgid(getegid());
	return user != NULL && group != NULL &&
	    strcmp(user->pw_name, group->gr_name) == 0 ? 0640 : 0600;
}

/* What is told of a file that will be gone: its name and line say nothing. */
struct settings_told {
	const char	*path;
	int		 mistakes;
};

static void
settings_tell(void *arg, const char *words)
{
	struct settings_told	*told = arg;
	size_t			 len = strlen(told->path);

	told->mistakes++;
	if (strncmp(words, told->path, len) == 0)
		words += len + strspn(words + len, ":0123456789 ");
	(void)cli_wrong("%s", words);
}

/* Can what was written be read again, as everybody will? */
static bool
settings_are_right(const char *path)
{
	struct settings_told	 told = { path, 0 };
	struct errbuf		 err;
	struct conf		*conf;

	conf = conf_load(path, &err);
	if (conf != NULL) {
		conf_free(conf);
		return true;
	}
	conf_free(conf_check(path, settings_tell, &told));
	if (told.mistakes == 0)
		(void)cli_wrong("%s", err.text);
	return false;
}

static bool
settings_fill(const struct init *in, int fd, const struct buf *text)
{
	return file_write_all(fd, text->data, text->len) &&
	    (in->runner == NULL || fchown(fd, (uid_t)-1, in->runner_gid) == 0) &&
	    fchmod(fd, settings_mode(in)) == 0 && file_sync(fd);
}

/* Written beside its place and linked into it: link(2) replaces nothing. */
static bool
settings_put(const struct init *in, const char *beside, const struct buf *text)
{
	int	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool	ok;

	if (fd == -1) {
		(void)cli_wrong("%s: %s; --config FILE names another place",
		    beside, strerror(errno));
		return false;
	}
	ok = settings_fill(in, fd, text);
	if (!ok)
		(void)cli_wrong("%s: %s", beside, strerror(errno));
	(void)close(fd);
	ok = ok && settings_are_right(beside);
	if (ok && link(beside, in->path) == -1) {
		(void)cli_wrong("%s: %s", in->path, strerror(errno));
		ok = false;
	}
	(void)unlink(beside);
	return ok;
}

/* ---- the folders -------------------------------------------------------- */

/* One folder, where there is none.  False with errno. */
static bool
settings_mkdir(const struct init *in, const char *dir, mode_t mode, bool theirs)
{
	if (mkdir(dir, mode) == -1)
		return errno == EEXIST;
	return !theirs || in->runner == NULL ||
	    chown(dir, in->runner_uid, in->runner_gid) == 0;
}

/* Make a folder and those above it; what is new is the runner's where it is to
 * be theirs. */
static bool
settings_folder(const struct init *in, const char *dir, mode_t mode, bool theirs)
{
	char	*path = xstrdup(dir), *slash;
	bool	 ok = true;

	for (slash = strchr(path + 1, '/'); ok && slash != NULL;
	    slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		ok = settings_mkdir(in, path, mode, theirs);
		*slash = '/';
	}
	if (!ok || !settings_mkdir(in, path, mode, theirs)) {
		(void)cli_wrong("%s: %s", dir, strerror(errno));
		ok = false;
	}
	free(path);
	return ok;
}

static bool
settings_folders(const struct init *in)
{
	mode_t	 mode = in->runner != NULL ? 0750 : 0700;
	char	*archive = strncmp(in->archive_url, "file://", 7) == 0 ?
		    file_url_path(in->archive_url) : NULL;
	char	*staging = NULL;
	bool	 ok;

	if (archive == NULL && asprintf(&staging, "%s/staging",
	    in->data_dir) == -1)
		staging = NULL;
	ok = settings_folder(in, in->spool_dir, mode, true) &&
	    (archive == NULL || settings_folder(in, archive, mode,
	    true)) &&
	    (staging == NULL || settings_folder(in, staging, mode,
	    true));
	free(archive);
	free(staging);
	return ok;
}

bool
init_settings_write(const struct init *in)
{
	struct buf	 text;
	char		*beside = NULL, *dir = xstrdup(in->path);
	bool		 ok;

	*strrchr(dir, '/') = '\0';
	buf_init(&text, SETTINGS_TEXT_MAX);
	settings_text(in, &text);
	ok = buf_ok(&text) && asprintf(&beside, "%s.new-%ld", in->path,
	    (long)getpid()) != -1;
	if (!ok)
		(void)cli_wrong("out of memory");
	ok = ok && (*dir == '\0' || settings_folder(in, dir,
	    in->runner != NULL ? 0755 : 0700, false)) &&
	    settings_put(in, beside, &text) && settings_folders(in);
	free(beside);
	free(dir);
	buf_free(&text);
	return ok;
}
